"""What all resource groups share: finding the membership, pinning versions, checking, calling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..arns import membership_in
from ..checking import check_request, checked
from ..errors import (
    AmbiguousName,
    MissingMembership,
    NoSuchName,
    RequestFault,
    RequestValidationError,
)
from ..pagination import PAGE_SIZE, Page, Paginator
from ..versions import BASE, LATEST_ACTIVE, TrainedModelRef, VersionSelector, select

if TYPE_CHECKING:
    from ..core import Core
    from ..operation import Operation
    from ..resuming import Resume, Since, Started

T = TypeVar("T")


class Group:
    """A group of operations, bound to a client and perhaps to a membership."""

    def __init__(self, core: Core, membership: str | None = None) -> None:
        self._core = core
        self._membership = membership

    async def _call(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | None,
    ) -> Any:
        request = await self._pinned(operation, values, membership, timeout)
        return await self._core.call(operation, request, timeout)

    async def _pinned(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | None,
        *,
        resume: bool = False,
    ) -> dict[str, Any]:
        """The request by wire names, checked, its selectors resolved."""
        channels = _take_selectors(values)
        if resume:
            _refuse_selectors(channels)
        request, selector = self._prepared(operation, values, membership)
        if selector is not None:
            await self._pin(operation, request, selector, timeout)
        for index, meant in channels.items():
            await self._pin_channel(request[_CHANNELS_ON_WIRE][index], meant, timeout)
        return request

    async def _create(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | None,
        *,
        resume: Resume,
        resume_since: Since | None,
    ) -> Any:
        """The reply to a create or start, or what an earlier try of it has made."""
        return (
            await self._started(
                operation, values, membership, timeout, resume=resume, resume_since=resume_since
            )
        ).reply

    async def _started(
        self,
        operation: Operation,
        values: dict[str, Any],
        membership: str | None,
        timeout: float | None,
        *,
        resume: Resume,
        resume_since: Since | None,
    ) -> Started:
        """Call a create or start, or take what an earlier try of it has made."""
        from ..resuming import Started, check_resume, start_or_resume

        since = check_resume(resume, resume_since)
        request = await self._pinned(operation, values, membership, timeout, resume=bool(resume))
        if not resume:
            reply = await self._core.call(operation, request, timeout)
            return Started(reply, request["name"], request.get("trainedModelVersionIdentifier"))
        return await start_or_resume(
            self._core, operation, request, timeout, retry=resume == "retry", since=since
        )

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
        max_results: int | None,
        limit: int | None,
        starting_token: str | None,
        timeout: float | None,
        prefetch: bool = False,
        total_timeout: float | timedelta | None = None,
    ) -> Paginator[Any]:
        values["max_results"] = max_results
        values["next_token"] = starting_token
        request, selector = self._prepared(operation, values, membership)
        request.pop("nextToken", None)  # the paginator's from here on
        rows = operation.items or ""

        async def source() -> Callable[[str | None, int], Any]:
            pinned = dict(request)
            base_only = selector is not None and not await self._pin(
                operation, pinned, selector, timeout
            )

            async def fetch(token: str | None, size: int) -> Page[Any]:
                # Of rows that are filtered here a small page may hold none.
                params = {**pinned, "maxResults": max_results or PAGE_SIZE if base_only else size}
                if token is not None:
                    params["nextToken"] = token
                reply = await self._core.call(operation, params, timeout)
                items: Any = getattr(reply, rows)
                received = len(items)
                if base_only:
                    # No filter of the service means "the base version": it lists all of them.
                    items = [row for row in items if row.trained_model_version_identifier is None]
                return Page(items, reply.next_token, reply, received)

            return fetch

        return Paginator(
            operation.name,
            source,
            limit=limit,
            starting_token=starting_token,
            max_results=max_results,
            prefetch=prefetch,
            total_timeout=total_timeout,
        )

    def _prepared(
        self, operation: Operation, values: dict[str, Any], membership: str | None
    ) -> tuple[dict[str, Any], VersionSelector | None]:
        """The request by wire names, checked, and the selector that is still to be resolved."""
        version = values.pop("version", None)
        if "trained_model_arn" in values:
            arn, version = model_and_version(values["trained_model_arn"], version)
            values["trained_model_arn"] = arn
        elif isinstance(values.get("resource_arn"), TrainedModelRef):
            values["resource_arn"] = values["resource_arn"].trained_model_arn
        selector = version if isinstance(version, VersionSelector) else None
        if operation.version is not None and selector is None:
            values[operation.version] = version
        try:
            self._scoped(operation, values, membership)
        except MissingMembership:
            # Often only the consequence of a wrong ARN, so what is wrong elsewhere is said first.
            faults = check_request(operation.input, values)
            faults = [fault for fault in faults if fault.path != "membership_identifier"]
            if faults:
                raise RequestValidationError(operation.input, faults) from None
            raise
        return checked(operation.input, values), selector if operation.version else None

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
        found = None
        for name in operation.membership_from:
            value: Any = values.get(name)
            # str() of a list of ARNs (the associations of an input channel) holds them as well.
            found = membership_in(str(value))
            if found:
                break
        scoped = self._membership or self._core.membership
        refers_only = operation.name.startswith("Create")
        membership = (scoped or found) if refers_only else (found or scoped)
        if membership is None:
            raise MissingMembership(operation.name)
        return membership

    async def _pin(
        self,
        operation: Operation,
        request: dict[str, Any],
        selector: VersionSelector,
        timeout: float | None,
    ) -> bool:
        """Put the identifier that a selector means now into a request; False when it has none.

        The base version has no identifier, so nothing is put there: cancel and delete act on the
        base version then. That start and export do is not documented; assumed.
        """
        identifier = await self._identifier(request, selector, timeout)
        if identifier is not None:
            wire = (
                "versionIdentifier"
                if operation.version == "version_identifier"
                else "trainedModelVersionIdentifier"
            )
            request[wire] = identifier
        return identifier is not None

    async def _identifier(
        self, request: Mapping[str, Any], selector: VersionSelector, timeout: float | None
    ) -> str | None:
        if selector is BASE:
            return None
        arn: str = request["trainedModelArn"]
        membership = membership_in(arn) or request["membershipIdentifier"]
        return (await self._selected(arn, selector, membership, timeout)).version_identifier

    async def _selected(
        self, arn: str, selector: VersionSelector, membership: str | None, timeout: float | None
    ) -> Any:
        """The row of the version list that a selector means; one call per hundred versions."""
        from ..api.operations import LIST_TRAINED_MODEL_VERSIONS

        values: dict[str, Any] = {"trained_model_arn": arn}
        if selector is LATEST_ACTIVE:
            values["status"] = "ACTIVE"
        rows = await Group._paginator(
            self,
            LIST_TRAINED_MODEL_VERSIONS,
            values,
            membership,
            max_results=100,
            limit=None,
            starting_token=None,
            timeout=timeout,
        )
        return select(rows, selector, arn)

    async def _pin_channel(
        self, channel: dict[str, Any], selector: VersionSelector, timeout: float | None
    ) -> None:
        """The same for an incremental channel of a checked request."""
        where = {**channel, "membershipIdentifier": membership_in(channel["trainedModelArn"])}
        identifier = await self._identifier(where, selector, timeout)
        if identifier is not None:
            channel["versionIdentifier"] = identifier

    async def _by_name(
        self,
        rows: Paginator[T],
        name: str,
        what: str,
        identity: Callable[[T], str],
        name_of: Callable[[T], str] | None = None,
    ) -> T:
        """The one row with exactly that name, over all pages.

        Raises:
            NoSuchName: None has it; names that come close are told.
            AmbiguousName: More than one resource has it.
        """
        read_name: Callable[[Any], str] = name_of or (lambda row: row.name)
        found: dict[str, T] = {}
        others: set[str] = set()
        async for row in rows:
            if read_name(row) == name:
                known = found.get(identity(row))
                if known is None or _later(row, known):
                    found[identity(row)] = row
            else:
                others.add(read_name(row))
        if not found:
            import difflib  # only those who err pay for it

            raise NoSuchName(name, what, difflib.get_close_matches(name, sorted(others), n=3))
        if len(found) > 1:
            raise AmbiguousName(name, what, sorted(found))
        return next(iter(found.values()))


def model_and_version(given: Any, version: Any) -> tuple[Any, Any]:
    """The ARN and the version in what was given as a trained model."""
    if isinstance(given, str) and "@" in given:
        given = TrainedModelRef.parse(given)
    if isinstance(given, TrainedModelRef):
        return given.trained_model_arn, given.version if version is None else version
    return given, version


_CHANNELS: Final = "incremental_training_data_channels"
_CHANNELS_ON_WIRE: Final = "incrementalTrainingDataChannels"


def _take_selectors(values: dict[str, Any]) -> dict[int, VersionSelector]:
    """Write the references in incremental channels out, and take their selectors, by index.

    What is not a channel at all stays as it is, for the check to find.
    """
    channels: Any = values.get(_CHANNELS)
    if not isinstance(channels, Sequence) or isinstance(channels, str):
        return {}
    given: list[Any] = list(channels)  # pyright: ignore[reportUnknownArgumentType]
    taken: dict[int, VersionSelector] = {}
    for index, channel in enumerate(given):
        if isinstance(channel, Mapping):
            plain: dict[str, Any] = dict(channel)  # pyright: ignore[reportUnknownArgumentType]
        elif "@" in str(getattr(channel, "trained_model_arn", "")):
            plain = channel.model_dump(exclude_unset=True)
        else:
            continue
        arn_key = "trainedModelArn" if "trainedModelArn" in plain else "trained_model_arn"
        key = "versionIdentifier" if "versionIdentifier" in plain else "version_identifier"
        arn, version = model_and_version(plain.get(arn_key), plain.pop(key, None))
        if arn is not None:
            plain[arn_key] = arn
        if isinstance(version, VersionSelector):
            taken[index] = version
        elif version is not None:
            plain[key] = version
        given[index] = plain
    values[_CHANNELS] = given
    return taken


def _refuse_selectors(channels: Mapping[int, VersionSelector]) -> None:
    """A version by its role is another one at the second try: the one that the first has made."""
    for index, selector in channels.items():
        if selector is not BASE:
            path = f"{_CHANNELS}[{index}].version_identifier"
            fault = RequestFault(
                path,
                "must be pinned together with resume: await sdk.trained_models.resolve(...) first,"
                " or a later try would train on from its own first one",
                repr(selector),
            )
            raise RequestValidationError("CreateTrainedModelRequest", [fault])


def _later(row: Any, known: Any) -> bool:
    """Whether a row of the same resource (another version) is the newer one."""
    return bool(row.create_time > known.create_time)


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

    async def _identifier(
        self, request: Mapping[str, Any], selector: VersionSelector, timeout: float | None
    ) -> str | None:
        """Versions of another member's model cannot be listed; the collaboration's rows must do."""
        from ..api.operations import LIST_COLLABORATION_TRAINED_MODELS

        if selector is BASE:
            return None
        arn: str = request["trainedModelArn"]
        rows: list[Any] = await self._paginator(
            LIST_COLLABORATION_TRAINED_MODELS,
            {},
            None,
            max_results=100,
            limit=None,
            starting_token=None,
            timeout=timeout,
        )
        mine = [row for row in rows if row.trained_model_arn == arn]
        return select(mine, selector, arn).version_identifier
