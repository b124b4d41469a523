"""What all resource groups share: the membership, the check, the call, pages and exact names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from ..arns import IN_MEMBERSHIP, membership_in
from ..checking import check_request, checked
from ..errors import AmbiguousName, MissingMembership, NoSuchName, RequestValidationError
from ..hints import Suggesting, nearest
from ..model import with_mark
from ..pagination import PAGE_SIZE, Fetch, Listing, Paginator, fetch_from
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
"""Whether to keep a row of a list, where the service has no filter for it."""

Prepare = Callable[[float | timedelta | None, dict[str, Any]], Awaitable[KeepRow | None]]
"""Completes the request of a list before its first page, within so many seconds a call."""


class Call(NamedTuple):
    """One call of a method, with the arguments as the caller gave them.

    Attributes:
        operation: The operation.
        values: The members of the request by Python names.
        membership: The membership that the caller named, or None.
        timeout: Seconds (or a `timedelta`) for each request with all its retries.
        resume: Whether to look first for what an earlier attempt created.
        resume_since: With `resume`, refuse anything older than this.
    """

    operation: Operation
    values: dict[str, Any]
    membership: str | None = None
    timeout: float | timedelta | None = None
    resume: Resume = False
    resume_since: Since | None = None


class Group(Suggesting):
    """A group of operations, bound to a client and perhaps to a membership."""

    def __init__(self, core: Core, membership: str | None = None) -> None:
        self._core = core
        self._membership = membership

    async def _call(self, call: Call) -> Any:
        """Check the arguments of a call and send it.

        Returns:
            The model of the reply.
        """
        if call.operation.creates:
            return (await self._started(call)).reply
        request, timeout = await self._ready(call)
        return await self._core.call(call.operation, request, timeout)

    async def _ready(self, call: Call) -> tuple[dict[str, Any], float | timedelta | None]:
        """Check a call, and look up what its request still lacks.

        Returns:
            The request by wire names, and what is left of the time.
        """
        request = self._request(call)
        return request, await self._complete(call.operation, request, call.timeout)

    async def _complete(
        self, operation: Operation, request: dict[str, Any], timeout: float | timedelta | None
    ) -> float | timedelta | None:
        """Put the account's only membership into a checked request that lacks one.

        Returns:
            What is left of the time.
        """
        if operation.scope == "membership" and _MEMBERSHIP not in request:
            row, timeout = await self._core.memberships.only(operation.name, timeout)
            request[_MEMBERSHIP] = row.id
        return timeout

    async def _started(self, call: Call) -> Started:
        """Send a create or start, or take what an earlier attempt created."""
        from ..creating import create_once
        from ..resuming import Started, check_resume, start_or_resume

        since = check_resume(call.resume, call.resume_since)
        # Pinning takes selectors out of the values.
        request, timeout = await self._ready(call._replace(values=dict(call.values)))
        if not call.resume:
            reply = await create_once(self._core, call.operation, request, timeout)
            return Started(reply, request["name"], request.get("trainedModelVersionIdentifier"))
        retry = call.resume == "retry"
        return await start_or_resume(
            self._core, call.operation, request, timeout, retry=retry, since=since
        )

    def _handle_of(self, call: Call, made: Started) -> Handle[Any]:
        """The handle of what a create or start made."""
        return self._core.waiting.handle(call.operation, made.reply, call.membership)

    async def _create_and_wait(self, call: Call, **options: Any) -> Any:
        """Create or start something once, and wait for it, both within the time of the call."""
        from ..waiting import check_options

        check_options(timeout=call.timeout, poll=options["poll"], on_update=options["on_update"])
        began = self._core.clock()
        started = await self._started(call)
        model = await self._core.waiting.wait_for_started(
            self._handle_of(call, started), began=began, timeout=call.timeout, **options
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
        call: Call,
        *,
        max_results: int | None = None,
        starting_token: str | None = None,
        distinct: bool = False,
        prepare: Prepare | None = None,
        **options: Any,
    ) -> Paginator[Any, Any]:
        """The list of an operation; `options` are those of `Listing`."""
        operation, values, _, timeout, *_ = call
        values.update(max_results=max_results, next_token=starting_token)
        request = self._request(call)
        request.pop("nextToken", None)  # the paginator's from here on

        async def source() -> Fetch[Any, Any]:
            sent = dict(request)
            left = await self._complete(operation, sent, timeout)
            keep = None if prepare is None else await prepare(left, sent)
            if keep is not None:
                sent.setdefault("maxResults", PAGE_SIZE)  # a small page may have no row to keep

            async def send(operation: Operation, page: dict[str, Any]) -> Any:
                nonlocal left
                limit, left = left, timeout
                return await self._core.call(operation, page, limit)

            return fetch_from(send, operation, sent, keep)

        return Paginator(
            Listing(
                operation.name,
                source,
                starting_token=starting_token,
                unique_by=attrgetter(type_of(operation).arn) if distinct else None,
                max_results=max_results,
                **options,
            )
        )

    def _request(self, call: Call) -> dict[str, Any]:
        """The checked request by wire names, without its membership where that is looked up."""
        operation, values, *_ = call
        try:
            self._scoped(call)
        except MissingMembership:
            if self._core.find_membership and (operation.creates or operation.items):
                # Any other fault is reported before anything is sent.
                request = checked(operation.input, {**values, "membership_identifier": _ANY})
                del request[_MEMBERSHIP]
                return request
            # A wrong ARN is often the cause, so other faults are reported first.
            faults = check_request(operation.input, values)
            faults = [fault for fault in faults if fault.path != "membership_identifier"]
            if faults:
                raise RequestValidationError(operation.input, faults) from None
            raise
        return checked(operation.input, values)

    def _scoped(self, call: Call) -> None:
        """Put the membership or collaboration of a call into its values."""
        if call.operation.scope == "membership":
            call.values["membership_identifier"] = self._membership_for(call)

    def _membership_for(self, call: Call) -> Any:
        """The membership that was named, else the resource's own, else the scope's or client's.

        A create refers to resources that may be another member's. There the scope comes first, and
        an ARN counts only when there is no scope.
        """
        given: Any = call.membership
        if given is not None:
            return (membership_in(given) if isinstance(given, str) else None) or given
        # str() also covers a list of ARNs, such as the associations of an input channel.
        texts = (str(call.values.get(name)) for name in call.operation.membership_from)
        found = next((hit[1] for text in texts if (hit := IN_MEMBERSHIP.search(text))), None)
        scoped = self._membership or self._core.membership
        refers_only = call.operation.name.startswith("Create")
        membership = (scoped or found) if refers_only else (found or scoped)
        if membership is None:
            raise MissingMembership(call.operation.name)
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

    def _scoped(self, call: Call) -> None:
        if call.operation.scope == "collaboration":
            call.values["collaboration_identifier"] = self._collaboration
        else:
            super()._scoped(call)
