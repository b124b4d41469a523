"""The check before sending: all faults of a request at once, and its wire form.

The constraints of a shape become a schema of pydantic-core, built when an operation is first called.
A valid request passes through pydantic-core alone and comes out by wire names. The error texts are
our own: those of pydantic would repeat secrets, and say nothing about the service.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final, get_args

from pydantic_core import PydanticCustomError, SchemaValidator, ValidationError
from pydantic_core import core_schema as core

from .api.constraints import SHAPES
from .arns import a, kind_of, named
from .errors import RequestFault, RequestValidationError
from .hints import did_you_mean

SHOWN: Final = 60
"""Characters of a given value that an error repeats."""


def check_request(shape: str, values: Any) -> list[RequestFault]:
    """Find the faults of a request.

    Args:
        shape: The key of its shape, such as `CreateTrainedModelRequest`.
        values: Its members by Python name (wire names are understood too), or a model of it.

    Returns:
        The faults; an empty list when the request can be sent.
    """
    return list(_faults_of(shape, values))


def checked(shape: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check a request.

    Args:
        shape: The key of its shape.
        values: Its members by Python name; wire names are understood too.

    Returns:
        Its wire form, in new dicts and lists.

    Raises:
        RequestValidationError: With every fault, before anything is sent.
    """
    try:
        return _validator(shape).validate_python(values)
    except ValidationError as error:
        faults = list(_faults(error, shape))
    # Outside of `except`: pydantic's error, which holds the values, would be the context of ours.
    raise RequestValidationError(shape.rpartition(":")[2], faults)


def shape_of(request: type) -> str:
    """The key of a request model's shape; a subclass has the key of the model that it extends."""
    names = [kind.__name__ for kind in request.__mro__]
    keys = (key for name in names for key in (name, f"cleanrooms:{name}"))
    return next(key for key in keys if key in SHAPES)


def _faults_of(
    shape: str, values: Any, path: str = "", reported: Any = None
) -> Iterator[RequestFault]:
    """The faults of a value. The size of `reported` is known to be wrong and not reported again."""
    try:
        _validator(shape).validate_python(values, context=reported)
    except ValidationError as error:
        yield from _faults(error, shape, path)


# A schema for each shape.


@cache
def _validator(shape: str) -> SchemaValidator:
    return SchemaValidator(_schema(shape))


@cache
def _schema(shape: str) -> core.CoreSchema:
    match SHAPES[shape]:
        case "string", low, high, pattern, _, _:
            return _string(low, high, _RULES.get(shape, pattern))
        case "enum", literal:
            return core.literal_schema(list(_values(literal)))
        case "integer", low, high:
            return core.int_schema(strict=True, ge=low, le=high)
        case "number", low, high:
            return _number(low, high)
        case ("boolean",):
            return core.bool_schema(strict=True)
        case ("timestamp",):
            return core.no_info_plain_validator_function(_time)
        case "list", item, low, high:
            return _sized(_is_list, low, high, core.list_schema(_schema(item), strict=True))
        case "map", key, value, low, high:
            return _sized(_is_mapping, low, high, core.dict_schema(_schema(key), _schema(value)))
        case structure:
            return _structure(shape.rpartition(":")[2], *structure[1:])


def _string(low: int | None, high: int | None, pattern: str | None) -> core.CoreSchema:
    # Rust's engine is three times as fast. It reads a pattern as Python does unless there is
    # look-around, a flag, a set operation or one of most escapes. pydantic-core searches, so the
    # pattern is closed at both ends.
    rust = pattern is not None and not _PYTHON_ONLY.search(pattern)
    # Java's classes are ASCII's.
    begin, end = (r"\A(?:", r")\z") if rust else (r"\A(?a:", r")\Z")
    return core.str_schema(
        strict=True,
        min_length=low,
        max_length=high,
        pattern=pattern and f"{begin}{pattern.replace(*_SAME_CLASS)}{end}",
        regex_engine="rust-regex" if rust else "python-re",
    )


def _values(literal: str) -> tuple[str, ...]:
    from .types import literals

    return get_args(getattr(literals, f"{literal}Literal"))


def _number(low: float | None, high: float | None) -> core.CoreSchema:
    def as_given(value: Any, check: Callable[[Any], Any]) -> Any:
        value = float(value) if isinstance(value, Decimal) else value
        check(value)
        return value  # an integer stays one

    finite = core.float_schema(strict=True, ge=low, le=high, allow_inf_nan=False)
    return core.no_info_wrap_validator_function(as_given, finite)


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise _refusal(*_wrong_type(value, "a datetime"))
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise _refusal("is not a time", _shown(value), "a datetime, or ISO 8601 text") from None


def _sized(
    holds: Callable[[Any], bool], low: int | None, high: int | None, entries: core.CoreSchema
) -> core.CoreSchema:
    """A schema for entries, with the rule on how many there are."""
    least, most = low or 0, math.inf if high is None else high

    def check(value: Any, info: core.ValidationInfo) -> Any:
        if not holds(value):
            return value
        if not least <= len(value) <= most and value is not info.context:
            allowed = _range_text(low, high, "entries")
            raise _refusal(f"has {len(value)} entries", None, allowed, inside=True)
        return [*value] if holds is _is_list else value

    return core.with_info_before_validator_function(check, entries)


