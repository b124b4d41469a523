"""The state of one instance: its records and their life cycles."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..clock import LocalClock
from ..jobs.control import JobControl
from ..jobs.executor import Executor
from ..jobs.job import INTERNAL_ERROR, STOPPED_MESSAGE, Job, Phase
from ..service.schema import JsonObject
from ..settings import Settings
from .kinds import KINDS
from .records import Record
from .registry import ENDED, IN_PROGRESS, Registry
from .store import Unsaved
from .world import World

__all__ = ["ENDED", "IN_PROGRESS", "State"]
SECONDS_A_DAY = 86_400
_log = logging.getLogger(__name__)


class State(Registry):
    """Records and their running jobs. They change only inside `transaction`."""

    def __init__(self, settings: Settings, clock: LocalClock, world: World) -> None:
        super().__init__(settings, clock, world)
        self.executor: Executor | None = None
        self.jobs: JobControl = JobControl(self)
        self.published: Callable[[Record], dict[str, JsonObject]] = lambda record: {}
        """The status of logs and metrics of a finished job, for each account."""
        self.jobs_ended: int = 0
        """The number of ended jobs, for those who wait for one."""

    def under_way(self) -> list[Job]:
        """All unfinished jobs, oldest first."""
        with self.lock:
            return [self._under_way[number] for number in sorted(self._under_way)]

    def begin(self, record: Record, phase: Phase, request: JsonObject) -> None:
        """Start a job on a record. It is X_PENDING, and the executor moves it."""
        self._drop_job(record)
        job = Job(record, phase, request, self)
        record.reads = 0
        self.present.begun.add(record.number)
        self._take_up(record, job)
        self._set_status(record, f"{phase.upper()}_PENDING", None)
        self.jobs.plan_for(job)
        self._submit(job)

    def resume(self, record: Record, saved: JsonObject) -> None:
        """Continue the job of a loaded record, in the same status.

        What really ran ended with the process: a creation has failed then, and a cancel or delete
        has nothing left to wait for.
        """
        job = Job(record, saved["phase"], saved["request"], self)
        job.planned_failure = saved.get("planned_failure")
        job.stalled = bool(saved.get("stalled"))
        job.real = bool(saved.get("real"))
        self._take_up(record, job)
        if job.real and job.phase != "create":
            job.start()
            job.succeed()
        elif job.real and not job.status.endswith("_PENDING"):
            job.fail(INTERNAL_ERROR, STOPPED_MESSAGE)
        else:
            job.real = False
            self._submit(job)

    def _take_up(self, record: Record, job: Job) -> None:
        self.amend(record, job=job)
        self._under_way[record.number] = job

    def _submit(self, job: Job) -> None:
        """Give a job to the executor. If it raises, the job fails."""
        assert self.executor is not None
        try:
            self.executor.submit(job)
        except Exception as error:
            _log.exception("The executor could not accept %s", job.arn)
            job.fail(INTERNAL_ERROR, f"The executor could not accept the job: {error!r}")

    def seen(self, record: Record) -> None:
        """Tells the executor that a reply has shown this record."""
        if record.job is not None and self.executor is not None:
            self.executor.seen(record.job)

    def tick(self) -> None:
        """Move all due jobs, and let old channels expire.

        A change that cannot be saved is undone and tried again the next time.
        """
        now = self.clock.now()
        try:
            with self.transaction():
                if self.executor is not None:
                    self.executor.tick(now)
                if self._next_expiry <= now:
                    self._expire(now)
        except Unsaved as error:
            _log.warning("Jobs cannot be moved: %s", error.message)

    def set_status(self, record: Record, status: str, at: float | None = None) -> None:
        """Set a status directly, and drop the record's job."""
        self._drop_job(record)
        self._set_status(record, status, at)

    def remove(self, record: Record) -> None:
        """Remove a record with its name and tags, and stop its job."""
        self._drop_job(record)
        super().remove(record)
        self._discard(record)

    # How jobs end; called by them

    def move_job(self, job: Job, status: str, at: float | None) -> None:
        """A job's record gets its next status."""
        with self.transaction():
            self._set_status(job.record, status, at)

    def end_job(
        self,
        job: Job,
        failure: JsonObject | None,
        at: float | None,
        members: JsonObject | None = None,
        publish: dict[str, JsonObject] | None = None,
    ) -> None:
        """A job's record gets its final status and the results."""
        with self.transaction():
            record = job.record
            self._drop_job(record)
            if job.phase == "create":
                self.amend(record, publish={**self.published(record), **(publish or {})})
            if failure is not None:
                self.change(record, statusDetails=failure)
                self._set_status(record, f"{job.phase.upper()}_FAILED", at)
            elif job.phase == "create":
                self.change(record, statusDetails=None)
                self._set_status(record, "ACTIVE", at)
                self._complete(record, members or {})
            elif job.phase == "cancel":
                self._set_status(record, self.settings.cancelled_status, at)
            elif KINDS[record.kind].vanishes or self.settings.deleted_output == "gone":
                self.remove(record)
            else:
                self._set_status(record, "INACTIVE", at)
                self._discard(record)
            self.after_commit(self._note_end)

    def _note_end(self) -> None:
        self.jobs_ended += 1

    def _complete(self, record: Record, members: JsonObject) -> None:
        self.change(record, **{**record.results, **members})
        self.amend(record, results={})
        days = record.data.get("retentionInDays")
        if days is not None and self.settings.expired_channel == "inactive":
            moment = record.data["updateTime"] + days * SECONDS_A_DAY
            self.amend(record, expires=moment)
            self._expiring[record.number] = record
            self._next_expiry = min(self._next_expiry, moment)

    def _expire(self, now: float) -> None:
        for record in list(self._expiring.values()):
            assert record.expires is not None
            if record.expires <= now:
                if record.status == "ACTIVE":
                    self._set_status(record, "INACTIVE", record.expires)
                    self._discard(record)
                self.amend(record, expires=None)
                del self._expiring[record.number]
        moments = [entry.expires or 0.0 for entry in self._expiring.values()]
        self._next_expiry = min(moments, default=float("inf"))

    def _set_status(self, record: Record, status: str, at: float | None) -> None:
        moment = self.clock.stamp() if at is None else at
        self.change(record, status=status, updateTime=moment)

    def _drop_job(self, record: Record) -> None:
        job, executor = record.job, self.executor
        if job is not None:
            self.amend(record, job=None)
            self._under_way.pop(record.number, None)
            if executor is not None:
                self.after_commit(lambda: executor.stop(job, "cancel"))

    def _discard(self, record: Record) -> None:
        executor = self.executor
        if executor is not None:
            self.after_commit(lambda: executor.discard(record.number, record.arn, record.version))
