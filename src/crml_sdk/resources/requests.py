"""Finished request models, sent as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..api.operations import ALL
from ..checking import shape_of
from ..errors import VersionRequired
from ..model import RequestModel
from .group import Group

if TYPE_CHECKING:
    from datetime import timedelta

    from ..core import Core
    from ..model import Asks

R = TypeVar("R")


async def send(core: Core, request: Asks[R], timeout: float | timedelta | None) -> R:
    """Check a request model once more, send it and give the model of its reply; see `sdk.call`."""
    given: object = request
    if not isinstance(given, RequestModel):
        raise TypeError(
            "call() takes a request model, such as models.CreateTrainedModelRequest(...),"
            f" not {type(given).__name__}"
        )
    shape = shape_of(type(given))
    operation = next(each for each in ALL if each.input == shape)
    values: dict[str, Any] = {name: getattr(given, name) for name in given.model_fields_set}
    if operation.version_required and values.get(operation.version or "") is None:
        raise VersionRequired(
            f"{shape} names no version, and the service would act on the base version. If that"
            f" is meant: sdk.{operation.group}.{operation.method}(..., version=BASE)"
        )
    membership = values.get("membership_identifier")
    return cast("R", await Group(core)._call(operation, values, membership, timeout))  # pyright: ignore[reportPrivateUsage]
