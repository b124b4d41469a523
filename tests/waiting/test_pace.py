"""When the next look is: the default, tenacity's waits, and the rate of all of them together."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, get_args

import pytest
import tenacity
from tenacity.wait import wait_base

from crml_sdk import errors
from crml_sdk.times import timeout_of
from crml_sdk.waiting import Poll, check_options, wait_elapsed
from crml_sdk.waiting.faults import retry_after
from crml_sdk.waiting.pace import Pace
from crml_sdk.waiting.schedule import Limiter

from .stage import service_error


def test_the_default_is_soon_at_first_and_sparse_in_the_end() -> None:
    wait = wait_elapsed(jitter=0)
    assert [wait.interval(elapsed) for elapsed in (0, 10, 60, 100)] == [5, 5, 12, 20]
    assert wait.interval(3600) == wait.interval(86_400) == 31
    assert wait.interval(28 * 86_400) == 45


def test_intervals_vary_by_a_tenth() -> None:
    intervals = [wait_elapsed().interval(100.0) for _ in range(500)]
    assert min(intervals) >= 18
    assert max(intervals) <= 22
    assert len(set(intervals)) > 400


def test_the_jitter_is_a_value() -> None:
    for chance, interval in ((0.0, 18.0), (0.5, 20.0), (1.0, 22.0)):
        wait = wait_elapsed(chance=lambda chance=chance: chance)
        assert wait.interval(100.0) == pytest.approx(interval)


@pytest.mark.parametrize("poll", [30, 30.0, timedelta(seconds=30), tenacity.wait_fixed(30)])
def test_intervals_that_do_not_vary(poll: Any) -> None:
    pace = Pace(poll)
    assert [pace.after(0.0, None) for _ in range(3)] == [30, 30, 30]
    assert (pace._state.attempt_number, pace.last) == (4, 30)


def test_exponential_waits_count_attempts() -> None:
    pace = Pace(tenacity.wait_exponential(multiplier=5, max=60))
    assert [pace.after(0.0, None) for _ in range(5)] == [5, 10, 20, 40, 60]


def test_a_poll_sees_when_it_is_asked_what_came_and_how_long_was_slept() -> None:
    seen: list[tuple[Any, ...]] = []

    def poll(state: Any) -> float:
        failed = state.outcome.failed
        outcome = state.outcome.exception() if failed else state.outcome.result()
        seen.append((state.attempt_number, state.seconds_since_start, outcome, state.idle_for))
        return 3.0

    pace, fault = Pace(poll), ValueError()
    assert pace.last == 5, "what the default begins with"
    pace.after(1.0, "PENDING")
    assert pace.last == 3
    pace.after(5.0, None, fault)
    pace.after(9.0, "ACTIVE")
    assert seen == [
        (1, 1.0, "PENDING", 0),
        (2, 5.0, fault, 3.0),
        (3, 9.0, "ACTIVE", 6.0),
    ]


def test_a_poll_is_given_a_whole_state() -> None:
    """As from a retry of tenacity's own, of a function without arguments."""
    states: list[tenacity.RetryCallState] = []

    def poll(state: tenacity.RetryCallState) -> float:
        states.append(state)
        assert state.next_action is None
        assert repr(state).startswith("<RetryCallState")
        return 2.0

    Pace(poll).after(1.0, "PENDING")
    (state,) = states
    assert isinstance(state.retry_object, tenacity.AsyncRetrying)
    assert (state.fn, state.args, state.kwargs) == (None, (), {})
    assert (state.upcoming_sleep, state.idle_for) == (2.0, 2.0)
    assert state.outcome is None, "a reply may be large, and is of no use any more"


def test_the_name_for_what_poll_takes_is_a_type() -> None:
    assert {wait_base, float, timedelta} < set(get_args(Poll))


