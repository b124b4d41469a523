"""A request's parts to clean, checked parameters, by the operation's input shape.

Checked are required members, JSON types, lengths, ranges, list and map sizes, patterns (whole
match), enums and unions. Unknown members are dropped, as the service does. All violations are
collected before the request is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NoReturn, cast
from urllib.parse import parse_qsl, unquote

from .failures import Invalid, violations_message
from .schema import JsonObject, Operation, Shape, compiled

Faults = list[str]
Check = Callable[[Any, str, Faults], Any]

_RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_MISSING = object()


class RequestParser:
    """Parses and checks requests. Checks are compiled per shape on first use."""

    def __init__(self) -> None:
        self._checks: dict[int, Check] = {}

    def parse(
        self, operation: Operation, labels: dict[str, str], query: str, body: bytes
    ) -> JsonObject:
        """The parameters of a request by member name.

        In: the operation, undecoded path labels, the raw query string, the raw body.
        Raises `Invalid`, which names every member at fault.
        """
        violations: Faults = []
        params: JsonObject = {}
        fields = _body_fields(operation, body)
        arguments = _query_arguments(query)
        for member in operation.input.members.values():
            if member.location == "body":
                value = fields.get(member.wire_name, _MISSING)
                if value is None:
                    value = _MISSING
            elif member.location == "uri":
                value = _label(labels[member.wire_name], member.name, violations)
            else:
                value = _query_value(arguments.get(member.wire_name), member.shape)
            if value is _MISSING:
                if member.name in operation.input.required:
                    violations.append(_null(member.name))
                continue
            params[member.name] = self._check(member.shape)(value, member.name, violations)
        if violations:
            raise Invalid(violations_message(violations))
        return params

    def check(self, shape: Shape, value: Any, path: str) -> tuple[Any, list[str]]:
        """The cleaned value and the violations found in it, for a single shape."""
        violations: Faults = []
        return self._check(shape)(value, path, violations), violations

    def _check(self, shape: Shape) -> Check:
        check = self._checks.get(id(shape))
        if check is None:
            check = self._checks[id(shape)] = self._build(shape)
        return check

    def _build(self, shape: Shape) -> Check:
        if shape.kind == "structure":
            return self._structure(shape)
        if shape.kind == "list":
            return self._list(shape)
        if shape.kind == "map":
            return self._map(shape)
        return _SCALARS[shape.kind](shape)

    def _structure(self, shape: Shape) -> Check:
        def check(value: Any, path: str, violations: Faults) -> Any:
            if not isinstance(value, dict):
                violations.append(_wrong_type(path, "an object"))
                return value
            given = cast(JsonObject, value)
            clean: JsonObject = {}
            for name, member in shape.members.items():
                item = given.get(member.wire_name)
                if item is not None:
                    clean[name] = self._check(member.shape)(item, f"{path}.{name}", violations)
                elif name in shape.required:
                    violations.append(_null(f"{path}.{name}"))
            if shape.union and len(clean) != 1:
                names = ", ".join(shape.members)
                violations.append(
                    f"Value at '{path}' failed to satisfy constraint: "
                    f"Exactly one of these members must be set: {names}"
                )
            return clean

        return check

    def _list(self, shape: Shape) -> Check:
        assert shape.element is not None
        element = shape.element

        def check(value: Any, path: str, violations: Faults) -> Any:
            if not isinstance(value, list):
                violations.append(_wrong_type(path, "a list"))
                return value
            items = cast("list[Any]", value)
            _size(len(items), shape, path, violations)
            if shape.maximum is not None and len(items) > shape.maximum:
                return items
            inner = self._check(element)
            clean: list[Any] = []
            for index, item in enumerate(items):
                if item is None:
                    violations.append(_null(f"{path}[{index}]"))
                else:
                    clean.append(inner(item, f"{path}[{index}]", violations))
            return clean

        return check

    def _map(self, shape: Shape) -> Check:
        assert shape.element is not None
        assert shape.key is not None
        element, key_shape = shape.element, shape.key

        def check(value: Any, path: str, violations: Faults) -> Any:
            if not isinstance(value, dict):
                violations.append(_wrong_type(path, "an object"))
                return value
            entries = cast(JsonObject, value)
            _size(len(entries), shape, path, violations)
            if shape.maximum is not None and len(entries) > shape.maximum:
                return entries
            check_key, inner = self._check(key_shape), self._check(element)
            clean: JsonObject = {}
            for key, item in entries.items():
                check_key(key, f"{path} (key)", violations)
                if item is None:
                    violations.append(_null(f"{path}.{key[:64]}"))
                else:
                    clean[key] = inner(item, f"{path}.{key[:64]}", violations)
            return clean

        return check


def _string(shape: Shape) -> Check:
    minimum, maximum = shape.minimum or 0, shape.maximum or math.inf
    source, enum = shape.pattern_source, shape.enum
    allowed = frozenset(enum)

    def check(value: Any, path: str, violations: Faults) -> Any:
        if not isinstance(value, str):
            violations.append(_wrong_type(path, "a string"))
            return value
        if not minimum <= len(value) <= maximum:
            bound, words = (minimum, "greater") if len(value) < minimum else (maximum, "less")
            violations.append(
                f"Value at '{path}' failed to satisfy constraint: "
                f"Member must have length {words} than or equal to {bound:g}"
            )
        elif allowed and value not in allowed:
            violations.append(
                f"Value at '{path}' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(enum)}]"
            )
        elif source is not None and compiled(source).fullmatch(value) is None:
            violations.append(
                f"Value at '{path}' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {source}"
            )
        elif not value.isascii() and not _is_unicode(value):
            violations.append(f"Value at '{path}' is not valid Unicode text")
        return value

    return check


def _number(shape: Shape) -> Check:
    whole = shape.kind in _RANGES
    low, high = _RANGES.get(shape.kind, (-math.inf, math.inf))
    minimum = low if shape.minimum is None else shape.minimum
    maximum = high if shape.maximum is None else shape.maximum
    noun = "a whole number" if whole else "a number"

    def check(value: Any, path: str, violations: Faults) -> Any:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            violations.append(_wrong_type(path, noun))
        elif value < minimum:
            violations.append(
                f"Value at '{path}' failed to satisfy constraint: "
                f"Member must have value greater than or equal to {_plain(minimum)}"
            )
        elif value > maximum:
            violations.append(
                f"Value at '{path}' failed to satisfy constraint: "
                f"Member must have value less than or equal to {_plain(maximum)}"
            )
        return value

    return check


def _boolean(shape: Shape) -> Check:
    def check(value: Any, path: str, violations: Faults) -> Any:
        if not isinstance(value, bool):
            violations.append(_wrong_type(path, "true or false"))
        return value

    return check


def _timestamp(shape: Shape) -> Check:
    def check(value: Any, path: str, violations: Faults) -> Any:
        moment = _moment(value)
        if moment is None:
            violations.append(_wrong_type(path, "a date and time"))
            return value
        return moment

    return check


_SCALARS: dict[str, Callable[[Shape], Check]] = {
    "string": _string,
    "integer": _number,
    "long": _number,
    "double": _number,
    "float": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}


def _moment(value: Any) -> float | None:
    """Epoch seconds of an ISO 8601 text or a number; None if it is neither."""
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, timezone.utc).timestamp()
        if isinstance(value, str) and len(value) <= 64:
            text = value[:-1] + "+00:00" if value.endswith(("Z", "z")) else value
            parsed = datetime.fromisoformat(text)
            if parsed.tzinfo is None:
                parsed = parsed.replace(tzinfo=timezone.utc)
            return parsed.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _body_fields(operation: Operation, body: bytes) -> JsonObject:
    if not body or not any(m.location == "body" for m in operation.input.members.values()):
        return {}
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Invalid("The request body is not valid JSON") from None
    if not isinstance(document, dict):
        raise Invalid("The request body must be a JSON object")
    return cast(JsonObject, document)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _query_arguments(query: str) -> dict[str, list[str]]:
    arguments: dict[str, list[str]] = {}
    if not query:
        return arguments
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError:
        raise Invalid("The query string cannot be read") from None
    for key, value in pairs:
        arguments.setdefault(key, []).append(value)
    return arguments


def _query_value(values: list[str] | None, shape: Shape) -> Any:
    if values is None:
        return _MISSING
    if shape.kind == "list":
        return values
    if shape.kind in _RANGES:
        text = values[0]
        # No int() on arbitrary text: it takes blanks, underscores and digits of any script.
        if text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 20:
            return int(text)
    return values[0]


def _label(raw: str, name: str, violations: Faults) -> str:
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError:
        violations.append(f"Value at '{name}' is not valid UTF-8")
        return ""


def _size(length: int, shape: Shape, path: str, violations: Faults) -> None:
    if shape.minimum is not None and length < shape.minimum:
        bound, words = shape.minimum, "greater"
    elif shape.maximum is not None and length > shape.maximum:
        bound, words = shape.maximum, "less"
    else:
        return
    violations.append(
        f"Value at '{path}' failed to satisfy constraint: "
        f"Member must have length {words} than or equal to {_plain(bound)}"
    )


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _null(path: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: Member must not be null"


def _wrong_type(path: str, noun: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: Member must be {noun}"
