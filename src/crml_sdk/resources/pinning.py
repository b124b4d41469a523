"""Versions of trained models in requests: references are taken apart, selectors are pinned.

A selector (`LATEST`, `LATEST_ACTIVE`, `BASE`) becomes the identifier that it means now, by a list
call of its own after the check and before the request, so that what was submitted can be read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..api.operations import LIST_COLLABORATION_TRAINED_MODELS, LIST_TRAINED_MODEL_VERSIONS
from ..arns import membership_in
from ..errors import RequestFault, RequestValidationError, VersionRequired
from ..naming import to_wire
from ..versions import BASE, TrainedModelRef, VersionSelector, parse_version, select
from .group import Call, CollaborationGroup, Group, KeepRow

if TYPE_CHECKING:
    from datetime import timedelta

    from ..operation import Operation
    from ..pagination import Paginator

_CHANNELS: Final = "incremental_training_data_channels"


class PinningGroup(Group):
    """A group whose requests name versions of trained models."""

    async def _ready(self, call: Call) -> tuple[dict[str, Any], float | timedelta | None]:
        selector = take_selector(call.operation, call.values)
        channels = take_channel_selectors(call.values) if _CHANNELS in call.values else {}
        if call.resume:
            _refuse_selectors(channels)
        request, timeout = await super()._ready(call)
        if selector is not None:
            await self._pin(call.operation.version or "", selector, timeout, request)
        for index, meant in channels.items():
            channel = request[to_wire(_CHANNELS)][index]
            await self._pin("version_identifier", meant, timeout, channel)
        return request, timeout

    def _paginator(self, call: Call, **options: Any) -> Paginator[Any, Any]:
        selector = take_selector(call.operation, call.values)
        if selector is not None:
            options["prepare"] = partial(self._pin, call.operation.version or "", selector)
        return super()._paginator(call, **options)

    async def _pin(
        self,
        member: str,
        selector: VersionSelector,
        timeout: float | timedelta | None,
        request: dict[str, Any],
    ) -> KeepRow | None:
        """Put the identifier that a selector means now into a request or an incremental channel.

        The base version has no identifier, so nothing is put there. Cancel and delete then act on
        the base version. It is not documented that start and export do; assumed.

        Returns:
            Which rows of a list are meant, where the service has no filter for them.
        """
        if selector is BASE:
            return _is_on_base
        arn: str = request["trainedModelArn"]
        membership = membership_in(arn) or request.get("membershipIdentifier")
        row = await self._selected(arn, selector, membership, timeout)
        if row.version_identifier is None:
            return _is_on_base
        request[to_wire(member)] = row.version_identifier
        return None

    async def _get_version(self, call: Call) -> Any:
        """Read one version of a model; of a base version that has successors, its row."""
        arn, version = model_and_version(call.values["trained_model_arn"], call.values["version"])
        if version is not BASE:
            return await self._call(call)
        reply = await self._call(call._replace(values={"trained_model_arn": arn}))
        if reply.version_identifier is None:
            return reply
        return await self._selected(arn, BASE, call.membership, call.timeout)

    async def _selected(
        self,
        trained_model_arn: str | TrainedModelRef,
        selector: VersionSelector,
        membership: str | None,
        timeout: float | timedelta | None,
    ) -> Any:
        """The row that a selector means, at the cost of one request for each hundred versions."""
        arn, _ = model_and_version(trained_model_arn, None)
        return select(await self._versions(arn, membership, timeout), selector, arn)

    async def _versions(
        self, arn: str, membership: str | None, timeout: float | timedelta | None
    ) -> list[Any]:
        """The rows of a model's versions."""
        values = {"trained_model_arn": arn}
        return await self._paginator(Call(LIST_TRAINED_MODEL_VERSIONS, values, membership, timeout))


class PinningCollaborationGroup(PinningGroup, CollaborationGroup):
    """The same in a collaboration. Its list of models is read, for there is none of versions."""

    async def _versions(
        self, arn: str, membership: str | None, timeout: float | timedelta | None
    ) -> list[Any]:
        """The rows of a model's versions."""
        rows = self._paginator(Call(LIST_COLLABORATION_TRAINED_MODELS, {}, None, timeout))
        return [row async for row in rows if row.trained_model_arn == arn]


def _is_on_base(row: Any) -> bool:
    return row.trained_model_version_identifier is None


def model_and_version(given: Any, version: Any) -> tuple[Any, Any]:
    """The ARN and the version in what was given as a trained model and a version of it.

    What is neither text nor a reference stays as it is, and so does the text of a handle.
    """
    if isinstance(version, str):
        version = parse_version(version)
    if isinstance(given, str) and "@" in given and not given.startswith("crml-wait:"):
        given = TrainedModelRef.parse(given)
    if isinstance(given, TrainedModelRef):
        return given.trained_model_arn, given.version if version is None else version
    return given, version


def take_selector(operation: Operation, values: dict[str, Any]) -> VersionSelector | None:
    """Write references out into ARN and version, and take the selector that is to be resolved.

    Raises:
        VersionRequired: The operation would act on the base version by default, and none is named.
    """
    version = values.pop("version", None)
    if "trained_model_arn" in values:
        values["trained_model_arn"], version = model_and_version(
            values["trained_model_arn"], version
        )
    elif isinstance(values.get("resource_arn"), TrainedModelRef):
        values["resource_arn"] = values["resource_arn"].trained_model_arn
    if operation.version is None:
        return None
    if version is None and operation.version_required:
        raise VersionRequired(
            f"{operation.method} needs a version: pass version=BASE, LATEST, LATEST_ACTIVE or an"
            " identifier. Without one the service would act on the base version"
        )
    if isinstance(version, VersionSelector):
        return version
    values[operation.version] = version
    return None


def _refuse_selectors(channels: Mapping[int, VersionSelector]) -> None:
    """A version by its role is another one at the second try: the one that the first has made."""
    for index, selector in channels.items():
        if selector is not BASE:
            fault = RequestFault(
                f"{_CHANNELS}[{index}].version_identifier",
                "must be pinned together with resume: await sdk.trained_models.resolve(...) first,"
                " or a later try would train on from its own first one",
                repr(selector),
            )
            raise RequestValidationError("CreateTrainedModelRequest", [fault])


def take_channel_selectors(values: dict[str, Any]) -> dict[int, VersionSelector]:
    """Write the references in incremental channels out, and take their selectors, by index.

    What is not a channel at all stays as it is, for the check to find.
    """
    channels: Any = values[_CHANNELS]
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