@pytest.mark.parametrize(
    ("given", "interval"),
    [(0, 0.01), (-5, 0.01), (math.nan, 0.01), (math.inf, 86_400), (1e9, 86_400), (0.5, 0.5)],
)
def test_a_wait_neither_spins_nor_sleeps_for_ever(given: float, interval: float) -> None:
    assert Pace(lambda state: given).after(0.0, None) == interval


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("poll", -1, ValueError),
        ("poll", "30", TypeError),
        ("poll", True, TypeError),
        ("poll", wait_elapsed, TypeError),
        ("timeout", "6h", TypeError),
        ("timeout", True, TypeError),
        ("timeout", -1, ValueError),
        ("timeout", math.nan, ValueError),
        ("timeout", timedelta(seconds=-1), ValueError),
        ("on_update", "print", TypeError),
    ],
)
def test_what_is_no_option_is_refused_by_name(
    option: str, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"^{option}="):
        check_options(**{option: value})


@pytest.mark.parametrize(
    "poll", [None, 30, timedelta(minutes=1), lambda state: 1.0, wait_elapsed()]
)
@pytest.mark.parametrize("timeout", [None, 0, 1.5, timedelta(hours=6), math.inf])
def test_what_is_one_is_taken(poll: Any, timeout: Any) -> None:
    check_options(poll=poll, timeout=timeout, on_update=print)


def test_a_timeout_may_be_used_up_or_endless() -> None:
    assert [timeout_of(one) for one in (None, math.inf, timedelta(hours=1), 2, -3)] == [
        None,
        None,
        3600.0,
        2.0,
        0.0,
    ]
    assert timeout_of(timedelta(seconds=-1)) == 0.0
    with pytest.raises(TypeError, match="timeout='6h': give seconds"):
        timeout_of("6h")


def fault(code: str, **headers: str) -> errors.ServiceError:
    return service_error(code, **{name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("40", 40), ("0.5", 0.5), ("-3", 0), ("soon", 0), ("nan", 0), ("601", 600), ("inf", 600)],
)
def test_retry_after_in_seconds(header: str, seconds: float) -> None:
    assert retry_after(fault("ThrottlingException", retry_after=header)) == seconds


