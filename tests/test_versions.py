"""Versions: which is newest, what a selector means, and what is sent for it."""

from __future__ import annotations

import pytest

from crml_sdk import BASE, LATEST, LATEST_ACTIVE, CleanRoomsML, TrainedModelRef, errors, models

from .support.canned import CannedServer, Received, reply
from .support.samples import (
    CHANNEL,
    COLLABORATION,
    INFERENCE,
    JOB,
    MEMBERSHIP,
    MODEL,
    TRAINING,
    VERSION_1,
    VERSION_2,
    arn,
    model_reply,
    model_row,
)

ROWS = [
    model_row(versionIdentifier=VERSION_1, createTime="2026-01-02T00:00:00Z"),
    model_row(
        versionIdentifier=VERSION_2, createTime="2026-01-03T00:00:00Z", status="CREATE_FAILED"
    ),
    model_row(versionIdentifier="NULL", createTime="2026-01-01T00:00:00Z"),
]


def versions_server(canned: CannedServer, rows: list[dict[str, object]] = ROWS) -> None:
    def answer(request: Received) -> object:
        if request.path.endswith("/versions"):
            status = request.query.get("status")
            return reply(
                200, {"trainedModels": [r for r in rows if not status or r["status"] in status]}
            )
        if request.method == "GET":
            return reply(
                200,
                model_reply(
                    versionIdentifier=request.query.get("versionIdentifier", [VERSION_2])[0]
                ),
            )
        return reply(200, {"trainedModelInferenceJobArn": JOB, "trainedModelArn": MODEL})

    canned.handler = answer


