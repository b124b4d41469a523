"""A job: one transition of one record, from its request to its end."""

from __future__ import annotations

from typing import Literal, Protocol

from ..service.schema import JsonObject
from ..state.records import Record

Phase = Literal["create", "cancel", "delete"]

# Public documentation gives no list of status codes; this one is what SageMaker calls it when the
# container fails.
DEFAULT_FAILURE_CODE = "AlgorithmError"
DEFAULT_FAILURE_MESSAGE = "The container exited with a non-zero exit code."
# What this local service calls it when it, and not the container, failed.
INTERNAL_ERROR = "InternalError"
STOPPED_MESSAGE = "The local service stopped while it ran"
MESSAGE_LIMIT = 1024


class JobOwner(Protocol):
    """What a job tells of its moves: the state."""

    def holds(self, record: Record) -> bool: ...

    def move_job(self, job: Job, status: str, at: float | None) -> None: ...

    def end_job(
        self,
        job: Job,
        failure: JsonObject | None,
        at: float | None,
        members: JsonObject | None = None,
        publish: dict[str, JsonObject] | None = None,
    ) -> None: ...


class Job:
    """One transition of one record: being created, cancelled or deleted.

    `request` holds the parameters of the request that started it. `status` is the record's. Its
    methods may be called from any thread; each is a transaction of its own unless there is one.
    """

    __slots__ = ("_owner", "phase", "planned_failure", "real", "record", "request", "stalled")

    def __init__(self, record: Record, phase: Phase, request: JsonObject, owner: JobOwner) -> None:
        self.record: Record = record
        self.phase: Phase = phase
        self.request: JsonObject = request
        self.planned_failure: JsonObject | None = None
        self.stalled: bool = False
        self.real: bool = False
        """True for a job that is really run, and so cannot go on in another process."""
        self._owner = owner

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
        """False once the job ended, another took its place (a cancel ends a create), or its record
        is gone."""
        return self.record.job is self and self._owner.holds(self.record)

    def start(self, at: float | None = None) -> None:
        """From PENDING to IN_PROGRESS. `at` is an epoch second, default now."""
        if self.is_current and self.status.endswith("_PENDING"):
            self._owner.move_job(self, f"{self.phase.upper()}_IN_PROGRESS", at)

    def succeed(
        self,
        at: float | None = None,
        *,
        members: JsonObject | None = None,
        publish: dict[str, JsonObject] | None = None,
    ) -> None:
        """Ends the job well, or with the failure that was planned for it.

        In: members that its resource gets, and by account what is told about logs and metrics.
        """
        if self.is_current:
            self._owner.end_job(self, self.planned_failure, at, members, publish)

    def fail(
        self,
        status_code: str = DEFAULT_FAILURE_CODE,
        message: str = DEFAULT_FAILURE_MESSAGE,
        at: float | None = None,
        *,
        publish: dict[str, JsonObject] | None = None,
    ) -> None:
        """Ends the job as CREATE_FAILED, CANCEL_FAILED or DELETE_FAILED."""
        if self.is_current:
            failure = failure_details(status_code, message)
            self._owner.end_job(self, failure, at, None, publish)

    def step(self, at: float | None = None) -> None:
        """One status further."""
        if self.status.endswith("_PENDING"):
            self.start(at)
        else:
            self.succeed(at)

    def to_json(self) -> JsonObject:
        """The job as plain JSON values, without its request."""
        return {
            "phase": self.phase,
            "planned_failure": self.planned_failure,
            "stalled": self.stalled,
            "real": self.real,
        }


def failure_details(status_code: str, message: str) -> JsonObject:
    """The `statusDetails` of a failure; the service keeps the first 1,024 characters."""
    return {"statusCode": status_code, "message": message[:MESSAGE_LIMIT]}
