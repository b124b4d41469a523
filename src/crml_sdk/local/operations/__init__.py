"""The operations: functions from a call to the members of its reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..service.schema import ML_SERVICE, ROOMS_SERVICE, JsonObject
from . import (
    algorithms,
    audiences,
    collaborations,
    inference_jobs,
    input_channels,
    memberships,
    protected_queries,
    tables,
    tags,
    trained_models,
)
from .call import Call

Handler = Callable[[Call], JsonObject]

_ML = (algorithms, audiences, inference_jobs, input_channels, tags, trained_models)
_ROOMS = (collaborations, memberships, protected_queries, tables)

# Keyed by service and name: both services have the three operations on tags. AWS Clean Rooms has
# more operations than these; what those are about is not stood in for.
HANDLERS: Mapping[tuple[str, str], Handler] = {
    **{(ML_SERVICE, name): run for module in _ML for name, run in module.HANDLERS.items()},
    **{(ROOMS_SERVICE, name): run for module in _ROOMS for name, run in module.HANDLERS.items()},
    **{(ROOMS_SERVICE, name): run for name, run in tags.ROOMS_HANDLERS.items()},
}