def _structure(
    name: str, members: dict[str, tuple[str, str]], required: tuple[str, ...], union: bool
) -> core.CoreSchema:
    def given(value: Any, info: Any = None) -> dict[Any, Any]:
        """The members that are set, by either name; None means left out."""
        known: Mapping[Any, Any] = value if value.__class__ is dict else _members(value, name)
        present = {key: entry for key, entry in known.items() if entry is not None}
        if union and value is not info.context:
            count = len({_python_name(members, key) for key in present} & members.keys())
            if count != 1:
                allowed = f"exactly one of {', '.join(members)}"
                raise _refusal(f"has {count} members set", None, allowed, inside=True)
        return present

    fields = {
        wire: core.typed_dict_field(
            _schema(shape), required=wire in required, validation_alias=[[python], [wire]]
        )
        for python, (wire, shape) in members.items()
    }
    known = core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    if union:
        return core.with_info_before_validator_function(given, known)
    return core.no_info_before_validator_function(given, known)


def _members(value: Any, plain: str) -> Mapping[Any, Any]:
    """The members of a mapping or a model."""
    if _is_mapping(value):
        return value
    extra: Any = getattr(value, "__pydantic_extra__", False)
    if extra is False:
        raise _refusal(*_wrong_type(value, f"a {plain} or a dict", secret=True))
    if all(cls.__name__ != plain for cls in type(value).__mro__):
        raise _refusal(f"must be a {plain}, not a {type(value).__name__}")
    return {**value.__dict__, **(extra or {})}


def _is_list(value: Any) -> bool:
    no_list = str | bytes | bytearray | memoryview
    return isinstance(value, Sequence) and not isinstance(value, no_list)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


_RULES: Final = {"TagKey": r"(?![aA][wW][sS]:)[\s\S]*"}
"""Documented rules that the service model lacks, as patterns: a tag key must not begin with `aws:`, in
any case."""

_PYTHON_ONLY: Final = re.compile(r"\\[^uUtrn]|\(\?|&&|--|~~")

_SAME_CLASS: Final = (
    r"[\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF\t]",
    r"[^\x00-\x08\x0A-\x1F\uD800-\uDFFF\uFFFE\uFFFF]",
)
"""A character class of the service model that Python's `re` takes milliseconds to compile, and a
quicker class of the same characters."""


# Each error of pydantic-core becomes a `RequestFault`.


def _refusal(
    problem: str, given: str | None = None, allowed: str | None = None, *, inside: bool = False
) -> PydanticCustomError:
    """A fault that our own code finds, as an error that pydantic-core collects.

    Args:
        problem, given, allowed: The parts of the `RequestFault`.
        inside: Whether the entries have yet to be checked.
    """
    told = {"problem": problem, "given": given, "allowed": allowed, "inside": inside}
    return PydanticCustomError(_OWN, "refused", told)


_OWN: Final = "crml_sdk"
_RESERVED: Final = "is reserved"
_UNEXPECTED: Final = ("extra_forbidden", "invalid_key")


def _faults(error: ValidationError, shape: str, path: str = "") -> Iterator[RequestFault]:
    # First what is wrong, then what is missing.
    for one in sorted(error.errors(include_url=False), key=lambda one: one["type"] == "missing"):
        kind, given, loc = one["type"], one["input"], one["loc"]
        is_key = loc[-1:] == ("[key]",)
        outside, holder = _place(shape, path, loc[: -2 if is_key else -1])
        if kind in _UNEXPECTED:
            yield _unexpected(outside, holder, str(loc[-1]))
            continue
        where, at = _place(shape, path, loc)
        if kind == "missing":
            yield RequestFault(where, "is required")
        elif kind == _OWN:
            told = one.get("ctx", {})
            yield RequestFault(where, told["problem"], told["given"], told["allowed"])
            if told["inside"]:
                yield from _faults_of(at, given, where, given)
        else:
            problem, *told = _problem(SHAPES[holder][1] if is_key else at, kind, given)
            if is_key or problem == _RESERVED:
                where = f"{outside}{_key_part(given)}"
            if is_key and problem != _RESERVED:
                problem = f"its key {problem}"
            yield RequestFault(where, problem, *told)


def _place(shape: str, path: str, loc: Sequence[int | str]) -> tuple[str, str]:
    """The path and the shape of a place inside a shape."""
    for part in loc:
        if part == "[key]":
            break
        kind, *rest = SHAPES[shape]
        if kind == "structure":
            python = _python_name(rest[0], part)
            path, shape = _joined(path, python), rest[0][python][1]
        else:
            part_of_path = f"[{part}]" if kind == "list" else _key_part(part)
            path, shape = path + part_of_path, rest[0 if kind == "list" else 1]
    return path, shape


