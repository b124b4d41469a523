"""Many waits at once: what they cost, and that none is lost, wrongly finished or held up."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import anyio
import pytest

from crml_sdk import errors
from crml_sdk.waiting import Goal, Handle, Outcome

from ..support import samples
from .stage import (
    AUDIENCE_MODEL,
    GENERATION_JOB,
    Service,
    audience_export_row,
    audience_model,
    channel,
    export_row,
    hang,
    in_turn,
    job,
    job_row,
    model,
    paged,
    reset,
    service_error,
)

GET = "GetTrainedModelInferenceJob"
LIST = "ListTrainedModelInferenceJobs"
ROWS = "trainedModelInferenceJobs"


def arn(number: int, membership: str = samples.MEMBERSHIP) -> str:
    return samples.arn("trained-model-inference-job", f"{number:05}", membership)


class Fleet:
    """Inference jobs that end at given times."""

    def __init__(self, service: Service, ends: dict[str, float], status: str = "ACTIVE") -> None:
        self.service = service
        self.ends = ends
        self.order = list(ends)
        self.final = dict.fromkeys(ends, status)
        self.gone: set[str] = set()
        service.on(LIST, paged(self.rows, ROWS)).on(GET, self.get)

    def status(self, one: str) -> str:
        return self.final[one] if self.service.now >= self.ends[one] else "CREATE_IN_PROGRESS"

    def rows(self) -> list[dict[str, Any]]:
        return [job_row(self.status(one), one) for one in self.order if one not in self.gone]

    def get(self, params: dict[str, Any]) -> Any:
        one = params["trainedModelInferenceJobArn"]
        if one in self.gone:
            return service_error("ResourceNotFoundException")
        return job(self.status(one), one)

    def handles(self) -> list[Handle]:
        return [Handle.of(one) for one in self.ends]


def rounds(service: Service, gap: float = 4.0) -> list[int]:
    """How many requests each round took; rounds are told apart by the pauses between them."""
    found: list[int] = []
    last = float("-inf")
    for call in service.calls:
        if call.at - last > gap:
            found.append(0)
        found[-1] += 1
        last = call.at
    return found


def test_a_thousand_jobs_cost_at_most_twelve_requests_a_round(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=5.0, latency=0.05)
        fleet = Fleet(service, {arn(number): 600.0 for number in range(1000)})
        with pytest.raises(errors.WaitTimeout):
            (await service.room.wait_all(fleet.handles(), timeout=190, poll=20))[0].result()
        per_round = rounds(service)
        assert len(per_round) > 6
        assert max(per_round) <= 12
        assert service.counts() == {LIST: sum(per_round)}

    run(main)


def test_trained_models_without_a_version_cost_no_more(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        arns = [samples.arn("trained-model", f"{n:05}") for n in range(1000)]
        rows = [model("CREATE_IN_PROGRESS", trainedModelArn=one) for one in arns]
        service.on("ListTrainedModels", paged(lambda: rows, "trainedModels"))
        outcomes = await service.room.wait_all(map(Handle.of, arns), timeout=100, poll=20)
        assert all(isinstance(outcome.error, errors.WaitTimeout) for outcome in outcomes)
        assert max(rounds(service)) <= 12
        assert set(service.counts()) == {"ListTrainedModels"}
        assert {outcome.handle.version for outcome in outcomes} == {"BASE"}

    run(main)


def test_each_is_finished_with_one_get_and_reported_in_order(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        generator = random.Random(4)
        fleet = Fleet(service, {arn(n): generator.uniform(0, 900) for n in range(150)})
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert [outcome.handle.arn for outcome in outcomes] == list(fleet.ends)
        assert all(outcome.ok and outcome.status == "ACTIVE" for outcome in outcomes)
        assert all(
            isinstance(outcome, Outcome) and outcome.elapsed >= fleet.ends[outcome.handle.arn]
            for outcome in outcomes
        )
        late = [outcome.elapsed - fleet.ends[outcome.handle.arn] for outcome in outcomes]
        assert max(late) < 40
        gets = service.counts()[GET]
        assert gets <= 150 + 40, "the last few are read one by one"

    run(main)


def test_few_among_many_are_read_one_by_one(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(number): 500.0 for number in range(1000)})
        few = [Handle.of(arn(number)) for number in (150, 450, 999)]
        outcomes = await service.room.wait_all(few, timeout=3600)
        assert all(outcome.ok for outcome in outcomes)
        assert service.counts()[LIST] <= 3
        assert max(rounds(service)) <= 6
        assert fleet.ends

    run(main)


def test_one_alone_is_never_listed(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        Fleet(service, {arn(1): 50.0})
        (outcome,) = await service.room.wait_all([Handle.of(arn(1))], timeout=3600)
        assert outcome.ok
        assert set(service.counts()) == {GET}

    run(main)


def test_memberships_and_kinds_are_listed_apart(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        other = samples.OTHER_MEMBERSHIP
        ends = {arn(n): 30.0 for n in range(5)} | {arn(n, other): 60.0 for n in range(5)}
        fleet = Fleet(service, ends)
        rows = fleet.rows

        def of_membership(params: dict[str, Any]) -> Any:
            mine = [
                row
                for row in rows()
                if params["membershipIdentifier"] in row["trainedModelInferenceJobArn"]
            ]
            return {ROWS: mine}

        service.on(LIST, of_membership)
        service.on(
            "GetMLInputChannel",
            lambda params: channel("ACTIVE" if service.now > 20 else "CREATE_PENDING"),
        )
        service.on("GetAudienceModel", in_turn(audience_model("CREATE_FAILED")))
        handles = [*fleet.handles(), Handle.of(samples.CHANNEL), Handle.of(AUDIENCE_MODEL)]
        outcomes = await service.room.wait_all(handles, timeout=3600)
        assert [outcome.ok for outcome in outcomes] == [True] * 11 + [False]
        assert isinstance(outcomes[-1].error, errors.ResourceFailed)
        assert outcomes[-1].status == "CREATE_FAILED"
        with pytest.raises(errors.ResourceFailed):
            outcomes[-1].result()

    run(main)


def test_the_same_twice_is_asked_for_once(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None).on(GET, in_turn(job("ACTIVE")))
        handle = Handle.of(samples.JOB)
        outcomes = await service.room.wait_all([handle, handle], timeout=60)
        assert [outcome.ok for outcome in outcomes] == [True, True]
        assert len(service.calls) == 1
        assert await service.room.wait_all([], timeout=60) == []

    run(main)


# ---- lists that change while they are read


def test_rows_that_move_between_pages_lose_nothing(run: Any) -> None:
    """Newest change first: each job that ends jumps to the front while later pages are read."""

    async def main() -> None:
        service = Service(rate=None, latency=0.3)
        generator = random.Random(7)
        fleet = Fleet(service, {arn(n): generator.uniform(5, 600) for n in range(400)})

        def rows() -> list[dict[str, Any]]:
            key = lambda one: -fleet.ends[one] if service.now >= fleet.ends[one] else 0.0  # noqa: E731
            return [job_row(fleet.status(one), one) for one in sorted(fleet.order, key=key)]

        service.on(LIST, paged(rows, ROWS))
        reported: dict[str, float] = {}
        async for outcome in service.room.as_completed(fleet.handles(), timeout=3600):
            assert outcome.ok
            assert outcome.handle.arn not in reported
            reported[outcome.handle.arn] = service.now
        assert reported.keys() == fleet.ends.keys()
        assert all(reported[one] >= end for one, end in fleet.ends.items())
        assert max(reported[one] - end for one, end in fleet.ends.items()) < 90

    run(main)


def test_rows_in_any_order_lose_nothing(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        generator = random.Random(9)
        fleet = Fleet(service, {arn(n): generator.uniform(5, 300) for n in range(300)})

        def rows() -> list[dict[str, Any]]:
            generator.shuffle(fleet.order)
            return [job_row(fleet.status(one), one) for one in fleet.order]

        service.on(LIST, paged(rows, ROWS))
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert all(outcome.ok for outcome in outcomes)
        assert max(rounds(service)) < 400

    run(main)


def test_a_stale_row_finishes_nothing(run: Any) -> None:
    """A row says that a job has ended, but the job itself says otherwise: it goes on."""

    async def main() -> None:
        service = Service(rate=None)
        service.on(LIST, lambda params: {ROWS: [job_row("ACTIVE", arn(n)) for n in range(3)]})
        service.on(
            GET,
            lambda params: job(
                "ACTIVE" if service.now > 40 else "CREATE_IN_PROGRESS",
                params["trainedModelInferenceJobArn"],
            ),
        )
        outcomes = await service.room.wait_all([Handle.of(arn(n)) for n in range(3)], timeout=3600)
        assert all(outcome.ok and outcome.elapsed > 40 for outcome in outcomes)

    run(main)


def test_jobs_that_disappear_are_read_before_they_are_called_gone(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 300.0 for n in range(50)})
        hidden = {arn(3), arn(4)}  # not in the list, yet there
        fleet.gone = {arn(7)}
        rows = fleet.rows
        service.on(
            LIST,
            paged(
                lambda: [row for row in rows() if row["trainedModelInferenceJobArn"] not in hidden],
                ROWS,
            ),
        )
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        bad = [outcome for outcome in outcomes if not outcome.ok]
        assert [outcome.handle.arn for outcome in bad] == [arn(7)]
        assert isinstance(bad[0].error, errors.ResourceNotFoundException)
        assert bad[0].elapsed < 60

    run(main)


def test_waiting_for_many_deletions(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 1e9 for n in range(40)})

        def rows() -> list[dict[str, Any]]:
            if service.now > 20:
                fleet.gone = set(fleet.ends)
            return fleet.rows()

        service.on(LIST, paged(rows, ROWS))
        handles = [handle.with_goal(Goal.DELETED) for handle in fleet.handles()]
        outcomes = await service.room.wait_all(handles, timeout=3600)
        assert all(outcome.ok and outcome.model is None for outcome in outcomes)
        assert service.now < 60

    run(main)


# ---- faults


def test_a_resource_whose_get_hangs_holds_up_nobody(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        fleet = Fleet(service, {arn(n): 0.0 for n in range(30)})

        def get(params: dict[str, Any]) -> Any:
            slow = params["trainedModelInferenceJobArn"] in (arn(2), arn(11))
            return hang() if slow and service.now < 200 else Fleet.get(fleet, params)

        service.on(GET, get)
        at: dict[str, float] = {}
        async for outcome in service.room.as_completed(fleet.handles(), timeout=3600):
            assert outcome.ok
            at[outcome.handle.arn] = service.now
        slow = {at.pop(arn(2)), at.pop(arn(11))}
        assert max(at.values()) < 15, "28 reports at 5 requests a second"
        assert all(200 <= one < 280 for one in slow)

    run(main)


def test_a_resource_whose_get_fails_holds_up_nobody(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 10.0 for n in range(10)})

        def get(params: dict[str, Any]) -> Any:
            one = params["trainedModelInferenceJobArn"]
            if one == arn(1):
                return service_error("InternalServiceException")
            if one == arn(2):
                return service_error("AccessDeniedException")
            return Fleet.get(fleet, params)

        service.on(GET, get)
        outcomes = await service.room.wait_all(fleet.handles(), timeout=120)
        by_arn = {outcome.handle.arn: outcome for outcome in outcomes}
        assert by_arn[arn(1)].ok, "its row said so, and nothing else did until the deadline"
        assert (by_arn[arn(1)].model, by_arn[arn(1)].elapsed) == (None, 120)
        assert isinstance(by_arn[arn(2)].error, errors.AccessDeniedException)
        others = [by_arn[arn(n)] for n in (0, *range(3, 10))]
        assert all(outcome.ok and outcome.elapsed < 25 for outcome in others)

    run(main)


@pytest.mark.parametrize(
    "fault", [service_error("ThrottlingException"), reset(), service_error("Unavailable")]
)
def test_pages_that_fail_are_asked_for_again(run: Any, fault: Exception) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 100.0 for n in range(250)})
        generator = random.Random(2)
        good = service.handlers[LIST]
        service.on(LIST, lambda params: fault if generator.random() < 0.4 else good(params))
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert all(outcome.ok for outcome in outcomes)

    run(main)


def test_a_page_that_hangs_is_asked_for_again(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 100.0 for n in range(250)})
        good = service.handlers[LIST]
        service.on(LIST, in_turn(good, lambda params: hang(), good))
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert all(outcome.ok for outcome in outcomes)
        assert service.now < 160

    run(main)


def test_a_page_token_that_ran_out_begins_the_list_again(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 100.0 for n in range(250)})
        good = service.handlers[LIST]
        refused: list[float] = []

        def handler(params: dict[str, Any]) -> Any:
            if params.get("nextToken") == "100" and len(refused) < 2:
                refused.append(service.now)
                return service_error("ValidationException")
            return good(params)

        service.on(LIST, handler)
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert all(outcome.ok for outcome in outcomes)

    run(main)


def test_a_list_that_is_not_allowed_is_done_without(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 100.0 for n in range(20)})
        service.on(LIST, in_turn(service_error("AccessDeniedException")))
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert all(outcome.ok for outcome in outcomes)
        assert service.counts()[LIST] == 1

    run(main)


def test_a_list_that_repeats_its_token_is_not_read_in_a_circle(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 50.0 for n in range(30)})
        service.on(LIST, lambda params: {ROWS: fleet.rows()[:10], "nextToken": "again"})
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert all(outcome.ok for outcome in outcomes)

    run(main)


def test_an_unknown_status_is_polled_on(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 50.0 for n in range(5)})
        status = fleet.status
        fleet.status = lambda one: "RESTING" if service.now < 30 else status(one)  # type: ignore[method-assign]
        outcomes = await service.room.wait_all(fleet.handles(), timeout=3600)
        assert all(outcome.ok for outcome in outcomes)

    run(main)


# ---- deadline, cancellation, what is left behind


def test_the_deadline_ends_all_that_is_left(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        fleet = Fleet(service, {arn(n): 20.0 if n < 5 else 1e9 for n in range(10)})
        service.on(GET, lambda params: hang() if service.now > 50 else Fleet.get(fleet, params))
        outcomes = await service.room.wait_all(fleet.handles(), timeout=60)
        assert abs(service.now - 60) < 0.01
        assert [outcome.ok for outcome in outcomes] == [True] * 5 + [False] * 5
        error = outcomes[-1].error
        assert isinstance(error, errors.WaitTimeout)
        assert error.status == "CREATE_IN_PROGRESS"
        assert str(Handle.of(arn(9))) in str(error)

    run(main)


def test_cancelled_wherever_it_is(run: Any) -> None:
    async def main() -> None:
        for after in (0.0, 0.3, 0.9, 1.7, 2.5, 5.0, 8.0, 30.0):
            service = Service(rate=2.0, latency=0.7)
            fleet = Fleet(service, {arn(n): 3.0 if n % 2 else 1e9 for n in range(250)})
            with anyio.move_on_after(after) as scope:
                await service.room.wait_all(fleet.handles(), timeout=600)
            assert scope.cancelled_caught
            assert abs(service.now - after) < 0.01

    run(main)


def test_outcomes_may_be_left_at_any_time(run: Any) -> None:
    """Nothing runs between two items; the stage's runner fails when a task is left behind."""

    async def main() -> None:
        service = Service(rate=None, latency=0.2)
        fleet = Fleet(service, {arn(n): 10.0 * n for n in range(20)})
        completions = service.room.as_completed(fleet.handles(), timeout=3600)
        first = await completions.__anext__()
        assert first.handle.arn == arn(0)
        before = len(service.calls)
        await service.sleep(300)
        assert len(service.calls) == before
        with anyio.move_on_after(0.05) as scope:
            await completions.__anext__()
        assert scope.cancelled_caught
        rest = [outcome async for outcome in completions]
        assert len(rest) == 19
        assert all(outcome.ok for outcome in rest)

    run(main)


