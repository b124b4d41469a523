"""The service as data: operations and shapes, read from botocore's service models.

Nothing here comes from this package's own models. The stand-in is a second, independent reading of
the service, so that a fault in the generated models cannot cancel itself out.
"""

from __future__ import annotations

import functools
import gzip
import json
import re
import sys
import unicodedata
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]

ML_SERVICE = "cleanroomsml"
ROOMS_SERVICE = "cleanrooms"

# The models are written in Java's dialect: a surrogate pair range stands for "any character
# outside the basic plane", which Python's `re` writes as one range.
_JAVA_SUPPLEMENTARY = r"\uD800\uDBFF-\uDC00\uDFFF"
_PYTHON_SUPPLEMENTARY = r"\U00010000-\U0010FFFF"
_CATEGORY = re.compile(r"\\p\{(\w+)\}")


# Shapes whose maximum contradicts the rest of the model: an association of a configured table has
# an ARN of two UUIDs by its pattern, which is 142 characters and not at most 100.
_UNBOUNDED = frozenset({"CleanroomsArn"})


@dataclass(slots=True)
class Shape:
    """One shape of a service model, with its references resolved."""

    name: str
    kind: str
    members: dict[str, Member] = field(default_factory=dict[str, "Member"])
    required: tuple[str, ...] = ()
    element: Shape | None = None
    key: Shape | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern_source: str | None = None
    enum: tuple[str, ...] = ()
    union: bool = False
    timestamp_format: str | None = None


@dataclass(slots=True)
class Member:
    """A member of a structure: its shape and where it travels (body, uri, querystring)."""

    name: str
    wire_name: str
    location: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """A documented exception: its name and HTTP status."""

    name: str
    status: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: route, HTTP status of success, input, output, the exceptions it documents."""

    service: str
    name: str
    method: str
    segments: tuple[str, ...]
    status: int
    input: Shape
    output: Shape | None
    errors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Service:
    """The operations of one service model and its exceptions."""

    operations: dict[str, Operation]
    errors: dict[str, ErrorKind]


def python_pattern(source: str) -> str:
    """A service model's pattern in the dialect of Python's `re`; match it with `fullmatch`.

    Unicode categories such as `\\p{L}`, which stand in classes only, become their characters.
    """
    pattern = source.replace(_JAVA_SUPPLEMENTARY, _PYTHON_SUPPLEMENTARY)
    return _CATEGORY.sub(lambda found: _characters(found.group(1)), pattern)


@functools.cache
def _characters(category: str) -> str:
    """The characters of a Unicode category as ranges of a class."""
    points = [
        p for p in range(sys.maxunicode + 1) if unicodedata.category(chr(p)).startswith(category)
    ]
    starts = [p for p, before in zip(points, [-2, *points], strict=False) if p != before + 1]
    ends = [p for p, after in zip(points, [*points[1:], -2], strict=True) if p + 1 != after]
    return "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in zip(starts, ends, strict=True))


@functools.cache
def compiled(source: str) -> re.Pattern[str]:
    """The compiled form of a model's pattern, made on first use."""
    return re.compile(python_pattern(source))


@functools.cache
def load_service(service: str) -> Service:
    """The named service, read once per process from botocore's data. The result is never changed.

    In: `cleanroomsml` or `cleanrooms`. Raises LookupError if botocore has no such service.
    """
    raw = _raw_model(service)
    shapes = _Shapes(raw["shapes"])
    operations: dict[str, Operation] = {}
    for name, entry in raw["operations"].items():
        output = entry.get("output")
        operations[name] = Operation(
            service=service,
            name=name,
            method=entry["http"]["method"],
            segments=tuple(entry["http"]["requestUri"].strip("/").split("/")),
            status=int(entry["http"].get("responseCode", 200)),
            input=shapes.get(entry["input"]["shape"]),
            output=shapes.get(output["shape"]) if output else None,
            errors=frozenset(error["shape"] for error in entry.get("errors", ())),
        )
    errors = {
        name: ErrorKind(name, int(shape["error"]["httpStatusCode"]))
        for name, shape in raw["shapes"].items()
        if shape.get("exception")
    }
    return Service(operations, errors)


def _raw_model(service: str) -> JsonObject:
    """botocore's file of a service, newest API version. botocore itself is not imported."""
    package = find_spec("botocore")
    places = package.submodule_search_locations if package else None
    for place in places or ():
        folders = sorted(Path(place, "data", service).glob("*/"), reverse=True)
        for folder in folders:
            packed = folder / "service-2.json.gz"
            if packed.exists():
                return json.loads(gzip.decompress(packed.read_bytes()))
            plain = folder / "service-2.json"
            if plain.exists():
                return json.loads(plain.read_bytes())
    raise LookupError(f"botocore has no service model of {service}")


class _Shapes:
    """Builds `Shape` objects from a raw model, each once."""

    def __init__(self, raw: dict[str, JsonObject]) -> None:
        self._raw = raw
        self._made: dict[str, Shape] = {}

    def get(self, name: str) -> Shape:
        made = self._made.get(name)
        if made is not None:
            return made
        raw = self._raw[name]
        shape = Shape(name, raw["type"])
        self._made[name] = shape  # before its members: shapes may refer to themselves
        shape.required = tuple(raw.get("required", ()))
        shape.minimum = raw.get("min")
        shape.maximum = None if name in _UNBOUNDED else raw.get("max")
        shape.pattern_source = raw.get("pattern")
        shape.enum = tuple(raw.get("enum", ()))
        shape.union = bool(raw.get("union"))
        shape.timestamp_format = raw.get("timestampFormat")
        for member_name, member in raw.get("members", {}).items():
            shape.members[member_name] = Member(
                name=member_name,
                wire_name=member.get("locationName", member_name),
                location=member.get("location", "body"),
                shape=self.get(member["shape"]),
            )
        if "member" in raw:
            shape.element = self.get(raw["member"]["shape"])
        if "key" in raw:
            shape.key = self.get(raw["key"]["shape"])
            shape.element = self.get(raw["value"]["shape"])
        return shape
