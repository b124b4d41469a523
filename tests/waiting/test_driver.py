"""What runs a wait: clock, turns and throttling, what is told when, what is cut and left behind."""

from __future__ import annotations

import asyncio
import math
import sys
from datetime import timedelta
from typing import Any

import anyio
import pytest

from crml_sdk import errors
from crml_sdk._runtime import current_runtime
from crml_sdk.waiting import Handle
from crml_sdk.waiting.driver import TICK, steady

from ..support import samples
from .stage import Service, hang, in_turn, job, job_row, model, service_error
from .test_scenes import GET, LIST, ROWS, Jobs, arn, ends_at
from .ways import WAYS, Way

JOB = Handle.of(samples.JOB)
MODEL = Handle.of(samples.MODEL)
CANCEL = "CancelTrainedModelInferenceJob"
RUNNING = "CREATE_IN_PROGRESS"
THROTTLED = service_error("ThrottlingException")
REFUSED = service_error("AccessDeniedException")


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def nobody_queues(service: Service) -> bool:
    return not service.room.limiter._queue


def faulty(jobs: Jobs, fault: Any, until: float) -> None:
    """Every look before that time fails."""
    jobs.get = jobs.page = lambda *_: fault if jobs.service.now < until else None  # type: ignore[assignment]


def test_a_stopwatch_takes_no_step_back() -> None:
    times = iter([100.0, 101.0, 40.0, 42.0, 42.0])
    watch = steady(lambda: next(times))
    assert [watch() for _ in range(4)] == [1.0, 1.0, 3.0, 3.0]


# ---- the polling rate


@pytest.mark.parametrize(("code", "slows"), [("ThrottlingException", True), ("Other", False)])
def test_a_throttling_slows_all_waits_until_good_replies_follow(
    run: Any, way: Way, code: str, slows: bool
) -> None:
    async def main() -> None:
        service = Service(rate=4.0)
        jobs = Jobs(service, ends_at(15))
        faulty(jobs, service_error(code), 4)
        rates: list[float] = []

        def on_update(change: Any) -> None:
            rates.append(service.room.limiter.rate or 0)

        await way(service, jobs.handles, timeout=600, poll=5, on_update=on_update)
        after = service.room.limiter.rate or 0
        assert (rates[0] <= 2.2 and rates[0] < after) if slows else rates[0] == after == 4

    run(main)


@pytest.mark.parametrize("how", ["cancelled", "time is up"])
def test_whoever_leaves_takes_no_turn_of_others(run: Any, way: Way, how: str) -> None:
    async def main() -> None:
        service = Service(rate=0.1)
        jobs = Jobs(service, ends_at(1e9))
        with anyio.move_on_after(7 if how == "cancelled" else None) as scope:
            await way(service, jobs.handles, timeout=15, poll=1)
        assert scope.cancelled_caught is (how == "cancelled")
        assert nobody_queues(service)

    run(main)


def test_a_turn_is_left_when_there_is_nothing_to_ask_any_more(run: Any) -> None:
    """A list that was asked to be left alone for long must not keep other waits waiting."""

    async def main() -> None:
        service = Service(rate=1.0, latency=0.5)
        arns = [arn(f"{n:03}") for n in range(12)]
        service.on(LIST, lambda params: {ROWS: [job_row("ACTIVE", one) for one in arns]})
        service.on(GET, in_turn(service_error("ThrottlingException", **{"retry-after": "400"})))
        service.on("GetTrainedModel", in_turn(model("ACTIVE")))
        async with current_runtime().task_group() as tasks:
            tasks.start(lambda: service.room.wait_all(map(Handle.of, arns), timeout=300))
            await service.sleep(20)
            began = service.now
            await service.room.wait(MODEL, timeout=60)
            assert service.now - began < 10
            tasks.cancel()

    if run.__name__ == "run_asyncio":  # cancelling a group ends its block on trio
        run(main)


def test_a_turn_comes_before_the_next_thing_that_is_due(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=0.5)
        jobs = Jobs(service, ends_at(1e9))
        await way(service, jobs.handles, timeout=60, poll=1)
        assert len(service.calls) in range(28, 34)
        assert nobody_queues(service)

    run(main)