def test_as_completed_costs_hardly_more_than_wait_all(run: Any) -> None:
    async def main() -> None:
        for latency in (0.02, 0.4, 2.0):
            service = Service(rate=5.0, latency=latency)
            fleet = Fleet(service, {arn(n): 0.0 for n in range(100)})
            count = 0
            async for outcome in service.room.as_completed(fleet.handles(), timeout=3600):
                assert outcome.ok
                count += 1
            assert count == 100
            assert service.counts()[GET] <= 130, latency

    run(main)


def test_an_error_in_the_callers_function_ends_the_wait(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 30.0 for n in range(5)})

        def on_update(change: Any) -> None:
            raise KeyError("the caller's own")

        with pytest.raises(KeyError):
            await service.room.wait_all(fleet.handles(), timeout=3600, on_update=on_update)

    run(main)


def test_changes_are_reported(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 30.0 for n in range(3)})
        changes: list[tuple[str, str]] = []
        await service.room.wait_all(
            fleet.handles(),
            timeout=3600,
            on_update=lambda change: changes.append((change.handle.arn, change.status.value)),
        )
        assert len(changes) == len(set(changes)) == 6

    run(main)


def test_memory_stays_flat_over_rounds() -> None:
    from .virtual import run_asyncio

    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(number): 1e9 for number in range(1000)})
        rows = fleet.rows()
        service.on(LIST, paged(lambda: rows, ROWS))
        sizes: list[int] = []

        def poll(state: Any) -> float:
            service.calls.clear()
            sizes.append(tracemalloc.get_traced_memory()[0])
            return 20.0

        await service.room.wait_all(fleet.handles(), timeout=250, poll=poll)
        assert len(sizes) > 8
        assert max(sizes[3:]) - sizes[2] < 60_000

    tracemalloc.start()
    try:
        run_asyncio(main)
    finally:
        tracemalloc.stop()


