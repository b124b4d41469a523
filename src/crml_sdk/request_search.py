"""Finding what a create or start request has made: by its exact name, with the same settings.

`creating` searches after a reply was lost, `resuming` before a request is sent once more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from . import models
from .api.operations import GET_COLLABORATION_TRAINED_MODEL, GET_TRAINED_MODEL
from .arns import membership_in
from .comparison import compare
from .errors import AccessDeniedException, ResourceNotFoundException
from .naming import to_wire
from .pagination import read_list
from .resource_types import type_of

if TYPE_CHECKING:
    from datetime import timedelta

    from .core import Core
    from .operation import Operation

_MEMBERSHIP: Final = "membershipIdentifier"

PARENT: Final = "incremental_training_data_channels"
"""The setting that names the version a training starts from."""


@dataclass(frozen=True)
class Candidate:
    """A resource that has the name, compared with the request.

    Attributes:
        row: Its row in the list.
        details: The Get response, or the row where the list is all there is to see.
        setting: The path of the first setting that differs; None when the request may have made it.
        not_compared: The settings of the request that the service does not show, by their paths.
    """

    row: Any
    details: Any
    setting: str | None
    not_compared: tuple[str, ...]


class RequestSearch:
    """Searches for what one request has made.

    Args:
        core: Sends the calls.
        operation: The create or start.
        params: Its request by wire names, checked.
        timeout: Seconds for each call with all its retries.
    """

    def __init__(
        self,
        core: Core,
        operation: Operation,
        params: Mapping[str, Any],
        timeout: float | timedelta | None,
    ) -> None:
        self._core = core
        self._operation = operation
        self._params = params
        self._timeout = timeout
        self._type = type_of(operation)

    async def rows(self, names: Collection[str]) -> tuple[list[Any], Any]:
        """List what has one of some names.

        Returns:
            The rows, and the last reply of the list.
        """
        request = self._type.narrowed(self._params)
        if self._type.scope == "collaboration":
            request["collaborationIdentifier"] = await self._collaboration()
        rows, reply = await self._list(self._type.list, request)
        membership = self._params.get(_MEMBERSHIP)
        found = [
            row
            for row in rows
            if row.name in names and getattr(row, "membership_identifier", membership) == membership
        ]
        return self._unique(found), reply

    async def with_versions(self, rows: list[Any]) -> list[Any]:
        """Add every version of the models in some rows: the list may show one for each model."""
        if self._type.versions is None:
            return rows
        found = list(rows)
        for arn in dict.fromkeys(row.trained_model_arn for row in rows):
            request = {_MEMBERSHIP: self._params[_MEMBERSHIP], "trainedModelArn": arn}
            found += (await self._list(self._type.versions, request))[0]
        return self._unique(found)

    def _unique(self, rows: list[Any]) -> list[Any]:
        """Rows without those that two pages, or two lists, showed."""
        return list({self.identity(row): row for row in rows}.values())

    async def compared(self, row: Any, *, unshown_fits: bool = False) -> Candidate:
        """Compare a row's resource with the request.

        Args:
            row: A row of `rows` or `with_versions`.
            unshown_fits: Whether a setting that the service leaves out counts as the same.
        """
        details = await self._details(row)
        setting, unseen = compare(self._params, details, unshown_fits=unshown_fits)
        return Candidate(row, details, await self._parent_setting(details) or setting, unseen)

    def identity(self, row: Any) -> str:
        """The ARN of a row's resource, or what else identifies it, with its version."""
        version = getattr(row, "version_identifier", None)
        return self._type.identity(row) + (f"@{version}" if version else "")

    def reply(self, found: Candidate) -> Any:
        """The reply that the request would have had; None for an operation without one."""
        if self._operation.output is None:
            return None
        shape = getattr(models, self._operation.output)
        values = {name: getattr(found.row, name, None) for name in shape.model_fields}
        reply = shape(**{name: value for name, value in values.items() if value is not None})
        object.__setattr__(reply, "_response_metadata", found.details.response_metadata)
        return reply

    async def _send(self, operation: Operation, request: dict[str, Any]) -> Any:
        return await self._core.call(operation, request, self._timeout)

    async def _list(self, operation: Operation, request: dict[str, Any]) -> tuple[list[Any], Any]:
        rows: list[Any] = []
        reply: Any = None
        async for page in read_list(self._send, operation, request).pages():
            rows += page.items
            reply = page.reply
        return rows, reply

    async def _collaboration(self) -> str:
        """Exports show in the collaboration only; the exported model tells which that is."""
        names = (_MEMBERSHIP, "trainedModelArn")
        request = {name: self._params[name] for name in names}
        return (await self._send(GET_TRAINED_MODEL, request)).collaboration_identifier

    async def _details(self, row: Any) -> Any:
        """What shows the settings of a row's resource: its Get response, or the row.

        The base version of a model with later versions cannot be read alone.
        """
        get = self._type.get
        if get is None:
            return row
        request = {to_wire(self._type.arn): getattr(row, self._type.arn)}
        if get.scope == "membership":
            request[_MEMBERSHIP] = self._params[_MEMBERSHIP]
        version = getattr(row, "version_identifier", None)
        if version is not None:
            request["versionIdentifier"] = version
        details = await self._send(get, request)
        same = getattr(details, "version_identifier", None) == version
        return details if same else row

    async def _parent_setting(self, details: Any) -> str | None:
        """The setting in which the version trained on differs; the service shows its model's name."""
        sent: Sequence[Mapping[str, Any]] = self._params.get(to_wire(PARENT)) or ()
        shown = getattr(details, PARENT, None) or ()
        if not sent and not shown:
            return None
        if (
            not (sent and shown)
            or shown[0].version_identifier != sent[0].get("versionIdentifier")
            or await self._parent_name(sent[0], details) not in (None, shown[0].model_name)
        ):
            return PARENT
        same = shown[0].channel_name == sent[0]["channelName"]
        return None if same else f"{PARENT}[0].channel_name"

    async def _parent_name(self, channel: Mapping[str, Any], details: Any) -> str | None:
        """The name of the model that is trained on; None when the caller cannot read it."""
        names = ("trainedModelArn", "versionIdentifier")
        request = {name: channel[name] for name in names if channel.get(name)}
        get = GET_TRAINED_MODEL
        if membership_in(request["trainedModelArn"]) == self._params[_MEMBERSHIP]:
            request[_MEMBERSHIP] = self._params[_MEMBERSHIP]
        else:
            get = GET_COLLABORATION_TRAINED_MODEL
            request["collaborationIdentifier"] = details.collaboration_identifier
        try:
            return (await self._send(get, request)).name
        except (AccessDeniedException, ResourceNotFoundException):
            return None
