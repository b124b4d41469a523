"""What all resource groups share: the membership, the check, the call, pages and exact names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from ..arns import IN_MEMBERSHIP, membership_in
from ..checking import check_request, checked
from ..errors import AmbiguousName, MissingMembership, NoSuchName, RequestValidationError
from ..hints import Suggesting, nearest
from ..model import with_mark
from ..pagination import PAGE_SIZE, Page, Paginator
from ..resource_types import type_of

if TYPE_CHECKING:
    from ..core import Core
    from ..operation import Operation
    from ..resuming import Resume, Since, Started
    from ..waiting import Handle

T = TypeVar("T")

_MEMBERSHIP: Final = "membershipIdentifier"
_ANY: Final = "00000000-0000-0000-0000-000000000000"

KeepRow = Callable[[Any], bool]
"""Whether a row of a list is meant, where no filter of the service says it."""

Prepare = Callable[[float | timedelta | None, dict[str, Any]], Awaitable[KeepRow | None]]
"""Completes the request of a list before its first page, within so many seconds a call."""


class Group(Suggesting):
    """A group of operations, bound to a client and perhaps to a membership."""

    def __init__(self, core: Core, membership: str | None = None) -> None:
        self._core = core
        self._membership = membership

    async def _call(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | timedelta | None,
    ) -> Any:
        """Check the arguments of one operation, send it and give the model of its reply."""
        request, timeout = await self._ready(operation, values, membership, timeout)
        if operation.creates:
            from ..creating import create_once

            return await create_once(self._core, operation, request, timeout)
        return await self._core.call(operation, request, timeout)

    async def _ready(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | timedelta | None,
        *,
        resume: bool = False,
    ) -> tuple[dict[str, Any], float | timedelta | None]:
        """The request as it can be sent: checked, and what needs other calls looked up.

        Returns:
            The request by wire names, and what is left of the time.
        """
        request = self._request(operation, values, membership)
        return request, await self._complete(operation, request, timeout)

    async def _complete(
        self, operation: Operation, request: dict[str, Any], timeout: float | timedelta | None
    ) -> float | timedelta | None:
        """Put the account's only membership into a checked request that lacks one."""
        if operation.scope == "membership" and _MEMBERSHIP not in request:
            row, timeout = await self._core.memberships.only(operation.name, timeout)
            request[_MEMBERSHIP] = row.id
        return timeout

    async def _create(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | timedelta | None,
        *,
        resume: Resume,
        resume_since: Since | None,
    ) -> Any:
        """The reply to a create or start, or what an earlier try of it has made."""
        started = await self._started(
            operation, values, membership, timeout, resume=resume, resume_since=resume_since
        )
        return started.reply

    async def _started(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | timedelta | None,
        *,
        resume: Resume,
        resume_since: Since | None,
    ) -> Started:
        """Send a create or start, or take what an earlier try of it has made."""
        from ..creating import create_once
        from ..resuming import Started, check_resume, start_or_resume

        since = check_resume(resume, resume_since)
        request, timeout = await self._ready(
            operation, values, membership, timeout, resume=bool(resume)
        )
        if not resume:
            reply = await create_once(self._core, operation, request, timeout)
            return Started(reply, request["name"], request.get("trainedModelVersionIdentifier"))
        return await start_or_resume(
            self._core, operation, request, timeout, retry=resume == "retry", since=since
        )

    async def _created(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | timedelta | None,
        *,
        resume: Resume,
        resume_since: Since | None,
    ) -> tuple[Handle[Any], Started]:
        """Create or start something once, and make what came of it a value to wait for."""
        given = dict(values)
        started = await self._started(
            operation, values, membership, timeout, resume=resume, resume_since=resume_since
        )
        return self._handle_of(operation, given, membership, started), started

    def _handle_of(
        self, operation: Operation, values: Mapping[str, Any], membership: str | None, made: Started
    ) -> Handle[Any]:
        return self._core.waiting.handle(operation, made.reply, membership)

    async def _create_and_wait(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        *,
        resume: Resume,
        resume_since: Since | None,
        timeout: float | timedelta | None,
        **options: Any,
    ) -> Any:
        """Create or start something once, and wait for it; the time is for both together."""
        from ..waiting import check_options

        check_options(timeout=timeout, poll=options["poll"], on_update=options["on_update"])
        began = self._core.clock()
        handle, started = await self._created(
            operation, values, membership, timeout, resume=resume, resume_since=resume_since
        )
        model = await self._core.waiting.wait_for_started(
            handle, began=began, timeout=timeout, **options
        )
        return with_mark(model, started.resumed)

    @staticmethod
    def _part(reply: Any, member: str) -> Any:
        """The one member of a reply that only wraps it, with the exchange's metadata."""
        part = getattr(reply, member)
        object.__setattr__(part, "_response_metadata", reply.response_metadata)
        return part

    def _paginator(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        *,
        max_results: int | None = None,
        limit: int | None = None,
        starting_token: str | None = None,
        timeout: float | timedelta | None = None,
        prefetch: bool = False,
        total_timeout: float | timedelta | None = None,
        distinct: bool = False,
        prepare: Prepare | None = None,
    ) -> Paginator[Any, Any]:
        values["max_results"] = max_results
        values["next_token"] = starting_token
        request = self._request(operation, values, membership)
        request.pop("nextToken", None)  # the paginator's from here on
        rows = operation.items or ""

        async def source() -> Callable[[str | None, int], Any]:
            sent = dict(request)
            left = await self._complete(operation, sent, timeout)
            keep = None if prepare is None else await prepare(left, sent)

            async def fetch(token: str | None, size: int) -> Page[Any]:
                nonlocal left
                # Of rows that are filtered here a small page may hold none.
                params = {**sent, "maxResults": max_results or PAGE_SIZE if keep else size}
                if token is not None:
                    params["nextToken"] = token
                limit, left = left, timeout
                reply = await self._core.call(operation, params, limit)
                items: Any = getattr(reply, rows)
                received = len(items)
                if keep is not None:
                    items = [row for row in items if keep(row)]
                return Page(items, reply.next_token, reply, received)

            return fetch

        return Paginator(
            operation.name,
            source,
            limit=limit,
            starting_token=starting_token,
            unique_by=attrgetter(type_of(operation).arn) if distinct else None,
            max_results=max_results,
            prefetch=prefetch,
            total_timeout=total_timeout,
        )

    async def _rows(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | timedelta | None,
    ) -> list[Any]:
        """All rows of a list as it is, by as few requests as there can be."""
        return await Group._paginator(self, operation, values, membership, timeout=timeout)

    def _request(
        self, operation: Operation, values: dict[str, Any], membership: str | None
    ) -> dict[str, Any]:
        """The request by wire names, checked; without its membership where that is looked up."""
        try:
            self._scoped(operation, values, membership)
        except MissingMembership:
            if self._core.find_membership and (operation.creates or operation.items):
                # What else is wrong is said before anything is sent.
                request = checked(operation.input, {**values, "membership_identifier": _ANY})
                del request[_MEMBERSHIP]
                return request
            # Often only the consequence of a wrong ARN, so what is wrong elsewhere is said first.
            faults = check_request(operation.input, values)
            faults = [fault for fault in faults if fault.path != "membership_identifier"]
            if faults:
                raise RequestValidationError(operation.input, faults) from None
            raise
        return checked(operation.input, values)

    def _scoped(self, operation: Operation, values: dict[str, Any], membership: str | None) -> None:
        if operation.scope == "membership":
            values["membership_identifier"] = self._membership_for(operation, values, membership)

    def _membership_for(self, operation: Operation, values: Mapping[str, Any], given: Any) -> Any:
        """An explicit membership, else the one in the resource's ARN, else the scope's or client's.

        A create only refers to resources, which may be another member's; there the scope comes
        first, and an ARN only when there is none.
        """
        if given is not None:
            return (membership_in(given) if isinstance(given, str) else None) or given
        found: str | None = None
        for name in operation.membership_from:
            # str() of a list of ARNs (the associations of an input channel) holds them as well.
            if inside := IN_MEMBERSHIP.search(str(values.get(name))):
                found = inside[1]
                break
        scoped = self._membership or self._core.membership
        refers_only = operation.name.startswith("Create")
        membership = (scoped or found) if refers_only else (found or scoped)
        if membership is None:
            raise MissingMembership(operation.name)
        return membership

    async def _by_name(self, rows: Paginator[T, Any], name: str, operation: Operation) -> T:
        """The one row of a list with exactly that name, over all pages."""
        type_ = type_of(operation)
        found: dict[str, T] = {}
        others: set[str] = set()
        async for row in rows:
            here: str = getattr(row, type_.row_name)
            if here != name:
                others.add(here)
                continue
            known = found.setdefault(type_.identity(row), row)
            if cast("Any", row).create_time > cast("Any", known).create_time:
                found[type_.identity(row)] = row  # of several versions the newest
        if not found:
            raise NoSuchName(name, type_.noun, nearest(name, sorted(others), most=3))
        if len(found) > 1:
            raise AmbiguousName(name, type_.noun, sorted(found))
        return next(iter(found.values()))


class CollaborationGroup(Group):
    """A group of operations on what all members of a collaboration see."""

    def __init__(self, core: Core, collaboration: str) -> None:
        super().__init__(core)
        self._collaboration = collaboration

    def _scoped(self, operation: Operation, values: dict[str, Any], membership: str | None) -> None:
        if operation.scope == "collaboration":
            values["collaboration_identifier"] = self._collaboration
        else:
            super()._scoped(operation, values, membership)
