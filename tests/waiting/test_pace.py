"""When the next look is: the default, tenacity's waits, and the rate of all of them together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import tenacity

from crml_sdk.waiting.limiter import Limiter
from crml_sdk.waiting.pace import Pace, as_wait, wait_elapsed

from .stage import Service


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


@pytest.mark.parametrize("poll", [30, 30.0, timedelta(seconds=30), tenacity.wait_fixed(30)])
def test_intervals_that_do_not_vary(poll: Any) -> None:
    pace = Pace(poll, lambda: 0.0)
    assert [pace.after(None) for _ in range(3)] == [30, 30, 30]
    assert pace.attempts == 4


def test_exponential_waits_count_attempts() -> None:
    pace = Pace(tenacity.wait_exponential(multiplier=5, max=60), lambda: 0.0)
    assert [pace.after(None) for _ in range(5)] == [5, 10, 20, 40, 60]


@pytest.mark.parametrize(("poll", "error"), [(-1, ValueError), ("30", TypeError)])
def test_what_is_no_wait_is_refused(poll: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        as_wait(poll)


def test_the_limiter_spaces_requests_evenly(run: Any) -> None:
    async def main() -> None:
        service = Service()
        limiter = Limiter(5.0, clock=service.clock, sleep=service.sleep)
        times: list[float] = []
        for _ in range(11):
            await limiter.acquire()
            times.append(service.now)
        assert times == [pytest.approx(n / 5) for n in range(11)]
        assert not limiter.try_acquire()
        await service.sleep(0.2)
        assert limiter.try_acquire()

    run(main)


def test_tasks_take_turns(run: Any) -> None:
    async def main() -> None:
        from crml_sdk._runtime import current_runtime

        service = Service()
        limiter = Limiter(10.0, clock=service.clock, sleep=service.sleep)
        times: list[float] = []

        async def ask() -> None:
            await limiter.acquire()
            times.append(service.now)

        async with current_runtime().task_group() as tasks:
            for _ in range(20):
                tasks.start(ask)
        assert times == [pytest.approx(n / 10) for n in range(20)]

    run(main)


def test_throttling_slows_and_success_recovers(run: Any) -> None:
    async def main() -> None:
        service = Service()
        limiter = Limiter(5.0, clock=service.clock, sleep=service.sleep)
        for _ in range(10):
            limiter.throttled()
        assert limiter.rate == 0.5
        for _ in range(18):
            limiter.accepted()
        assert limiter.rate == pytest.approx(5.0)

    run(main)


def test_a_clock_that_jumps_back_does_not_stop_the_limiter(run: Any) -> None:
    async def main() -> None:
        service = Service()
        jump = [10_000.0]
        limiter = Limiter(5.0, clock=lambda: service.now + jump[0], sleep=service.sleep)
        await limiter.acquire()
        jump[0] = 0.0
        await limiter.acquire()
        assert service.now <= 2.0

    run(main)


def test_no_limit_and_a_senseless_one() -> None:
    async def sleep(seconds: float) -> None:
        raise AssertionError

    limiter = Limiter(None, clock=lambda: 0.0, sleep=sleep)
    assert all(limiter.try_acquire() for _ in range(1000))
    with pytest.raises(ValueError):
        Limiter(0, clock=lambda: 0.0, sleep=sleep)
