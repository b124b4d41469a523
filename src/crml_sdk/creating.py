"""Creating once: what to do when the reply to a create or start did not come.

No operation of the service has an idempotency token, so such a request is not sent again. Instead
what it may have made is looked for: by its exact name, made since the call began, with the same
settings as far as the service shows them. Exactly one such resource is taken as the reply
("adopted"); otherwise the outcome is unknown, and the error says what was looked at.

Whether the service refuses a second resource of a name is not documented for every operation, nor
how soon a new one shows in the lists; both are assumed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, cast

from . import models
from .errors import (
    CallTimeout,
    ClientClosed,
    ConflictException,
    OutcomeUnknown,
    ResponseShapeError,
    ServiceError,
    TransportError,
)
from .naming import to_wire
from .resource_types import RESOURCE_TYPES, type_of
from .untrusted import plain_logger

if TYPE_CHECKING:
    from .core import Core
    from .operation import Operation

logger: logging.Logger = plain_logger("crml_sdk")

PAUSES: Final = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each look: a request whose reply was lost may still be at work."""

LOOK_LIMIT: Final = 20.0
"""Seconds for each request of a look."""

HURRIED_LIMIT: Final = 5.0
"""The same when the caller's own `timeout` has passed already; there is one look then."""

DATE_TOLERANCE: Final = timedelta(seconds=2)
"""Between `createTime` and the `Date` header of the service: both may be cut to whole seconds."""

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""Between `createTime` and this machine's clock, for replies without a `Date`. A request that is
signed with a clock further off is refused."""


# Absent in what the service shows, these mean something: the base version, no earlier version.
_MEANT_WHEN_ABSENT: Final = ("trainedModelVersionIdentifier", "incrementalTrainingDataChannels")
# What is compared in another form, or is not a setting.
_NOT_COMPARED: Final = ("membershipIdentifier", "name", "modelName")


async def create_once(
    core: Core, operation: Operation, params: dict[str, Any], timeout: float | timedelta | None
) -> Any:
    """Send a create or start; after a fault that leaves it open, find out what became of it.

    Args:
        core: Sends.
        operation: What to call.
        params: The request by wire names, checked.
        timeout: Seconds for the call with all its retries. When they have passed, one look is
            taken, of a few seconds.

    Returns:
        The reply, or the model that it would have been.

    Raises:
        OutcomeUnknown: It could not be told.
        CleanRoomsMLError: As any call.
    """
    began = core.clock()
    try:
        reply = await core.call(operation, params, timeout)
    except ClientClosed as fault:
        if not fault.request_sent:
            raise
        raise _unknown(operation, params, "the client was closed before the reply came") from fault
    except (TransportError, ServiceError) as fault:
        if not core.find_lost_creates or not may_have_happened(fault):
            raise
        facts = _facts(operation, params, fault)
        logger.info(
            "%s: looking for %r after %r", operation.name, params.get("name"), fault, extra=facts
        )
        try:
            reply = await _Search(core, operation, params, fault, began).run()
        except ClientClosed:
            told = "the client was closed before it could be looked for"
            raise _unknown(operation, params, told) from fault
    made = type_of(operation)
    if reply is not None and made.has_arn:
        core.note_start(getattr(reply, made.arn))
    return reply


def _facts(operation: Operation, params: Mapping[str, Any], fault: Exception) -> dict[str, str]:
    """What log records carry as fields."""
    return {
        "crml_operation": operation.name,
        "crml_name": str(params.get("name")),
        "crml_fault": repr(fault),
    }


def _unknown(operation: Operation, params: Mapping[str, Any], told: str) -> OutcomeUnknown:
    """The error for what cannot be looked for any more, with where it would show."""
    lookup = type_of(operation).list
    where = f"{lookup.name} would show it (sdk.{lookup.group}.{lookup.method})"
    return OutcomeUnknown(operation.name, str(params.get("name")), (told, where))


def may_have_happened(fault: Exception) -> bool:
    """Whether a create or start that failed so may have been carried out all the same.

    A conflict counts when the request was sent more than once: then it may be with itself.
    """
    if isinstance(fault, TransportError):
        return fault.request_sent is not False
    if isinstance(fault, ConflictException):
        return fault.attempts > 1
    return isinstance(fault, ServiceError) and (
        fault.status_code >= 500 or fault.status_code == 408
    )


class _Search:
    """One search for what a request may have made."""

    def __init__(
        self,
        core: Core,
        operation: Operation,
        params: Mapping[str, Any],
        fault: Exception,
        began: float,
    ) -> None:
        self._core = core
        self._operation = operation
        self._type = type_of(operation)
        self._params = params
        self._fault = fault
        self._began = began
        self._name: str = params["name"]
        self._hurried = isinstance(fault, CallTimeout)
        self._looked: list[str] = []
        self._collaboration: str | None = None

    async def run(self) -> Any:
        for pause in PAUSES[:1] if self._hurried else PAUSES:
            if pause:
                await self._core.sleep(pause)
            try:
                ours, older = await self._look()
            except (TransportError, ServiceError, ResponseShapeError) as error:
                self._looked.append(f"a look failed: {error}")
                continue
            if len(ours) == 1:
                return self._adopted(*ours[0])
            if len(ours) > 1:
                break
            if older and isinstance(self._fault, ConflictException):
                raise self._fault  # the name was taken before; nothing was made
        lines = tuple(dict.fromkeys(self._looked))
        raise OutcomeUnknown(self._operation.name, self._name, lines) from self._fault

    async def _look(self) -> tuple[list[tuple[Any, Any]], bool]:
        """What fits: each row with its details; and whether an older one has the name."""
        rows, since = await self._rows()
        fresh: list[Any] = []
        older: list[Any] = []
        for row in rows:
            (fresh if row.create_time >= since else older).append(row)
        if self._type.versions and older:
            fresh += await self._newer_versions(self._type.versions, older, since)
        ours: list[tuple[Any, Any]] = []
        for row in _unique(fresh, self._identity):
            details = await self._details(row)
            other = difference(self._params, details)
            if other is None:
                ours.append((row, details))
                self._looked.append(f"{self._identity(row)} fits")
            else:
                self._looked.append(f"{self._identity(row)} has another {other}")
        for row in older:
            self._looked.append(f"{self._identity(row)} was made before, at {row.create_time}")
        if not rows:
            self._looked.append(f"{self._type.list.name} shows nothing of that name")
        return ours, bool(older)

    async def _rows(self) -> tuple[list[Any], datetime]:
        """Rows of that very name, and the service's time at which the call began."""
        request = self._type.narrowed(self._params)
        if self._type.scope == "collaboration":
            request["collaborationIdentifier"] = await self._collaboration_identifier()
        rows, reply = await self._list(self._type.list, request)
        membership = self._params.get("membershipIdentifier")
        named = [
            row
            for row in rows
            if row.name == self._name
            and getattr(row, "membership_identifier", membership) == membership
        ]
        return named, self._since(reply)

    async def _list(self, operation: Operation, request: dict[str, Any]) -> tuple[list[Any], Any]:
        """All rows of a list, and the last reply."""
        assert operation.items is not None
        rows: list[Any] = []
        tokens: set[str] = set()
        token: str | None = None
        while True:
            page = {**request, "maxResults": 100, **({"nextToken": token} if token else {})}
            reply = await self._call(operation, page)
            rows += getattr(reply, operation.items)
            token = reply.next_token
            if not token or token in tokens:
                return rows, reply
            tokens.add(token)

    async def _call(self, operation: Operation, request: dict[str, Any]) -> Any:
        limit = HURRIED_LIMIT if self._hurried else LOOK_LIMIT
        return await self._core.call(operation, request, limit)

    async def _collaboration_identifier(self) -> str:
        """Exports show in the collaboration only; the exported model tells which that is."""
        if self._collaboration is None:
            get = RESOURCE_TYPES["trained-model"].get
            assert get is not None
            names = ("membershipIdentifier", "trainedModelArn")
            request = {name: self._params[name] for name in names}
            model = await self._call(get, request)
            self._collaboration = cast("str", model.collaboration_identifier)
        return self._collaboration

    async def _newer_versions(
        self, versions: Operation, older: list[Any], since: datetime
    ) -> list[Any]:
        """Versions made since then of models that are older: a list may show models only."""
        found: list[Any] = []
        for arn in dict.fromkeys(row.trained_model_arn for row in older):
            request = {
                "membershipIdentifier": self._params["membershipIdentifier"],
                "trainedModelArn": arn,
            }
            rows, _ = await self._list(versions, request)
            found += [row for row in rows if row.create_time >= since and row.name == self._name]
        return found

    async def _details(self, row: Any) -> Any:
        """What shows the settings of a row's resource."""
        get = self._type.get
        if get is None:
            return row
        request = {to_wire(self._type.arn): getattr(row, self._type.arn)}
        if get.scope == "membership":
            request["membershipIdentifier"] = self._params["membershipIdentifier"]
        version = getattr(row, "version_identifier", None)
        if version is not None:
            request["versionIdentifier"] = version
        return await self._call(get, request)

    def _since(self, reply: Any) -> datetime:
        """When the call began, by the clock that `createTime` is taken from."""
        ago = timedelta(seconds=max(self._core.clock() - self._began, 0.0))
        date = _date_of(reply)
        if date is not None:
            return date - ago - DATE_TOLERANCE
        return datetime.fromtimestamp(time.time(), timezone.utc) - ago - CLOCK_TOLERANCE

    def _identity(self, row: Any) -> str:
        version = getattr(row, "version_identifier", None)
        return self._type.identity(row) + (f"@{version}" if version else "")

    def _adopted(self, row: Any, details: Any) -> Any:
        """The reply that the request would have had."""
        facts = _facts(self._operation, self._params, self._fault)
        facts["crml_resource"] = found = self._identity(row)
        logger.warning(
            "%s: adopted %s after %r", self._operation.name, found, self._fault, extra=facts
        )
        if self._operation.output is None:
            return None
        shape = getattr(models, self._operation.output)
        values = {
            name: value
            for name in shape.model_fields
            if (value := getattr(row, name, None)) is not None
        }
        reply = shape(**values)
        object.__setattr__(reply, "_response_metadata", details.response_metadata)
        return reply


