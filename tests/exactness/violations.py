"""Every constraint of an input shape broken once, each alone.

One sound example of an operation has all members set, to the leaves. A violation changes one place
of it: the way there, what stands there instead, and which kind of constraint that breaks.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .service import Entry, is_union, limits, pattern_of

ABSENT = object()
SAMPLES = (
    "11111111-2222-3333-4444-555555555555",
    "111122223333",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:kms:us-east-1:111122223333:key/k",
    "s3://bucket/prefix",
    "arn:aws:cleanrooms:us-east-1:111122223333:membership/m/analysistemplate/t",
    "arn:aws:glue:us-east-1:111122223333:membership/m/configuredtableassociation/t",
    "abcdef0123" * 7,
    "abcdefghij" * 3,
    "name",
    "x",
)
"""Texts of which some fit any pattern of the service that is not the ARN of its own resources."""
RESOURCES = (
    "trained-model",
    "trained-model-inference-job",
    "configured-model-algorithm-association",
    "ml-input-channel",
    "training-dataset",
    "audience-model",
    "configured-audience-model",
    "audience-generation-job",
    "configured-model-algorithm",
)
OUTSIDE = ("\x00", "!", "é", " ", "\n", "~", "Z", "%")
"""Characters of which some fit no given pattern."""
Path = tuple["str | int", ...]


@dataclass(frozen=True)
class Violation:
    """One broken constraint.

    Attributes:
        operation: Of this operation's input.
        path: Member names and indices by wire names; for a map's entry its key.
        kind: required, type, least, most, pattern, enum or union.
        wrong: What stands at the path instead; ABSENT takes the member out.
        key: Whether the path's last part is a map's key that is wrong itself.
    """

    operation: Entry
    path: Path
    kind: str
    wrong: Any
    shape: str
    key: bool = False

    def __str__(self) -> str:
        where = ".".join(map(str, self.path))[:80]
        return f"{self.operation.name}-{where}-{'key-' if self.key else ''}{self.kind}"

    def applied(self, sound: dict[str, Any]) -> dict[str, Any]:
        """The sound parameters with this one constraint broken."""
        broken = copy.deepcopy(sound)
        holder: Any = broken
        for part in self.path[:-1]:
            holder = holder[part]
        if self.wrong is ABSENT:
            del holder[self.path[-1]]
        elif self.key:
            holder[self.wrong] = holder.pop(self.path[-1])
        else:
            holder[self.path[-1]] = self.wrong
        return broken


def sound(shape: Any) -> Any:
    """One valid value with every member set, to the leaves."""
    kind = shape.type_name
    low, high = limits(shape)
    if kind == "structure":
        return {name: sound(inner) for name, inner in shape.members.items()}
    if kind == "list":
        return [sound(shape.member)] * max(low or 0, 1)
    if kind == "map":
        return {sound(shape.key): sound(shape.value)}
    if kind == "boolean":
        return True
    if kind in ("integer", "long"):
        return low or 1
    if kind in ("double", "float"):
        return float(low or 1)
    if kind == "timestamp":
        from datetime import datetime, timezone

        return datetime(2026, 1, 1, tzinfo=timezone.utc)
    if shape.enum:
        return shape.enum[0]
    pattern = pattern_of(shape)
    base = "arn:aws:cleanrooms-ml:us-east-1:111122223333:"
    for kind in RESOURCES:
        inner = f"membership/{SAMPLES[0]}/" if RESOURCES.index(kind) < 4 else ""
        text = f"{base}{inner}{kind}/x"
        if pattern is not None and "cleanrooms-ml" in pattern.pattern and pattern.fullmatch(text):
            return text
    for text in SAMPLES if low != 1 else reversed(SAMPLES):
        if (low or 0) <= len(text) <= (high or math.inf) and (
            pattern is None or pattern.fullmatch(text)
        ):
            return text
    raise AssertionError(f"no sample fits {shape.name}")


def violations(operation: Entry) -> Iterator[Violation]:
    """Every constraint of an operation's input, each broken once."""
    shape = operation.model.input_shape
    for name, inner in shape.members.items():
        if name in shape.required_members:
            yield Violation(operation, (name,), "required", ABSENT, shape.name)
        yield from _of(operation, inner, (name,), sound(inner))


def _of(operation: Entry, shape: Any, path: Path, good: Any) -> Iterator[Violation]:
    def broken(kind: str, wrong: Any) -> Violation:
        return Violation(operation, path, kind, wrong, shape.name)

    low, high = limits(shape)
    kind = shape.type_name
    yield broken("type", 7 if kind in ("string", "list", "map", "structure") else "seven")
    if kind == "structure":
        for name in shape.required_members:
            yield Violation(operation, (*path, name), "required", ABSENT, shape.name)
        if is_union(shape):
            yield broken("union", {})
        for name, inner in shape.members.items():
            yield from _of(operation, inner, (*path, name), good[name])
    elif kind == "list":
        if low:
            yield broken("least", good[: int(low) - 1])
        if high is not None:
            yield broken("most", good[:1] * (int(high) + 1))
        yield from _of(operation, shape.member, (*path, 0), good[0])
    elif kind == "map":
        ((key, inner),) = good.items()
        if low:
            yield broken("least", {})
        if high is not None:
            yield broken("most", {f"{key}{n}": inner for n in range(int(high) + 1)})
        for one in _of(operation, shape.key, (*path, key), key):
            # A key of another type is no JSON; JSON has strings only, and so have Python's users.
            yield Violation(operation, one.path, one.kind, one.wrong, shape.key.name, key=True)
        yield from _of(operation, shape.value, (*path, key), inner)
    elif kind == "string":
        yield from _of_string(shape, good, broken)
    elif kind in ("integer", "long", "double", "float"):
        if low is not None:
            yield broken("least", low - 1)
        if high is not None:
            yield broken("most", high + 1)


def _of_string(shape: Any, good: str, broken: Any) -> Iterator[Violation]:
    if shape.enum:
        yield broken("enum", f"{shape.enum[0]}_NOT")
        return
    low, high = limits(shape)
    if low:
        yield broken("least", good[: int(low) - 1])
    if high is not None:
        yield broken("most", (good * (int(high) // len(good) + 2))[: int(high) + 1])
    pattern = pattern_of(shape)
    if pattern is None:
        return
    for other in OUTSIDE:
        for wrong in (good[:-1] + other, other * max(int(low or 0), 1)):
            if (low or 0) <= len(wrong) <= (high or math.inf) and not pattern.fullmatch(wrong):
                yield broken("pattern", wrong)
                return
