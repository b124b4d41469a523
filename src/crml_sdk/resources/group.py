"""What all resource groups share: finding the membership, pinning versions, checking, calling."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..arns import membership_in
from ..errors import AmbiguousName, MissingMembership, NoSuchName
from ..pagination import Page, Paginator
from ..requests.checking import checked
from ..versions import BASE, LATEST_ACTIVE, TrainedModelRef, VersionSelector, select

if TYPE_CHECKING:
    from ..core import Core
    from ..requests.operation import Operation

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
        request, selector = self._prepared(operation, values, membership)
        if selector is not None:
            await self._pin(operation, request, selector, timeout)
        return await self._core.call(operation, request, timeout)

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
    ) -> Paginator[Any]:
        values["max_results"] = max_results
        request, selector = self._prepared(operation, values, membership)
        rows = operation.items or ""

        async def source() -> Callable[[str | None], Any]:
            pinned = dict(request)
            base_only = selector is not None and not await self._pin(
                operation, pinned, selector, timeout
            )

            async def fetch(token: str | None) -> Page[Any]:
                params = pinned if token is None else {**pinned, "nextToken": token}
                reply = await self._core.call(operation, params, timeout)
                items: Any = getattr(reply, rows)
                if base_only:
                    # No filter of the service means "the base version": it lists all of them.
                    items = [row for row in items if row.trained_model_version_identifier is None]
                return Page(items, reply.next_token, reply)

            return fetch

        return Paginator(operation.name, source, limit=limit, starting_token=starting_token)

    def _prepared(
        self, operation: Operation, values: dict[str, Any], membership: str | None
    ) -> tuple[dict[str, Any], VersionSelector | None]:
        """The request by wire names, checked, and the selector that is still to be resolved."""
        version = values.pop("version", None)
        if "trained_model_arn" in values:
            arn, version = self._model(values["trained_model_arn"], version)
            values["trained_model_arn"] = arn
        elif isinstance(values.get("resource_arn"), TrainedModelRef):
            values["resource_arn"] = values["resource_arn"].trained_model_arn
        selector = version if isinstance(version, VersionSelector) else None
        if operation.version is not None and selector is None:
            values[operation.version] = version
        self._scoped(operation, values, membership)
        return checked(operation.input, values), selector if operation.version else None

    def _scoped(self, operation: Operation, values: dict[str, Any], membership: str | None) -> None:
        if operation.scope == "membership":
            values["membership_identifier"] = self._membership_for(operation, values, membership)

    def _model(self, given: Any, version: Any) -> tuple[Any, Any]:
        """The ARN and the version in what was given as a trained model."""
        if isinstance(given, str) and "@" in given:
            given = TrainedModelRef.parse(given)
        if isinstance(given, TrainedModelRef):
            return given.trained_model_arn, given.version if version is None else version
        return given, version

    def _membership_for(
        self, operation: Operation, values: Mapping[str, Any], given: str | None
    ) -> str:
        """An explicit membership, else the one in the resource's ARN, else the scope's or client's.

        A create only refers to resources, which may be another member's; there the scope comes
        first, and an ARN only when there is none.
        """
        if given is not None:
            return membership_in(given) or given
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
        from ..requests.operations import LIST_TRAINED_MODEL_VERSIONS

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

    async def _pinned(self, channels: Sequence[Any] | None, timeout: float | None) -> Any:
        """Incremental channels with their references and selectors resolved to identifiers."""
        if not isinstance(channels, Sequence) or isinstance(channels, str):
            return channels
        return [await self._pinned_channel(channel, timeout) for channel in channels]

    async def _pinned_channel(self, channel: Any, timeout: float | None) -> Any:
        if isinstance(channel, Mapping):
            values: dict[str, Any] = dict(channel)  # pyright: ignore[reportUnknownArgumentType]
            arn_key = "trainedModelArn" if "trainedModelArn" in values else "trained_model_arn"
            version_key = (
                "versionIdentifier" if "versionIdentifier" in values else "version_identifier"
            )
        elif "@" in str(getattr(channel, "trained_model_arn", "")):
            values = channel.model_dump(exclude_unset=True)
            arn_key, version_key = "trained_model_arn", "version_identifier"
        else:
            return channel
        arn, version = self._model(values.get(arn_key), values.pop(version_key, None))
        if isinstance(arn, str):
            values[arn_key] = arn
        if isinstance(version, VersionSelector):
            request = checked("IncrementalTrainingDataChannel", {**values})
            request["membershipIdentifier"] = membership_in(request["trainedModelArn"])
            version = await self._identifier(request, version, timeout)
        if version is not None:
            values[version_key] = version
        return values

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
            raise NoSuchName(name, what, difflib.get_close_matches(name, sorted(others), n=3))
        if len(found) > 1:
            raise AmbiguousName(name, what, sorted(found))
        return next(iter(found.values()))


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
        from ..requests.operations import LIST_COLLABORATION_TRAINED_MODELS

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


def by_attribute(name: str) -> Callable[[Any], str]:
    """Reads an attribute: the identity of a row."""

    def read(row: Any) -> str:
        return getattr(row, name)

    return read
