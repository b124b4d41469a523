"""`--skeleton`: a commented file with all members of a request, to fill in."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from . import service
from .console import out
from .shorthands import EARLIER

if TYPE_CHECKING:
    from ..operation import Operation
    from .service import Member

_WIDTH = 96
_LEFT_OUT = ("next_token", "max_results")


def write_skeleton(operation: Operation, path: str) -> None:
    """Write the file to standard output."""
    out(skeleton(operation, path))


def skeleton(operation: Operation, path: str) -> str:
    """The file. Required members are active, and all others are comments."""
    head = (
        f"# {service.describe(operation)}",
        f"# Use it with: crml {path} -f THIS-FILE. Remove the # of an optional member to set it.",
        "# You can write names instead of ARNs.",
        "",
    )
    return "\n".join([*head, *_nested(operation.input, 0, True)])


def _member(member: Member, depth: int, open_: bool) -> list[str]:
    indent = "  " * depth
    mark = "" if open_ else "# "
    lines = [f"{indent}# {line}" for line in _words(member, len(indent))]
    start = f"{indent}{mark}{member.wire}:"
    if member.kind == "structure":
        union = "  # exactly one of these" if service.is_union(member.shape) else ""
        lines.append(start + union)
        return lines + _nested(member.shape, depth + 1, open_)
    if member.kind == "list":
        return lines + _list(member, start, depth, open_)
    if member.kind == "map":
        return [*lines, f"{start} {{}}"]
    return [*lines, f"{start} {_value(member.shape, member)}".rstrip()]


def _nested(shape: str, depth: int, open_: bool) -> list[str]:
    lines: list[str] = []
    found = service.members(shape).values()
    # A mapping needs a member. For a union, or if all members are optional, that is the first.
    one_of = depth > 0 and not any(member.required for member in found)
    for number, member in enumerate(found):
        if member.name not in _LEFT_OUT:
            needed = member.required and member.name not in DEFAULTS
            lines += _member(member, depth, open_ and (needed or (one_of and number == 0)))
    return lines


def _list(member: Member, start: str, depth: int, open_: bool) -> list[str]:
    item = str(service.inner_shape(member.shape))
    mark = "" if open_ else "# "
    indent = "  " * (depth + 1)
    if service.kind_of_shape(item) != "structure":
        return [start, f"{indent}{mark}- {_value(item, member)}".rstrip()]
    inner = _nested(item, depth + 2, open_)
    # The first active member begins the item.
    for index, line in enumerate(inner):
        bare = line.lstrip()
        if open_ and not bare.startswith("#"):
            inner[index] = f"{indent}- {bare}"
            break
    else:
        return [start, f"{indent}{mark}- # one mapping for each", *inner]
    before = list(inner[:index])
    return [start, *before, *inner[index:]]


def _words(member: Member, indent: int) -> list[str]:
    text = (
        f"{member.text} ({'' if member.required else 'optional; '}{member.facts}{_default(member)})"
    )
    return textwrap.wrap(text.strip(), _WIDTH - indent - 2, break_long_words=False)


def _default(member: Member) -> str:
    known = DEFAULTS.get(member.name)
    return f"; by default {known}" if known else ""


DEFAULTS: dict[str, str] = {
    "membership_identifier": "your only active membership",
    "instance_count": "1",
    "max_payload_in_mb": "6",
    "result_format": "CSV",
    "training_input_mode": "File",
    "s3_data_distribution_type": "FullyReplicated",
    "version_identifier": "see @VERSION after the model's name",
    "trained_model_version_identifier": "see @VERSION after the model's name",
}
"""The default of a member, if it is documented or the command's own."""


def _value(shape: str, member: Any) -> str:
    values = service.enum_values(shape)
    if values:
        return values[0] if len(values) <= 12 else '""'
    if member.name == "channel_name" and "Incremental" in member.above:
        return EARLIER
    if service.kind_of_shape(shape) in ("integer", "number"):
        return str(service.least(shape))
    known = {"string": '""', "boolean": "false", "timestamp": '""'}
    return known.get(service.kind_of_shape(shape), "")
