"""Jobs: what is under way on a record, and the executor that moves it.

The seam for an executor that really runs code is `Executor`: it is handed each `Job` when its
request was accepted, and calls `job.start()`, then `job.succeed()` or `job.fail(...)` whenever it
is done, from inside `tick` (called before every request) or under `LocalCleanRoomsML.lock`.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from .records import JOB_KINDS, Record
from .schema import JsonObject
from .settings import Lifecycle

Phase = Literal["create", "cancel", "delete"]

# Public documentation gives no list of status codes; this one is what SageMaker calls it when the
# container fails.
DEFAULT_FAILURE_CODE = "AlgorithmError"
DEFAULT_FAILURE_MESSAGE = "The container exited with a non-zero exit code."
MESSAGE_LIMIT = 1024


class Job:
    """One transition of one record: being created, cancelled or deleted.

    `request` holds the parameters of the request that started it. `status` is the record's.
    """

    __slots__ = (
        "_on_end",
        "_on_status",
        "phase",
        "planned_failure",
        "record",
        "request",
        "stalled",
    )

    def __init__(
        self,
        record: Record,
        phase: Phase,
        request: JsonObject,
        on_status: Callable[[Record, str, float | None], None],
        on_end: Callable[[Job, JsonObject | None, float | None], None],
    ) -> None:
        self.record: Record = record
        self.phase: Phase = phase
        self.request: JsonObject = request
        self.planned_failure: JsonObject | None = None
        self.stalled: bool = False
        self._on_status = on_status
        self._on_end = on_end

    @property
    def kind(self) -> str:
        return self.record.kind

    @property
    def arn(self) -> str:
        return self.record.arn

    @property
    def version(self) -> str | None:
        return self.record.version

    @property
    def status(self) -> str:
        return self.record.status

    @property
    def is_current(self) -> bool:
        """False once the job ended, or another took its place (a cancel ends a create)."""
        return self.record.job is self

    def start(self, at: float | None = None) -> None:
        """From PENDING to IN_PROGRESS. `at` is an epoch second, default now."""
        if self.is_current and self.status.endswith("_PENDING"):
            self._on_status(self.record, f"{self.phase.upper()}_IN_PROGRESS", at)

    def succeed(self, at: float | None = None) -> None:
        """Ends the job well, or with the failure that was planned for it."""
        if self.is_current:
            self._on_end(self, self.planned_failure, at)

    def fail(
        self,
        status_code: str = DEFAULT_FAILURE_CODE,
        message: str = DEFAULT_FAILURE_MESSAGE,
        at: float | None = None,
    ) -> None:
        """Ends the job as CREATE_FAILED, CANCEL_FAILED or DELETE_FAILED."""
        if self.is_current:
            self._on_end(self, failure_details(status_code, message), at)

    def step(self, at: float | None = None) -> None:
        """One status further."""
        if self.status.endswith("_PENDING"):
            self.start(at)
        else:
            self.succeed(at)


def failure_details(status_code: str, message: str) -> JsonObject:
    """The `statusDetails` of a failure; the service keeps the first 1,024 characters."""
    return {"statusCode": status_code, "message": message[:MESSAGE_LIMIT]}


class Executor(Protocol):
    """Moves jobs. Replace it with `LocalCleanRoomsML(executor=...)`."""

    def submit(self, job: Job) -> None:
        """A request was accepted; the record's status is CREATE_, CANCEL_ or DELETE_PENDING."""
        ...

    def seen(self, job: Job) -> None:
        """A reply has shown the record of this job."""
        ...

    def tick(self, now: float) -> None:
        """Called before every request, with the local clock's time."""
        ...


