"""One wait: what it returns, what ends it, what it survives, and when it gives up."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise
from typing import Any

import anyio
import pytest
import tenacity

from crml_sdk import errors
from crml_sdk.waiting import Goal, Handle

from ..support import samples
from .stage import (
    AUDIENCE_MODEL,
    Service,
    audience_model,
    channel,
    hang,
    in_turn,
    job,
    model,
    reset,
    service_error,
)
from .virtual import run_asyncio

JOB = Handle.of(samples.JOB)
MODEL = Handle.of(samples.MODEL)
GET_JOB = "GetTrainedModelInferenceJob"
GET_MODEL = "GetTrainedModel"


def test_gives_the_final_reply_and_reports_each_change_once(run: Any) -> None:
    async def main() -> None:
        service = Service()
        statuses = ["CREATE_PENDING", "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "ACTIVE"]
        service.on(GET_JOB, in_turn(*map(job, statuses)))
        seen: list[str] = []
        done = await service.room.wait(
            JOB, timeout=600, on_update=lambda change: seen.append(change.status.value)
        )
        assert done.status == "ACTIVE"
        assert seen == ["CREATE_PENDING", "CREATE_IN_PROGRESS", "ACTIVE"]
        assert len(service.calls) == 4
        assert all(call.once for call in service.calls), "the wire repeats what the wait repeats"

    run(main)


def test_the_first_look_is_at_once_and_the_next_ones_soon(run: Any) -> None:
    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(*[job("CREATE_IN_PROGRESS")] * 3, job("ACTIVE")))
        await service.room.wait(JOB, timeout=None)
        times = [call.at for call in service.calls]
        assert times[0] == 0
        assert all(4.4 <= b - a <= 5.6 for a, b in pairwise(times))

    run(main)


def test_a_callers_async_function_is_awaited(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("ACTIVE")))
        seen: list[Any] = []

        async def on_update(change: Any) -> None:
            await service.sleep(1)
            seen.append(change)

        await service.room.wait(JOB, timeout=60, on_update=on_update)
        assert [change.previous for change in seen] == [None]

    run(main)


@pytest.mark.parametrize(
    "poll",
    [
        tenacity.wait_fixed(7),
        7,
        7.0,
        lambda state: 7.0,
        tenacity.wait_chain(tenacity.wait_fixed(7)),
    ],
)
def test_takes_any_wait_of_tenacitys(run: Any, poll: Any) -> None:
    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(*[job("CREATE_IN_PROGRESS")] * 3, job("ACTIVE")))
        await service.room.wait(JOB, timeout=None, poll=poll)
        assert [round(call.at) for call in service.calls] == [0, 7, 14, 21]

    run(main)


def test_a_wait_of_tenacitys_sees_attempts_and_outcomes(run: Any) -> None:
    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(job("CREATE_PENDING"), reset(), job("ACTIVE")))
        states: list[tuple[int, bool, float]] = []

        def poll(state: tenacity.RetryCallState) -> float:
            assert state.outcome is not None
            elapsed = state.seconds_since_start
            assert elapsed is not None
            states.append((state.attempt_number, state.outcome.failed, round(elapsed)))
            return 3.0

        await service.room.wait(JOB, timeout=None, poll=poll)
        assert states[:2] == [(1, False, 0), (2, True, 3)]

    run(main)


# ---- failures


def test_a_failure_carries_the_reason(run: Any) -> None:
    async def main() -> None:
        details = {"statusCode": "AlgorithmError", "message": "exit code 1"}
        service = Service()
        service.on(
            GET_JOB, in_turn(job("CREATE_IN_PROGRESS"), job("CREATE_FAILED", statusDetails=details))
        )
        with pytest.raises(errors.ResourceFailed) as caught:
            await service.room.wait(JOB, timeout=600)
        error = caught.value
        assert (error.status, error.status_code, error.status_message) == (
            "CREATE_FAILED",
            "AlgorithmError",
            "exit code 1",
        )
        assert error.model.status == "CREATE_FAILED"
        assert 4 < error.elapsed < 6
        assert error.handle == JOB
        assert "AlgorithmError: exit code 1" in str(error)
        assert samples.JOB in str(error)

    run(main)


def test_a_job_that_went_inactive_does_not_hang(run: Any) -> None:
    """A cancelled job, or one whose output was deleted, ends as INACTIVE: there is no CANCELLED."""

    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(job("CANCEL_IN_PROGRESS"), job("INACTIVE")))
        with pytest.raises(errors.ResourceFailed, match=r"INACTIVE.*cancelled"):
            await service.room.wait(JOB, timeout=600)

    run(main)


@pytest.mark.parametrize(
    "code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"]
)
def test_refusals_end_the_wait_at_once(run: Any, code: str) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(service_error(code)))
        with pytest.raises(errors.SERVICE_ERRORS[code]):
            await service.room.wait(JOB, timeout=600)
        assert len(service.calls) == 1
        assert service.now == 0

    run(main)


def test_a_job_that_disappears_ends_the_wait(run: Any) -> None:
    async def main() -> None:
        service = Service()
        service.on(
            GET_JOB, in_turn(job("CREATE_IN_PROGRESS"), service_error("ResourceNotFoundException"))
        )
        with pytest.raises(errors.ResourceNotFoundException):
            await service.room.wait(JOB, timeout=600)
        assert len(service.calls) == 2

    run(main)


def test_what_was_just_started_may_be_missing_for_a_moment(run: Any) -> None:
    async def main() -> None:
        service = Service()
        missing = service_error("ResourceNotFoundException")
        service.on(GET_JOB, in_turn(missing, missing, job("ACTIVE")))
        service.started[samples.JOB] = service.clock()
        await service.room.wait(JOB, timeout=600)
        assert service.now < 5

    run(main)


def test_but_not_for_ever(run: Any) -> None:
    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(service_error("ResourceNotFoundException")))
        service.started[samples.JOB] = service.clock()
        with pytest.raises(errors.ResourceNotFoundException):
            await service.room.wait(JOB, timeout=600)
        assert 9 < service.now < 13

    run(main)


# ---- faults that a wait survives


def test_survives_throttling_for_a_minute(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        service.on(
            GET_JOB,
            lambda params: (
                service_error("ThrottlingException") if service.now < 60 else job("ACTIVE")
            ),
        )
        done = await service.room.wait(JOB, timeout=120)
        assert done.status == "ACTIVE"
        assert service.now < 80
        assert len(service.calls) <= 15

    run(main)


def test_a_retry_after_is_respected(run: Any) -> None:
    async def main() -> None:
        service = Service()
        throttled = service_error("ThrottlingException", **{"retry-after": "20"})
        service.on(GET_JOB, in_turn(throttled, job("ACTIVE")))
        await service.room.wait(JOB, timeout=120, poll=1)
        assert service.now == 20

    run(main)


@pytest.mark.parametrize(
    "fault",
    [
        service_error("InternalServiceException"),
        service_error("ServiceUnavailable"),
        reset(),
        errors.TransportError("Get", "could not connect", False),
        errors.ResponseShapeError("Get", "not JSON", b"<html>"),
    ],
    ids=["500", "503", "reset", "refused", "not JSON"],
)
def test_survives_faults(run: Any, fault: Exception) -> None:
    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(fault, fault, job("CREATE_IN_PROGRESS"), fault, job("ACTIVE")))
        assert (await service.room.wait(JOB, timeout=120)).status == "ACTIVE"

    run(main)


def test_replies_that_stay_unreadable_end_the_wait(run: Any) -> None:
    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(errors.ResponseShapeError("Get", "not JSON", b"<html>")))
        with pytest.raises(errors.ResponseShapeError):
            await service.room.wait(JOB, timeout=600)
        assert len(service.calls) == 3

    run(main)


def test_a_look_that_hangs_is_cut_and_taken_again(run: Any) -> None:
    """A read that hangs longer than the poll interval does not hold up the wait for long."""

    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(job("CREATE_PENDING"), lambda params: hang(), job("ACTIVE")))
        await service.room.wait(JOB, timeout=600)
        assert service.now < 40

    run(main)


def test_an_unknown_status_is_logged_once_and_polled_on(
    run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(job("RESTING"), job("RESTING"), job("ACTIVE")))
        assert (await service.room.wait(JOB, timeout=600)).status == "ACTIVE"

    with caplog.at_level(logging.WARNING, "crml_sdk.waiting"):
        run(main)
    assert [record.message.count("RESTING") for record in caplog.records] == [1]


def test_cancel_failed_on_a_job_that_finished_first(run: Any) -> None:
    """CANCEL_FAILED may mean that it finished before it could be cancelled: it is read again."""

    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(job("CANCEL_FAILED"), job("CANCEL_FAILED"), job("ACTIVE")))
        assert (await service.room.wait(JOB, timeout=600)).status == "ACTIVE"
        service.on(GET_JOB, in_turn(job("CANCEL_FAILED"), job("ACTIVE")))
        cancelled = JOB.with_goal(Goal.CANCELLED)
        assert (await service.room.wait(cancelled, timeout=600)).status == "ACTIVE"

    run(main)


def test_cancel_failed_that_stays_is_a_failure(run: Any) -> None:
    async def main() -> None:
        for goal in (Goal.FINISHED, Goal.CANCELLED):
            service = Service().on(GET_JOB, in_turn(job("CANCEL_FAILED")))
            with pytest.raises(errors.ResourceFailed, match="may be running still"):
                await service.room.wait(JOB.with_goal(goal), timeout=600)
            assert len(service.calls) == 3
            assert service.now < 10

    run(main)


def test_a_clock_that_jumps_forward_ends_the_wait_with_its_deadline(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_IN_PROGRESS")))
        jump = 0.0
        clock = service.clock
        service.clock = lambda: clock() + jump  # type: ignore[method-assign]
        watch = service.room.watch(JOB, timeout=600)
        await watch.__anext__()
        jump = 3600.0
        with pytest.raises(errors.WaitTimeout):
            await watch.__anext__()
        assert service.now < 3610

    run(main)


def test_a_clock_that_jumps_back_prolongs_nothing(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_IN_PROGRESS")))
        jump = 0.0
        clock = service.clock
        service.clock = lambda: clock() + jump  # type: ignore[method-assign]
        watch = service.room.watch(JOB, timeout=600)
        await watch.__anext__()
        jump = -36_000.0
        with pytest.raises(errors.WaitTimeout):
            await watch.__anext__()
        assert 595 <= clock() - service.began <= 640

    run(main)


def test_the_wall_clock_does_not_matter(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_IN_PROGRESS"), job("ACTIVE")))
        monkeypatch.setattr("time.time", lambda: 0.0)
        await service.room.wait(JOB, timeout=60)

    run(main)


# ---- the deadline


@pytest.mark.parametrize("timeout", [1, 10, 59.5, 3600])
def test_the_deadline_is_kept(run: Any, timeout: float) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_IN_PROGRESS")))
        with pytest.raises(errors.WaitTimeout) as caught:
            await service.room.wait(JOB, timeout=timeout)
        assert abs(service.now - timeout) < 0.01
        error = caught.value
        assert isinstance(error, TimeoutError)
        assert error.status == "CREATE_IN_PROGRESS"
        assert error.model.status == "CREATE_IN_PROGRESS"
        assert error.polls == len(service.calls)
        assert error.timeout == timeout
        assert str(error.handle) in str(error)
        assert "still running" in str(error)

    run(main)


def test_a_call_under_way_is_cut_at_the_deadline(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_PENDING"), lambda params: hang()))
        with pytest.raises(errors.WaitTimeout) as caught:
            await service.room.wait(JOB, timeout=10)
        assert abs(service.now - 10) < 0.01
        assert isinstance(caught.value.last_fault, errors.CallTimeout)
        assert caught.value.__cause__ is caught.value.last_fault

    run(main)


def test_so_is_a_first_call_that_hangs(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, lambda params: hang())
        with pytest.raises(errors.WaitTimeout, match="could not be read"):
            await service.room.wait(JOB, timeout=0.3)
        assert service.now < 1

    run(main)


@pytest.mark.parametrize("timeout", [0, -1])
def test_without_time_there_is_still_one_look(run: Any, timeout: float) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("ACTIVE")))
        assert (await service.room.wait(JOB, timeout=timeout)).status == "ACTIVE"
        service.on(GET_JOB, in_turn(job("CREATE_PENDING")))
        with pytest.raises(errors.WaitTimeout):
            await service.room.wait(JOB, timeout=timeout)

    run(main)


def test_a_last_look_just_before_the_deadline(run: Any) -> None:
    """What ended between the last regular look and the deadline is not reported as running."""

    async def main() -> None:
        service = Service()
        service.on(
            GET_JOB, lambda params: job("ACTIVE" if service.now > 48 else "CREATE_IN_PROGRESS")
        )
        done = await service.room.wait(JOB, timeout=50, poll=40)
        assert done.status == "ACTIVE"
        assert 48 < service.now < 50

    run(main)


def test_slow_replies_count_against_the_deadline(run: Any) -> None:
    async def main() -> None:
        service = Service(latency=3.0).on(GET_JOB, in_turn(job("CREATE_IN_PROGRESS")))
        with pytest.raises(errors.WaitTimeout):
            await service.room.wait(JOB, timeout=31)
        assert abs(service.now - 31) < 0.01

    run(main)


# ---- cancellation


def test_cancelled_wherever_it_is(run: Any) -> None:
    """At every await: in a call, between calls, in the caller's own function, in the limiter."""

    async def main() -> None:
        for after in (0.0, 0.5, 1.0, 2.0, 5.0, 6.2, 7.0, 11.0, 30.0):
            service = Service(latency=1.5, rate=0.5)
            service.on(GET_JOB, in_turn(job("CREATE_PENDING"), job("CREATE_IN_PROGRESS")))

            async def on_update(change: Any, service: Service = service) -> None:
                await service.sleep(1)

            with anyio.move_on_after(after) as scope:
                await service.room.wait(JOB, timeout=600, on_update=on_update)
            assert scope.cancelled_caught
            assert abs(service.now - after) < 0.01

    run(main)


