"""The executor that simulates jobs: they move by reads, by the clock, immediately or manually."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from functools import partial

from ..settings import Lifecycle
from .executor import JobPort, StopReason
from .job import Job


class SimulatedExecutor:
    """Moves jobs by reads, by the clock, immediately or manually (see `settings.Lifecycle`)."""

    def __init__(self, lifecycle: Lifecycle, now: Callable[[], float]) -> None:
        self.lifecycle = lifecycle
        self._now = now
        self._due: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._jobs: JobPort | None = None

    @property
    def real_time(self) -> bool:
        return False

    def attach(self, jobs: JobPort) -> None:
        self._jobs = jobs

    def discard(self, number: int, arn: str, version: str | None) -> None:
        pass

    def stop(self, job: Job, reason: StopReason) -> None:
        pass  # a job that is not current any more is passed over when it is due

    def forget(self) -> None:
        self._due.clear()

    def close(self, grace: float = 10) -> None:
        pass

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
            entry = heapq.heappop(self._due)
            due, _, job = entry
            if self._jobs is not None:
                self._jobs.on_undo(partial(heapq.heappush, self._due, entry))
            if not job.is_current or job.stalled:
                continue
            job.step(due)
            if job.is_current:
                self._push(due + self.lifecycle.running, job)

    def _push(self, due: float, job: Job) -> None:
        heapq.heappush(self._due, (due, next(self._order), job))
