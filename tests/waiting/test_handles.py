"""Handles print, parse, pickle, and come from whatever names a resource."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crml_sdk import BASE, LATEST, LATEST_ACTIVE, CleanRoomsML, errors, models
from crml_sdk.resource_types import RESOURCE_TYPES
from crml_sdk.versions import TrainedModelRef
from crml_sdk.waiting import Goal, Handle

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
    seen = Handle("trained-model", samples.MODEL, collaboration=samples.COLLABORATION)
    assert seen.scope == samples.COLLABORATION
    assert seen.resource.get is not None
    assert seen.resource.get.name == "GetCollaborationTrainedModel"
    assert Handle.of(AUDIENCE_MODEL).scope is None


def test_errors_with_handles_survive_pickling() -> None:
    handle = Handle.of(samples.JOB)
    timeout = errors.WaitTimeout(handle, status="CREATE_PENDING", elapsed=3.0, timeout=3.0, looks=2)
    again = pickle.loads(pickle.dumps(timeout))
    assert (str(again), again.handle, again.looks) == (str(timeout), handle, 2)
    failed = errors.ResourceFailed(handle, status="CREATE_FAILED", status_code="X", elapsed=1.0)
    again = pickle.loads(pickle.dumps(failed))
    assert (str(again), again.status_code) == (str(failed), "X")


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


def test_a_long_text_is_cut_in_the_error() -> None:
    with pytest.raises(TypeError) as raised:
        Handle.all_of("x" * 1000)
    assert len(str(raised.value)) < 200


def test_a_generator_a_set_and_a_tuple_are_several() -> None:
    handle = Handle.of(samples.MODEL)
    assert (
        Handle.all_of({samples.MODEL})
        == Handle.all_of((samples.MODEL,))
        == Handle.all_of(iter([handle]))
        == [handle]
    )
