"""The rules of waiting by themselves: no event loop, no clock, no service."""

from __future__ import annotations

import pytest
import tenacity

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
    due,
    jobs,
    names,
    only,
    outcomes,
    page,
)
from .stage import job, job_row

# ---- what is asked, and when


def test_one_is_a_group_of_one_and_read_by_a_get() -> None:
    brain = jobs(1)
    request = only(brain, 0.0)
    assert request.operation.name == GET
    assert request.params == {
        "trainedModelInferenceJobArn": arn(0),
        "membershipIdentifier": samples.MEMBERSHIP,
    }
    assert request.limit == 20
    assert due(brain, 0.0) == [], "it is in flight"
    assert brain.next_due(0.0) is None
    (change,) = answer(brain, request, job(RUNNING, arn(0)), 0.5)
    assert (change.status, change.previous, change.elapsed) == (RUNNING, None, 0.5)
    assert brain.next_due(0.5) == 10.5
    assert not brain.wants(10.4)
    request = only(brain, 10.5)
    (change,) = answer(brain, request, job("ACTIVE", arn(0)), 11.0)
    assert (change.status, change.previous) == ("ACTIVE", RUNNING)
    ((number, outcome),) = brain.ready
    assert (number, outcome.ok, outcome.elapsed) == (0, True, 11.0)
    assert (outcome.model.status, outcome.row) == ("ACTIVE", None)
    assert brain.pending == 0
    assert due(brain, 99.0) == []


def test_the_same_status_is_no_change() -> None:
    brain = jobs(1)
    for now in (0.0, 10.0, 20.0):
        changes = answer(brain, only(brain, now), job(RUNNING, arn(0)), now)
        assert len(changes) == (now == 0.0)


def test_no_more_than_six_requests_are_in_flight() -> None:
    brain = jobs(30)
    (listing,) = due(brain, 0.0)
    answer(brain, listing, page(job_row("ACTIVE", arn(n)) for n in range(30)), 0.0)
    flying = due(brain, 0.0)
    assert names(flying) == [GET] * 6
    assert len(brain.flying) == 6
    assert not brain.wants(0.0)
    answer(brain, flying[0], job("ACTIVE", arn(0)), 0.1)
    assert len(due(brain, 0.1)) == 1
    assert len(due(brain, 0.1, most=0)) == 0


def test_due_hands_out_no_more_than_is_asked_for() -> None:
    brain = jobs(30)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(30)), 0.0)
    assert len(due(brain, 0.0, most=2)) == 2
    assert brain.wants(0.0)
    assert len(due(brain, 0.0, most=1)) == 1
    assert len(brain.flying) == 3


def test_pages_come_first_and_details_after() -> None:
    brain = jobs(300)
    for number in range(3):
        request = only(brain, float(number))
        assert request.operation.name == LIST
        assert request.params["maxResults"] == 100
        assert request.params.get("nextToken") == (str(number) if number else None)
        rows = [job_row("ACTIVE", arn(n)) for n in range(number * 100, number * 100 + 100)]
        answer(brain, request, page(rows, str(number + 1) if number < 2 else None), number + 0.5)
    assert names(due(brain, 3.0)) == [GET] * 6


def test_gets_do_not_wait_for_a_slow_list_for_ever() -> None:
    brain = jobs(300)
    rows = [job_row("ACTIVE", arn(n)) for n in range(100)]
    answer(brain, only(brain, 0.0), page(rows, "1"), 0.1)
    assert names(due(brain, 0.2)) == [LIST]
    assert brain.next_due(0.2) == 5.0
    assert due(brain, 4.9) == []
    assert names(due(brain, 5.0)) == [GET] * 5


