"""Handles print, parse, pickle, and come from whatever names a resource."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crml_sdk import BASE, LATEST, LATEST_ACTIVE, CleanRoomsML, errors, models
from crml_sdk.api import operations
from crml_sdk.resource_types import RESOURCE_TYPES
from crml_sdk.versions import TrainedModelRef
from crml_sdk.waiting import Goal, Handle
from crml_sdk.waiting.handles import export_handle_of, handle_of

from ..support import samples
from .stage import (
    AUDIENCE_MODEL,
    GENERATION_JOB,
    audience_export_row,
    channel,
    export_row,
    job,
    job_row,
    model,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=63)
HANDLES = st.builds(
    lambda kind, **parts: Handle(
        kind, **{**parts, "name": parts["name"] if RESOURCE_TYPES[kind].has_name else None}
    ),
    kind=st.sampled_from(sorted(t.name for t in RESOURCE_TYPES.values() if t.statuses)),
    arn=st.just(samples.JOB) | TEXT,
    version=st.none() | st.just("BASE") | st.uuids().map(str),
    membership=st.none() | st.uuids().map(str),
    collaboration=st.none() | st.uuids().map(str),
    name=TEXT,
    goal=st.sampled_from(Goal),
)


@given(HANDLES)
def test_printing_and_parsing_are_inverse(handle: Handle) -> None:
    text = str(handle)
    assert Handle.parse(text) == handle
    assert Handle.of(text) == handle
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert pickle.loads(pickle.dumps(handle)) == handle


def test_the_text_is_readable() -> None:
    handle = Handle.of(samples.MODEL).pinned(samples.VERSION_1).with_goal(Goal.CANCELLED)
    assert str(handle) == (
        f"crml-wait:1:trained-model?arn={samples.MODEL}&version={samples.VERSION_1}&goal=cancelled"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crml-wait:2:trained-model?arn=x",
        "crml-wait:1:teapot?arn=x",
        "crml-wait:1:trained-model",
        "crml-wait:1:trained-model?arn=x&colour=red",
        "crml-wait:1:trained-model?arn=x&goal=eaten",
        "crml-wait:1:trained-model-export-job?arn=x",
        "crml-wait:1:trained-model?arn=x&name=y",
        "crml-wait:1:trained-model?arn=x&version=",  # cut, it would mean the latest
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="handle"):
        Handle.parse(text)


def reply(name: str, body: dict[str, Any]) -> Any:
    return getattr(models, name).model_validate_json(json.dumps(body))


@pytest.mark.parametrize(
    ("what", "kind", "arn", "version"),
    [
        (samples.JOB, "trained-model-inference-job", samples.JOB, None),
        (samples.MODEL, "trained-model", samples.MODEL, None),
        (samples.CHANNEL, "ml-input-channel", samples.CHANNEL, None),
        (AUDIENCE_MODEL, "audience-model", AUDIENCE_MODEL, None),
        (GENERATION_JOB, "audience-generation-job", GENERATION_JOB, None),
        (f"{samples.MODEL}@{samples.VERSION_1}", "trained-model", samples.MODEL, samples.VERSION_1),
        (f"{samples.MODEL}@base", "trained-model", samples.MODEL, "BASE"),
        (TrainedModelRef(samples.MODEL, BASE), "trained-model", samples.MODEL, "BASE"),
        (TrainedModelRef(samples.MODEL, LATEST), "trained-model", samples.MODEL, None),
        (reply("GetTrainedModelResponse", model("ACTIVE")), "trained-model", samples.MODEL, "BASE"),
        (
            reply(
                "CreateTrainedModelResponse",
                {"trainedModelArn": samples.MODEL, "versionIdentifier": samples.VERSION_2},
            ),
            "trained-model",
            samples.MODEL,
            samples.VERSION_2,
        ),
        (
            reply("GetTrainedModelInferenceJobResponse", job("ACTIVE")),
            "trained-model-inference-job",
            samples.JOB,
            None,
        ),
        (
            reply("TrainedModelInferenceJobSummary", job_row("ACTIVE")),
            "trained-model-inference-job",
            samples.JOB,
            None,
        ),
        (
            reply("GetMLInputChannelResponse", channel("ACTIVE")),
            "ml-input-channel",
            samples.CHANNEL,
            None,
        ),
        (
            reply("CollaborationTrainedModelExportJobSummary", export_row("ACTIVE", "e")),
            "trained-model-export-job",
            samples.MODEL,
            "BASE",
        ),
        (
            reply("AudienceExportJobSummary", audience_export_row("ACTIVE", "e")),
            "audience-export-job",
            GENERATION_JOB,
            None,
        ),
        (
            reply(
                "StartAudienceGenerationJobResponse", {"audienceGenerationJobArn": GENERATION_JOB}
            ),
            "audience-generation-job",
            GENERATION_JOB,
            None,
        ),
    ],
)
def test_whatever_names_a_resource(what: Any, kind: str, arn: str, version: str | None) -> None:
    handle = Handle.of(what)
    assert (handle.kind, handle.arn, handle.version) == (kind, arn, version)
    assert Handle.of(handle) is handle


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("trained-model", "e", "a trained model is found by its ARN, not by a name"),
        ("trained-model-export-job", None, "an export job is found by its name"),
        ("ml-input-channel", "c", "an ML input channel is found by its ARN, not by a name"),
        ("membership", None, "'membership' is not a kind of resource to wait for"),
    ],
)
def test_what_a_kind_is_found_by(kind: str, name: str | None, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        Handle(kind, samples.MODEL, name=name)


def test_a_reply_tells_where_it_is_read() -> None:
    """Its membership may be another than the one in the ARN: that of who asked."""
    members = {**job("ACTIVE"), "membershipIdentifier": samples.OTHER_MEMBERSHIP}
    handle = Handle.of(reply("GetTrainedModelInferenceJobResponse", members))
    assert (handle.membership, handle.collaboration) == (samples.OTHER_MEMBERSHIP, None)
    assert handle.scope == samples.OTHER_MEMBERSHIP
    row = reply("CollaborationTrainedModelExportJobSummary", export_row("ACTIVE", "e"))
    handle = Handle.of(row)
    assert (handle.membership, handle.collaboration) == (None, samples.COLLABORATION)
    assert (handle.scope, handle.name) == (samples.COLLABORATION, "e")
    assert Handle.of(reply("GetTrainedModelResponse", model("ACTIVE"))).name is None


def test_a_model_of_the_callers_own_is_the_reply_that_it_extends() -> None:
    class Mine(models.GetTrainedModelInferenceJobResponse):
        pass

    handle = Handle.of(Mine.model_validate_json(json.dumps(job("ACTIVE"))))
    assert handle == Handle.of(reply("GetTrainedModelInferenceJobResponse", job("ACTIVE")))


def test_pydantic_reads_and_writes_handles() -> None:
    fields: Any = pydantic.TypeAdapter(list[Handle])
    handle = Handle.of(samples.JOB)
    assert fields.validate_python([samples.JOB, str(handle), handle]) == [handle] * 3
    assert fields.validate_json(fields.dump_json([handle])) == [handle]
    with pytest.raises(pydantic.ValidationError, match="can be waited for"):
        fields.validate_python(["nothing"])


@pytest.mark.parametrize(
    "what",
    [samples.ASSOCIATION, "not an arn", "arn:aws:s3:::bucket/trained-model/x"],
)
def test_text_that_names_nothing_to_wait_for(what: str) -> None:
    with pytest.raises(errors.ArnError, match="waited for"):
        Handle.of(what)


@pytest.mark.parametrize(
    "what",
    [None, 7, object(), TrainedModelRef(samples.MODEL, LATEST_ACTIVE), f"{samples.JOB}@base"],
)
def test_other_things_that_name_nothing_to_wait_for(what: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Handle.of(what)


def test_scopes() -> None:
    assert Handle.of(samples.JOB).scope == samples.MEMBERSHIP
    explicit = Handle("trained-model", samples.MODEL, membership=samples.OTHER_MEMBERSHIP)
    assert explicit.scope == samples.OTHER_MEMBERSHIP
    both = Handle(
        "trained-model",
        samples.MODEL,
        membership=samples.OTHER_MEMBERSHIP,
        collaboration=samples.COLLABORATION,
    )
    assert both.scope == samples.OTHER_MEMBERSHIP, "who is a member reads as one"
    seen = Handle("trained-model", samples.MODEL, collaboration=samples.COLLABORATION)
    assert seen.scope == samples.COLLABORATION
    assert seen.resource.get is not None
    assert seen.resource.get.name == "GetCollaborationTrainedModel"
    assert Handle.of(AUDIENCE_MODEL).scope is None


def test_errors_with_handles_survive_pickling() -> None:
    handle = Handle.of(samples.JOB)
    timeout = errors.WaitTimeout(handle, status="CREATE_PENDING", elapsed=3.0, timeout=3.0, polls=2)
    again = pickle.loads(pickle.dumps(timeout))
    assert (str(again), again.handle, again.polls) == (str(timeout), handle, 2)
    details = {"statusDetails": {"statusCode": "X", "message": "no column"}}
    reply = models.GetTrainedModelInferenceJobResponse.model_validate(
        job("CREATE_FAILED", **details)
    )
    failed = errors.ResourceFailed(handle, status="CREATE_FAILED", elapsed=1.0, model=reply)
    again = pickle.loads(pickle.dumps(failed))
    assert (str(again), again.status_code) == (str(failed), "X")
    assert str(failed).endswith("ended as CREATE_FAILED after 1.0 s: X: no column")


@pytest.mark.parametrize("target", [42, None, 1.5, [], {}, object])
async def test_what_is_no_target_is_refused_in_one_sentence(sdk: CleanRoomsML, target: Any) -> None:
    with pytest.raises(
        TypeError, match=r"names nothing that can be waited for: give an ARN"
    ) as raised:
        await sdk.wait(target)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "targets",
    ["abc", samples.MODEL, Handle.of(samples.MODEL), 42, None, TrainedModelRef(samples.MODEL), {}],
)
async def test_one_target_where_several_belong_is_refused(sdk: CleanRoomsML, targets: Any) -> None:
    with pytest.raises(TypeError, match=r"is one target, not several: give a list"):
        await sdk.wait_all(targets)
    with pytest.raises(TypeError, match=r"is one target, not several: give a list"):
        sdk.as_completed(targets)


@pytest.mark.parametrize(("length", "shown"), [(78, 80), (79, 80), (1000, 80)])
def test_a_long_text_is_cut_in_the_error(length: int, shown: int) -> None:
    with pytest.raises(TypeError) as raised:
        Handle.all_of("x" * length)
    told, rest, _ = str(raised.value).partition(" is one target")
    assert rest
    assert len(told) == shown
    assert told.endswith("xxx'" if length == 78 else "xxx...")


def test_a_model_is_named_and_not_shown() -> None:
    """What is in it may be secret."""
    one = reply("GetTrainedModelInferenceJobResponse", job("ACTIVE"))
    with pytest.raises(TypeError, match=r"^GetTrainedModelInferenceJobResponse is one target"):
        Handle.all_of(one)
    algorithm = models.ContainerConfig(image_uri="secret", entrypoint=["secret"])
    with pytest.raises(TypeError, match=r"^ContainerConfig names nothing"):
        Handle.of(algorithm)


def test_a_generator_a_set_and_a_tuple_are_several() -> None:
    handle = Handle.of(samples.MODEL)
    assert (
        Handle.all_of({samples.MODEL})
        == Handle.all_of((samples.MODEL,))
        == Handle.all_of(iter([handle]))
        == [handle]
    )


# What the groups and the client make of a target


COLLABORATION = "99999999-8888-7777-6666-555555555555"
OTHER = "22222222-3333-4444-5555-666666666666"
MEMBERSHIP_ARN = f"arn:aws:cleanrooms:us-east-1:{samples.ACCOUNT}:membership/{OTHER}"


def test_a_target_is_waited_for_through_the_membership_that_is_named() -> None:
    made = handle_of(operations.LIST_TRAINED_MODELS, samples.MODEL)
    assert (made.kind, made.arn) == ("trained-model", samples.MODEL)
    assert made.membership is None, "the ARN names it"
    for named in (OTHER, MEMBERSHIP_ARN, samples.arn("trained-model", membership=OTHER)):
        assert handle_of(operations.LIST_TRAINED_MODELS, samples.MODEL, named).membership == OTHER


def test_a_target_is_waited_for_in_a_collaboration_without_a_membership() -> None:
    made = handle_of(operations.LIST_TRAINED_MODELS, samples.MODEL, collaboration=COLLABORATION)
    assert (made.membership, made.collaboration) == (None, COLLABORATION)
    assert handle_of(operations.LIST_TRAINED_MODELS, samples.MODEL).collaboration is None


def test_what_is_waited_for_is_the_handle_s_unless_it_is_said() -> None:
    deleted = Handle("trained-model", samples.MODEL, goal=Goal.DELETED)
    assert handle_of(operations.LIST_TRAINED_MODELS, deleted).goal is Goal.DELETED
    assert (
        handle_of(operations.LIST_TRAINED_MODELS, deleted, goal="cancelled").goal is Goal.CANCELLED
    )


def test_a_target_of_another_type() -> None:
    with pytest.raises(
        errors.ArnError, match="is a trained-model-inference-job, not a trained-model"
    ):
        handle_of(operations.LIST_TRAINED_MODELS, samples.JOB)


def test_an_export_is_its_model_its_version_and_its_name() -> None:
    exported = TrainedModelRef(samples.MODEL, "v2")
    start = operations.START_TRAINED_MODEL_EXPORT_JOB
    made = export_handle_of(start, exported, "july", COLLABORATION)
    assert made == Handle(
        "trained-model-export-job",
        samples.MODEL,
        version="v2",
        collaboration=COLLABORATION,
        name="july",
    )
    assert export_handle_of(start, samples.MODEL, "july").collaboration is None


def test_a_handle_describes_itself() -> None:
    def told(**parts: Any) -> str:
        return Handle("trained-model", samples.MODEL, **parts).describe()

    assert told() == f"trained model {samples.MODEL}"
    assert told(version="v2") == f"trained model {samples.MODEL} (version v2)"
    assert told(version="BASE") == f"trained model {samples.MODEL} (base version)"
    export = Handle("trained-model-export-job", samples.MODEL, name="july")
    assert export.describe() == f"export job 'july' of {samples.MODEL}"


async def test_a_list_that_is_not_read_yet_is_not_several_targets(sdk: CleanRoomsML) -> None:
    with pytest.raises(TypeError, match="`await` it first"):
        Handle.all_of(sdk.trained_models.versions(samples.MODEL))
