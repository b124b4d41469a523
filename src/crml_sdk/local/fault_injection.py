"""Faults on request: errors of the network and of the service that a caller can meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

from .service.failures import ServiceFailure
from .service.schema import JsonObject
from .state.paging import PageFault, Paging

When = Literal["before", "after"]
PAGE_FAULTS = ("repeat-row", "skip-row", "empty", "repeat-token")
_STATUSES = {
    "ThrottlingException": 429,
    "InternalServiceException": 500,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
    "AccessDeniedException": 403,
    "ValidationException": 400,
    "ConflictException": 409,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 402,
}


@dataclass
class Fault:
    """A fault for the next matching requests.

    `when` says whether the request takes effect (`after`) or not (`before`). `times` is how often it
    happens, with None until `clear`. The first `skip` requests pass.
    """

    kind: Literal["error", "slow", "cut", "silence", "reply", "next-year"]
    operation: str | None = None
    account: str | None = None
    times: int | None = 1
    skip: int = 0
    when: When = "before"
    failure: ServiceFailure | None = None
    seconds: float = 0.0
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def fits(self, operation: str, account: str) -> bool:
        return self.operation in (None, operation) and self.account in (None, account)


class Faults:
    """Requests faults for the next matching requests.

    All methods accept `operation` (a name such as `GetTrainedModel`, or None for any), `account` (an
    account ID, or None for any), `times` (how often, or None for always) and `skip` (how many requests
    pass first).
    """

    def __init__(self, paging: Paging, operations: set[str]) -> None:
        self._paging = paging
        self._operations = operations
        self._planned: list[Fault] = []

    def throttle(
        self,
        operation: str | None = None,
        *,
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Answer with a ThrottlingException (429), optionally with a Retry-After in seconds."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        failure = ServiceFailure(
            "Rate exceeded", kind="ThrottlingException", status=429, headers=headers
        )
        self._plan(Fault("error", operation, account, times, skip, failure=failure))

    def error(
        self,
        kind: str = "InternalServiceException",
        operation: str | None = None,
        *,
        status: int | None = None,
        message: str = "A requested fault",
        members: JsonObject | None = None,
        when: When = "before",
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
    ) -> None:
        """Answer with any error by its exception name, by default with its documented status."""
        status = status or _STATUSES.get(kind, 500)
        failure = ServiceFailure(message, kind=kind, status=status, members=members)
        self._plan(Fault("error", operation, account, times, skip, when, failure))

    def slow(
        self,
        seconds: float,
        operation: str | None = None,
        *,
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
    ) -> None:
        """Delay the reply by this many real seconds."""
        self._plan(Fault("slow", operation, account, times, skip, seconds=seconds))

    def cut(
        self,
        when: When = "after",
        operation: str | None = None,
        *,
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
    ) -> None:
        """Close the connection without a reply, before or after the request takes effect."""
        self._plan(Fault("cut", operation, account, times, skip, when))

    def silence(
        self,
        when: When = "after",
        operation: str | None = None,
        *,
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
    ) -> None:
        """Send no reply, so that the caller's read timeout ends the call.

        Over a socket, the connection stays open until the caller closes it. In the process, the caller's
        read timeout is raised immediately.
        """
        self._plan(Fault("silence", operation, account, times, skip, when))

    def reply(
        self,
        body: bytes,
        operation: str | None = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        when: When = "before",
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
    ) -> None:
        """Answer with exactly these bytes, such as a proxy's HTML page."""
        fault = Fault("reply", operation, account, times, skip, when, status=status, body=body)
        fault.headers = dict(headers or {"Content-Type": "application/json"})
        self._plan(fault)

    def next_year(
        self,
        operation: str | None = None,
        *,
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
    ) -> None:
        """Answer like a later version of the service, with unknown enum values and unknown members."""
        self._plan(Fault("next-year", operation, account, times, skip))

    def pages(self, kind: str, operation: str | None = None, *, times: int = 1) -> None:
        """Disturb the pages of a list: `repeat-row`, `skip-row`, `empty` or `repeat-token`."""
        if kind not in PAGE_FAULTS:
            raise ValueError(f"kind must be one of {', '.join(PAGE_FAULTS)}")
        self._check_operation(operation)
        self._paging.faults.append(PageFault(kind, operation, times))

    def clear(self) -> None:
        """Remove all faults that have not happened yet."""
        self._planned.clear()
        self._paging.faults.clear()

    @property
    def pending(self) -> list[Fault]:
        """The faults that have not happened yet."""
        return list(self._planned)

    def take(self, operation: str, account: str) -> list[Fault]:
        """The faults of this request. The engine calls this."""
        if not self._planned:
            return []
        taken: list[Fault] = []
        for fault in list(self._planned):
            if not fault.fits(operation, account):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if any(other.kind == fault.kind for other in taken):
                continue
            taken.append(fault)
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
        return taken

    def _plan(self, fault: Fault) -> None:
        self._check_operation(fault.operation)
        if fault.when not in ("before", "after"):
            raise ValueError("when must be 'before' or 'after'")
        self._planned.append(fault)

    def _check_operation(self, operation: str | None) -> None:
        if operation is not None and operation not in self._operations:
            raise ValueError(f"there is no operation {operation!r}")


def from_next_year(value: Any) -> Any:
    """A reply with enum values and members that the current model does not have."""
    if isinstance(value, list):
        return [from_next_year(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    changed: JsonObject = {}
    for name, item in cast(JsonObject, value).items():
        if name == "status" and isinstance(item, str):
            changed[name] = "HIBERNATING"
        elif name in ("instanceType", "trainingInputMode", "logsStatus") and isinstance(item, str):
            changed[name] = f"{item}-next"
        elif name in ("tags", "hyperparameters", "environment", "parameters"):
            changed[name] = item
        else:
            changed[name] = from_next_year(item)
    changed["memberOfNextYear"] = {"isNew": True}
    return changed