# ---- resources without a get


def test_export_jobs_are_found_by_model_version_and_name(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        service.on("GetTrainedModel", in_turn(model("ACTIVE")))

        def rows(params: dict[str, Any]) -> Any:
            assert params["trainedModelArn"] == samples.MODEL
            done = service.now > 25
            return {
                "collaborationTrainedModelExportJobs": [
                    export_row("ACTIVE", "other"),
                    export_row("ACTIVE", "july", trainedModelVersionIdentifier=samples.VERSION_2),
                    export_row("ACTIVE", "july", createTime="2025-01-01T00:00:00Z"),
                    export_row("ACTIVE" if done else "CREATE_PENDING", "july"),
                ]
            }

        service.on("ListCollaborationTrainedModelExportJobs", rows)
        base = Handle("trained-model-export-job", samples.MODEL, version="BASE", name="july")
        later = Handle(
            "trained-model-export-job", samples.MODEL, version=samples.VERSION_2, name="july"
        )
        done = await service.room.wait(base, timeout=600)
        assert (done.status, done.trained_model_version_identifier) == ("ACTIVE", None)
        assert service.now > 25
        assert service.counts()["GetTrainedModel"] == 1

        both = await service.room.wait_all([base, later], timeout=600)
        assert [outcome.ok for outcome in both] == [True, True]
        assert both[1].model is None
        assert both[1].row.trained_model_version_identifier == samples.VERSION_2
        assert both[1].result() is both[1].row

    run(main)


def test_an_export_job_that_no_list_shows(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        service.on("ListAudienceExportJobs", lambda params: {"audienceExportJobs": []})
        handle = Handle("audience-export-job", GENERATION_JOB, name="e")
        with pytest.raises(errors.ResourceFailed, match="is not in any list"):
            await service.room.wait(handle, timeout=None)
        assert 29 < service.now < 40
        (outcome,) = await service.room.wait_all([handle], timeout=None)
        assert isinstance(outcome.error, errors.ResourceFailed)

    run(main)


def test_an_export_job_that_shows_late(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        service.on(
            "ListAudienceExportJobs",
            lambda params: {
                "audienceExportJobs": [audience_export_row("ACTIVE")] if service.now > 8 else []
            },
        )
        handle = Handle("audience-export-job", GENERATION_JOB, name="e")
        assert (await service.room.wait(handle, timeout=600)).status == "ACTIVE"
        (outcome,) = await service.room.wait_all([handle], timeout=600)
        assert outcome.ok

    run(main)
