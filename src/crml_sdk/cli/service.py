"""What the command knows about the service: operations, members and their descriptions."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args

from ..naming import IRREGULAR
from .failures import Refused

if TYPE_CHECKING:
    from ..operation import Operation

ROWS_ONLY: Final = ("next_token", "max_results")
"""Members that a paginator sets."""


@dataclass(frozen=True)
class Member:
    """A member of a request, at any depth.

    Attributes:
        path: Python names from the request down, such as `("resource_config", "instance_type")`.
        wire: Its documented name.
        shape: The key of its shape.
        kind: `string`, `integer`, `structure`, ...
        required: Whether its structure requires it.
        above: The name of the structure that contains it.
    """

    path: tuple[str, ...]
    wire: str
    shape: str
    kind: str
    required: bool
    above: str

    @property
    def name(self) -> str:
        """Its Python name."""
        return self.path[-1]

    @property
    def item(self) -> str | None:
        """The kind of a list's items or a map's values."""
        inner = inner_shape(self.shape)
        return None if inner is None else _shapes()[inner][0]

    @property
    def text(self) -> str:
        """Its description."""
        from ..api.descriptions import MEMBERS

        return MEMBERS.get(f"{self.above}.{self.wire}") or MEMBERS.get(self.wire, "")

    @property
    def facts(self) -> str:
        """Its type and limits in a few words."""
        return facts(self.shape)


def _shapes() -> dict[str, Any]:
    from ..api.constraints import SHAPES

    return SHAPES


def inner_shape(shape: str) -> str | None:
    """The shape of a list's items or a map's values."""
    kind, *rest = _shapes()[shape]
    found: str | None = rest[0] if kind == "list" else rest[1] if kind == "map" else None
    return found


@cache
def members(shape: str, path: tuple[str, ...] = ()) -> dict[str, Member]:
    """The members of a structure by their Python names, the required ones first."""
    kind, *rest = _shapes()[shape]
    assert kind == "structure"
    given, required, _union = rest
    found = {
        python: Member((*path, python), wire, inner, _shapes()[inner][0], wire in required, shape)
        for python, (wire, inner) in given.items()
    }
    return dict(sorted(found.items(), key=lambda item: not item[1].required))


def is_union(shape: str) -> bool:
    """Whether exactly one of a structure's members must be set."""
    return bool(_shapes()[shape][-1])


def enum_values(shape: str) -> list[str]:
    """The documented values of an enum."""
    from ..types import literals

    kind, *rest = _shapes()[shape]
    return list(get_args(getattr(literals, f"{rest[0]}Literal"))) if kind == "enum" else []


def facts(shape: str) -> str:
    """Type and limits of a shape, such as `string of 1 to 63 characters`."""
    kind, *rest = _shapes()[shape]
    if kind == "enum":
        values = enum_values(shape)
        return f"one of {', '.join(values)}" if len(values) <= 12 else f"{len(values)} values"
    if kind == "string":
        if rest[3] is not None:
            return f"ARN of {_an(rest[3])}"
        return "string" + _span(rest[0], rest[1], "characters")
    if kind in ("integer", "number"):
        return kind + _span(rest[0], rest[1])
    if kind == "list":
        return f"list{_span(rest[1], rest[2], 'items')}, each: {facts(rest[0])}"
    if kind == "map":
        return "map" + _span(rest[2], rest[3], "entries")
    other = {"boolean": "true or false", "timestamp": "time in ISO 8601"}
    return other.get(str(kind), str(kind))


def _an(kind: str) -> str:
    from ..arns import a

    return a(kind)


def _span(low: Any, high: Any, unit: str = "") -> str:
    unit = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f" of {low:,}{unit}" if low == high else f" of {low:,} to {high:,}{unit}"
    if high is not None:
        return f" of at most {high:,}{unit}"
    return "" if low is None else f" of at least {low:,}{unit}"


@cache
def operations() -> dict[str, Operation]:
    """Every operation by its documented name."""
    from ..api.operations import ALL

    return {operation.name: operation for operation in ALL}


def describe(operation: Operation) -> str:
    """The description of an operation."""
    from ..api.descriptions import OPERATIONS

    return OPERATIONS[operation.name]


def kebab(name: str) -> str:
    """The AWS CLI's name: `list-ml-input-channels` for `ListMLInputChannels`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def snake(name: str) -> str:
    """The Python name of a member. Python names do not change."""
    for python, wire in IRREGULAR.items():
        if wire == name:
            return python
    return kebab(name).replace("-", "_")


def python_call(operation: Operation) -> str:
    """The method of an operation in the SDK."""
    scope = "collaboration(id)." if operation.scope == "collaboration" else ""
    return f"sdk.{scope}{operation.group}.{operation.method}"


def find_operation(text: str) -> Operation:
    """The operation with this name, in CamelCase or kebab-case.

    Raises:
        Refused: There is no such operation.
    """
    wanted = text.replace("-", "").replace("_", "").lower()
    for operation in operations().values():
        if operation.name.lower() == wanted:
            return operation
    names = list(operations())
    near = difflib.get_close_matches(text, [*names, *map(kebab, names)], n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "`crml operations` lists all of them"
    raise Refused(f"there is no operation {text!r}", hint)


def kind_of_shape(shape: str) -> str:
    """`string`, `structure`, `list`, ..."""
    return str(_shapes()[shape][0])


def arn_kind(shape: str) -> str | None:
    """The kind of resource whose ARN a shape holds."""
    kind, *rest = _shapes()[shape]
    return rest[3] if kind == "string" else None


def is_secret(shape: str) -> bool:
    """Whether values of a shape must not appear in messages."""
    kind, *rest = _shapes()[shape]
    return kind == "string" and bool(rest[4])


def least(shape: str) -> float:
    """The smallest allowed number, or 1."""
    low = _shapes()[shape][1]
    return 1 if low is None else low
