"""Faults on request: what the network and the service can do to a caller."""

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
    """One thing that shall happen to the next requests that fit.

    `when` says whether the request takes effect first (`after`) or not at all (`before`).
    `times` counts down; None means until `clear`. `skip` lets that many requests pass first.
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
    """Orders faults. All take `operation` (a name such as `GetTrainedModel`; None is any),
    `account` (an account id; None is any), `times` (None is for ever) and `skip`."""

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
        """ThrottlingException, 429; with a Retry-After header in seconds if one is given."""
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
        message: str = "A fault that was asked for",
        members: JsonObject | None = None,
        when: When = "before",
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
    ) -> None:
        """Any error by its exception name; the status is the documented one if left out."""
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
        """The reply is held back for so many real seconds."""
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
        """The connection is closed without a reply, before or after the change was made."""
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
        """No reply ever comes: the caller's read timeout decides.

        Over a socket the connection stays open until the caller leaves; in the process the
        caller's read timeout is raised at once.
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
        """These very bytes as the reply, such as a proxy's HTML page."""
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
        """The service of next year: unknown enum values and members that no model has."""
        self._plan(Fault("next-year", operation, account, times, skip))

    def pages(self, kind: str, operation: str | None = None, *, times: int = 1) -> None:
        """Trouble between two pages: `repeat-row`, `skip-row`, `empty` or `repeat-token`."""
        if kind not in PAGE_FAULTS:
            raise ValueError(f"kind must be one of {', '.join(PAGE_FAULTS)}")
        self._check_operation(operation)
        self._paging.faults.append(PageFault(kind, operation, times))

    def clear(self) -> None:
        """Forgets every fault that has not happened yet."""
        self._planned.clear()
        self._paging.faults.clear()

    @property
    def pending(self) -> list[Fault]:
        """The faults that have not happened yet."""
        return list(self._planned)

    def take(self, operation: str, account: str) -> list[Fault]:
        """The faults that happen to this request now. Called by the engine."""
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
            raise ValueError(f"There is no operation {operation!r}")


def from_next_year(value: Any) -> Any:
    """A reply with enum values and members that today's model does not know."""
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