async def test_newest_is_by_creation_not_by_the_order_of_the_list(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    versions_server(canned)
    assert (await sdk.trained_models.latest_active(MODEL)).version_identifier == VERSION_1
    assert (await sdk.trained_models.latest(MODEL)).version_identifier == VERSION_2


async def test_no_active_version_names_the_newest_and_its_status(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    rows = [
        model_row(status="CREATE_FAILED"),
        model_row(versionIdentifier=VERSION_1, status="INACTIVE"),
    ]
    versions_server(canned, rows)
    with pytest.raises(errors.NoSuchVersion, match=f"{VERSION_1}', is INACTIVE") as caught:
        await sdk.trained_models.latest_active(MODEL)
    assert caught.value.newest == TrainedModelRef(MODEL, VERSION_1)
    assert caught.value.status == "INACTIVE"
    versions_server(canned, rows[:1])
    with pytest.raises(errors.NoSuchVersion, match="the newest, BASE, is CREATE_FAILED"):
        await sdk.inference_jobs.list(trained_model_arn=MODEL, version=LATEST_ACTIVE)
    versions_server(canned, [])
    with pytest.raises(errors.NoSuchVersion, match=r"that is listed$") as caught:
        await sdk.trained_models.latest(MODEL)
    assert (caught.value.newest, caught.value.status) == (None, None)


async def test_two_versions_of_one_moment_the_base_is_the_older(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    versions_server(canned, [model_row(), model_row(versionIdentifier=VERSION_1)])
    assert (await sdk.trained_models.latest(MODEL)).version_identifier == VERSION_1


@pytest.mark.parametrize(
    ("selector", "sent"),
    [(LATEST_ACTIVE, VERSION_1), (LATEST, VERSION_2), (VERSION_2, VERSION_2), (BASE, None)],
)
async def test_start_pins_what_a_selector_means(
    sdk: CleanRoomsML, canned: CannedServer, selector: object, sent: str | None
) -> None:
    versions_server(canned)
    await sdk.inference_jobs.start(MODEL, version=selector, **INFERENCE)  # type: ignore[arg-type]
    assert canned.received[-1].json.get("trainedModelVersionIdentifier") == sent


async def test_cancel_and_delete_output_do_not_guess(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    versions_server(canned)
    for method in (sdk.trained_models.cancel, sdk.trained_models.delete_output):
        with pytest.raises(errors.VersionRequired):
            await method(MODEL)  # type: ignore[call-overload]
        assert not canned.received
    await sdk.trained_models.cancel(TrainedModelRef(MODEL, LATEST_ACTIVE))
    assert canned.received[-1].query == {"versionIdentifier": [VERSION_1]}
    await sdk.trained_models.delete_output(MODEL, version=BASE)
    assert canned.received[-1].query == {}


async def test_the_base_version_is_read_from_the_list_once_there_is_a_newer_one(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    versions_server(canned)
    base = await sdk.trained_models.get(MODEL, version=BASE)
    assert isinstance(base, models.TrainedModelSummary)
    assert base.is_base
    assert base.version_identifier is None
    assert [r.path.rpartition("/")[2] == "versions" for r in canned.received] == [False, True]


async def test_the_base_version_costs_one_call_while_it_is_alone(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, model_reply())]
    base = await sdk.trained_models.get(MODEL, version=BASE)
    assert isinstance(base, models.GetTrainedModelResponse)
    assert len(canned.received) == 1


async def test_a_reference_is_accepted_wherever_an_arn_is(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    versions_server(canned)
    ref = TrainedModelRef(MODEL, VERSION_1)
    await sdk.trained_models.get(ref)
    assert canned.received[-1].query == {"versionIdentifier": [VERSION_1]}
    await sdk.trained_models.get(str(ref))
    assert canned.received[-1].query == {"versionIdentifier": [VERSION_1]}
    await sdk.inference_jobs.start(TrainedModelRef(MODEL, LATEST_ACTIVE), **INFERENCE)
    assert canned.received[-1].json["trainedModelVersionIdentifier"] == VERSION_1


async def test_incremental_channels_are_pinned_too(sdk: CleanRoomsML, canned: CannedServer) -> None:
    versions_server(canned)
    for channel in (
        {"trained_model_arn": MODEL, "version_identifier": LATEST_ACTIVE, "channel_name": "before"},
        {"trained_model_arn": TrainedModelRef(MODEL, LATEST_ACTIVE), "channel_name": "before"},
        {"trained_model_arn": f"{MODEL}@latest-active", "channel_name": "before"},
    ):
        await sdk.trained_models.create(
            **TRAINING,
            incremental_training_data_channels=[channel],  # type: ignore[list-item]
            membership_identifier=MEMBERSHIP,
        )
        assert canned.received[-1].json["incrementalTrainingDataChannels"] == [
            {"trainedModelArn": MODEL, "versionIdentifier": VERSION_1, "channelName": "before"}
        ]


async def test_a_list_filtered_by_the_base_version_has_its_jobs_only(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    row = {
        "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z",
        "trainedModelInferenceJobArn": JOB,
        "membershipIdentifier": MEMBERSHIP,
        "trainedModelArn": MODEL,
        "collaborationIdentifier": MEMBERSHIP,
        "status": "ACTIVE",
        "outputConfiguration": {"members": []},
        "name": "j",
    }
    later = {**row, "trainedModelVersionIdentifier": VERSION_1}
    canned.answers = [reply(200, {"trainedModelInferenceJobs": [row, later]})]
    jobs = sdk.inference_jobs.list(
        trained_model_arn=MODEL, version=BASE, membership_identifier=MEMBERSHIP
    )
    assert [job.trained_model_version_identifier for job in await jobs] == [None]
    everything = sdk.inference_jobs.list(trained_model_arn=MODEL, membership_identifier=MEMBERSHIP)
    assert len(await everything) == 2


@pytest.mark.parametrize("version", [None, BASE, LATEST, LATEST_ACTIVE, VERSION_1])
def test_a_reference_survives_as_text(version: object) -> None:
    ref = TrainedModelRef(MODEL, version)  # type: ignore[arg-type]
    assert TrainedModelRef.parse(str(ref)) == ref


async def test_resolve_gives_a_reference_that_stays_what_it_is(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    versions_server(canned)
    resolve = sdk.trained_models.resolve
    assert await resolve(MODEL, LATEST_ACTIVE) == TrainedModelRef(MODEL, VERSION_1)
    assert await resolve(MODEL, LATEST) == TrainedModelRef(MODEL, VERSION_2)
    assert await resolve(MODEL, VERSION_1) == TrainedModelRef(MODEL, VERSION_1)
    assert await sdk.trained_models.resolve(MODEL, BASE) == TrainedModelRef(MODEL, BASE)
    with pytest.raises(errors.NoSuchVersion):
        await sdk.trained_models.resolve(MODEL, "00000000-0000-4000-8000-00000000ffff")


async def test_lineage_crosses_models(sdk: CleanRoomsML, canned: CannedServer) -> None:
    other = arn("trained-model", "other")

    def channel(name: str, version: str | None) -> list[dict[str, str]]:
        named = {"channelName": CHANNEL.rpartition("/")[2], "modelName": name}
        return [named if version is None else {**named, "versionIdentifier": version}]

    mine = [
        model_row(
            createTime="2026-01-03T00:00:00Z",
            incrementalTrainingDataChannels=channel("other", VERSION_1),
        ),
        model_row(
            createTime="2026-01-04T00:00:00Z",
            versionIdentifier=VERSION_2,
            incrementalTrainingDataChannels=channel("m", None),
        ),
    ]
    theirs = [
        model_row(name="other", trainedModelArn=other, createTime="2026-01-01T00:00:00Z"),
        model_row(
            name="other",
            trainedModelArn=other,
            createTime="2026-01-02T00:00:00Z",
            versionIdentifier=VERSION_1,
            incrementalTrainingDataChannels=channel("other", "NULL"),
        ),
    ]

    def answer(request: Received) -> object:
        if not request.path.endswith("/versions"):
            return reply(200, {"trainedModels": [mine[0], theirs[0]]})
        return reply(200, {"trainedModels": theirs if "other" in request.path else mine})

    canned.handler = answer
    tree = await sdk.trained_models.lineage(MODEL)
    assert [(depth, node.name, node.version_identifier) for depth, node in tree.walk()] == [
        (0, "other", None),
        (1, "other", VERSION_1),
        (2, "m", None),
        (3, "m", VERSION_2),
    ]
    assert [node.version_identifier for node in tree.path(VERSION_2)] == [
        None,
        VERSION_1,
        None,
        VERSION_2,
    ]


def test_an_empty_version_is_not_left_out() -> None:
    """Left out, it would mean another version than whoever wrote the text had in mind."""
    with pytest.raises(errors.CleanRoomsMLError, match="version"):
        TrainedModelRef.parse(f"{MODEL}@")


async def test_the_base_version_of_another_member_is_never_a_later_one(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """The base version was ignored in a collaboration, and the latest came instead."""
    owner = {"creatorAccountId": "111122223333", "collaborationIdentifier": COLLABORATION}
    later = model_reply(versionIdentifier=VERSION_2) | owner
    listed = {"collaborationTrainedModels": [row | owner for row in ROWS]}

    def answer(request: Received) -> object:
        return reply(200, listed if request.path.endswith("/trained-models") else later)

    canned.handler = answer
    models_of_all = sdk.collaboration(COLLABORATION).trained_models
    base = await models_of_all.get(MODEL, version=BASE)
    assert isinstance(base, models.CollaborationTrainedModelSummary)
    assert base.is_base
    assert len(canned.received) == 2