def test_rounds_do_not_starve_gets() -> None:
    """A list is read again only after as many gets as it has pages."""
    brain = jobs(250, poll=1)
    done = [job_row("ACTIVE", arn(n)) for n in range(100)]
    rest = [job_row(RUNNING, arn(n)) for n in range(100, 250)]
    answer(brain, only(brain, 0.0), page(done, "1"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[:100], "2"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[100:]), 0.0)
    assert names(due(brain, 1.0, most=2)) == [GET] * 2
    assert names(due(brain, 2.0, most=1)) == [GET]
    assert names(due(brain, 4.9, most=1)) == [LIST]


def test_few_that_are_left_are_read_rather_than_listed() -> None:
    brain = jobs(3)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    request = only(brain, 0.0)
    assert request.operation.name == LIST, "three are more than the one page that was read"
    answer(brain, request, page([job_row(RUNNING, arn(0))], "2"), 0.0)
    assert names(due(brain, 0.0)) == [GET, GET], "two are not more than two pages"


def test_reading_on_ends_when_all_were_seen() -> None:
    brain = jobs(2)
    answer(brain, only(brain, 0.0), page([job_row(RUNNING, arn(n)) for n in range(2)], "1"), 0.0)
    assert due(brain, 0.0) == []
    assert brain.next_due(0.0) == 10.0
    assert names(due(brain, 10.0)) == [LIST]


def test_a_repeated_token_ends_a_list() -> None:
    brain = jobs(5)
    for _ in range(2):
        answer(brain, only(brain, 0.0), page([], "again"), 0.0)
    assert names(due(brain, 0.0)) == [GET] * 5


def test_groups_are_those_that_share_a_list() -> None:
    other = samples.arn("trained-model-inference-job", "x", samples.OTHER_MEMBERSHIP)
    brain = brain_of([arn(0), arn(1), other, samples.CHANNEL])
    assert sorted(names(due(brain, 0.0))) == [
        "GetMLInputChannel",
        GET,
        LIST,
    ]


def test_a_missing_membership_is_said_before_anything_is_sent() -> None:
    bare = Handle("trained-model", "arn:aws:cleanrooms-ml:us-east-1:111122223333:trained-model/x")
    with pytest.raises(errors.MissingMembership) as caught:
        brain_of([samples.MODEL, bare])
    assert caught.value.operation == "GetTrainedModel"


# ---- what a row may be trusted for


def test_a_row_that_says_ended_is_followed_by_a_get() -> None:
    brain = jobs(2)
    rows = [job_row("ACTIVE", arn(0)), job_row(RUNNING, arn(1))]
    changes = answer(brain, only(brain, 0.0), page(rows), 0.0)
    assert [change.status for change in changes] == ["ACTIVE", RUNNING]
    request = only(brain, 0.0)
    assert request.params["trainedModelInferenceJobArn"] == arn(0)
    answer(brain, request, job("ACTIVE", arn(0)), 1.0)
    outcome = outcomes(brain)[0]
    assert (outcome.model.status, outcome.row.status) == ("ACTIVE", "ACTIVE")


def test_a_get_that_says_otherwise_is_believed_more() -> None:
    brain = jobs(2, timeout=100.0)
    rows = [job_row("ACTIVE", arn(0)), job_row(RUNNING, arn(1))]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(0)), 1.0)
    assert not brain.ready
    assert brain.expire(100.0)
    error = outcomes(brain)[0].error
    assert isinstance(error, errors.WaitTimeout)
    assert (error.status, error.model.status, error.polls) == (RUNNING, RUNNING, 2)


@pytest.mark.parametrize(
    ("status", "ok", "gets"), [("ACTIVE", True, 0), ("CREATE_FAILED", False, 1)]
)
def test_without_details_only_failures_are_read(status: str, ok: bool, gets: int) -> None:
    brain = jobs(2, details=False)
    rows = [job_row(status, arn(0)), job_row(RUNNING, arn(1))]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    assert len(brain.ready) == (1 - gets)
    requests = due(brain, 0.0)
    assert names(requests) == [GET] * gets
    for request in requests:
        answer(brain, request, job(status, arn(0)), 0.0)
    outcome = outcomes(brain)[0]
    assert (outcome.ok, outcome.model is None) == (ok, not gets)


