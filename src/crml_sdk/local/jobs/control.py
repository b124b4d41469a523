"""Controls jobs for tests: let the next one fail or stall, or move one now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, get_args

from ..service.schema import JsonObject
from ..state.kinds import JOB_KINDS
from .job import (
    DEFAULT_FAILURE_CODE,
    DEFAULT_FAILURE_MESSAGE,
    Job,
    Phase,
    failure_details,
)


@dataclass
class Plan:
    """A plan for the next matching job."""

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


class JobState(Protocol):
    """What this needs of the state."""

    def under_way(self) -> list[Job]: ...

    def transaction(self) -> AbstractContextManager[Any]: ...

    def on_undo(self, action: Callable[[], object]) -> None: ...


class JobControl:
    """Controls jobs for tests: let the next one fail or stall, or move one now.

    `kind` is the resource segment of an ARN, such as `trained-model` (export jobs, which have no
    ARN, are `trained-model-export-job` and `audience-export-job`); None means any.
    """

    def __init__(self, state: JobState) -> None:
        self._state = state
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
        """Let the next `times` matching jobs fail, with this status code and message."""
        self._plan(Plan(kind, name, phase, times, failure_details(status_code, message)))

    def stall_next(
        self,
        *,
        kind: str | None = None,
        name: str | None = None,
        phase: Phase = "create",
        times: int = 1,
    ) -> None:
        """Let the next `times` matching jobs never end by themselves."""
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
        """All unfinished jobs, oldest first."""
        return self._state.under_way()

    def of(self, arn: str, version: str | None = None) -> Job:
        """The job of a resource (or of one version; None is the base). Raises LookupError."""
        for job in self._state.under_way():
            is_base = version is None and job.record.stands_for_model
            if job.arn == arn and (job.version == version or is_base):
                return job
        raise LookupError(f"No job is running for {arn} (version {version or 'base'})")

    def step(self, arn: str, version: str | None = None) -> None:
        """Move a job to its next status."""
        with self._state.transaction():
            self.of(arn, version).step()

    def finish(self, arn: str, version: str | None = None) -> None:
        """End a job now."""
        with self._state.transaction():
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
        """End a job now, as failed."""
        with self._state.transaction():
            job = self.of(arn, version)
            job.start()
            job.fail(status_code, message)

    def finish_all(self) -> int:
        """End all jobs that are running and not stalled, and return their number."""
        with self._state.transaction():
            jobs = [job for job in self.under_way() if not job.stalled]
            for job in jobs:
                job.start()
                job.succeed()
            return len(jobs)

    def clear(self) -> None:
        """Remove all plans that have not happened yet."""
        self._plans.clear()

    def plan_for(self, job: Job) -> None:
        """Apply the first matching plan to a new job. The local service calls this."""
        plan = next((plan for plan in self._plans if plan.fits(job)), None)
        if plan is None:
            return
        self._state.on_undo(partial(self._put_back, list(self._plans), plan, plan.times))
        plan.times -= 1
        if plan.times <= 0:
            self._plans.remove(plan)
        job.planned_failure = plan.details
        job.stalled = plan.details is None

    def _put_back(self, plans: list[Plan], plan: Plan, times: int) -> None:
        plan.times = times
        self._plans[:] = plans
