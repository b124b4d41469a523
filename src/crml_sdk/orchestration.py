"""Functions that the packages for orchestrators share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .versions import BASE, TrainedModelRef
from .waiting.groups import cancel_params

if TYPE_CHECKING:
    from .client import CleanRoomsML
    from .waiting import Handle


def text_of(handle: Handle) -> str:
    """The result of a task for the next one.

    Args:
        handle: The handle of a job that a task has started.

    Returns:
        `ARN@version` for a trained model, the text of the handle for an export, which has no ARN,
        and the ARN otherwise.
    """
    if handle.kind == "trained-model":
        return str(TrainedModelRef(handle.arn, BASE if handle.is_base else handle.version))
    return str(handle) if handle.name else handle.arn


async def cancel(sdk: CleanRoomsML, handle: Handle) -> bool:
    """Request the cancellation of a job.

    Args:
        sdk: An open client.
        handle: The handle of the job.

    Returns:
        False if the service cannot cancel it. Without a version, a trained model is not cancelled:
        the service would cancel its base version.

    Raises:
        CleanRoomsMLError: The service did not accept the cancellation.
    """
    operation, params = handle.resource.cancel, cancel_params(handle)
    if operation is None or params is None:
        return False
    await sdk._core.call(operation, dict(params))  # pyright: ignore[reportPrivateUsage]
    return True