def test_cancelling_the_wait_leaves_the_job_alone(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_IN_PROGRESS")))
        with anyio.move_on_after(20):
            await service.room.wait(JOB, timeout=600)
        assert set(service.counts()) == {GET_JOB}

    run(main)


def test_unless_asked_to_cancel_it_too(run: Any) -> None:
    async def main() -> None:
        service = Service(latency=1.0).on(GET_JOB, in_turn(job("CREATE_IN_PROGRESS")))
        service.on("CancelTrainedModelInferenceJob", lambda params: None)
        # (anyio, on asyncio, cancels again on every turn of the loop, so virtual time would stand.)
        wait = service.room.wait(JOB, timeout=600, cancel_on_cancel=True)
        if run is run_asyncio:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(wait, 20)
        else:
            with anyio.move_on_after(20):
                await wait
        assert service.counts()["CancelTrainedModelInferenceJob"] == 1
        assert abs(service.now - 21) < 0.01

    run(main)


def test_cancel_on_timeout(run: Any) -> None:
    async def main() -> None:
        service = Service().on(
            GET_MODEL, in_turn(model("CREATE_IN_PROGRESS", versionIdentifier=samples.VERSION_1))
        )
        service.on("CancelTrainedModel", lambda params: None)
        with pytest.raises(errors.WaitTimeout, match="has been asked to stop") as caught:
            await service.room.wait(MODEL, timeout=10, cancel_on_timeout=True)
        assert caught.value.cancelled is True
        assert service.calls[-1].params["versionIdentifier"] == samples.VERSION_1

        service.on("CancelTrainedModel", in_turn(service_error("ConflictException")))
        with pytest.raises(errors.WaitTimeout, match="refused") as caught:
            await service.room.wait(MODEL, timeout=10, cancel_on_timeout=True)
        assert caught.value.cancelled is False

    run(main)


# ---- deletions


def test_a_deletion_is_done_when_it_is_inactive_or_gone(run: Any) -> None:
    async def main() -> None:
        service = Service()
        deleted = Handle.of(samples.CHANNEL).with_goal(Goal.DELETED)
        service.on(
            "GetMLInputChannel",
            in_turn(channel("ACTIVE"), channel("DELETE_IN_PROGRESS"), channel("INACTIVE")),
        )
        assert (await service.room.wait(deleted, timeout=600)).status == "INACTIVE"

        gone = Handle.of(AUDIENCE_MODEL).with_goal(Goal.DELETED)
        service.on(
            "GetAudienceModel",
            in_turn(audience_model("DELETE_PENDING"), service_error("ResourceNotFoundException")),
        )
        assert await service.room.wait(gone, timeout=600) is None

    run(main)


def test_a_deletion_that_fails(run: Any) -> None:
    async def main() -> None:
        service = Service().on("GetMLInputChannel", in_turn(channel("DELETE_FAILED")))
        deleted = Handle.of(samples.CHANNEL).with_goal(Goal.DELETED)
        with pytest.raises(errors.ResourceFailed, match="DELETE_FAILED"):
            await service.room.wait(deleted, timeout=600)
        assert len(service.calls) == 3, "it may be left over from an earlier attempt"

    run(main)


# ---- versions


def test_a_wait_keeps_to_the_version_that_was_the_latest_when_it_began(run: Any) -> None:
    async def main() -> None:
        service = Service()
        running = model("CREATE_IN_PROGRESS", versionIdentifier=samples.VERSION_1)
        done = model("ACTIVE", versionIdentifier=samples.VERSION_1)
        service.on(GET_MODEL, in_turn(running, done))
        result = await service.room.wait(MODEL, timeout=600)
        assert result.version_identifier == samples.VERSION_1
        assert [call.params.get("versionIdentifier") for call in service.calls] == [
            None,
            samples.VERSION_1,
        ]

    run(main)


def test_the_base_version_is_read_from_the_list_once_there_is_a_later_one(run: Any) -> None:
    async def main() -> None:
        service = Service()
        later = model("CREATE_PENDING", versionIdentifier=samples.VERSION_1)
        service.on(GET_MODEL, in_turn(model("CREATE_IN_PROGRESS"), later))
        rows = [later, model("CREATE_IN_PROGRESS", versionIdentifier="NULL")]
        done = [later, model("ACTIVE", versionIdentifier="NULL")]
        service.on(
            "ListTrainedModelVersions", in_turn({"trainedModels": rows}, {"trainedModels": done})
        )
        result = await service.room.wait(MODEL, timeout=600)
        assert (result.status, result.version_identifier) == ("ACTIVE", None)

    run(main)


# ---- watching


def test_watching_yields_changes_and_ends(run: Any) -> None:
    async def main() -> None:
        service = Service()
        statuses = ["CREATE_PENDING", "CREATE_PENDING", "CREATE_IN_PROGRESS", "CREATE_FAILED"]
        service.on(GET_JOB, in_turn(*map(job, statuses)))
        changes = [change async for change in service.room.watch(JOB)]
        assert [change.status for change in changes] == [
            "CREATE_PENDING",
            "CREATE_IN_PROGRESS",
            "CREATE_FAILED",
        ]
        assert [change.previous for change in changes] == [
            None,
            "CREATE_PENDING",
            "CREATE_IN_PROGRESS",
        ]
        assert changes[-1].model.status == "CREATE_FAILED"

    run(main)


def test_a_watch_may_be_left_and_taken_up(run: Any) -> None:
    async def main() -> None:
        service = Service()
        service.on(
            GET_JOB,
            lambda params: job("ACTIVE" if service.now > 100 else "CREATE_PENDING"),
        )
        watch = service.room.watch(JOB)
        async for change in watch:
            assert change.status == "CREATE_PENDING"
            break
        with anyio.move_on_after(10) as scope:
            await watch.__anext__()
        assert scope.cancelled_caught
        assert [change.status async for change in watch] == ["ACTIVE"]
        assert [change async for change in watch] == []

    run(main)


def test_a_watch_has_a_deadline_if_given_one(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_PENDING")))
        watch = service.room.watch(JOB, timeout=30)
        await watch.__anext__()
        with pytest.raises(errors.WaitTimeout):
            await watch.__anext__()
        with pytest.raises(StopAsyncIteration):
            await watch.__anext__()

    run(main)


def test_a_watch_ends_with_an_error_of_the_callers_sleep(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_PENDING")))
        watch = service.room.watch(JOB)
        await watch.__anext__()

        async def sleep(seconds: float) -> None:
            if seconds:
                raise ArithmeticError("the caller's own")

        service.sleep = sleep  # type: ignore[method-assign]
        with pytest.raises(ArithmeticError):
            await watch.__anext__()
        asked = len(service.calls)
        with pytest.raises(StopAsyncIteration):
            await watch.__anext__()
        assert len(service.calls) == asked

    run(main)