def test_a_turn_is_slept_for(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        service = Service(rate=0.1).on(GET, in_turn(job(RUNNING), job("ACTIVE")))
        sleep, slept = service.sleep, []

        async def noted(seconds: float) -> None:
            slept.append(seconds)
            await sleep(seconds)

        monkeypatch.setattr(service, "sleep", noted)
        await service.room.wait(JOB, timeout=None, poll=1)
        slept = [seconds for seconds in slept if seconds]
        assert sum(slept) == pytest.approx(10)
        assert len(slept) <= 4, "a second for the poll, nine for the turn, and a tick"

    run(main)


def test_the_last_look_reckons_with_the_polling_rate(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=0.1).on(GET, in_turn(job(RUNNING)))
        with pytest.raises(errors.WaitTimeout):
            await service.room.wait(JOB, timeout=100, poll=300)
        assert [round(call.at) for call in service.calls] == [0, 80]

    run(main)


# ---- what was given


@pytest.mark.parametrize("timeout", [20, 20.0, timedelta(seconds=20)])
def test_a_time_is_seconds_or_a_timedelta(run: Any, way: Way, timeout: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(1e9))
        for verdict in await way(service, jobs.handles, timeout=timeout):
            assert verdict.error == "WaitTimeout"
            # A poll may come just before the deadline, and no rest is shorter than a tick.
            assert verdict.elapsed == pytest.approx(20, abs=2 * TICK)

    run(main)


@pytest.mark.parametrize("timeout", [None, math.inf, 1e300])
def test_a_wait_may_have_no_end(run: Any, way: Way, timeout: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(1e6))
        verdicts = await way(service, jobs.handles, timeout=timeout, poll=86_400)
        assert {verdict.error for verdict in verdicts} == {None}

    run(main)


@pytest.mark.parametrize("options", [{"poll": "30"}, {"timeout": "6h"}, {"on_update": "print"}])
def test_what_is_no_option_is_refused_before_anything_is_sent(
    run: Any, way: Way, options: dict[str, Any]
) -> None:
    async def main() -> None:
        service = Service()
        jobs = Jobs(service, ends_at(0))
        with pytest.raises(TypeError, match=f"^{next(iter(options))}="):
            await way(service, jobs.handles[:1], **{"timeout": 60, **options})
        assert not service.calls

    run(main)


@pytest.mark.parametrize("options", [{"poll": "30"}, {"timeout": "6h"}, {"on_update": "print"}])
def test_an_iteration_refuses_it_when_it_is_made(run: Any, options: dict[str, Any]) -> None:
    async def main() -> None:
        room = Service().room
        with pytest.raises(TypeError, match=f"^{next(iter(options))}="):
            room.as_completed([JOB], **{"timeout": 60, **options})
        if "on_update" not in options:
            with pytest.raises(TypeError, match=f"^{next(iter(options))}="):
                room.watch(JOB, **options)

    run(main)


def test_a_poll_is_kept_to(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(20))
        await way(service, jobs.handles, timeout=600, poll=7)
        assert {round(call.at, 6) for call in service.calls} == {0, 7, 14, 21}

    run(main)


def test_a_watch_keeps_to_its_poll(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET, in_turn(job(RUNNING), job(RUNNING), job("ACTIVE")))
        changes = [change async for change in service.room.watch(JOB, poll=7)]
        assert [change.elapsed for change in changes] == pytest.approx([0, 14])

    run(main)


# ---- credentials that were good


@pytest.mark.parametrize("why", ["a wait before", "a start before", "never"])
def test_credentials_that_were_good_before_the_wait(run: Any, way: Way, why: str) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(0))
        assert not service.room.authenticated
        if why == "a wait before":
            await service.room.wait(jobs.handles[0], timeout=60)
        elif why == "a start before":
            service.started["another"] = service.clock()
        faulty(jobs, errors.CredentialRefreshError("the endpoint answered 500"), service.now + 60)
        verdicts = await way(service, jobs.handles, timeout=600)
        error = "CredentialRefreshError" if why == "never" else None
        assert {verdict.error for verdict in verdicts} == {error}

    run(main)


