"""Request models, sent as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..api.operations import ALL
from ..checking import shape_of
from ..errors import VersionRequired
from ..model import RequestModel
from .group import Call, Group

if TYPE_CHECKING:
    from datetime import timedelta

    from ..core import Core
    from ..model import Asks

R = TypeVar("R")


async def send(core: Core, request: Asks[R], timeout: float | timedelta | None) -> R:
    """Check a request model and send it; see `sdk.call`.

    Returns:
        The model of the reply.
    """
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
    call = Call(operation, values, membership, timeout)
    return cast("R", await Group(core)._call(call))  # pyright: ignore[reportPrivateUsage]
