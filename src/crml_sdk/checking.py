"""The check before sending: all faults of a request at once, and its wire form.

A shape's data (`api.constraints`) is turned into a function once; a sound request then passes through plain
calls without a path ever being built. Only what has a fault learns where it stands: each level puts
its own name in front of what its children found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, get_args

from .api.constraints import SHAPES
from .arns import a, kind_of
from .errors import RequestFault

SHOWN: Final = 60
"""Characters of a given value that an error repeats."""

Check = Callable[[Any, "list[_Found]"], Any]


class _Found:
    """A fault on its way up, its path growing at the front."""

    __slots__ = ("allowed", "given", "parts", "problem")

    def __init__(self, problem: str, given: str | None = None, allowed: str | None = None) -> None:
        self.parts: list[str] = []
        self.problem = problem
        self.given = given
        self.allowed = allowed

    def fault(self) -> RequestFault:
        path = ""
        for part in reversed(self.parts):
            path += part if part.startswith("[") or not path else f".{part}"
        return RequestFault(path, self.problem, self.given, self.allowed)


def check_request(shape: str, values: Any) -> list[RequestFault]:
    """The faults of a request, none when it may be sent.

    Args:
        shape: The key of its shape, such as `CreateTrainedModelRequest`.
        values: Its members by Python name (wire names are understood too), or a model of it.
    """
    found: list[_Found] = []
    _compiled(shape)(values, found)
    return [one.fault() for one in found]


def checked(shape: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The wire form of a request.

    Raises:
        RequestValidationError: With every fault, before anything is sent.
    """
    found: list[_Found] = []
    wire = _compiled(shape)(values, found)
    if found:
        from .errors import RequestValidationError

        raise RequestValidationError(shape.rpartition(":")[2], [one.fault() for one in found])
    return wire


@cache
def _compiled(name: str) -> Check:
    kind, *rest = SHAPES[name]
    check = _BUILDERS[kind](name, *rest)
    rule = _RULES.get(name)
    return _with_rule(check, rule) if rule else check


def _with_rule(check: Check, rule: Callable[[Any, list[_Found]], None]) -> Check:
    def both(value: Any, found: list[_Found]) -> Any:
        wire = check(value, found)
        rule(wire, found)
        return wire

    return both


def _shown(value: Any, secret: bool = False) -> str:
    if secret:
        size = f" of length {len(value)}" if hasattr(value, "__len__") else ""
        return f"{type(value).__name__}{size} (not shown)"
    if isinstance(value, list | tuple | dict | set):
        return _entries(value)
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text) - 2} characters)"


def _entries(value: Any) -> str:
    return f"{type(value).__name__} with {len(value)} entries"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _is_mapping(value: Any) -> bool:
    return type(value) is dict or isinstance(value, Mapping)


