"""State to a reply, by the operation's output shape.

A reply has exactly the members of its shape. This also keeps one member's hyperparameters,
environment, keys and tags out of the collaboration's views, whose shapes do not have these members.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from .schema import JsonObject, Shape

Convert = Callable[[Any], Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SAME: Convert | None = None


class ReplySerialiser:
    """Turns stored values into reply bodies. Converters are compiled per shape on first use."""

    def __init__(self) -> None:
        self._converters: dict[int, Convert | None] = {}
        self._encode = json.JSONEncoder(separators=(",", ":")).encode

    def body(self, shape: Shape | None, value: JsonObject) -> bytes:
        """The JSON body for a value of an output shape (no shape: an empty body)."""
        if shape is None:
            return b""
        return self._encode(self.project(shape, value)).encode("ascii")

    def project(self, shape: Shape, value: Any) -> Any:
        """The value with the members of the shape only, in wire form."""
        convert = self._converter(shape)
        return value if convert is None else convert(value)

    def _converter(self, shape: Shape) -> Convert | None:
        key = id(shape)
        if key not in self._converters:
            # A shape that refers to itself meets this entry and resolves at call time.
            self._converters[key] = lambda value: self.project(shape, value)
            self._converters[key] = self._build(shape)
        return self._converters[key]

    def _build(self, shape: Shape) -> Convert | None:
        if shape.kind == "timestamp":
            return iso8601 if shape.timestamp_format == "iso8601" else _epoch_seconds
        if shape.kind == "structure":
            return self._structure(shape)
        if shape.kind in ("list", "map"):
            assert shape.element is not None
            inner = self._converter(shape.element)
            if inner is None:
                return _SAME
            return _map_of(inner) if shape.kind == "map" else _list_of(inner)
        return _SAME

    def _structure(self, shape: Shape) -> Convert:
        plan = [
            (name, member.wire_name, self._converter(member.shape))
            for name, member in shape.members.items()
        ]

        def convert(value: JsonObject) -> JsonObject:
            result: JsonObject = {}
            for name, wire_name, inner in plan:
                item = value.get(name)
                if item is not None:
                    result[wire_name] = item if inner is None else inner(item)
            return result

        return convert


def _list_of(inner: Convert) -> Convert:
    return lambda value: [inner(item) for item in cast("list[Any]", value)]


def _map_of(inner: Convert) -> Convert:
    return lambda value: {key: inner(item) for key, item in cast(JsonObject, value).items()}


def iso8601(moment: float) -> str:
    """Epoch seconds as the service writes a date and time: UTC, with a Z."""
    text = (_EPOCH + timedelta(microseconds=round(moment * 1e6))).isoformat()
    return text.removesuffix("+00:00") + "Z"


def _epoch_seconds(moment: float) -> float:
    return round(moment, 3)
