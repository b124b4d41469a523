"""The rules of waiting by themselves, at their borders: counters, limits, what a pace is told."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import errors
from crml_sdk.waiting import Goal, Handle

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
from .stage import export_row, job, job_row, model, service_error

UNREADABLE = errors.ResponseShapeError(LIST, "not JSON", b"<html>")
REFUSAL = service_error("AccessDeniedException")
MODELS_SHOWN = "trainedModels"


def told(state: Any) -> float:
    """A pace that shows what it was told."""
    if state.outcome.failed:
        return 7.0
    return {RUNNING: 5.0, "ACTIVE": 6.0, None: 3.0}[state.outcome.result()]


# ---- what a pace is told


def test_a_pace_is_told_the_status_of_a_get() -> None:
    brain = jobs(1, poll=told)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(0)), 0.0)
    assert brain.next_due(0.0) == 5.0


def test_a_pace_is_told_the_status_of_a_base_that_only_a_list_shows() -> None:
    brain = brain_of([Handle.of(samples.MODEL).pinned(None)], poll=told)
    later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
    answer(brain, only(brain, 0.0), later, 0.0)
    answer(brain, only(brain, 0.0), page([model(RUNNING)], None, "trainedModels"), 0.0)
    assert brain.next_due(0.0) == 5.0


def test_a_pace_is_told_of_a_reply_about_another() -> None:
    brain = jobs(1, poll=told)
    answer(brain, only(brain, 0.0), job("ACTIVE", arn(7)), 0.0)
    assert brain.next_due(0.0) == 7.0


def test_a_whole_list_tells_a_pace_nothing() -> None:
    brain = jobs(2, poll=told)
    answer(brain, only(brain, 0.0), page(job_row(RUNNING, arn(n)) for n in range(2)), 0.0)
    assert brain.next_due(0.0) == 3.0


# ---- requests that are put down, or too late


@pytest.mark.parametrize(("took", "slow"), [(0.39, False), (0.45, True)])
def test_slow_is_what_takes_four_times_as_long_as_usual(took: float, slow: bool) -> None:
    brain = jobs(1)
    assert brain.usual == 0.1
    brain.dropped(only(brain, 0.0), took)
    assert only(brain, took).slow is slow


def test_nothing_is_asked_after_the_time_was_up() -> None:
    brain = jobs(250, timeout=50.0)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    assert brain.expire(50.0)
    assert due(brain, 50.0) == []
    assert not brain.wants(1000.0)


def test_what_was_under_way_when_the_time_was_up_is_named() -> None:
    brain = jobs(1, timeout=10.0)
    only(brain, 0.0)
    assert brain.expire(10.0)
    fault = outcomes(brain)[0].error.last_fault
    assert isinstance(fault, errors.CallTimeout)
    assert fault.operation == GET


# ---- rounds


def test_how_long_a_list_is_decides_how_the_next_round_looks() -> None:
    """Three that were not on the first two of at least three pages are read one by one."""
    brain = jobs(3)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    answer(brain, only(brain, 0.0), page([job_row(RUNNING, arn(0))], "2"), 0.0)
    for request in due(brain, 0.0):
        named = request.params["trainedModelInferenceJobArn"]
        answer(brain, request, job(RUNNING, named), 0.0)
    assert names(due(brain, 10.0)) == [GET] * 3


def test_a_list_is_read_again_after_as_many_gets_as_it_has_pages() -> None:
    brain = jobs(250, poll=1)
    done = [job_row("ACTIVE", arn(n)) for n in range(100)]
    rest = [job_row(RUNNING, arn(n)) for n in range(100, 250)]
    answer(brain, only(brain, 0.0), page(done, "1"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[:100], "2"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[100:]), 0.0)
    assert names(due(brain, 1.0, most=2)) == [GET] * 2
    assert names(due(brain, 3.0, most=1)) == [GET], "two gets, and three pages"
    assert names(due(brain, 5.0, most=1)) == [LIST]


def test_the_last_look_leaves_time_for_gets_where_nothing_can_be_listed() -> None:
    brain = jobs(3, timeout=89.0, poll=90, rate=0.5)
    answer(brain, only(brain, 0.0), REFUSAL, 0.0)
    for request in due(brain, 0.0):
        named = request.params["trainedModelInferenceJobArn"]
        answer(brain, request, job(RUNNING, named), 0.0)
    at = brain.next_due(0.0)
    assert at is not None
    assert 76.6 < at < 76.8, "twice what three gets at half a request a second take"


def test_the_last_look_is_half_a_minute_before_the_end_at_the_earliest() -> None:
    brain = jobs(1, timeout=200.0, poll=300, rate=0.01)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(0)), 0.0)
    assert brain.next_due(0.0) == 170.0


# ---- faults


def test_unreadable_pages_have_to_follow_each_other() -> None:
    brain = jobs(3, poll=10)
    for number, fault in enumerate([UNREADABLE, THROTTLED, UNREADABLE, UNREADABLE]):
        answer(brain, only(brain, number * 10.0), fault, number * 10.0)
    assert names(due(brain, 40.0)) == [LIST]


def test_a_page_is_not_asked_for_again_later_than_the_next_round_would_be() -> None:
    brain = jobs(250, poll=1)
    everything = [job_row(RUNNING, arn(n)) for n in range(250)]
    for first, token in ((0, "1"), (100, "2"), (200, None)):
        answer(brain, only(brain, 0.0), page(everything[first : first + 100], token), 0.0)
    answer(brain, only(brain, 1.0), page(everything[:100], "1"), 1.0)
    answer(brain, only(brain, 1.0), THROTTLED, 1.0)
    assert brain.next_due(1.0) == 2.0
    assert only(brain, 2.0).params["nextToken"] == "1"


def test_a_list_that_is_all_there_is_ends_its_waits_when_it_is_refused() -> None:
    brain = brain_of([Handle("audience-export-job", samples.MODEL, name=name) for name in "ef"])
    answer(brain, only(brain, 0.0), REFUSAL, 4.0)
    assert [outcome.elapsed for outcome in outcomes(brain).values()] == [4.0, 4.0]


def test_the_log_has_the_fault_as_a_fact() -> None:
    brain = jobs(1)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    brain_of_many = jobs(3)
    answer(brain_of_many, only(brain_of_many, 0.0), THROTTLED, 0.0)
    for note in (*brain.notes, *brain_of_many.notes):
        assert note.facts["crml_fault"] == repr(THROTTLED)


def test_a_list_that_was_read_to_its_end_begins_the_count_of_lost_tokens_anew() -> None:
    brain = jobs(250, poll=10)
    everything = [job_row(RUNNING, arn(n)) for n in range(250)]
    for now in (0.0, 10.0, 30.0, 40.0):
        if now == 30.0:
            for first, token in ((0, "1"), (100, "2"), (200, None)):
                rows = everything[first : first + 100]
                answer(brain, only(brain, 20.0), page(rows, token), 20.0)
        answer(brain, only(brain, now), page(everything[:100], "1"), now)
        answer(brain, only(brain, now), service_error("ValidationException"), now)
    assert names(due(brain, 50.0)) == [LIST]


def test_a_shorter_retry_after_does_not_end_a_longer_one() -> None:
    brain = jobs(40)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(40)), 0.0)
    first, second, *_ = due(brain, 0.0)
    answer(brain, first, service_error("ThrottlingException", **{"retry-after": "40"}), 1.0)
    answer(brain, second, THROTTLED, 2.0)
    assert due(brain, 40.9) == []


def test_each_page_has_three_tries() -> None:
    brain = jobs(250, poll=10)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    for token, times in (("1", (0.0, 2.0)), ("2", (4.0, 6.0))):
        for now in times:
            request = only(brain, now)
            assert request.params["nextToken"] == token
            answer(brain, request, THROTTLED, now)
        if token == "1":
            answer(brain, only(brain, 4.0), page([], "2"), 4.0)
    assert only(brain, 8.0).params["nextToken"] == "2"


def test_what_a_good_look_has_overtaken_is_no_reason_at_the_deadline() -> None:
    brain = jobs(1, timeout=15.0)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    answer(brain, only(brain, 10.0), job(RUNNING, arn(0)), 10.0)
    brain.expire(15.0)
    assert outcomes(brain)[0].error.last_fault is None


def test_a_call_that_was_cut_tells_how_long_calls_take() -> None:
    brain = jobs(1)
    answer(brain, only(brain, 0.0), errors.CallTimeout(GET, "cut"), 20.0)
    assert brain.usual > 2


# ---- what is settled, and what is under way


def test_what_is_settled_is_counted_once() -> None:
    brain = jobs(5)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(5)), 0.0)
    for left, request in enumerate(reversed(due(brain, 0.0))):
        assert brain.pending == 5 - left
        answer(brain, request, job("ACTIVE", request.params["trainedModelInferenceJobArn"]), 1.0)
    assert (brain.pending, len(brain.ready)) == (0, 5)


def test_a_base_that_its_list_shows_twice_is_settled_once() -> None:
    brain = brain_of([Handle.of(samples.MODEL).pinned(None)])
    later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
    answer(brain, only(brain, 0.0), later, 0.0)
    rows = [model("ACTIVE"), model("ACTIVE")]
    answer(brain, only(brain, 0.0), page(rows, None, "trainedModels"), 0.0)
    assert (brain.pending, len(brain.ready)) == (0, 1)


def test_a_get_of_what_a_row_has_settled_says_nothing() -> None:
    brain = jobs(3, details=False, poll=10)
    rows = [job_row(RUNNING, arn(0)), job_row(RUNNING, arn(1)), job_row("CREATE_FAILED", arn(2))]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    late = only(brain, 0.0)
    answer(brain, only(brain, 10.0), page([*rows[:2], job_row("ACTIVE", arn(2))]), 10.0)
    assert outcomes(brain)[2].ok
    assert answer(brain, late, job("CANCEL_PENDING", arn(2)), 11.0) == []
    assert (brain.pending, len(brain.ready)) == (2, 1)


def test_what_leaves_its_place_in_the_queue_does_not_hold_up_the_rounds() -> None:
    brain = jobs(3, details=False, poll=10)
    rows = [job_row(RUNNING, arn(0)), *(job_row("CREATE_FAILED", arn(n)) for n in (1, 2))]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    assert len(due(brain, 0.0, 1)) == 1, "and one more is in the queue"
    ended = [rows[0], *(job_row("ACTIVE", arn(n)) for n in (1, 2))]
    (listing,) = due(brain, 10.0, 1)
    answer(brain, listing, page(ended), 10.0)
    assert len(outcomes(brain)) == 2
    assert names(due(brain, 20.0)) == [GET]


def test_a_search_for_a_base_says_nothing_once_a_row_has_settled_it() -> None:
    others = [samples.arn("trained-model", f"other{n}") for n in range(2)]
    rows = [model(RUNNING, trainedModelArn=one) for one in others]
    brain = brain_of([Handle.of(samples.MODEL).pinned(None), *others], details=False, poll=10)
    answer(brain, only(brain, 0.0), page(rows, None, MODELS_SHOWN), 0.0)
    later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
    answer(brain, only(brain, 0.0), later, 0.0)
    search, listing = due(brain, 10.0)
    answer(brain, listing, page([*rows, model("ACTIVE")], None, MODELS_SHOWN), 10.0)
    assert outcomes(brain)[0].ok
    late = page([model("CREATE_FAILED")], "1", MODELS_SHOWN)
    assert answer(brain, search, late, 11.0) == []
    assert due(brain, 11.0) == []


def test_nothing_is_in_flight_when_the_time_is_up_or_the_client_closed() -> None:
    for end in ("expire", "closed"):
        brain = jobs(1, timeout=10.0)
        only(brain, 0.0)
        assert len(brain.flying) == 1
        getattr(brain, end)(10.0)
        assert len(brain.flying) == 0


def test_a_row_after_a_get_is_what_is_told_at_the_deadline() -> None:
    brain = jobs(2, timeout=30.0, poll=10)
    answer(brain, only(brain, 0.0), page([job_row(RUNNING, arn(0))]), 0.0)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(1)), 0.0)
    answer(brain, only(brain, 10.0), page(job_row("ACTIVE", arn(n)) for n in range(2)), 10.0)
    brain.expire(30.0)
    outcome = outcomes(brain)[1]
    assert outcome.ok
    assert outcome.model is None, "the get has shown it running"
    assert outcome.row.status == "ACTIVE"


# ---- what comes first, and where


def test_a_page_that_was_put_down_comes_before_what_waited() -> None:
    memberships = [f"{n:08}-0000-4000-8000-000000000000" for n in range(8)]
    handles = [
        Handle("trained-model-inference-job", arn(n), membership=membership)
        for membership in memberships
        for n in range(2)
    ]
    brain = brain_of(handles)
    first, *_ = due(brain, 0.0)
    assert first.params["membershipIdentifier"] == memberships[0]
    brain.dropped(first, 0.1)
    (again,) = due(brain, 0.1)
    assert again.params["membershipIdentifier"] == memberships[0]


def test_pages_of_one_list_come_before_gets_of_another() -> None:
    other = "22222222-0000-4000-8000-000000000000"
    handles = [Handle("trained-model-inference-job", arn(n)) for n in range(3)]
    more = [Handle("trained-model-inference-job", arn(n), membership=other) for n in range(200)]
    brain = brain_of([*handles, *more])
    mine, theirs = due(brain, 0.0)
    answer(brain, mine, page(job_row("ACTIVE", arn(n)) for n in range(3)), 0.0)
    answer(brain, theirs, page([], "1"), 0.0)
    assert names(due(brain, 0.0, 2)) == [LIST, GET]


def test_what_was_slow_stays_so_until_it_was_quick() -> None:
    brain = jobs(1, poll=10)
    brain.dropped(only(brain, 0.0), 5.0)
    request = only(brain, 5.0)
    assert request.slow
    brain.dropped(request, 5.1)
    request = only(brain, 5.1)
    assert request.slow, "it was put down before it could show otherwise"
    answer(brain, request, job(RUNNING, arn(0)), 6.0)
    assert not only(brain, 20.0).slow


def test_exports_of_two_models_are_listed_apart() -> None:
    models = [samples.arn("trained-model", name) for name in "ab"]
    where = samples.COLLABORATION
    brain = brain_of(
        Handle("trained-model-export-job", one, collaboration=where, name="e") for one in models
    )
    assert [one.params["trainedModelArn"] for one in due(brain, 0.0)] == models


def test_the_collaboration_that_was_found_stands_in_the_handle() -> None:
    brain = brain_of([Handle("trained-model-export-job", samples.MODEL, name="one")])
    answer(brain, only(brain, 0.0), model("ACTIVE"), 0.0)
    rows = page([export_row("ACTIVE", "one")], None, "collaborationTrainedModelExportJobs")
    answer(brain, only(brain, 0.0), rows, 0.0)
    assert outcomes(brain)[0].handle.collaboration == samples.COLLABORATION


def test_a_list_that_is_begun_again_has_shown_nothing_yet() -> None:
    brain = jobs(300, poll=10)
    rows = [job_row(RUNNING, arn(n)) for n in range(300)]
    answer(brain, only(brain, 0.0), page(rows[:100], "1"), 0.0)
    for first, last, token in ((1, 101, "1"), (101, 201, "2"), (201, 300, None)):
        answer(brain, only(brain, 61.0), page(rows[first:last], token), 61.0)
    assert only(brain, 61.0).params["trainedModelInferenceJobArn"] == arn(0)


def test_what_is_being_read_is_not_counted_as_missing_in_a_list() -> None:
    brain = jobs(4, poll=10)
    rows = [job_row(RUNNING, arn(n)) for n in range(4)]
    answer(brain, only(brain, 0.0), page([*rows[:3], job_row("ACTIVE", arn(3))]), 0.0)
    hanging = only(brain, 0.0)
    answer(brain, only(brain, 10.0), page(rows[:2], "1"), 10.0)
    (request,) = due(brain, 10.0)
    assert request.params["trainedModelInferenceJobArn"] == arn(2), "one is left, and it is read"
    assert hanging.params["trainedModelInferenceJobArn"] == arn(3)


def test_all_that_was_to_be_deleted_and_is_missed_is_read_at_once() -> None:
    handles = [Handle.of(arn(n)).with_goal(Goal.DELETED) for n in range(30)]
    brain = brain_of(handles, poll=10)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(30)), 0.0)
    answer(brain, only(brain, 10.0), page([job_row("ACTIVE", arn(0))]), 10.0)
    missing, asked = service_error("ResourceNotFoundException"), 0
    while requests := due(brain, 10.0):
        asked += len(requests)
        for request in requests:
            answer(brain, request, missing, 10.0)
    assert (asked, brain.pending) == (29, 1)


# ---- doubts


def test_a_doubt_that_is_over_hurries_nothing_any_more() -> None:
    brain = jobs(1, poll=10)
    answer(brain, only(brain, 0.0), job("CANCEL_FAILED", arn(0)), 0.0)
    assert brain.next_due(0.0) == 2.0
    answer(brain, only(brain, 2.0), job(RUNNING, arn(0)), 2.0)
    assert brain.next_due(2.0) == 12.0


def test_a_doubt_that_a_get_shows_behind_its_list_is_looked_at_soon() -> None:
    brain = jobs(3, poll=10)
    rows = [job_row(RUNNING, arn(0)), job_row(RUNNING, arn(1)), job_row("ACTIVE", arn(2))]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    answer(brain, only(brain, 0.0), job("CANCEL_FAILED", arn(2)), 0.0)
    assert brain.next_due(0.0) == 2.0


def test_a_get_about_another_version_is_not_believed() -> None:
    brain = brain_of([Handle.of(samples.MODEL).pinned(samples.VERSION_1)], poll=10)
    for now, version in ((0.0, samples.VERSION_2), (10.0, None)):
        named = {"versionIdentifier": version} if version else {}
        answer(brain, only(brain, now), model("ACTIVE", **named), now)
        assert brain.pending == 1


def test_a_request_gets_what_is_left_until_the_deadline() -> None:
    brain = jobs(1, timeout=25)
    first = only(brain, 0.0)
    assert first.limit == 20
    answer(brain, first, job(RUNNING, arn(0)), 0.0)
    assert only(brain, 10.0).limit == 15
