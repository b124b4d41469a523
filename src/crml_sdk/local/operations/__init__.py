"""What every operation does: a function from a call to the members of its reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..access import Call
from ..schema import JsonObject
from . import algorithms, collaborations, inference_jobs, input_channels, trained_models

Handler = Callable[[Call], JsonObject]

HANDLERS: Mapping[str, Handler] = {
    **algorithms.HANDLERS,
    **collaborations.HANDLERS,
    **inference_jobs.HANDLERS,
    **input_channels.HANDLERS,
    **trained_models.HANDLERS,
}
