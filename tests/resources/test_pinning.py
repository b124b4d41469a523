"""Pinning: what a selector meant when it was asked, once for each request or list."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import BASE, LATEST, LATEST_ACTIVE, CleanRoomsML, errors
from crml_sdk.resources.pinning import PinningGroup
from crml_sdk.versions import newest_first, select

from ..support.canned import CannedServer, Received, reply
from ..support.samples import (
    COLLABORATION,
    JOB,
    MEMBERSHIP,
    MODEL,
    OTHER_MEMBERSHIP,
    TRAINING,
    VERSION_1,
    VERSION_2,
    arn,
    model_row,
)

OTHERS = arn("trained-model", "other", OTHER_MEMBERSHIP)
BASE_ROW = model_row(createTime="2026-01-01T00:00:00Z")
ACTIVE_ROW = model_row(versionIdentifier=VERSION_1, createTime="2026-01-02T00:00:00Z")
FAILED_ROW = model_row(
    versionIdentifier=VERSION_2, createTime="2026-01-03T00:00:00Z", status="CREATE_FAILED"
)


class Row:
    """A row of a list, as far as versions look at it."""

    def __init__(self, version: str | None, made: int, status: str = "ACTIVE") -> None:
        self.version_identifier = version
        self.create_time = self.update_time = made
        self.status = status
        self.ref = None


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_selector_means_one_row_whatever_the_order(order: tuple[int, ...]) -> None:
    rows: list[Any] = [Row(None, 1), Row("b", 2), Row("c", 3, "CREATE_FAILED")]
    mixed = [rows[index] for index in order]
    assert select(mixed, LATEST, MODEL) is rows[2]
    assert select(mixed, LATEST_ACTIVE, MODEL) is rows[1]
    assert select(mixed, BASE, MODEL) is rows[0]
    assert newest_first(mixed) == rows[::-1]


def test_of_one_moment_the_base_is_older_and_the_later_update_newer() -> None:
    base, first, second = Row(None, 1), Row("a", 1), Row("b", 1)
    second.update_time = 0
    assert newest_first([base, second, first]) == [first, second, base]
    second.update_time = 1
    for order in ([first, second], [second, first]):
        assert newest_first(order) == [second, first], "the same whatever the order of the list"


@pytest.mark.parametrize(
    ("selector", "words"),
    [(BASE, "the base version"), (LATEST_ACTIVE, "ACTIVE"), (LATEST, "listed")],
)
def test_none_that_fits_is_said(selector: Any, words: str) -> None:
    rows: list[Any] = [] if selector is LATEST else [Row("c", 3, "CREATE_FAILED")]
    with pytest.raises(errors.NoSuchVersion, match=words):
        select(rows, selector, MODEL)


@pytest.fixture
def lists(canned: CannedServer) -> list[Received]:
    """A model with three versions and two pages of jobs; what was asked of the version list."""
    asked: list[Received] = []

    def answer(request: Received) -> Any:
        if request.path.endswith("/versions"):
            asked.append(request)
            return reply(body={"trainedModels": [FAILED_ROW, BASE_ROW, ACTIVE_ROW]})
        if request.method == "POST":
            return reply(body={"trainedModelInferenceJobArn": JOB, "trainedModelArn": MODEL})
        if "/trained-models" in request.path and COLLABORATION in request.path:
            foreign = {"trainedModelArn": OTHERS, "creatorAccountId": "111122223333"}
            rows = [row | foreign for row in (FAILED_ROW, ACTIVE_ROW)]
            mine = FAILED_ROW | {"status": "ACTIVE", "creatorAccountId": "111122223333"}
            return reply(body={"collaborationTrainedModels": [mine, *rows]})
        last = request.query.get("nextToken") == ["2"]
        key = "collaborationTrainedModelInferenceJobs" if COLLABORATION in request.path else ""
        return reply(
            body={key or "trainedModelInferenceJobs": [], **({} if last else {"nextToken": "2"})}
        )

    canned.handler = answer
    return asked


async def test_a_list_resolves_its_selector_once_for_all_pages(
    sdk: CleanRoomsML, canned: CannedServer, lists: list[Received]
) -> None:
    rows = sdk.inference_jobs.list(trained_model_arn=MODEL, version=LATEST)
    assert await rows == []
    assert len(lists) == 1
    pages = [r for r in canned.received if not r.path.endswith("/versions")]
    assert [r.query["trainedModelVersionIdentifier"] for r in pages] == [[VERSION_2]] * 2
    assert await rows == []  # asked for again, it is resolved again
    assert len(lists) == 2


async def test_the_selector_in_a_reference_counts_unless_a_version_is_given(
    sdk: CleanRoomsML, canned: CannedServer, lists: list[Received]
) -> None:
    jobs = sdk.inference_jobs
    await jobs.list(trained_model_arn=f"{MODEL}@latest-active")
    assert canned.received[-1].query["trainedModelVersionIdentifier"] == [VERSION_1]
    await jobs.list(trained_model_arn=f"{MODEL}@latest-active", version=VERSION_2)
    assert canned.received[-1].query["trainedModelVersionIdentifier"] == [VERSION_2]
    assert len(lists) == 1


async def test_a_collaboration_looks_at_its_own_rows_of_that_model(
    sdk: CleanRoomsML, canned: CannedServer, lists: list[Received]
) -> None:
    """Rows of other statuses and other models are there as well: the selection has to filter."""
    jobs = sdk.collaboration(COLLABORATION).inference_jobs
    await jobs.list(trained_model_arn=OTHERS, version=LATEST_ACTIVE)
    assert canned.received[-1].query["trainedModelVersionIdentifier"] == [VERSION_1]
    await jobs.list(trained_model_arn=OTHERS, version=LATEST)
    assert canned.received[-1].query["trainedModelVersionIdentifier"] == [VERSION_2]
    assert lists == []


async def test_every_channel_is_pinned_in_its_own_place_and_membership(
    sdk: CleanRoomsML, canned: CannedServer, lists: list[Received]
) -> None:
    given = {"trained_model_arn": f"{OTHERS}@latest-active", "channel_name": "before"}
    await sdk.membership(MEMBERSHIP).trained_models.create(
        **TRAINING, incremental_training_data_channels=[given]
    )
    assert OTHER_MEMBERSHIP in lists[0].path
    (sent,) = canned.received[-1].json["incrementalTrainingDataChannels"]
    assert sent == {
        "trainedModelArn": OTHERS,
        "channelName": "before",
        "versionIdentifier": VERSION_1,
    }
    assert given["trained_model_arn"] == f"{OTHERS}@latest-active"


async def test_nothing_is_resolved_for_a_request_that_is_wrong(
    sdk: CleanRoomsML, canned: CannedServer, lists: list[Received]
) -> None:
    with pytest.raises(errors.RequestValidationError, match="name"):
        await sdk.inference_jobs.start(  # type: ignore[call-arg]
            MODEL,
            version=LATEST,
            name="",
            resource_config={"instance_type": "ml.m5.large"},
            output_configuration={"members": [{"account_id": "111122223333"}]},
            data_source={"ml_input_channel_arn": arn("ml-input-channel")},
        )
    assert canned.received == []


async def test_the_versions_are_those_of_the_models_own_membership(
    sdk: CleanRoomsML, canned: CannedServer, lists: list[Received]
) -> None:
    jobs = sdk.membership(MEMBERSHIP).inference_jobs
    await jobs.list(trained_model_arn=OTHERS, version=LATEST)
    assert OTHER_MEMBERSHIP in lists[0].path


async def test_the_time_of_a_call_is_that_of_its_lookups_too(
    sdk: CleanRoomsML, lists: list[Received], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Any] = []
    paginator = PinningGroup._paginator

    def noted(self: Any, call: Any, **options: Any) -> Any:
        limits.append(call.timeout)
        return paginator(self, call, **options)

    monkeypatch.setattr(PinningGroup, "_paginator", noted)
    channel = {"trained_model_arn": f"{MODEL}@latest-active", "channel_name": "before"}
    members = sdk.membership(MEMBERSHIP)
    await members.trained_models.create(
        **TRAINING, incremental_training_data_channels=[channel], timeout=30
    )
    await members.trained_models.cancel(MODEL, version=LATEST, timeout=20)
    assert limits == [30, 20]


async def test_the_newest_version_may_be_the_base_which_has_no_identifier(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    on_base = model_row(trainedModelInferenceJobArn=JOB)
    jobs = [on_base | {"trainedModelVersionIdentifier": VERSION_1}, on_base]
    found = {"trainedModels": [BASE_ROW], "trainedModelInferenceJobs": jobs}
    canned.handler = lambda request: reply(body=found)
    (job,) = await sdk.inference_jobs.list(trained_model_arn=MODEL, version=LATEST)
    assert job.trained_model_version_identifier is None
    await sdk.trained_models.cancel(MODEL, version=LATEST)
    assert not canned.received[-1].query


async def test_rows_that_are_filtered_here_are_asked_for_by_whole_pages(
    sdk: CleanRoomsML, canned: CannedServer, lists: list[Received]
) -> None:
    for limits, size in (({"limit": 1}, "100"), ({"limit": 1, "max_results": 7}, "7")):
        await sdk.inference_jobs.list(trained_model_arn=MODEL, version=BASE, **limits)
        assert canned.received[-1].query["maxResults"] == [size]
