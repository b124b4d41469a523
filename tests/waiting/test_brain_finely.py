"""The rules of waiting by themselves, at their borders: counters, limits, what a pace is told."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import errors
from crml_sdk.waiting import Handle

from ..support import samples
from .brain_lab import (
    GET,
    LIST,
    RUNNING,
    THROTTLED,
    answer,
    arn,
    brain_of,
    jobs,
    names,
    only,
    outcomes,
    page,
)
from .stage import job, job_row, model, service_error

UNREADABLE = errors.ResponseShapeError(LIST, "not JSON", b"<html>")
REFUSAL = service_error("AccessDeniedException")


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
    assert brain.due(50.0) == []
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
    for request in brain.due(0.0):
        named = request.params["trainedModelInferenceJobArn"]
        answer(brain, request, job(RUNNING, named), 0.0)
    assert names(brain.due(10.0)) == [GET] * 3


def test_a_list_is_read_again_after_as_many_gets_as_it_has_pages() -> None:
    brain = jobs(250, poll=1)
    done = [job_row("ACTIVE", arn(n)) for n in range(100)]
    rest = [job_row(RUNNING, arn(n)) for n in range(100, 250)]
    answer(brain, only(brain, 0.0), page(done, "1"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[:100], "2"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[100:]), 0.0)
    assert names(brain.due(1.0, most=2)) == [GET] * 2
    assert names(brain.due(3.0, most=1)) == [GET], "two gets, and three pages"
    assert names(brain.due(5.0, most=1)) == [LIST]


def test_the_last_look_leaves_time_for_gets_where_nothing_can_be_listed() -> None:
    brain = jobs(3, timeout=89.0, poll=90, rate=0.5)
    answer(brain, only(brain, 0.0), REFUSAL, 0.0)
    for request in brain.due(0.0):
        named = request.params["trainedModelInferenceJobArn"]
        answer(brain, request, job(RUNNING, named), 0.0)
    due = brain.next_due(0.0)
    assert due is not None
    assert 76.6 < due < 76.8, "twice what three gets at half a request a second take"


def test_the_last_look_is_half_a_minute_before_the_end_at_the_earliest() -> None:
    brain = jobs(1, timeout=200.0, poll=300, rate=0.01)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(0)), 0.0)
    assert brain.next_due(0.0) == 170.0


# ---- faults


def test_unreadable_pages_have_to_follow_each_other() -> None:
    brain = jobs(3, poll=10)
    for number, fault in enumerate([UNREADABLE, THROTTLED, UNREADABLE, UNREADABLE]):
        answer(brain, only(brain, number * 10.0), fault, number * 10.0)
    assert names(brain.due(40.0)) == [LIST]


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
    refusal = service_error("ValidationException")
    everything = [job_row(RUNNING, arn(n)) for n in range(250)]
    for first, token in ((0, "1"), (100, "2"), (200, None)):
        answer(brain, only(brain, 0.0), page(everything[first : first + 100], token), 0.0)
    for now in (10.0, 20.0):
        answer(brain, only(brain, now), page(everything[:100], "1"), now)
        answer(brain, only(brain, now), refusal, now)
    assert names(brain.due(30.0)) == [LIST]
