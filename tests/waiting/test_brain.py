"""The rules of waiting by themselves: no event loop, no clock, no service."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
import tenacity

from crml_sdk import errors, models
from crml_sdk.waiting import Goal, Handle
from crml_sdk.waiting.brain import Brain
from crml_sdk.waiting.groups import Request

from ..support import samples
from .stage import audience_export_row, export_row, job, job_row, model, service_error

GET = "GetTrainedModelInferenceJob"
LIST = "ListTrainedModelInferenceJobs"
ROWS = "trainedModelInferenceJobs"
MODELS = "ListTrainedModels"
RUNNING = "CREATE_IN_PROGRESS"
THROTTLED = service_error("ThrottlingException")


def arn(number: int) -> str:
    return samples.arn("trained-model-inference-job", f"{number:04}")


def brain_of(handles: Iterable[Handle | str], *, grace: float = 0.0, **options: Any) -> Brain:
    options = {"timeout": None, "poll": 10, **options}
    return Brain([(Handle.of(handle), grace) for handle in handles], **options)


def jobs(count: int, **options: Any) -> Brain:
    return brain_of([arn(number) for number in range(count)], **options)


def answer(brain: Brain, request: Request, reply: Any, now: float) -> list[Any]:
    """Answers with a model made from wire names, or an error."""
    if isinstance(reply, dict):
        kind = getattr(models, request.operation.output or "")
        reply = kind.model_validate_json(json.dumps(reply))
    return brain.answered(request, reply, now)


def page(rows: Iterable[Any], token: str | None = None, items: str = ROWS) -> dict[str, Any]:
    return {items: list(rows), **({"nextToken": token} if token else {})}


def names(requests: Iterable[Request]) -> list[str]:
    return [request.operation.name for request in requests]


def only(brain: Brain, now: float) -> Request:
    (request,) = brain.due(now)
    return request


def outcomes(brain: Brain) -> dict[int, Any]:
    return dict(brain.ready)


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
    assert brain.due(0.0) == [], "it is in flight"
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
    assert brain.due(99.0) == []


def test_the_same_status_is_no_change() -> None:
    brain = jobs(1)
    for now in (0.0, 10.0, 20.0):
        changes = answer(brain, only(brain, now), job(RUNNING, arn(0)), now)
        assert len(changes) == (now == 0.0)


def test_no_more_than_six_requests_are_in_flight() -> None:
    brain = jobs(30)
    (listing,) = brain.due(0.0)
    answer(brain, listing, page(job_row("ACTIVE", arn(n)) for n in range(30)), 0.0)
    flying = brain.due(0.0)
    assert names(flying) == [GET] * 6
    assert brain.in_flight == 6
    assert not brain.wants(0.0)
    answer(brain, flying[0], job("ACTIVE", arn(0)), 0.1)
    assert len(brain.due(0.1)) == 1
    assert len(brain.due(0.1, most=0)) == 0


def test_due_hands_out_no_more_than_is_asked_for() -> None:
    brain = jobs(30)
    answer(brain, only(brain, 0.0), page(job_row("ACTIVE", arn(n)) for n in range(30)), 0.0)
    assert len(brain.due(0.0, most=2)) == 2
    assert brain.wants(0.0)
    assert len(brain.due(0.0, most=1)) == 1
    assert brain.in_flight == 3


def test_pages_come_first_and_details_after() -> None:
    brain = jobs(300)
    for number in range(3):
        request = only(brain, float(number))
        assert request.operation.name == LIST
        assert request.params["maxResults"] == 100
        assert request.params.get("nextToken") == (str(number) if number else None)
        rows = [job_row("ACTIVE", arn(n)) for n in range(number * 100, number * 100 + 100)]
        answer(brain, request, page(rows, str(number + 1) if number < 2 else None), number + 0.5)
    assert names(brain.due(3.0)) == [GET] * 6


def test_gets_do_not_wait_for_a_slow_list_for_ever() -> None:
    brain = jobs(300)
    rows = [job_row("ACTIVE", arn(n)) for n in range(100)]
    answer(brain, only(brain, 0.0), page(rows, "1"), 0.1)
    assert names(brain.due(0.2)) == [LIST]
    assert brain.next_due(0.2) == 5.0
    assert brain.due(4.9) == []
    assert names(brain.due(5.0)) == [GET] * 5


def test_rounds_do_not_starve_gets() -> None:
    """A list is read again only after as many gets as it has pages."""
    brain = jobs(250, poll=1)
    done = [job_row("ACTIVE", arn(n)) for n in range(100)]
    rest = [job_row(RUNNING, arn(n)) for n in range(100, 250)]
    answer(brain, only(brain, 0.0), page(done, "1"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[:100], "2"), 0.0)
    answer(brain, only(brain, 0.0), page(rest[100:]), 0.0)
    assert names(brain.due(1.0, most=2)) == [GET] * 2
    assert names(brain.due(2.0, most=1)) == [GET]
    assert names(brain.due(4.9, most=1)) == [LIST]


def test_few_that_are_left_are_read_rather_than_listed() -> None:
    brain = jobs(3)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    request = only(brain, 0.0)
    assert request.operation.name == LIST, "three are more than the one page that was read"
    answer(brain, request, page([job_row(RUNNING, arn(0))], "2"), 0.0)
    assert names(brain.due(0.0)) == [GET, GET], "two are not more than two pages"


def test_reading_on_ends_when_all_were_seen() -> None:
    brain = jobs(2)
    answer(brain, only(brain, 0.0), page([job_row(RUNNING, arn(n)) for n in range(2)], "1"), 0.0)
    assert brain.due(0.0) == []
    assert brain.next_due(0.0) == 10.0
    assert names(brain.due(10.0)) == [LIST]


def test_a_repeated_token_ends_a_list() -> None:
    brain = jobs(5)
    for _ in range(2):
        answer(brain, only(brain, 0.0), page([], "again"), 0.0)
    assert names(brain.due(0.0)) == [GET] * 5


def test_groups_are_those_that_share_a_list() -> None:
    other = samples.arn("trained-model-inference-job", "x", samples.OTHER_MEMBERSHIP)
    brain = brain_of([arn(0), arn(1), other, samples.CHANNEL])
    assert sorted(names(brain.due(0.0))) == [
        "GetMLInputChannel",
        GET,
        LIST,
    ]


def test_a_missing_membership_is_said_before_anything_is_sent() -> None:
    bare = Handle("trained-model", "arn:aws:cleanrooms-ml:us-east-1:111122223333:trained-model/x")
    with pytest.raises(errors.MissingMembership):
        brain_of([samples.MODEL, bare])


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
    assert (error.status, error.model.status, error.looks) == (RUNNING, RUNNING, 2)


@pytest.mark.parametrize(
    ("status", "ok", "gets"), [("ACTIVE", True, 0), ("CREATE_FAILED", False, 1)]
)
def test_without_details_only_failures_are_read(status: str, ok: bool, gets: int) -> None:
    brain = jobs(2, details=False)
    rows = [job_row(status, arn(0)), job_row(RUNNING, arn(1))]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    assert len(brain.ready) == (1 - gets)
    requests = brain.due(0.0)
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
    assert len(brain.due(0.0)) == 2
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
    for flying in brain.due(0.0):
        answer(brain, flying, THROTTLED, 0.5)
    (request,) = (one for one in brain.due(1.0) + brain.due(3.0) if one.operation.name == LIST)
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
    assert outcome.error.looks == 2


def test_a_get_that_was_put_down_is_made_again() -> None:
    brain = jobs(1)
    request = only(brain, 0.0)
    brain.dropped(request, 0.2)
    assert brain.in_flight == 0
    again = only(brain, 0.2)
    assert again.params == request.params
    brain.dropped(request, 0.3)
    assert brain.due(0.3) == [], "the first was put down already"
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
    flying = brain.due(0.0)
    for request in flying:
        brain.dropped(request, 3.0)
    requests = brain.due(3.0)
    assert [request.slow for request in requests] == [False] * 6 + [True] * 2
    assert brain.in_flight == 8
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
    request = brain.due(0.0)[0]
    assert request.limit == 5
    answer(brain, request, errors.CallTimeout(GET, "cut"), 5.0)
    slow = [one for one in brain.due(10.0) if one.slow]
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
    while requests := brain.due(0.0):
        for request in requests:
            reads.append(request)
            answer(brain, request, job(RUNNING, request.params["trainedModelInferenceJobArn"]), 0.0)
    assert len(reads) == 10, "all that were never seen"
    answer(brain, only(brain, 10.0), page(job_row(RUNNING, arn(n)) for n in range(30)), 10.0)
    assert len(brain.due(10.0)) == 2, "rows move: of those seen before, two"


def test_a_second_list_that_misses_them_has_more_read() -> None:
    brain = jobs(60, poll=10)
    rows = [job_row(RUNNING, arn(n)) for n in range(60)]
    answer(brain, only(brain, 0.0), page(rows), 0.0)
    answer(brain, only(brain, 10.0), page(rows[:30]), 10.0)
    first = brain.due(10.0)
    assert len(first) == 2
    for request in first:
        answer(brain, request, job(RUNNING, request.params["trainedModelInferenceJobArn"]), 10.0)
    answer(brain, only(brain, 20.0), page(rows[:30]), 20.0)
    count = 0
    while requests := brain.due(20.0):
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
    error = outcomes(brain)[0].error
    assert isinstance(error, errors.ResourceFailed)
    assert (error.status, error.elapsed) == (None, 4.0)


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
        wanted = {request.params.get("versionIdentifier") for request in brain.due(0.0)}
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
            assert names(brain.due(10.0)) == ["GetTrainedModel"]


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
    first, *others = brain.due(0.0)
    fault = service_error("ThrottlingException", **{"retry-after": "40"})
    answer(brain, first, fault, 1.0)
    for request in others:
        answer(brain, request, job("ACTIVE", request.params["trainedModelInferenceJobArn"]), 1.0)
    assert brain.due(40.9) == []
    assert len(brain.due(41.0)) == 6


def test_retry_after_of_a_page_holds_the_rest_of_the_list() -> None:
    brain = jobs(250)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    fault = service_error("ThrottlingException", **{"retry-after": "40"})
    answer(brain, only(brain, 0.0), fault, 1.0)
    assert brain.due(40.9) == []
    assert only(brain, 41.0).params["nextToken"] == "1"


def test_a_page_in_the_middle_is_tried_three_times() -> None:
    brain = jobs(250, poll=10)
    answer(brain, only(brain, 0.0), page([], "1"), 0.0)
    answer(brain, only(brain, 0.0), THROTTLED, 0.0)
    assert brain.due(1.9) == []
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
    assert names(brain.due(0.0)) == [GET] * 3
    brain = brain_of([export(), export("f")])
    refusal = service_error("AccessDeniedException")
    answer(brain, only(brain, 0.0), refusal, 0.0)
    assert [outcome.error for outcome in outcomes(brain).values()] == [refusal, refusal]


def test_a_list_whose_replies_stay_unreadable_is_done_without() -> None:
    brain = jobs(3, poll=10)
    unreadable = errors.ResponseShapeError(LIST, "not JSON", b"<html>")
    for now in (0.0, 10.0):
        answer(brain, only(brain, now), unreadable, now)
    assert names(brain.due(20.0)) == [LIST]
    brain = jobs(3, poll=10)
    for now in (0.0, 10.0, 20.0):
        answer(brain, only(brain, now), unreadable, now)
    assert names(brain.due(20.0)) == [GET] * 3


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


def test_a_token_may_run_out_twice() -> None:
    brain = jobs(250, poll=10)
    refusal = service_error("ValidationException")
    for number in range(3):
        now = number * 10.0
        answer(brain, only(brain, now), page([], "1"), now)
        answer(brain, only(brain, now), refusal, now)
    assert names(brain.due(20.0)) == [GET] * 6


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
