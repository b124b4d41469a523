"""What waiting asks with: the parameters of gets, lists and cancels, and whom a row is about."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from crml_sdk import errors
from crml_sdk.waiting import Handle
from crml_sdk.waiting.groups import (
    Job,
    about_another,
    cancel_params,
    get_params,
    list_params,
    row_version,
)

from ..support import samples
from .brain_lab import RUNNING, answer, arn, brain_of, jobs, only, outcomes, page
from .stage import audience_export_row, job_row, model

MODEL = Handle.of(samples.MODEL)
SHARED = Handle("trained-model", samples.MODEL, collaboration=samples.COLLABORATION)
MINE = {"trainedModelArn": samples.MODEL, "membershipIdentifier": samples.MEMBERSHIP}


@pytest.mark.parametrize(
    ("handle", "params"),
    [
        (MODEL, None),  # whichever version is meant, the base version would be cancelled
        (MODEL.pinned(None), MINE),
        (MODEL.pinned(samples.VERSION_1), MINE | {"versionIdentifier": samples.VERSION_1}),
        (
            Handle.of(arn(1)),
            {
                "trainedModelInferenceJobArn": arn(1),
                "membershipIdentifier": samples.MEMBERSHIP,
            },
        ),
        (Handle.of(samples.CHANNEL), None),
    ],
)
def test_a_cancel_names_what_it_cancels_or_is_not_made(handle: Handle, params: Any) -> None:
    assert cancel_params(handle) == params


@pytest.mark.parametrize(
    ("handle", "params"),
    [
        (MODEL, MINE),
        (MODEL.pinned(None), MINE),
        (MODEL.pinned(samples.VERSION_1), MINE | {"versionIdentifier": samples.VERSION_1}),
        (
            SHARED,
            {
                "trainedModelArn": samples.MODEL,
                "collaborationIdentifier": samples.COLLABORATION,
            },
        ),
        (
            Handle("audience-model", "arn:aws:cleanrooms-ml:us-east-1:1:audience-model/x"),
            {"audienceModelArn": "arn:aws:cleanrooms-ml:us-east-1:1:audience-model/x"},
        ),
    ],
)
def test_a_get_names_scope_and_version(handle: Handle, params: Any) -> None:
    assert get_params(Job(handle, 0, 0.0)) == params


def test_what_belongs_to_a_resource_is_listed_by_its_arn() -> None:
    assert list_params(Job(MODEL, 0, 0.0), own=True) == MINE
    assert list_params(Job(SHARED, 0, 0.0), own=False) == {
        "collaborationIdentifier": samples.COLLABORATION
    }


def test_a_row_without_versions_has_none() -> None:
    assert row_version(Handle.of(arn(1)).resource, object()) is None


def test_of_two_exports_of_one_name_the_newer_counts() -> None:
    old, new = audience_export_row("CREATE_FAILED"), audience_export_row("ACTIVE")
    new["createTime"] = "2026-01-02T00:00:00Z"
    for rows in ([old, new], [new, old]):
        job_arn = old["audienceGenerationJobArn"]
        brain = brain_of([Handle("audience-export-job", job_arn, name="e")])
        answer(brain, only(brain, 0.0), page(rows, None, "audienceExportJobs"), 0.0)
        assert outcomes(brain)[0].ok


def test_a_page_that_did_not_come_in_time_is_every_ones_fault() -> None:
    brain = jobs(3, timeout=10.0)
    only(brain, 0.0)
    assert brain.expire(10.0)
    for outcome in outcomes(brain).values():
        assert isinstance(outcome.error.last_fault, errors.CallTimeout)
        assert outcome.error.polls == 1, "the list that was begun"


def test_a_scan_that_did_not_come_in_time_is_one_models_fault() -> None:
    other = Handle.of(samples.arn("trained-model", "y"))
    brain = brain_of([MODEL.pinned(None), other], timeout=10.0)
    listing = only(brain, 0.0)
    rows = [
        model(RUNNING, trainedModelArn=other.arn),
        model(RUNNING, versionIdentifier=samples.VERSION_1),
    ]
    answer(brain, listing, page(rows, None, "trainedModels"), 0.0)
    later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
    answer(brain, only(brain, 0.0), later, 0.0)
    assert only(brain, 0.0).operation.name == "ListTrainedModelVersions"
    assert brain.expire(10.0)
    faults = [outcomes(brain)[number].error.last_fault for number in (0, 1)]
    assert [type(fault).__name__ for fault in faults] == ["CallTimeout", "NoneType"]


def test_a_row_of_another_resource_is_of_nobody() -> None:
    brain = jobs(2, details=False)
    answer(brain, only(brain, 0.0), page([job_row("ACTIVE", arn(5))]), 0.0)
    assert not brain.ready


@pytest.mark.parametrize(
    ("found", "told"), [(None, "the base"), (samples.VERSION_2, samples.VERSION_2)]
)
def test_a_reply_about_another_version_is_told_by_its_version(found: Any, told: str) -> None:
    reply = SimpleNamespace(trained_model_arn=samples.MODEL, version_identifier=found)
    wrong = about_another(Job(MODEL.pinned(samples.VERSION_1), 0, 0.0), reply)
    assert wrong == f"asked for version {samples.VERSION_1}, the reply is about {told}"
