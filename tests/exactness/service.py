"""The service as botocore describes it: operations, shapes, patterns. Nothing of ours is used here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name

from codegen.source import load_toml

CLEANROOMS = "cleanrooms"
EXCEPTIONAL = {"schema": "schema_"}
"""Python names that botocore's own rule does not give."""
SURROGATES = "\\uD800\\uDBFF-\\uDC00\\uDFFF"


@dataclass(frozen=True)
class Entry:
    """One operation: botocore's model of it, and the place where users find it."""

    service: str
    name: str
    scope: str
    group: str
    method: str

    @property
    def model(self) -> Any:
        return service_model(self.service).operation_model(self.name)

    @property
    def members(self) -> dict[str, Any]:
        return dict(self.model.input_shape.members)

    @property
    def is_list(self) -> bool:
        return "nextToken" in self.members

    def __str__(self) -> str:
        return self.name


@cache
def session() -> Any:
    return botocore.session.get_session()


@cache
def service_model(service: str) -> Any:
    return session().get_service_model(service)


@cache
def surface() -> tuple[Entry, ...]:
    """All operations with their places: 59, and the 4 of AWS Clean Rooms."""
    return tuple(
        Entry(service, name, *place)
        for service, places in load_toml("surface.toml").items()
        for name, place in places.items()
    )


def entry(name: str) -> Entry:
    return next(e for e in surface() if e.name == name)


def snake(wire: str) -> str:
    """The Python name of a member."""
    return EXCEPTIONAL.get(wire) or xform_name(wire)


def pattern_of(shape: Any) -> re.Pattern[str] | None:
    """A shape's pattern as Python reads it; Java's surrogate ranges mean supplementary characters."""
    text = shape.metadata.get("pattern")
    if text is None:
        return None
    return re.compile(text.replace(SURROGATES, "\U00010000-\U0010ffff"), re.ASCII)


def limits(shape: Any) -> tuple[int | float | None, int | float | None]:
    """Least and most of a shape, with the rules that only the documentation states."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.name == "TagMap":
        high = 50  # documented: 50 tags a resource; the model says 200
    if shape.name == "TagKeys":
        low = 1  # an empty list leaves no trace in the query string
    return low, high


def is_union(shape: Any) -> bool:
    return bool(getattr(shape, "is_tagged_union", False))


def reachable(shape: Any, seen: dict[str, Any] | None = None) -> dict[str, Any]:
    """All shapes under one, itself included, by name."""
    seen = {} if seen is None else seen
    if shape.name not in seen:
        seen[shape.name] = shape
        for child in children(shape):
            reachable(child, seen)
    return seen


def children(shape: Any) -> Iterator[Any]:
    if shape.type_name == "structure":
        yield from shape.members.values()
    elif shape.type_name == "list":
        yield shape.member
    elif shape.type_name == "map":
        yield shape.key
        yield shape.value
