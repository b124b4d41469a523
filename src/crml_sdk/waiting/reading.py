"""Reading one resource: by get, by its row in a list, or by its version's row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from .._runtime import Expired, Runtime
from ..errors import CallTimeout, MissingMembership, ServiceError
from ..naming import to_wire
from ..operation import Operation
from .faults import is_throttling
from .handles import Handle
from .kinds import Kind
from .limiter import Limiter

T = TypeVar("T")

PAGE_SIZE = 100


class Caller(Protocol):
    """What waiting needs of the client's core."""

    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def started(self) -> Mapping[str, float]:
        """When this client made a resource, by ARN, on its clock; the last ones."""
        ...

    async def sleep(self, seconds: float) -> None: ...
    async def call(
        self,
        operation: Operation,
        params: dict[str, Any],
        timeout: float | None = None,
        *,
        once: bool = False,
    ) -> Any: ...


class Missing(Exception):
    """A list does not, or does not yet, show what is looked for."""


class Reader:
    """Reads what is waited for, within the client's polling rate."""

    def __init__(self, core: Caller, limiter: Limiter, runtime: Runtime) -> None:
        self._core = core
        self._limiter = limiter
        self._runtime = runtime

    async def within(self, seconds: float, what: str, function: Callable[[], Awaitable[T]]) -> T:
        """``function()``, cut after so many seconds.

        Raises:
            CallTimeout: it was cut.
        """
        try:
            return await self._runtime.bounded(seconds, function)
        except Expired:
            raise CallTimeout(what, f"no reply within {seconds:.3g} s") from None

    async def call(
        self, operation: Operation, params: dict[str, Any], *, paid: bool = False
    ) -> Any:
        """One request. ``paid`` when the caller has waited for its turn already."""
        if not paid:
            await self._limiter.acquire()
        try:
            # Asking again is the wait's own business, not the transport's.
            reply = await self._core.call(operation, params, once=True)
        except ServiceError as error:
            if is_throttling(error):
                self._limiter.throttled()
            raise
        self._limiter.accepted()
        return reply

    async def locate(self, handle: Handle, *, paid: bool = False) -> Handle:
        """The handle with its collaboration, which for export jobs of one's own is looked up."""
        if handle.resource.scope != "collaboration" or handle.collaboration:
            return handle
        owner = replace(handle, kind="trained-model", name=None, version=None)
        model = await self._get(owner, paid=paid)
        return replace(handle, collaboration=model.collaboration_identifier)

    async def read(self, handle: Handle, *, paid: bool = False) -> Any:
        """The resource as it is now: its Get response, or its row where there is no get.

        Raises:
            Missing: no list shows it.
            ServiceError, TransportError, ResponseShapeError: as any call.
        """
        if handle.resource.get is None:
            return await self._read_row(handle, paid=paid)
        reply = await self._get(handle, paid=paid)
        if handle.is_base and reply.version_identifier is not None:
            # Left out, the version means the latest; an older base shows in the list only.
            return await self._read_base_row(handle)
        return reply

    async def _get(self, handle: Handle, *, paid: bool) -> Any:
        kind = handle.resource
        assert kind.get is not None
        params = {to_wire(kind.arn): handle.arn, **scope_params(handle)}
        if kind.get_version and handle.version and not handle.is_base:
            params[to_wire(kind.get_version)] = handle.version
        return await self.call(kind.get, params, paid=paid)

    async def _read_row(self, handle: Handle, *, paid: bool) -> Any:
        kind = handle.resource
        found: list[Any] = []

        def visit(row: Any) -> bool:
            if row_matches(handle, row):
                found.append(row)
            return bool(found) and not kind.has_name

        await self.scan(kind.list, list_params(handle), visit, paid=paid)
        if not found:
            raise Missing(handle.describe())
        # Names may be used again: the newest job of that name is meant.
        return max(found, key=lambda row: row.create_time)

    async def _read_base_row(self, handle: Handle) -> Any:
        """The base version as its row shows it, which lacks what only a Get response has."""
        kind = handle.resource
        params = scope_params(handle)
        if kind.versions:
            params[to_wire(kind.arn)] = handle.arn
        found: list[Any] = []

        def visit(row: Any) -> bool:
            if row_matches(handle, row):
                found.append(row)
            return bool(found)

        await self.scan(kind.versions or kind.list, params, visit)
        if not found:
            raise Missing(handle.describe())
        return found[0]

    async def scan(
        self,
        operation: Operation,
        params: Mapping[str, Any],
        visit: Callable[[Any], bool],
        *,
        paid: bool = False,
    ) -> None:
        """Show ``visit`` the rows of a list, until it says True; a repeated token ends it too."""
        token: str | None = None
        tokens: set[str] = set()
        while True:
            page = await self.call(operation, page_params(params, token), paid=paid)
            paid = False
            if any(visit(row) for row in rows_of(page, operation)):
                return
            token = page.next_token
            if not token or token in tokens:
                return
            tokens.add(token)


def page_params(params: Mapping[str, Any], token: str | None) -> dict[str, Any]:
    """The parameters of one page of a list."""
    page = {**params, "maxResults": PAGE_SIZE}
    if token:
        page["nextToken"] = token
    return page


def rows_of(page: Any, operation: Operation) -> list[Any]:
    """The rows of a page."""
    assert operation.items is not None
    return getattr(page, operation.items) or []


def scope_params(handle: Handle) -> dict[str, Any]:
    """The membership or collaboration that the handle's calls are made in.

    Raises:
        MissingMembership: the call needs one, and neither handle nor ARN names it.
    """
    kind = handle.resource
    if kind.scope == "account":
        return {}
    if handle.scope is None:
        raise MissingMembership((kind.get or kind.list).name)
    return {f"{kind.scope}Identifier": handle.scope}


def list_params(handle: Handle) -> dict[str, Any]:
    """The parameters of the list in which the handle's resource shows."""
    params = scope_params(handle)
    if handle.resource.filter_by_arn:
        params[to_wire(handle.resource.arn)] = handle.arn
    return params


def row_matches(handle: Handle, row: Any) -> bool:
    """Whether a row is of the handle's resource, in the handle's version if it names one."""
    kind = handle.resource
    if getattr(row, kind.arn) != handle.arn:
        return False
    if kind.has_name and row.name != handle.name:
        return False
    wanted = None if handle.is_base else handle.version
    return handle.version is None or row_version(kind, row) == wanted


def row_version(kind: Kind, row: Any) -> str | None:
    """The version identifier in a row; None for the base version."""
    return getattr(row, kind.row_version) if kind.row_version else None