def test_at_the_deadline_rows_settle_what_they_have_shown() -> None:
    brain = jobs(3, timeout=50.0)
    rows = [
        job_row(status, arn(n)) for n, status in enumerate(("ACTIVE", "CREATE_FAILED", RUNNING))
    ]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    assert len(due(brain, 0.0)) == 2
    assert not brain.expire(49.9)
    assert brain.expire(50.0)
    found = outcomes(brain)
    assert [found[n].row.status for n in range(3)] == ["ACTIVE", "CREATE_FAILED", RUNNING]
    assert [found[n].model for n in range(3)] == [None] * 3
    assert found[0].ok
    assert isinstance(found[1].error, errors.ResourceFailed)
    assert found[1].error.status == "CREATE_FAILED"
    assert isinstance(found[2].error, errors.WaitTimeout)
    assert found[2].error.model is found[2].row
    assert brain.pending == 0
    assert not brain.expire(51.0), "once is enough"


def test_a_row_that_takes_its_word_back_settles_nothing() -> None:
    brain = jobs(30, timeout=50.0, poll=1)
    rows = [job_row("ACTIVE", arn(n)) for n in range(29)] + [job_row(RUNNING, arn(29))]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    for flying in due(brain, 0.0):
        answer(brain, flying, THROTTLED, 0.5)
    (request,) = (one for one in due(brain, 1.0) + due(brain, 3.0) if one.operation.name == LIST)
    answer(brain, request, page(job_row(RUNNING, arn(n)) for n in range(30)), 3.0)
    brain.expire(50.0)
    assert not any(outcome.ok for outcome in outcomes(brain).values())


# ---- late answers, and requests that are put down


def test_a_late_answer_says_nothing() -> None:
    brain = jobs(1, timeout=10.0)
    request = only(brain, 0.0)
    answer(brain, request, job(RUNNING, arn(0)), 1.0)
    assert answer(brain, request, job("ACTIVE", arn(0)), 2.0) == [], "an answer counts once"
    late = only(brain, 10.0 - 1.0)
    assert brain.expire(10.0)
    assert answer(brain, late, job("ACTIVE", arn(0)), 10.1) == []
    (outcome,) = outcomes(brain).values()
    assert isinstance(outcome.error, errors.WaitTimeout)
    assert isinstance(outcome.error.last_fault, errors.CallTimeout)
    assert outcome.error.polls == 2


def test_a_get_that_was_put_down_is_made_again() -> None:
    brain = jobs(1)
    request = only(brain, 0.0)
    brain.dropped(request, 0.2)
    assert len(brain.flying) == 0
    again = only(brain, 0.2)
    assert again.params == request.params
    brain.dropped(request, 0.3)
    assert due(brain, 0.3) == [], "the first was put down already"
    answer(brain, again, job("ACTIVE", arn(0)), 1.0)
    assert outcomes(brain)[0].ok
    assert not again.slow


def test_what_was_as_quick_as_the_others_is_not_called_slow() -> None:
    brain = jobs(1, poll=10)
    answer(brain, only(brain, 0.0), job(RUNNING, arn(0)), 0.1)
    request = only(brain, 20.0)
    brain.dropped(request, 20.3)
    assert not only(brain, 20.3).slow


def test_what_a_request_usually_takes_is_learnt() -> None:
    brain = jobs(1, poll=10)
    for now in range(0, 480, 12):
        answer(brain, only(brain, now), job(RUNNING, arn(0)), now + 2.0)
    assert brain.usual == pytest.approx(2.0, abs=0.05)
    answer(brain, only(brain, 500.0), THROTTLED, 500.0)
    assert brain.usual == pytest.approx(2.0, abs=0.05), "a refusal is quick"