def test_retry_after_as_a_date() -> None:
    later = "Wed, 21 Oct 2026 07:28:40 GMT"
    now = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert retry_after(fault("ThrottlingException", retry_after=later, date=now)) == 40
    assert retry_after(fault("ThrottlingException", retry_after=later)) == 0
    assert retry_after(fault("ThrottlingException", retry_after=later, date="?")) == 0
    assert retry_after(errors.TransportError("Get", "lost")) == 0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Turn:
    """Somebody who wants one request of a limiter."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter

    def delay(self) -> float:
        return self.limiter.delay(self)

    def give_up(self) -> None:
        self.limiter.leave(self)


def drain(limiter: Limiter, clock: Clock, turns: int) -> list[float]:
    """When each of so many turns comes, one asked for after the other."""
    times: list[float] = []
    for _ in range(turns):
        turn = Turn(limiter)
        while delay := turn.delay():
            clock.now += delay
        times.append(round(clock.now, 6))
    return times


def test_the_limiter_lets_a_burst_through_and_then_the_rate() -> None:
    clock = Clock()
    limiter = Limiter(5.0, clock=clock)
    assert drain(limiter, clock, 25) == [0.0] * 20 + [0.2, 0.4, 0.6, 0.8, 1.0]
    clock.now += 1000.0
    assert drain(limiter, clock, 21) == [1001.0] * 20 + [1001.2], "no more than a bucket is kept"


@pytest.mark.parametrize(("rate", "burst"), [(100.0, 20), (5.0, 20), (2.0, 8), (0.1, 1)])
def test_the_burst_is_small_where_the_rate_is(rate: float, burst: int) -> None:
    clock = Clock()
    assert drain(Limiter(rate, clock=clock), clock, burst + 1).count(0.0) == burst


def test_who_comes_first_is_served_first() -> None:
    clock = Clock()
    limiter = Limiter(5.0, clock=clock)
    drain(limiter, clock, 20)
    first, second, third = Turn(limiter), Turn(limiter), Turn(limiter)
    assert [first.delay(), second.delay(), third.delay()] == pytest.approx([0.2, 0.4, 0.6])
    assert [second.delay(), first.delay()] == pytest.approx([0.4, 0.2]), "asking keeps the place"
    clock.now = 10.0
    assert second.delay() == 0.01, "not before the first, though there are tokens"
    first.give_up()
    assert second.delay() == 0.0
    assert third.delay() == 0.0
    assert Turn(limiter).delay() > 0 or limiter.rate == 5.0


def test_throttling_slows_at_once_and_no_burst_follows() -> None:
    clock = Clock()
    limiter = Limiter(5.0, clock=clock)
    limiter.throttled()
    assert limiter.rate == 2.5
    assert drain(limiter, clock, 3) == [0.4, 0.8, 1.2]
    clock.now = 100.0
    assert drain(limiter, clock, 3) == [100.0, 100.4, 100.8], "one token is kept, no more"
    for _ in range(10):
        limiter.throttled()
    assert limiter.rate == 0.5
    for _ in range(17):
        limiter.accepted()
    assert limiter.rate == pytest.approx(4.75)
    clock.now = 200.0
    assert drain(limiter, clock, 2)[1] > 200.0, "no burst before the rate is back"
    limiter.accepted()
    assert limiter.rate == 5.0
    clock.now = 300.0
    assert drain(limiter, clock, 20) == [300.0] * 20


def test_the_rate_that_was_set_is_never_exceeded() -> None:
    limiter = Limiter(5.0, clock=Clock())
    for _ in range(3):
        limiter.throttled()
    for _ in range(18):  # steps of a quarter from 0.625 do not meet it
        limiter.accepted()
    assert limiter.rate == 5.0


def test_what_was_saved_up_before_a_throttling_is_lost() -> None:
    clock = Clock()
    limiter = Limiter(5.0, clock=clock)
    drain(limiter, clock, 20)
    clock.now = 100.0
    limiter.throttled()
    assert drain(limiter, clock, 2) == [100.4, 100.8]
    clock.now = 101.0
    limiter.accepted()
    assert Turn(limiter).delay() == pytest.approx(0.5 / 2.75), "half a token at the old rate"


def test_a_turn_that_waits_is_slowed_by_a_throttling() -> None:
    clock = Clock()
    limiter = Limiter(5.0, clock=clock)
    drain(limiter, clock, 20)
    turn = Turn(limiter)
    assert turn.delay() == pytest.approx(0.2)
    limiter.throttled()
    limiter.throttled()
    limiter.throttled()
    clock.now += 0.2
    assert turn.delay() == pytest.approx((1 - 0.2 * 0.625) / 0.625)


def test_nobody_sleeps_long_in_the_queue() -> None:
    clock = Clock()
    limiter = Limiter(0.1, clock=clock)
    drain(limiter, clock, 1)
    first, second = Turn(limiter), Turn(limiter)
    assert (first.delay(), second.delay()) == (10.0, 1.0)


def test_a_clock_that_jumps_back_does_not_stop_the_limiter() -> None:
    clock = Clock()
    clock.now = 10_000.0
    limiter = Limiter(1.0, clock=clock)
    drain(limiter, clock, 4)
    clock.now = 0.0
    turn = Turn(limiter)
    assert turn.delay() == 1.0
    clock.now = 1.0
    assert turn.delay() == 0.0


def test_no_limit_and_a_senseless_one() -> None:
    limiter = Limiter(None, clock=lambda: 0.0)
    assert limiter.rate is None
    turns = [Turn(limiter) for _ in range(1000)]
    assert not any(turn.delay() for turn in reversed(turns))
    limiter.throttled()
    limiter.accepted()
    assert Turn(limiter).delay() == 0.0
    assert not limiter._queue, "nothing is kept of turns that have come"
    for rate in (0, -1, math.nan):
        with pytest.raises(ValueError):
            Limiter(rate, clock=lambda: 0.0)


@pytest.mark.parametrize("rate", [None, 5.0])
def test_a_place_may_be_given_up_at_any_time(rate: float | None) -> None:
    clock = Clock()
    limiter = Limiter(rate, clock=clock)
    came, waits = Turn(limiter), Turn(limiter)
    assert came.delay() == 0.0
    while rate and not waits.delay():
        waits = Turn(limiter)
    for turn in (came, waits, waits):
        turn.give_up()
    assert not limiter._queue
    assert drain(limiter, clock, 1) == [0.2 if rate else 0.0]
