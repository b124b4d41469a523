"""A job: one transition of one record, from its request to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ..service.schema import JsonObject
from ..state.records import Record

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