def test_a_page_that_was_put_down_is_asked_for_again() -> None:
    brain = jobs(250)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    request = only(brain, 1.0)
    brain.dropped(request, 2.0)
    assert only(brain, 2.0).params["nextToken"] == "1"


def test_what_was_slow_when_it_was_put_down_goes_to_the_slow_lane() -> None:
    brain = jobs(30)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(30)), 0.0)
    flying = due(brain, 0.0)
    for request in flying:
        brain.dropped(request, 3.0)
    requests = due(brain, 3.0)
    assert [request.slow for request in requests] == [False] * 6 + [True] * 2
    assert len(brain.flying) == 8
    assert requests[0].limit == 5
    assert requests[-1].limit == 20


def test_a_listing_that_was_put_down_for_long_is_begun_again() -> None:
    for pause, token in ((59.0, "1"), (61.0, None)):
        brain = jobs(250)
        answer(brain, only(brain, 0.0), page([job_row(RUNNING, arn(0))], "1"), 0.0)
        assert only(brain, pause).params.get("nextToken") == token


def test_a_get_that_took_too_long_is_tried_with_more_time() -> None:
    brain = jobs(30, poll=10)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(30)), 0.0)
    request = due(brain, 0.0)[0]
    assert request.limit == 5
    answer(brain, request, errors.CallTimeout(GET, "cut"), 5.0)
    slow = [one for one in due(brain, 10.0) if one.slow]
    assert [one.params for one in slow] == [request.params]
    assert slow[0].limit == 20
    answer(brain, slow[0], job("ACTIVE", slow[0].params["trainedModelInferenceJobArn"]), 15.0)
    assert len(brain.ready) == 1


def test_a_limit_never_goes_beyond_the_deadline() -> None:
    brain = jobs(1, timeout=100.0, poll=10)
    assert only(brain, 0.0).limit == 20
    brain = jobs(1, timeout=12.0)
    assert only(brain, 0.0).limit == 12


def test_the_pace_goes_on_from_look_to_look() -> None:
    brain = jobs(1, poll=tenacity.wait_exponential(multiplier=5))
    now = 0.0
    for interval in (5, 10, 20, 40):
        answer(brain, only(brain, now), job(RUNNING, arn(0)), now)
        assert brain.next_due(now) == now + interval
        now += interval


# ---- the deadline


def test_a_wait_without_time_has_its_first_look() -> None:
    brain = jobs(1, timeout=0.0)
    assert not brain.expire(0.0)
    request = only(brain, 0.0)
    assert request.limit == 0.5
    assert brain.next_due(0.0) == 0.5
    answer(brain, request, job(RUNNING, arn(0)), 0.1)
    assert brain.expire(0.1)


@pytest.mark.parametrize(
    ("timeout", "looks"),
    [
        (100.0, [0.0, 60.0, 99.0]),
        (66.0, [0.0, 60.0, 65.0]),
        (65.0, [0.0, 60.0]),  # 4 s after a look another would tell little
        (60.0, [0.0, 59.0]),
        (5.9, [0.0]),
        (None, [0.0, 60.0, 120.0]),
    ],
)
def test_there_is_one_last_look(timeout: float | None, looks: list[float]) -> None:
    brain = jobs(1, timeout=timeout, poll=60, rate=5.0)
    for now in looks:
        answer(brain, only(brain, now), job(RUNNING, arn(0)), now)
    assert brain.next_due(looks[-1]) == (timeout or 180.0)


def test_the_last_look_leaves_time_for_all_its_requests() -> None:
    brain = jobs(250, timeout=200.0, poll=150, rate=5.0)
    rows = [job_row(RUNNING, arn(n)) for n in range(250)]
    for now in (0.0, 150.0):
        for first, token in ((0, "1"), (100, "2"), (200, None)):
            answer(brain, only(brain, now), page(rows[first : first + 100], token), now)
    due = brain.next_due(150.0)
    assert due is not None
    assert 198.0 < due < 198.9