def _did_you_mean(given: str, known: Iterable[str]) -> str:
    """A hint at a name that comes close, or nothing."""
    import difflib  # only those who err pay for it

    near = difflib.get_close_matches(given, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _wrong_type(value: Any, wanted: str, secret: bool = False) -> _Found:
    return _Found(f"must be {wanted}, not {type(value).__name__}", _shown(value, secret))


def _range_text(low: float | None, high: float | None, unit: str = "") -> str:
    unit = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"
    return f"at most {high}{unit}" if high is not None else f"at least {low}{unit}"


def _string(
    name: str, low: int | None, high: int | None, pattern: str | None, arn: str | None, secret: bool
) -> Check:
    matches = re.compile(pattern).fullmatch if pattern else None
    least = low or 0
    most = math.inf if high is None else high
    size = _range_text(low, high, "characters") if low is not None or high is not None else None

    def check(value: Any, found: list[_Found]) -> Any:
        if type(value) is not str:
            if not isinstance(value, str):
                found.append(_wrong_type(value, "a string", secret))
                return value
            value = str.__str__(value)
        if not least <= len(value) <= most:
            found.append(_Found(f"has {len(value)} characters", _shown(value, secret), size))
        elif matches is not None and matches(value) is None:
            found.append(_mismatch(value, pattern, arn, secret))
        return value

    return check


def _mismatch(value: str, pattern: str | None, arn: str | None, secret: bool) -> _Found:
    if arn is not None:
        other = kind_of(value)
        if other is not None and other != arn:
            return _Found(f"must be the ARN of {a(arn)}, not of {a(other)}", _shown(value))
        return _Found(f"is not the ARN of {a(arn)}", _shown(value), pattern)
    return _Found("does not match the documented pattern", _shown(value, secret), pattern)


def _enum(name: str, literal: str) -> Check:
    from .types import literals

    values = get_args(getattr(literals, f"{literal}Literal"))
    allowed = frozenset(values)
    listed = ", ".join(values) if len(values) <= 12 else f"the {len(values)} values of {literal}"

    def check(value: Any, found: list[_Found]) -> Any:
        if not isinstance(value, str):
            found.append(_wrong_type(value, "a string"))
            return value
        if value not in allowed:
            hint = _did_you_mean(value, values)
            found.append(
                _Found(f"is not a documented value{hint}", _shown(str.__str__(value)), listed)
            )
        return str.__str__(value)

    return check


def _integer(name: str, low: int | None, high: int | None) -> Check:
    allowed = _range_text(low, high) if low is not None or high is not None else None

    def check(value: Any, found: list[_Found]) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            found.append(_wrong_type(value, "an integer"))
        elif (low is not None and value < low) or (high is not None and value > high):
            found.append(_Found("is out of range", repr(value), allowed))
        return value

    return check


def _number(name: str, low: float | None, high: float | None) -> Check:
    allowed = _range_text(low, high) if low is not None or high is not None else None

    def check(value: Any, found: list[_Found]) -> Any:
        if isinstance(value, Decimal):
            value = float(value)
        if not isinstance(value, int | float) or isinstance(value, bool):
            found.append(_wrong_type(value, "a number"))
        elif not math.isfinite(value):
            found.append(_Found("must be finite", repr(value), allowed))
        elif (low is not None and value < low) or (high is not None and value > high):
            found.append(_Found("is out of range", repr(value), allowed))
        return value

    return check


def _boolean(name: str) -> Check:
    def check(value: Any, found: list[_Found]) -> Any:
        if not isinstance(value, bool):
            found.append(_wrong_type(value, "True or False"))
        return value

    return check


def _timestamp(name: str) -> Check:
    def check(value: Any, found: list[_Found]) -> Any:
        if isinstance(value, str):
            try:
                return datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                found.append(_Found("is not a time", _shown(value), "a datetime, or ISO 8601 text"))
        elif not isinstance(value, datetime):
            found.append(_wrong_type(value, "a datetime"))
        return value

    return check


def _list(name: str, item: str, low: int | None, high: int | None) -> Check:
    least = low or 0
    most = math.inf if high is None else high
    size = _range_text(low, high, "entries") if low is not None or high is not None else None
    each = _compiled(item)
    secret = SHAPES[item][0] == "string" and SHAPES[item][-1]

    def check(value: Any, found: list[_Found]) -> Any:
        if not _is_list(value):
            found.append(_wrong_type(value, "a list", secret))
            return value
        entries: Sequence[Any] = value
        if not least <= len(entries) <= most:
            found.append(_Found(f"has {len(entries)} entries", None, size))
        wire: list[Any] = []
        for index, entry in enumerate(entries):
            before = len(found)
            wire.append(each(entry, found))
            if len(found) != before:
                _under(f"[{index}]", found, before)
        return wire

    return check


def _map(name: str, key: str, value: str, low: int | None, high: int | None) -> Check:
    least = low or 0
    most = math.inf if high is None else high
    size = _range_text(low, high, "entries") if low is not None or high is not None else None
    check_key, check_value = _compiled(key), _compiled(value)
    are_sound = _texts(key, value)

    def check(given: Any, found: list[_Found]) -> Any:
        if not _is_mapping(given):
            found.append(_wrong_type(given, "a mapping", secret=True))
            return given
        entries: Mapping[Any, Any] = given
        if least <= len(entries) <= most and are_sound(entries):
            return dict(entries)
        if not least <= len(entries) <= most:
            found.append(_Found(f"has {len(entries)} entries", None, size))
        wire: dict[Any, Any] = {}
        for name, entry in entries.items():
            before = len(found)
            wire_name = check_key(name, found)
            for one in found[before:]:
                one.problem = f"its key {one.problem}"
            wire_value = check_value(entry, found)
            if len(found) != before:
                _under(_key_part(name), found, before)
            else:
                wire[wire_name] = wire_value
        return wire

    return check


def _texts(key: str, value: str) -> Callable[[Mapping[Any, Any]], bool]:
    """Whether all entries of a map of texts are sound, said in one go: maps are most of a create.

    A map of anything else is never said to be; its entries are looked at one by one.
    """
    shapes = SHAPES[key], SHAPES[value]
    if any(kind != "string" for kind, *_ in shapes):
        return lambda _: False
    (_, key_low, key_high, key_pattern, *_), (_, low, high, pattern, *_) = shapes
    least_key, most_key = key_low or 0, math.inf if key_high is None else key_high
    least, most = low or 0, math.inf if high is None else high
    key_matches = re.compile(key_pattern or r"(?s:.*)").fullmatch
    matches = re.compile(pattern or r"(?s:.*)").fullmatch

    def are_sound(entries: Mapping[Any, Any]) -> bool:
        for name, text in entries.items():
            if (
                type(name) is not str
                or type(text) is not str
                or not least_key <= len(name) <= most_key
                or not least <= len(text) <= most
                or key_matches(name) is None
                or matches(text) is None
            ):
                return False
        return True

    return are_sound


def _key_part(key: Any) -> str:
    return f"[{key[:SHOWN]!r}]" if isinstance(key, str) else f"[{key!r:.{SHOWN}}]"


def _structure(
    name: str, members: dict[str, tuple[str, str]], required: tuple[str, ...], union: bool
) -> Check:
    # Children are compiled on first use: most requests leave most members out.
    known: dict[str, tuple[str, str, str]] = {}
    for python, (wire, shape) in members.items():
        known[python] = known[wire] = (wire, shape, python)
    python_of = {wire: python for python, (wire, _) in members.items()}
    plain = name.rpartition(":")[2]

    def check(value: Any, found: list[_Found]) -> Any:
        given = _members(value, plain, found)
        if given is None:
            return value
        wire_form: dict[str, Any] = {}
        for key, entry in given.items():
            if entry is None:
                continue
            member = known.get(key)
            if member is None:
                found.append(_unknown(str(key), plain, members))
                continue
            wire, shape, python = member
            before = len(found)
            if wire in wire_form:
                found.append(_Found("is given twice", None, f"either {python} or {wire}"))
            wire_form[wire] = _compiled(shape)(entry, found)
            if len(found) != before:
                _under(python, found, before)
        for wire in required:
            if wire not in wire_form:
                found.append(_Found("is required"))
                found[-1].parts.append(python_of[wire])
        if union and len(wire_form) != 1:
            names = ", ".join(members)
            found.append(
                _Found(f"has {len(wire_form)} members set", None, f"exactly one of {names}")
            )
        return wire_form

    return check


def _members(value: Any, plain: str, found: list[_Found]) -> Mapping[str, Any] | None:
    """The members of a model or another mapping; None, and a fault, for anything else."""
    if _is_mapping(value):
        return value
    extra: Any = getattr(value, "__pydantic_extra__", False)
    if extra is False:
        found.append(_wrong_type(value, f"a {plain} or a dict", secret=True))
        return None
    if all(cls.__name__ != plain for cls in type(value).__mro__):
        found.append(_Found(f"must be a {plain}, not a {type(value).__name__}"))
        return None
    return {**value.__dict__, **(extra or {})}


def _unknown(name: str, plain: str, members: Mapping[str, Any]) -> _Found:
    hint = _did_you_mean(name, members)
    found = _Found(f"is not a member of {plain}{hint}", None, ", ".join(members))
    found.parts.append(name)
    return found


def _under(part: str, found: list[_Found], start: int) -> None:
    for one in found[start:]:
        one.parts.append(part)


def _no_aws_prefix(tags: Any, found: list[_Found]) -> None:
    """Keys that begin with `aws:` belong to AWS, in any case."""
    if not _is_list(tags) and not _is_mapping(tags):
        return
    for key in tags:
        if isinstance(key, str) and key.lower().startswith("aws:"):
            found.append(_Found("is reserved", repr(key), "keys that do not begin with aws:"))
            found[-1].parts.append(_key_part(key))


_RULES: Final[dict[str, Callable[[Any, list[_Found]], None]]] = {
    "TagMap": _no_aws_prefix,
    "TagKeys": _no_aws_prefix,
}
"""Documented rules that no constraint of a shape expresses."""

_BUILDERS: Final[dict[str, Callable[..., Check]]] = {
    "string": _string,
    "enum": _enum,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "list": _list,
    "map": _map,
    "structure": _structure,
}
