"""What every operation does: a function from a call to the members of its reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..access import Call
from ..schema import JsonObject
from . import (
    algorithms,
    audiences,
    collaborations,
    inference_jobs,
    input_channels,
    tags,
    trained_models,
)

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
