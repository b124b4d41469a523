"""Resuming: a create or start that first looks for what an earlier try of the same has made.

An orchestrator runs a failed task again, and the service has no idempotency token. So with
`resume` the resources of that exact name are compared with the request before anything is sent,
for a trained model every version of it. Creating, in turn, goes through `creating`.

Two tries at the very same moment cannot be told apart: both may look before either sends. Most
names are unique in the service, so that the second is refused with a conflict, and looks again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pydantic.alias_generators import to_snake as _python

from . import models
from .api import operations
from .comparison import compare
from .creating import PAUSES, create_once
from .errors import (
    AccessDeniedException,
    ConflictException,
    ResourceFailed,
    ResourceNotFoundException,
    ResumeAmbiguous,
    ResumeMismatch,
)
from .model import with_mark
from .naming import to_wire
from .resource_types import type_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from .core import Core
    from .operation import Operation

logger: logging.Logger = logging.getLogger("crml_sdk")

Resume: TypeAlias = "bool | Literal['retry']"
"""True, or "retry" to send a try that failed again under the next free name."""

Since: TypeAlias = "datetime | timedelta"
"""The time before which nothing is resumed, or how long ago that is."""

LONGEST_NAME: Final = 63
"""Characters of a name; a longer one is cut before its "-2" is put behind it."""

MOST_TRIES: Final = 100
"""How far NAME-2, NAME-3, ... go."""

_CREATING: Final = ("CREATE_PENDING", "CREATE_IN_PROGRESS")
_ENDED: Final = ("CANCEL_", "DELETE_")
_VERSION: Final = "trainedModelVersionIdentifier"
_PARENT: Final = "incrementalTrainingDataChannels"


@dataclass(frozen=True)
class Resumed:
    """What an earlier try had made, and this one found.

    Attributes:
        create_time: When it was made.
        status: Its status when it was found.
        not_compared: The settings of the request that the service does not show, by their paths.
    """

    create_time: datetime
    status: str
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started:
    """What a create or start came to.

    Attributes:
        reply: Its reply, or what that would have been; None where the operation has none.
        name: The name that it has: the given one, or one with "-2" and so on behind it.
        version: The trained model's version that was named in the request, or found.
        resumed: What was found, or None when it was made now.
    """

    reply: Any
    name: str
    version: str | None = None
    resumed: Resumed | None = None


def check_resume(resume: Any, since: Any) -> datetime | None:
    """Refuse wrong values before anything is sent.

    Returns:
        The time before which nothing is resumed.

    Raises:
        ValueError: With what is allowed.
    """
    if resume not in (True, False, "retry"):
        raise ValueError(f'resume= is True, False or "retry", not {resume!r}')
    if since is None:
        return None
    if not resume:
        raise ValueError("resume_since= says what may be resumed: it needs resume=True")
    if isinstance(since, timedelta):
        return datetime.now(timezone.utc) - since
    if not isinstance(since, datetime):
        raise ValueError(f"resume_since= is a datetime or a timedelta, not {since!r}")
    if since.tzinfo is None:
        raise ValueError(f"resume_since={since} has no time zone: say which, as in timezone.utc")
    return since


async def start_or_resume(
    core: Core,
    operation: Operation,
    params: dict[str, Any],
    timeout: float | timedelta | None,
    *,
    retry: bool,
    since: datetime | None,
) -> Started:
    """Take what an earlier try of this request has made, or send it.

    Args:
        core: Sends.
        operation: A create or start of something that has a life cycle.
        params: The request by wire names, checked.
        timeout: Seconds for each call with all its retries.
        retry: After a try that failed, send with the next free name.
        since: What is older is refused.

    Raises:
        ResumeMismatch: The name is taken by something else.
        ResumeAmbiguous: Several fit.
        ResourceFailed: What was made ended otherwise than well.
        CleanRoomsMLError: As any create.
    """
    search = _Search(core, operation, params, timeout, retry, since)
    found = await search.decide()
    if isinstance(found, Started):
        return found
    try:
        reply = await create_once(core, operation, {**params, "name": found}, timeout)
        return Started(reply, found, params.get(_VERSION))
    except ConflictException:
        for pause in PAUSES:
            if pause:
                await core.sleep(pause)
            again = await search.decide()
            if isinstance(again, Started):
                return again
        raise


@dataclass(frozen=True)
class _Candidate:
    """Something that has the name, beside the request."""

    row: Any
    details: Any
    setting: str | None
    not_compared: tuple[str, ...]

    @property
    def status(self) -> str:
        return str(self.details.status)

    @property
    def lives(self) -> bool:
        """Whether it can still be used, or become so; a status nobody knows yet may."""
        known = self.status in ("ACTIVE", *_CREATING)
        dead = self.status in ("CREATE_FAILED", "INACTIVE") or self.status.startswith(_ENDED)
        return known or not dead


class _Search:
    """One search for what earlier tries of a request have made."""

    def __init__(
        self,
        core: Core,
        operation: Operation,
        params: Mapping[str, Any],
        timeout: float | timedelta | None,
        retry: bool,
        since: datetime | None,
    ) -> None:
        self._core = core
        self._operation = operation
        self._type = type_of(operation)
        self._params = params
        self._timeout = timeout
        self._retry = retry
        self._since = since
        self._collaboration: str | None = None
        self._parent_name: str | None = None

    async def decide(self) -> Started | str:
        """What was found, or the name to send the request with.

        Raises:
            ResumeMismatch, ResumeAmbiguous, ResourceFailed: What was found cannot be taken up.
        """
        rows = await self._rows()
        failed: _Candidate | None = None
        for name in _names(self._params["name"]):
            candidates = [await self._compared(row) for row in rows if row.name == name]
            known = [one for one in candidates if one is not None]
            if not known:
                if failed is not None and not self._retry:
                    raise self._failure(failed)
                return name
            fitting = [one for one in known if one.setting is None]
            if not fitting:
                raise self._mismatch(name, known[0])
            living = [one for one in fitting if one.lives]
            if len(living) > 1:
                found = [self._identity(one.row) for one in living]
                raise ResumeAmbiguous(name, self._operation.name, found)
            if living:
                return self._resumed(name, living[0])
            failed = max(fitting, key=lambda one: one.row.create_time)
        assert failed is not None
        raise self._failure(failed)

    def _resumed(self, name: str, one: _Candidate) -> Started:
        resumed = Resumed(one.row.create_time, one.status, one.not_compared)
        logger.info(
            "%s: resumed %s, %s, created %s%s",
            self._operation.name,
            self._identity(one.row),
            one.status,
            one.row.create_time.isoformat(),
            f"; not compared: {', '.join(one.not_compared)}" if one.not_compared else "",
            extra={
                "crml_operation": self._operation.name,
                "crml_resource": self._identity(one.row),
                "crml_status": str(one.status),
            },
        )
        if self._operation.output is None:
            return Started(
                None, name, getattr(one.row, "trained_model_version_identifier", None), resumed
            )
        shape = getattr(models, self._operation.output)
        values = {
            member: value
            for member in shape.model_fields
            if (value := getattr(one.row, member, None)) is not None
        }
        return Started(with_mark(shape(**values), resumed), name, resumed=resumed)

    def _mismatch(self, name: str, one: _Candidate) -> ResumeMismatch:
        assert one.setting is not None
        identity, made = self._identity(one.row), one.row.create_time
        return ResumeMismatch(self._operation.name, name, identity, one.setting, made)

    def _failure(self, one: _Candidate) -> ResourceFailed:
        from .waiting import Handle

        details = getattr(one.details, "status_details", None)
        return ResourceFailed(
            Handle.of(one.row),
            status=one.status,
            status_code=getattr(details, "status_code", None),
            status_message=getattr(details, "message", None),
            elapsed=0.0,
            model=one.details,
        )

    # What has the name

    async def _rows(self) -> list[Any]:
        """Everything of that name, or of that name with "-2" and so on behind it."""
        request = self._type.narrowed(self._params)
        if self._type.scope == "collaboration":
            request["collaborationIdentifier"] = await self._collaboration_identifier()
        names = set(_names(self._params["name"]))
        membership = self._params.get("membershipIdentifier")
        rows = [
            row
            for row in await self._list(self._type.list, request)
            if row.name in names and getattr(row, "membership_identifier", membership) == membership
        ]
        if self._operation.name == "CreateTrainedModel":
            rows += await self._versions(rows, names)
        return list({self._identity(row): row for row in rows}.values())

    async def _versions(self, rows: Iterable[Any], names: set[str]) -> list[Any]:
        """Every version of the models in `rows`, and of the one that is trained on."""
        arns = {row.trained_model_arn: None for row in rows}
        for channel in self._params.get(_PARENT) or ():
            if self._owns(channel["trainedModelArn"]):
                arns[channel["trainedModelArn"]] = None
        found: list[Any] = []
        for arn in arns:
            request = {
                "membershipIdentifier": self._params["membershipIdentifier"],
                "trainedModelArn": arn,
            }
            versions = await self._list(operations.LIST_TRAINED_MODEL_VERSIONS, request)
            found += [row for row in versions if row.name in names]
        return found

    def _owns(self, arn: str) -> bool:
        return f"membership/{self._params['membershipIdentifier']}/" in arn

    async def _list(self, operation: Operation, request: dict[str, Any]) -> list[Any]:
        from .pagination import Page, Paginator

        async def fetch(token: str | None, size: int) -> Page[Any]:
            page = {**request, "maxResults": size, **({"nextToken": token} if token else {})}
            reply = await self._send(operation, page)
            return Page(getattr(reply, operation.items or ""), reply.next_token, reply)

        async def source() -> Any:
            return fetch

        rows: list[Any] = await Paginator(operation.name, source)
        return rows

    async def _send(self, operation: Operation, request: dict[str, Any]) -> Any:
        return await self._core.call(operation, request, self._timeout)

    async def _collaboration_identifier(self) -> str:
        """Exports show in the collaboration only; the exported model tells which that is."""
        if self._collaboration is None:
            names = ("membershipIdentifier", "trainedModelArn")
            request = {name: self._params[name] for name in names}
            model = await self._send(operations.GET_TRAINED_MODEL, request)
            self._collaboration = cast("str", model.collaboration_identifier)
        return self._collaboration

    def _identity(self, row: Any) -> str:
        version = getattr(row, "version_identifier", None)
        return self._type.identity(row) + (f"@{version}" if version else "")

    # Whether it is what was asked for

    async def _compared(self, row: Any) -> _Candidate | None:
        """A row beside the request; None for another version of the model, which is no rival."""
        details = await self._details(row)
        if self._operation.name == "CreateTrainedModel":
            setting = await self._parent_setting(row, details)
            if setting == "":
                return None
            if setting is not None:
                return _Candidate(row, details, setting, ())
        setting, unseen = compare(self._params, details)
        if setting is None and self._since is not None and row.create_time < self._since:
            setting = "create_time"
        return _Candidate(row, details, setting, unseen)

    async def _details(self, row: Any) -> Any:
        """What shows the settings of a row's resource: its Get, or the row where that shows less.

        The base version of a model that has later ones cannot be read alone.
        """
        get = self._type.get
        if get is None:
            return row
        request = {to_wire(self._type.arn): getattr(row, self._type.arn)}
        if get.scope == "membership":
            request["membershipIdentifier"] = self._params["membershipIdentifier"]
        version = getattr(row, "version_identifier", None)
        if version is not None:
            request["versionIdentifier"] = version
        details = await self._send(get, request)
        other = getattr(details, "version_identifier", None) != version
        return row if other else details

    async def _parent_setting(self, row: Any, details: Any) -> str | None:
        """Whether a version was trained from what the request names.

        Returns:
            None when it was; "" when it is simply another version of the model; else the setting.
        """
        sent: Sequence[Mapping[str, Any]] = self._params.get(_PARENT) or ()
        shown = getattr(details, "incremental_training_data_channels", None) or ()
        if not sent:
            if not shown:
                return None
            return "" if shown[0].model_name == self._params["name"] else _python(_PARENT)
        same_model = row.trained_model_arn == sent[0]["trainedModelArn"]
        other = "" if same_model else _python(_PARENT)
        if not shown:
            return other
        if shown[0].version_identifier != sent[0].get("versionIdentifier"):
            return other
        name = await self._name_of_parent(sent[0], details)
        if name is not None and shown[0].model_name != name:
            return other
        return (
            None
            if shown[0].channel_name == sent[0]["channelName"]
            else f"{_python(_PARENT)}[0].channel_name"
        )

    async def _name_of_parent(self, channel: Mapping[str, Any], details: Any) -> str | None:
        """The name of the model that is trained on; None when the caller cannot read it."""
        if self._parent_name is not None:
            return self._parent_name
        request = {"trainedModelArn": channel["trainedModelArn"]}
        if channel.get("versionIdentifier"):
            request["versionIdentifier"] = channel["versionIdentifier"]
        get = operations.GET_TRAINED_MODEL
        request["membershipIdentifier"] = self._params["membershipIdentifier"]
        if not self._owns(channel["trainedModelArn"]):
            get = operations.GET_COLLABORATION_TRAINED_MODEL
            del request["membershipIdentifier"]
            request["collaborationIdentifier"] = details.collaboration_identifier
        try:
            self._parent_name = (await self._send(get, request)).name
        except (AccessDeniedException, ResourceNotFoundException):
            return None
        return self._parent_name


def _names(name: str) -> Iterator[str]:
    """NAME, NAME-2, NAME-3 and so on."""
    yield name
    for number in range(2, MOST_TRIES + 1):
        ending = f"-{number}"
        yield name[: LONGEST_NAME - len(ending)] + ending