class SimulatedExecutor:
    """Moves jobs by reads, by the clock, at once, or not at all (see `settings.Lifecycle`)."""

    def __init__(self, lifecycle: Lifecycle, now: Callable[[], float]) -> None:
        self.lifecycle = lifecycle
        self._now = now
        self._due: list[tuple[float, int, Job]] = []
        self._order = itertools.count()

    def submit(self, job: Job) -> None:
        job.record.reads = 0
        if self.lifecycle.mode == "at-once" and not job.stalled:
            job.start()
            job.succeed()
        elif self.lifecycle.mode == "clock":
            wait = self.lifecycle.pending
            if not job.status.endswith("_PENDING"):
                wait = self.lifecycle.running
            self._push(self._now() + wait, job)

    def seen(self, job: Job) -> None:
        if self.lifecycle.mode != "reads" or job.stalled:
            return
        job.record.reads += 1
        if job.record.reads >= self.lifecycle.reads:
            job.record.reads = 0
            job.step()

    def tick(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            due, _, job = heapq.heappop(self._due)
            if not job.is_current or job.stalled:
                continue
            job.step(due)
            if job.is_current:
                self._push(due + self.lifecycle.running, job)

    def _push(self, due: float, job: Job) -> None:
        heapq.heappush(self._due, (due, next(self._order), job))


@dataclass
class Plan:
    """Something that shall happen to the next job that fits."""

    kind: str | None
    name: str | None
    phase: Phase
    times: int
    details: JsonObject | None  # None: stall

    def fits(self, job: Job) -> bool:
        return (
            self.phase == job.phase
            and self.kind in (None, job.kind)
            and self.name in (None, job.record.data.get("name"))
        )


class JobControl:
    """What a test says about jobs: the next one fails or stalls, this one moves on now.

    `kind` is the resource segment of an ARN, such as `trained-model` (export jobs, which have no
    ARN, are `trained-model-export-job` and `audience-export-job`); None means any.
    """

    def __init__(self, find: Callable[[], Iterator[Job]], guard: Any) -> None:
        self._find = find
        self._guard = guard
        self._plans: list[Plan] = []

    def fail_next(
        self,
        *,
        kind: str | None = None,
        name: str | None = None,
        status_code: str = DEFAULT_FAILURE_CODE,
        message: str = DEFAULT_FAILURE_MESSAGE,
        phase: Phase = "create",
        times: int = 1,
    ) -> None:
        """The next `times` jobs that fit end in failure, with this status code and message."""
        self._plan(Plan(kind, name, phase, times, failure_details(status_code, message)))

    def stall_next(
        self,
        *,
        kind: str | None = None,
        name: str | None = None,
        phase: Phase = "create",
        times: int = 1,
    ) -> None:
        """The next `times` jobs that fit never end by themselves."""
        self._plan(Plan(kind, name, phase, times, None))

    def _plan(self, plan: Plan) -> None:
        if plan.kind is not None and plan.kind not in JOB_KINDS:
            raise ValueError(f"kind must be one of {', '.join(JOB_KINDS)}, not {plan.kind!r}")
        if plan.phase not in get_args(Phase):
            raise ValueError(f"phase must be one of {', '.join(get_args(Phase))}")
        if plan.times < 1:
            raise ValueError("times must be at least 1")
        self._plans.append(plan)

    def under_way(self) -> list[Job]:
        """All jobs that have not ended, oldest first."""
        return sorted(self._find(), key=lambda job: job.record.number)

    def of(self, arn: str, version: str | None = None) -> Job:
        """The job of a resource (or of one version; None is the base). Raises LookupError."""
        for job in self._find():
            if job.arn == arn and job.version == version:
                return job
        raise LookupError(f"Nothing is under way for {arn} (version {version or 'base'})")

    def step(self, arn: str, version: str | None = None) -> None:
        """Moves a job one status further."""
        with self._guard:
            self.of(arn, version).step()

    def finish(self, arn: str, version: str | None = None) -> None:
        """Ends a job now."""
        with self._guard:
            job = self.of(arn, version)
            job.start()
            job.succeed()

    def fail(
        self,
        arn: str,
        version: str | None = None,
        *,
        status_code: str = DEFAULT_FAILURE_CODE,
        message: str = DEFAULT_FAILURE_MESSAGE,
    ) -> None:
        """Ends a job now, in failure."""
        with self._guard:
            job = self.of(arn, version)
            job.start()
            job.fail(status_code, message)

    def finish_all(self) -> int:
        """Ends every job that is under way and is not stalled; returns how many."""
        with self._guard:
            jobs = [job for job in self.under_way() if not job.stalled]
            for job in jobs:
                job.start()
                job.succeed()
            return len(jobs)

    def clear(self) -> None:
        """Forgets the plans that have not happened yet."""
        self._plans.clear()

    def plan_for(self, job: Job) -> None:
        """Applies the first plan that fits to a new job. Called by the stand-in itself."""
        for plan in self._plans:
            if plan.fits(job):
                plan.times -= 1
                if plan.times <= 0:
                    self._plans.remove(plan)
                job.planned_failure = plan.details
                job.stalled = plan.details is None
                return
