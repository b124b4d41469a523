"""What every operation does: a function from a call to the members of its reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..service.schema import JsonObject
from . import (
    algorithms,
    audiences,
    collaborations,
    inference_jobs,
    input_channels,
    tags,
    trained_models,
)
from .call import Call

Handler = Callable[[Call], JsonObject]

HANDLERS: Mapping[str, Handler] = {
    **algorithms.HANDLERS,
    **audiences.HANDLERS,
    **collaborations.HANDLERS,
    **inference_jobs.HANDLERS,
    **input_channels.HANDLERS,
    **tags.HANDLERS,
    **trained_models.HANDLERS,
}
