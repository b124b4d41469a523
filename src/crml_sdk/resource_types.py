"""The types of resources, by name, by operation and by model.

ARNs, handles, waits, `by_name` and the search for a create whose reply was lost use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from .api.resource_types import TYPES
from .operation import Operation, ResourceType

LONGEST: Final = 29 * 86_400.0
"""Seconds that waits last by default: jobs run for 28 days at the most (`maxRuntimeInSeconds`), and
may be queued for a day before."""

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = MappingProxyType(
    {type_.name: type_ for type_ in TYPES}
)
"""Every type by its name."""

_VIEWS: Final = (*TYPES, *(type_.in_collaboration for type_ in TYPES if type_.seen_by_members))


@cache
def type_of(operation: Operation) -> ResourceType:
    """The type of what an operation creates, starts or lists, as that operation shows it."""
    for view in _VIEWS:
        if operation in (view.create, view.list):
            return view
    raise LookupError(operation.name)


@cache
def shown_by(model: str) -> ResourceType | None:
    """The type of what a model shows, as its operation sees it; None for other models.

    Args:
        model: The name of what a create or start returns, of a Get response, or of a list's row.
    """
    for view in _VIEWS:
        operations = (view.create, view.get, view.list, view.versions)
        if any(model == (found.row or found.output) for found in operations if found):
            return view
    return None