def _unique(rows: Iterable[Any], key: Callable[[Any], str]) -> list[Any]:
    """Rows without those that two pages, or two lists, showed."""
    return list({key(row): row for row in rows}.values())


def _date_of(reply: Any) -> datetime | None:
    """The `Date` header of a reply."""
    metadata = getattr(reply, "response_metadata", None)
    text = metadata.headers.get("date") if metadata is not None else None
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def difference(params: Mapping[str, Any], details: Any) -> str | None:
    """The first setting in which a resource is not what the request asked for, or None.

    What the service does not show cannot differ; what it shows beyond the request is a default.
    """
    shown = details.model_dump(by_alias=True)
    members: Mapping[str, Any] = cast("Any", type(details)).model_fields
    known = {to_wire(name) for name in members}
    for name in _MEANT_WHEN_ABSENT:
        if name in known and bool(params.get(name)) != bool(shown.get(name)):
            unpinned = name == "trainedModelVersionIdentifier" and not params.get(name)
            if not unpinned:
                return name
    for name, value in params.items():
        if name not in _NOT_COMPARED and not _fits(value, shown.get(name)):
            return name
    return None


def _fits(sent: Any, shown: Any) -> bool:
    """Whether what is shown is what was sent, as far as it is shown."""
    if shown is None or sent is None:
        return True
    if isinstance(sent, Mapping):
        parts = cast("Mapping[str, Any]", sent)
        if not isinstance(shown, Mapping):
            return False
        there = cast("Mapping[str, Any]", shown)
        return all(_fits(value, there.get(name)) for name, value in parts.items())
    if isinstance(sent, Sequence) and not isinstance(sent, str | bytes):
        return _fit_all(cast("Sequence[Any]", sent), shown)
    if isinstance(sent, datetime) or isinstance(shown, datetime):
        return moment(sent) == moment(shown)
    return bool(sent == shown)


def _fit_all(sent: Sequence[Any], shown: Any) -> bool:
    """Whether two lists hold the same, in whichever order."""
    if not isinstance(shown, Sequence) or isinstance(shown, str | bytes):
        return False
    left: list[Any] = list(cast("Sequence[Any]", shown))
    if len(left) != len(sent):
        return False
    for value in sent:
        match = next((index for index, other in enumerate(left) if _fits(value, other)), None)
        if match is None:
            return False
        del left[match]
    return True


def moment(value: Any) -> Any:
    """A time as a number of seconds, whichever way it is written."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return value
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    return value