def _joined(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member


def _key_part(key: Any) -> str:
    return f"[{key[:SHOWN]!r}]" if isinstance(key, str) else f"[{key!r:.{SHOWN}}]"


def _python_name(members: Mapping[str, tuple[str, str]], given: Any) -> Any:
    """The Python name of a member, by either of its names; any other name unchanged."""
    if given in members:
        return given
    return next((python for python, (wire, _) in members.items() if wire == given), given)


def _unexpected(path: str, shape: str, given: str) -> RequestFault:
    """The fault of a name that is not a member, or of a member that is given by both of its names."""
    members: dict[str, tuple[str, str]] = SHAPES[shape][1]
    python = _python_name(members, given)
    if python in members:
        names = f"either {python} or {members[python][0]}"
        return RequestFault(_joined(path, python), "is given twice", None, names)
    hint = did_you_mean(given, members)
    problem = f"is not a member of {shape.rpartition(':')[2]}{hint}"
    return RequestFault(_joined(path, given), problem, None, ", ".join(members))


_Problem = tuple[str, "str | None", "str | None"]


def _problem(shape: str, kind: str, given: Any) -> _Problem:
    """What is wrong with a value, what was given, and what is allowed."""
    of, *rest = SHAPES[shape]
    if kind.startswith("string_too_"):
        if rest[3] is not None and not given.startswith("arn:"):
            return _mismatch(given, *rest[2:])
        allowed = _range_text(rest[0], rest[1], "characters")
        return f"has {len(given)} characters", _shown(given, rest[-1]), allowed
    if kind == "string_pattern_mismatch" and shape in _RULES:
        return _RESERVED, repr(given), "keys that do not begin with aws:"
    if kind == "string_pattern_mismatch":
        return _mismatch(given, *rest[2:])
    if kind == "literal_error" and isinstance(given, str):
        return _unknown_value(str.__str__(given), rest[0])
    if kind in ("greater_than_equal", "less_than_equal"):
        return "is out of range", repr(given), _range_text(*rest)
    if kind == "string_unicode":
        return "holds half of a surrogate pair, which cannot be sent", _shown(given, rest[-1]), None
    if kind == "finite_number":
        return "must be finite", repr(given), _range_text(*rest)
    secret = of == "map" or _is_secret(shape) or (of == "list" and _is_secret(rest[0]))
    return _wrong_type(given, _WANTED[of], secret)


_WANTED: Final = {
    "string": "a string",
    "enum": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "True or False",
    "list": "a list",
    "map": "a mapping",
}


def _is_secret(shape: str) -> bool:
    return SHAPES[shape][0] == "string" and SHAPES[shape][-1]


def _wrong_type(value: Any, wanted: str, secret: bool = False) -> _Problem:
    return f"must be {wanted}, not {type(value).__name__}", _shown(value, secret), None


def _mismatch(value: str, pattern: str, arn: str | None, secret: bool) -> _Problem:
    if arn is None:
        return "does not match the documented pattern", _shown(value, secret), pattern
    other = kind_of(value)
    if other is not None and other != arn:
        return f"must be the ARN of {a(arn)}, not of {a(other)}", _shown(value), None
    if not value.startswith("arn:"):
        return f"is not the ARN of {a(arn)}{named(arn, value)}", _shown(value), None
    return f"is not the ARN of {a(arn)}", _shown(value), pattern


def _unknown_value(value: str, literal: str) -> _Problem:
    values = _values(literal)
    listed = ", ".join(values) if len(values) <= 12 else f"the {len(values)} values of {literal}"
    hint = did_you_mean(value, values)
    for here, elsewhere in _STATUSES.items() if "ACTIVE" in values else ():
        if value.upper() in elsewhere.split():
            hint = f" ({here})"
    return f"is not a documented value{hint}", _shown(value), listed


_STATUSES: Final = {
    "the status after success is ACTIVE": "COMPLETED COMPLETE SUCCEEDED SUCCESS DONE FINISHED",
    "the status after a cancellation or deletion is INACTIVE": "CANCELLED CANCELED STOPPED DELETED",
    "the status after a failure is CREATE_FAILED": "FAILED FAILURE ERROR",
    "the status of a running job is CREATE_IN_PROGRESS": "RUNNING IN_PROGRESS INPROGRESS TRAINING",
    "the status before the start is CREATE_PENDING": "PENDING",
}
"""The statuses of other services, and what this service calls them."""


def _shown(value: Any, secret: bool = False) -> str:
    kind, size = type(value).__name__, len(value) if isinstance(value, Sized) else None
    if secret:
        return f"{kind} (not shown)" if size is None else f"{kind} of length {size} (not shown)"
    if isinstance(value, list | tuple | dict | set):
        return f"{kind} with {size} entries"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text) - 2} characters)"


def _range_text(low: float | None, high: float | None, unit: str = "") -> str:
    unit = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"
    return f"at most {high}{unit}" if high is not None else f"at least {low}{unit}"