# ---- grace


@pytest.mark.parametrize(("ago", "least", "most"), [(0, 10, 13), (6, 4, 7), (60, 0, 1)])
def test_grace_counts_from_the_start(
    run: Any, way: Way, ago: float, least: float, most: float
) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(0))
        jobs.hidden = {"a", "b", "c"}
        jobs.get = lambda *_: service_error("ResourceNotFoundException")
        service.started.update({handle.arn: service.clock() - ago for handle in jobs.handles})
        for verdict in await way(service, jobs.handles, timeout=600):
            assert verdict.error == "ResourceNotFoundException"
            assert least <= verdict.elapsed < most

    run(main)


def test_an_export_may_be_missing_for_half_a_minute(run: Any, way: Way) -> None:
    """Its start gives no identifier, so nobody knows when it was."""

    async def main() -> None:
        service = Service(rate=None)
        listing = "ListCollaborationTrainedModelExportJobs"
        service.on(listing, in_turn({"collaborationTrainedModelExportJobs": []}))
        kind = "trained-model-export-job"
        handle = Handle(kind, samples.MODEL, collaboration=samples.COLLABORATION, name="e")
        (verdict,) = await way(service, [handle], timeout=600, poll=5)
        assert verdict.error == "ResourceFailed"
        assert 30 <= verdict.elapsed < 40

    run(main)


# ---- what is told


@pytest.mark.parametrize("awaited", [False, True])
def test_each_change_is_told_once_and_before_the_end(run: Any, way: Way, awaited: bool) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(20))
        told: list[tuple[str, str, str | None]] = []

        def note(change: Any) -> None:
            told.append((change.handle.arn, change.status.value, change.previous))

        async def note_later(change: Any) -> None:
            await service.sleep(0.5)
            note(change)

        await way(service, jobs.handles, timeout=600, on_update=note_later if awaited else note)
        one = [(RUNNING, None), ("ACTIVE", RUNNING)]
        for handle in jobs.handles:
            assert [change for name, *change in told if name == handle.arn] == [
                list(change) for change in one
            ]
        assert len(told) == 6

    run(main)


def test_changes_that_come_while_an_item_is_held_back_are_told_before_it(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)

        async def get(params: dict[str, Any]) -> Any:
            one = params["trainedModelInferenceJobArn"]
            if one == arn("b"):
                await service.sleep(0.2)
            return job("ACTIVE", one)

        service.on(GET, get).on(LIST, in_turn(REFUSED))
        told: list[str] = []
        completions = service.room.as_completed(
            [Handle.of(arn(name)) for name in "ab"],
            timeout=60,
            on_update=lambda change: told.append(change.handle.arn),
        )
        assert (await completions.__anext__()).handle.arn == arn("a")
        assert told == [arn("a"), arn("b")]
        await completions.__anext__()
        assert service.counts()[GET] == 2, "what was under way was let end"

    run(main)


@pytest.mark.parametrize(("latency", "held"), [(0.0, 0.55), (5.0, 2.05)])
def test_an_item_is_not_held_back_for_long(run: Any, latency: float, held: float) -> None:
    async def main() -> None:
        service = Service(rate=None, latency=latency)
        end = 600.0

        def get(params: dict[str, Any]) -> Any:
            one = params["trainedModelInferenceJobArn"]
            over = service.now > end
            return hang() if over and one == arn("b") else job("ACTIVE" if over else RUNNING, one)

        service.on(GET, get).on(LIST, in_turn(REFUSED))
        handles = [Handle.of(arn(name)) for name in "ab"]
        completions = service.room.as_completed(handles, timeout=None, poll=10)
        first = await completions.__anext__()
        assert first.handle.arn == arn("a")
        asked = max(call.at for call in service.calls) + latency
        assert service.now - asked <= held
        service.on(GET, lambda params: job("ACTIVE", arn("b")))
        assert (await completions.__anext__()).ok, "and it is asked for again"

    run(main)


