"""Random valid values, built from botocore's shapes alone."""

from __future__ import annotations

import math
import os
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from .service import Entry, is_union, limits, pattern_of

EXACTNESS = settings(
    max_examples=int(os.environ.get("CRML_EXAMPLES", "10")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
"""Ten examples an operation, always the same; more with the environment variable CRML_EXAMPLES."""

LONG = 400
"""Strings and lists are allowed to be longer, but random ones need not be."""
PLAIN = st.characters(exclude_categories=("Cs",))
"""Any character but lone surrogates: no JSON can carry those."""


def value(shape: Any, *, reply: bool = False) -> st.SearchStrategy[Any]:
    """Valid values of a shape by wire names.

    Args:
        shape: botocore's shape.
        reply: Whether the service says it: numbers may then be anything, times are ISO 8601 text.
    """
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, reply)
    if kind == "list":
        low, high = limits(shape)
        most = min(high or 3, max(low or 0, 3))
        item = value(shape.member, reply=reply)
        return st.lists(item, min_size=0 if reply else low or 0, max_size=most)
    if kind == "map":
        return _map(shape, reply)
    if kind == "string":
        return _string(shape)
    if kind in ("integer", "long"):
        low, high = limits(shape)
        least, most = (-(2**31), 2**31 - 1) if reply else (low, high)
        return st.integers(least, most) | st.just(0 if reply else low or 0)
    if kind in ("double", "float"):
        low, high = limits(shape)
        bounds = {} if reply else {"min_value": low, "max_value": high}
        whole = (
            st.integers(-1000, 1000)
            if reply
            else st.integers(math.ceil(low or 0), math.floor(high or 1000))
        )
        return st.floats(allow_nan=False, allow_infinity=False, **bounds) | whole
    if kind == "boolean":
        return st.booleans()
    assert kind == "timestamp", kind
    return _times(shape, reply)


def _structure(shape: Any, reply: bool) -> st.SearchStrategy[dict[str, Any]]:
    members = {n: value(s, reply=reply) for n, s in shape.members.items()}
    if is_union(shape):
        return st.sampled_from(list(members)).flatmap(
            lambda name: st.fixed_dictionaries({name: members[name]})
        )
    required = {n: members[n] for n in shape.required_members}
    optional = {n: s for n, s in members.items() if n not in required}
    return st.fixed_dictionaries(required, optional=optional)


def _map(shape: Any, reply: bool) -> st.SearchStrategy[dict[str, Any]]:
    low, high = limits(shape)
    keys = value(shape.key, reply=reply)
    if shape.name == "TagMap":
        keys = keys.filter(lambda key: not key.lower().startswith("aws:"))
    inner = value(shape.value, reply=reply)
    return st.dictionaries(keys, inner, min_size=low or 0, max_size=min(high or 3, 3))


_STRINGS: dict[str, st.SearchStrategy[str]] = {}


def _string(shape: Any) -> st.SearchStrategy[str]:
    """Made once for a shape: patterns take their time."""
    if shape.name not in _STRINGS:
        _STRINGS[shape.name] = _fresh_string(shape)
    return _STRINGS[shape.name]


def _fresh_string(shape: Any) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(list(shape.enum))
    low, high = limits(shape)
    pattern = pattern_of(shape)
    least, most = low or 0, min(high or LONG, max(LONG, low or 0))
    if shape.name == "TagKey":
        return st.text(PLAIN, min_size=1, max_size=128).filter(
            lambda key: not key.lower().startswith("aws:")
        )
    if pattern is None or pattern.pattern in (".*", "[\\S\\s]*", ".+"):
        dot = pattern is not None and pattern.pattern.startswith(".")
        allowed = PLAIN if not dot else PLAIN.filter(lambda c: c not in "\n\r\u0085\u2028\u2029")
        return st.text(allowed, min_size=max(least, 1 if dot else 0), max_size=most)
    if "\U0010ffff" in pattern.pattern:
        # Hypothesis would spell such a class out, a million characters.
        printable = st.characters(
            exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
        )
        texts = st.text(printable, min_size=least, max_size=most)
    elif pattern.pattern.startswith("[") and pattern.pattern.endswith("]+"):
        sized = f"{pattern.pattern[:-1]}{{{least},{min(most, least + 20)}}}"
        texts = st.from_regex(re.compile(sized, re.ASCII), fullmatch=True)
    else:
        texts = st.from_regex(pattern, fullmatch=True)
    return texts.filter(
        lambda text: least <= len(text) <= most and pattern.fullmatch(text) is not None
    )


def _times(shape: Any, reply: bool) -> st.SearchStrategy[Any]:
    zones = st.sampled_from([timezone.utc, timezone(timedelta(hours=5, minutes=30))])
    first, last = datetime(2001, 1, 1), datetime(2090, 1, 1)
    if not reply:
        return st.datetimes(first, last, timezones=zones).map(_to_the_second)
    if shape.serialization.get("timestampFormat") == "iso8601":
        return st.datetimes(first, last, timezones=zones).map(_iso)
    # Without a format AWS Clean Rooms sends seconds since the epoch, in tenths or whole.
    seconds = st.integers(1_000_000_000, 3_000_000_000)
    return seconds | seconds.map(lambda n: n + 0.5)


def _to_the_second(time: datetime) -> datetime:
    return time.replace(microsecond=0)


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def arguments(entry: Entry) -> st.SearchStrategy[dict[str, Any]]:
    """Valid parameters of an operation by wire names, as botocore takes them."""
    return value(entry.model.input_shape)


def replies(entry: Entry) -> st.SearchStrategy[dict[str, Any]]:
    """Valid replies of an operation as the JSON that carries them."""
    return value(entry.model.output_shape, reply=True).flatmap(_with_base_version)


def _with_base_version(payload: Any) -> st.SearchStrategy[Any]:
    """Sometimes says "NULL" where a version identifier stands: the documented base version."""
    return st.booleans().map(lambda base: _nulled(payload) if base else payload)


def _nulled(payload: Any) -> Any:
    if isinstance(payload, list):
        return [_nulled(entry) for entry in payload]
    if isinstance(payload, dict):
        return {
            name: "NULL"
            if name in ("versionIdentifier", "trainedModelVersionIdentifier")
            else _nulled(inner)
            for name, inner in payload.items()
        }
    return payload


def least(shape: Any) -> Any:
    """The smallest valid reply of a shape, always the same."""
    kind = shape.type_name
    if kind == "structure":
        wanted = list(shape.members)[:1] if is_union(shape) else shape.required_members
        return {name: least(shape.members[name]) for name in wanted}
    if kind == "timestamp":
        iso = shape.serialization.get("timestampFormat") == "iso8601"
        return "2026-01-01T00:00:00Z" if iso else 1767225600
    if shape.enum if kind == "string" else False:
        return shape.enum[0]
    return {"list": [], "map": {}, "string": "x", "boolean": False}.get(kind, 1)
