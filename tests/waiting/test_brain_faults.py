"""The rules of waiting by themselves, for what goes wrong: misses, versions, faults, doubts."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import errors
from crml_sdk.waiting import Goal, Handle
from crml_sdk.waiting.groups import Request

from ..support import samples
from .brain_lab import (
    GET,
    LIST,
    RUNNING,
    THROTTLED,
    answer,
    arn,
    brain_of,
    due,
    jobs,
    names,
    only,
    outcomes,
    page,
)
from .stage import audience_export_row, export_row, job, job_row, model, service_error

# ---- misses and grace


def test_grace_is_for_what_was_never_seen() -> None:
    missing = service_error("ResourceNotFoundException")
    brain = jobs(1, grace=10.0, poll=10)
    answer(brain, only(brain, 0.0), missing, 0.0)
    assert brain.next_due(0.0) == 2.0, "soon"
    answer(brain, only(brain, 2.0), missing, 9.9)
    assert not brain.ready
    answer(brain, only(brain, 11.9), missing, 11.9)
    assert outcomes(brain)[0].error is missing
    brain = jobs(1, grace=10.0)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(0)), 0.0)
    answer(brain, only(brain, 10.0), missing, 5.0)
    assert outcomes(brain)[0].error is missing


def test_a_404_is_what_a_deletion_waits_for() -> None:
    brain = brain_of([Handle.of(arn(0)).with_goal(Goal.DELETED)], grace=10.0)
    answer(brain, only(brain, 0.0), job("ACTIVE", arn(0)), 0.0)
    answer(brain, only(brain, 10.0), service_error("ResourceNotFoundException"), 10.0)
    outcome = outcomes(brain)[0]
    assert (outcome.ok, outcome.model, outcome.row, outcome.status) == (True, None, None, None)


def test_what_a_list_misses_is_read_before_it_is_called_gone() -> None:
    brain = jobs(40)
    answer(brain, only(brain, 0.0), page(job_row(RUNNING, arn(n)) for n in range(30)), 0.0)
    reads: list[Request] = []
    while requests := due(brain, 0.0):
        for request in requests:
            reads.append(request)
            answer(brain, request, job(RUNNING, request.params["trainedModelInferenceJobArn"]), 0.0)
    assert len(reads) == 10, "all that were never seen"
    answer(brain, only(brain, 10.0), page(job_row(RUNNING, arn(n)) for n in range(30)), 10.0)
    assert len(due(brain, 10.0)) == 2, "rows move: of those seen before, two"


def test_a_second_list_that_misses_them_has_more_read() -> None:
    brain = jobs(60, poll=10)
    rows = [job_row(RUNNING, arn(n)) for n in range(60)]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    answer(brain, only(brain, 10.0), page(rows[:30]), 10.0)
    first = due(brain, 10.0)
    assert len(first) == 2
    for request in first:
        answer(brain, request, job(RUNNING, request.params["trainedModelInferenceJobArn"]), 10.0)
    answer(brain, only(brain, 20.0), page(rows[:30]), 20.0)
    count = 0
    while requests := due(brain, 20.0):
        count += len(requests)
        for request in requests:
            answer(
                brain, request, job(RUNNING, request.params["trainedModelInferenceJobArn"]), 20.0
            )
    assert count == 20 + 2


def export(name: str = "e", **more: Any) -> Handle:
    return Handle("audience-export-job", samples.MODEL, name=name, **more)


def test_what_can_only_be_listed_is_missed_three_times() -> None:
    brain = brain_of([export()])
    for number in range(3):
        assert not brain.ready
        request = only(brain, number * 2.0)
        assert request.operation.name == "ListAudienceExportJobs"
        answer(brain, request, page([], None, "audienceExportJobs"), number * 2.0)
    outcome = outcomes(brain)[0]
    error = outcome.error
    assert isinstance(error, errors.ResourceFailed)
    assert (error.status, error.elapsed, outcome.elapsed) == (None, 4.0, 4.0)


def test_misses_have_to_follow_each_other() -> None:
    brain = brain_of([export()], poll=1)
    shown = [{**audience_export_row("CREATE_PENDING"), "audienceGenerationJobArn": samples.MODEL}]
    for now, rows in enumerate([[], [], shown, [], [], shown]):
        answer(brain, only(brain, now), page(rows, None, "audienceExportJobs"), now)
    assert not brain.ready


def test_grace_prolongs_the_misses() -> None:
    brain = brain_of([export()], grace=30.0)
    now = 0.0
    while not brain.ready:
        answer(brain, only(brain, now), page([], None, "audienceExportJobs"), now)
        now += 2.0
    assert now == 32.0


# ---- versions


def test_the_newest_row_is_the_latest_and_it_stays() -> None:
    brain = brain_of([samples.MODEL, samples.arn("trained-model", "y")], poll=10)
    rows = [
        model(RUNNING, versionIdentifier=samples.VERSION_1, createTime="2026-01-02T00:00:00Z"),
        model("ACTIVE", versionIdentifier=samples.VERSION_2, createTime="2026-01-03T00:00:00Z"),
        model("CREATE_FAILED", versionIdentifier="NULL", createTime="2026-01-01T00:00:00Z"),
    ]
    for order in (rows, rows[::-1]):
        brain = brain_of([samples.MODEL, samples.arn("trained-model", "y")], poll=10)
        answer(brain, only(brain, 0.0), page(order, None, "trainedModels"), 0.0)
        wanted = {request.params.get("versionIdentifier") for request in due(brain, 0.0)}
        assert wanted == {samples.VERSION_2, None}


def test_of_two_of_the_same_moment_the_base_is_the_older() -> None:
    rows = [model("CREATE_FAILED"), model("ACTIVE", versionIdentifier=samples.VERSION_1)]
    for order in (rows, rows[::-1]):
        brain = brain_of([samples.MODEL, samples.arn("trained-model", "y")], details=False)
        answer(brain, only(brain, 0.0), page(order, None, "trainedModels"), 0.0)
        assert outcomes(brain)[0].handle.version == samples.VERSION_1


def test_a_get_pins_the_version_that_it_showed() -> None:
    brain = brain_of([samples.MODEL])
    request = only(brain, 0.0)
    assert "versionIdentifier" not in request.params
    answer(brain, request, model(RUNNING, versionIdentifier=samples.VERSION_1), 0.0)
    assert brain.handle_of(0, Handle.of(arn(9))).version == samples.VERSION_1
    assert brain.handle_of(7, Handle.of(arn(9))).arn == arn(9)
    request = only(brain, 10.0)
    assert request.params["versionIdentifier"] == samples.VERSION_1


def test_a_version_that_was_named_is_asked_for() -> None:
    brain = brain_of([Handle.of(samples.MODEL).pinned(samples.VERSION_2)])
    assert only(brain, 0.0).params["versionIdentifier"] == samples.VERSION_2
    brain = brain_of([Handle.of(samples.MODEL).pinned(None)])
    assert "versionIdentifier" not in only(brain, 0.0).params


def test_rows_of_other_versions_are_not_taken() -> None:
    brain = brain_of(
        [Handle.of(samples.MODEL).pinned(samples.VERSION_1), samples.arn("trained-model", "y")],
        details=False,
    )
    rows = [model("ACTIVE", versionIdentifier=samples.VERSION_2), model("ACTIVE")]
    answer(brain, only(brain, 0.0), page(rows, None, "trainedModels"), 0.0)
    assert not brain.ready


def test_an_older_base_is_read_from_its_versions() -> None:
    brain = brain_of([Handle.of(samples.MODEL).pinned(None)])
    later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
    answer(brain, only(brain, 0.0), later, 0.0)
    request = only(brain, 0.0)
    assert request.operation.name == "ListTrainedModelVersions"
    assert request.params["trainedModelArn"] == samples.MODEL
    answer(brain, request, page([later], "1", "trainedModels"), 0.0)
    request = only(brain, 0.0)
    assert request.params["nextToken"] == "1"
    answer(brain, request, page([model("ACTIVE")], "2", "trainedModels"), 1.0)
    outcome = outcomes(brain)[0]
    assert (outcome.model, outcome.row.version_identifier) == (None, None)
    assert outcome.result() is outcome.row


def test_a_base_that_goes_on_is_looked_at_at_the_usual_pace() -> None:
    brain = brain_of([Handle.of(samples.MODEL).pinned(None)])
    later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
    for now in (0.0, 10.0):
        answer(brain, only(brain, now), later, now)
        assert brain.next_due(now) is None, "the look is not over"
        changes = answer(
            brain, only(brain, now), page([model(RUNNING)], None, "trainedModels"), now
        )
        assert len(changes) == (now == 0.0)
        assert brain.next_due(now) == now + 10


def test_faults_while_the_base_is_looked_for() -> None:
    later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
    missing = service_error("ResourceNotFoundException")
    refusal = service_error("AccessDeniedException")
    for fault, ends in ((THROTTLED, False), (refusal, True), (missing, True)):
        brain = brain_of([Handle.of(samples.MODEL).pinned(None)])
        answer(brain, only(brain, 0.0), later, 0.0)
        answer(brain, only(brain, 0.0), fault, 0.0)
        assert bool(brain.ready) is ends
        if ends:
            assert outcomes(brain)[0].error is fault
        else:
            assert names(due(brain, 10.0)) == ["GetTrainedModel"]


def test_the_collaboration_of_an_export_is_looked_up_once_for_all() -> None:
    handles = [
        Handle("trained-model-export-job", samples.MODEL, name=name) for name in ("one", "two")
    ]
    brain = brain_of(handles)
    request = only(brain, 0.0)
    assert names([request]) == ["GetTrainedModel"]
    assert "versionIdentifier" not in request.params
    answer(brain, request, model("CREATE_FAILED"), 0.0)
    request = only(brain, 0.0)
    assert request.operation.name == "ListCollaborationTrainedModelExportJobs"
    assert request.params["collaborationIdentifier"] == samples.COLLABORATION
    assert request.params["trainedModelArn"] == samples.MODEL
    rows = [export_row("ACTIVE", "one"), export_row("CREATE_FAILED", "two")]
    answer(brain, request, page(rows, None, "collaborationTrainedModelExportJobs"), 0.0)
    assert [outcome.ok for outcome in outcomes(brain).values()] == [True, False]


# ---- faults


def test_a_fault_is_followed_by_a_look_at_the_usual_pace() -> None:
    brain = jobs(1, poll=lambda state: 7.0 if state.outcome.failed else 3.0)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    assert brain.next_due(0.0) == 7.0
    assert brain.notes[0].facts["crml_fault"]
    answer(brain, only(brain, 7.0), job(RUNNING, arn(0)), 7.0)
    assert brain.next_due(7.0) == 10.0


def test_retry_after_holds_for_everything_in_the_list() -> None:
    brain = jobs(40)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(40)), 0.0)
    first, *others = due(brain, 0.0)
    fault = service_error("ThrottlingException", **{"retry-after": "40"})
    answer(brain, first, fault, 1.0)
    for request in others:
        answer(brain, request, job("ACTIVE", request.params["trainedModelInferenceJobArn"]), 1.0)
    assert due(brain, 40.9) == []
    assert len(due(brain, 41.0)) == 6


def test_retry_after_of_a_page_holds_the_rest_of_the_list() -> None:
    brain = jobs(250)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    fault = service_error("ThrottlingException", **{"retry-after": "40"})
    answer(brain, only(brain, 0.0), fault, 1.0)
    assert due(brain, 40.9) == []
    assert only(brain, 41.0).params["nextToken"] == "1"


def test_a_page_in_the_middle_is_tried_three_times() -> None:
    brain = jobs(250, poll=10)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    assert due(brain, 1.9) == []
    answer(brain, only(brain, 2.0), THROTTLED, 2.0)
    answer(brain, only(brain, 4.0), THROTTLED, 4.0)
    assert brain.next_due(4.0) == 14.0
    request = only(brain, 14.0)
    assert "nextToken" not in request.params, "the next round begins with the first page"


def test_a_first_page_that_fails_is_the_rounds_failure() -> None:
    brain = jobs(250, poll=lambda state: 7.0 if state.outcome.failed else 3.0)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    assert brain.next_due(0.0) == 7.0


def test_a_list_that_is_refused_is_done_without() -> None:
    brain = jobs(3)
    answer(brain, only(brain, 0.0), service_error("AccessDeniedException"), 0.0)
    assert names(due(brain, 0.0)) == [GET] * 3
    brain = brain_of([export(), export("f")])
    refusal = service_error("AccessDeniedException")
    answer(brain, only(brain, 0.0), refusal, 0.0)
    assert [outcome.error for outcome in outcomes(brain).values()] == [refusal, refusal]


def test_a_list_whose_replies_stay_unreadable_is_done_without() -> None:
    brain = jobs(3, poll=10)
    unreadable = errors.ResponseShapeError(LIST, "not JSON", b"<html>")
    for now in (0.0, 10.0):
        answer(brain, only(brain, now), unreadable, now)
    assert names(due(brain, 20.0)) == [LIST]
    brain = jobs(3, poll=10)
    for now in (0.0, 10.0, 20.0):
        answer(brain, only(brain, now), unreadable, now)
    assert names(due(brain, 20.0)) == [GET] * 3


def test_a_look_for_the_collaboration_that_failed_is_taken_again() -> None:
    handle = Handle("trained-model-export-job", samples.MODEL, name="one")
    brain = brain_of([handle], grace=30.0)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    assert brain.next_due(0.0) == 10.0
    answer(brain, only(brain, 10.0), service_error("ResourceNotFoundException"), 10.0)
    assert brain.next_due(10.0) == 12.0, "it may be too new to show"
    refusal = service_error("AccessDeniedException")
    answer(brain, only(brain, 12.0), refusal, 12.0)
    assert outcomes(brain)[0].error is refusal


def test_a_refused_search_for_the_collaboration_ends_every_export_that_needs_it() -> None:
    handles = [
        Handle("trained-model-export-job", samples.MODEL, name=name) for name in ("one", "two")
    ]
    brain = brain_of(handles)
    refusal = service_error("AccessDeniedException")
    answer(brain, only(brain, 0.0), refusal, 0.0)
    assert [outcome.error for outcome in outcomes(brain).values()] == [refusal, refusal]


def test_what_neither_list_nor_get_shows_yet_is_polled_again_soon() -> None:
    brain = jobs(40, grace=100.0, poll=10)
    answer(brain, only(brain, 0.0), page([]), 0.0)
    for request in due(brain, 0.0):
        answer(brain, request, service_error("ResourceNotFoundException"), 0.0)
    assert brain.next_due(0.0) == 2.0


def test_a_wait_that_runs_out_of_time_names_the_fault_of_its_list() -> None:
    brain = jobs(30, timeout=15.0, poll=10)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    assert brain.expire(15.0)
    for outcome in outcomes(brain).values():
        assert isinstance(outcome.error, errors.WaitTimeout)
        assert outcome.error.last_fault is THROTTLED


def test_a_change_that_a_row_shows_has_the_time_since_the_wait_began() -> None:
    brain = jobs(30, poll=10)
    (change, *_) = answer(brain, only(brain, 0.0), page([job_row(RUNNING, arn(0))]), 7.0)
    assert change.elapsed == 7.0


def test_a_token_may_run_out_twice() -> None:
    brain = jobs(250, poll=10)
    refusal = service_error("ValidationException")
    for number in range(3):
        now = number * 10.0
        answer(brain, only(brain, now), page([], "1"), now)
        answer(brain, only(brain, now), refusal, now)
    assert names(due(brain, 20.0)) == [GET] * 6


@pytest.mark.parametrize(
    ("replies", "ends"),
    [
        (["shape", "shape"], False),
        (["shape", "shape", "shape"], True),
        (["shape", "shape", "fault", "shape"], False),
        (["shape", "shape", "good", "shape"], False),
    ],
)
def test_three_unreadable_replies_in_a_row_end_it(replies: list[str], ends: bool) -> None:
    brain = jobs(1, poll=1)
    kinds = {
        "shape": errors.ResponseShapeError(GET, "not JSON", b"<html>"),
        "fault": THROTTLED,
        "good": job(RUNNING, arn(0)),
    }
    for now, reply in enumerate(replies):
        answer(brain, only(brain, now), kinds[reply], now)
    assert bool(brain.ready) is ends


def test_a_reply_about_another_is_never_a_verdict() -> None:
    brain = jobs(1, poll=1)
    for now in range(20):
        changes = answer(brain, only(brain, now), job("ACTIVE", arn(7)), now)
        assert changes == []
    assert not brain.ready
    assert {note.level for note in brain.notes} == {30}


def test_credentials_that_were_good_may_fail_for_a_quarter_of_an_hour() -> None:
    fault = errors.CredentialRefreshError("500")
    brain = jobs(1, poll=100)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(0)), 0.0)
    for number in range(1, 11):
        answer(brain, only(brain, number * 100.0), fault, number * 100.0)
        assert not brain.ready
    answer(brain, only(brain, 1100.0), fault, 1100.0)
    assert outcomes(brain)[0].error is fault
    brain = jobs(1, authenticated=True)
    answer(brain, only(brain, 0.0), fault, 0.0)
    assert not brain.ready
    brain = jobs(1)
    answer(brain, only(brain, 0.0), fault, 0.0)
    assert outcomes(brain)[0].error is fault


@pytest.mark.parametrize(("left", "survived"), [(480, True), (-899, True), (-901, False)])
def test_old_credentials_count_until_a_quarter_of_an_hour_after_their_end(
    left: float, survived: bool
) -> None:
    """Also at the first look, and however long the renewal has failed."""
    fault = errors.CredentialRefreshError("500")
    fault.seconds_left = left
    brain = jobs(1, poll=1000)
    answer(brain, only(brain, 0.0), fault, 0.0)
    if survived:
        answer(brain, only(brain, 1000.0), fault, 1000.0)
    assert bool(brain.ready) is not survived


def test_a_good_answer_begins_the_quarter_anew() -> None:
    fault = errors.CredentialRefreshError("500")
    brain = jobs(1, poll=500, authenticated=True)
    for number, reply in enumerate([fault, fault, job(RUNNING, arn(0)), fault, fault]):
        answer(brain, only(brain, number * 500.0), reply, number * 500.0)
    assert not brain.ready


# ---- doubts


def test_a_doubtful_status_counts_when_it_stays() -> None:
    brain = jobs(1, poll=60)
    for number in range(3):
        assert not brain.ready
        answer(brain, only(brain, number * 2.0), job("CANCEL_FAILED", arn(0)), number * 2.0)
    error = outcomes(brain)[0].error
    assert isinstance(error, errors.ResourceFailed)
    assert error.status == "CANCEL_FAILED"


def test_doubts_have_to_follow_each_other() -> None:
    brain = jobs(1, poll=1)
    for now, status in enumerate(["CANCEL_FAILED"] * 2 + [RUNNING] + ["CANCEL_FAILED"] * 2):
        answer(brain, only(brain, now), job(status, arn(0)), now)
    assert not brain.ready


def test_an_unknown_status_is_noted_once() -> None:
    brain = jobs(1, poll=1)
    for now in range(3):
        answer(brain, only(brain, now), job("RESTING", arn(0)), now)
    assert [note.facts["crml_status"] for note in brain.notes] == ["RESTING"]


def test_what_can_only_be_listed_is_deleted_when_three_lists_miss_it() -> None:
    handle = Handle(
        "trained-model-inference-job",
        arn(1),
        collaboration=samples.COLLABORATION,
        goal=Goal.DELETED,
    )
    brain, now = brain_of([handle]), 0.0
    for _ in range(3):
        assert not brain.ready
        empty = page([], None, "collaborationTrainedModelInferenceJobs")
        answer(brain, only(brain, now), empty, now)
        now = brain.next_due(now) or now
    assert (outcomes(brain)[0].error, outcomes(brain)[0].row) == (None, None)