def test_a_reply_that_makes_another_look_due_is_not_slept_over(run: Any) -> None:
    """While the list of one membership hangs, the jobs of another are looked at in time."""

    async def main() -> None:
        service = Service(rate=None)
        others = [
            Handle("trained-model-inference-job", arn(n), membership=samples.OTHER_MEMBERSHIP)
            for n in range(2)
        ]
        service.on(GET, in_turn(job("CANCEL_FAILED", arn("a"))))
        service.on(LIST, lambda params: hang())
        outcomes = await service.room.wait_all([Handle.of(arn("a")), *others], timeout=19)
        assert [type(one.error).__name__ for one in outcomes] == ["ResourceFailed"] + [
            "WaitTimeout"
        ] * 2
        assert outcomes[0].elapsed == pytest.approx(4.0, abs=0.1)

    run(main)


# ---- closing and cancelling


@pytest.mark.parametrize("where", ["asleep", "in a call"])
def test_closing_the_client_ends_its_waits(
    run: Any, way: Way, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(1e9))
        closed = errors.ClientClosed(GET)
        if where == "in a call":
            faulty(jobs, closed, 1e9)
        else:
            sleep = service.sleep

            async def interrupted(seconds: float) -> None:
                if seconds > 1:
                    raise closed
                await sleep(seconds)

            monkeypatch.setattr(service, "sleep", interrupted)
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.error for verdict in verdicts} == {"ClientClosed"}
        assert service.now < 1

    run(main)


def test_only_who_is_cancelled_cancels_the_job(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET, in_turn(REFUSED)).on(CANCEL, in_turn(None))
        with pytest.raises(errors.AccessDeniedException):
            await service.room.wait(JOB, timeout=60, cancel_on_cancel=True, cancel_on_timeout=True)
        service.on(GET, in_turn(job("CREATE_FAILED")))
        with pytest.raises(errors.ResourceFailed):
            await service.room.wait(JOB, timeout=60, cancel_on_timeout=True)

        def on_update(change: Any) -> None:
            raise KeyError("the caller's own")

        with pytest.raises(KeyError):
            await service.room.wait(JOB, timeout=60, cancel_on_cancel=True, on_update=on_update)
        assert CANCEL not in service.counts()

    run(main)


def test_a_cancelled_wait_cancels_the_version_that_it_had_found(run: Any) -> None:
    async def main() -> None:
        running = model(RUNNING, versionIdentifier=samples.VERSION_1)
        service = Service().on("GetTrainedModel", in_turn(running))
        service.on("CancelTrainedModel", lambda params: None)
        wait = service.room.wait(MODEL, timeout=600, cancel_on_cancel=True)
        if current_runtime().sleep is asyncio.sleep:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(wait, 20)
        else:
            with anyio.move_on_after(20):
                await wait
        assert service.calls[-1].operation == "CancelTrainedModel"
        assert service.calls[-1].params["versionIdentifier"] == samples.VERSION_1
        assert not service.calls[-1].once, "the transport may repeat it"

    run(main)


def test_a_cancellation_that_hangs_is_given_up(run: Any) -> None:
    async def main() -> None:
        service = Service().on(GET, in_turn(job(RUNNING))).on(CANCEL, lambda params: hang())
        with pytest.raises(errors.WaitTimeout) as caught:
            await service.room.wait(JOB, timeout=10, cancel_on_timeout=True)
        assert caught.value.cancelled is False
        assert service.now == pytest.approx(20, abs=0.1)

    run(main)


def test_what_cannot_be_cancelled_is_not_said_to_be(run: Any) -> None:
    async def main() -> None:
        channel = Handle.of(samples.CHANNEL)
        service = Service().on("GetMLInputChannel", lambda params: hang())
        with pytest.raises(errors.WaitTimeout) as caught:
            await service.room.wait(channel, timeout=10, cancel_on_timeout=True)
        assert caught.value.cancelled is False
        assert set(service.counts()) == {"GetMLInputChannel"}

    run(main)


# ---- what was just started


def test_the_time_of_a_start_counts(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        service = Service().on(GET, in_turn(job(RUNNING)))
        for used, left in ((50, 10), (100, 0)):
            began = service.now
            with pytest.raises(errors.WaitTimeout):
                await service.room.wait_for_started(
                    JOB, began=service.clock() - used, timeout=timedelta(seconds=60), poll=5
                )
            assert service.now - began == pytest.approx(left, abs=0.01)
        service.on(GET, in_turn(job("ACTIVE")))
        done = await service.room.wait_for_started(JOB, began=service.clock(), timeout=None)
        assert done.status == "ACTIVE"

    with caplog.at_level("INFO", "crml_sdk.waiting"):
        run(main)
    assert all(vars(record)["crml_handle"] == str(JOB) for record in caplog.records)
    assert len(caplog.records) == 3


def test_what_was_started_is_logged_with_how_to_take_it_up(
    run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        service = Service().on(GET, in_turn(job("ACTIVE")))
        await service.room.wait_for_started(JOB, began=service.clock(), timeout=None)

    with caplog.at_level("INFO", "crml_sdk.waiting"):
        run(main)
    (record,) = caplog.records
    assert vars(record)["crml_handle"] == str(JOB)
    assert record.getMessage() == (
        f"{JOB.describe()}: started; sdk.wait({str(JOB)!r}) takes up the wait for it"
    )


def test_every_error_says_what_was_started(run: Any) -> None:
    async def main() -> None:
        service = Service()

        async def started(handle: Handle, **options: Any) -> Any:
            try:
                await service.room.wait_for_started(
                    handle, began=service.clock(), timeout=20, **options
                )
            except Exception as error:
                return error

        service.on(GET, in_turn(REFUSED))
        error = await started(JOB)
        assert error is REFUSED
        assert error.handle == JOB
        if sys.version_info >= (3, 11):
            assert str(JOB) in "".join(error.__notes__)

        def on_update(change: Any) -> None:
            raise KeyError("the caller's own")

        service.on(GET, in_turn(job(RUNNING)))
        assert (await started(JOB, on_update=on_update)).handle == JOB
        running = model(RUNNING, versionIdentifier=samples.VERSION_1)
        service.on("GetTrainedModel", in_turn(running))
        error = await started(MODEL)
        assert error.handle == MODEL.pinned(samples.VERSION_1), "it knows more already"

    run(main)


# ---- what comes out


def test_the_get_response_is_returned_rather_than_an_older_row(run: Any) -> None:
    async def main() -> None:
        service = Service()
        later = model(RUNNING, versionIdentifier=samples.VERSION_1)
        service.on("GetTrainedModel", in_turn(later, model("ACTIVE")))
        service.on("ListTrainedModelVersions", in_turn({"trainedModels": [later, model(RUNNING)]}))
        done = await service.room.wait(MODEL.pinned(None), timeout=600)
        assert type(done).__name__ == "GetTrainedModelResponse"
        assert done.status == "ACTIVE"

    run(main)


def test_an_iteration_may_be_closed_before_it_began_and_without_traces(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("opentelemetry.trace", "opentelemetry.metrics"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(20))
        for begun in (False, True):
            for items in (
                service.room.watch(jobs.handles[0]),
                service.room.as_completed(jobs.handles, timeout=60),
            ):
                if begun:
                    await items.__anext__()
                await items.aclose()
                with pytest.raises(StopAsyncIteration):
                    await items.__anext__()
        assert not [name for name in service.counts() if name not in (GET, LIST)]

    run(main)


def test_the_same_handle_twice_comes_once_from_as_completed(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        ends = {"a": 30, "b": 20, "c": 10}
        jobs = Jobs(service, lambda name, now: "ACTIVE" if now >= ends[name] else RUNNING)
        twice = [*jobs.handles, *jobs.handles]
        found = [one.handle async for one in service.room.as_completed(twice, timeout=60)]
        assert found == jobs.handles[::-1], "in the order in which they came about"
        outcomes = await service.room.wait_all(twice, timeout=60)
        assert [outcome.handle for outcome in outcomes] == twice

    run(main)
