"""Words for generated docstrings: the glossary's descriptions, and the type and limits of a shape."""

from __future__ import annotations

import textwrap
from typing import Any

from .source import Json, Service, load_toml

DOCS = {
    "cleanroomsml": "https://docs.aws.amazon.com/cleanrooms-ml/latest/APIReference/API_{}.html",
    "cleanrooms": "https://docs.aws.amazon.com/clean-rooms/latest/apireference/API_{}.html",
}


class Words:
    """Descriptions from the glossary. A missing one stops the run with an error that names it."""

    def __init__(self, service: Service) -> None:
        glossary = load_toml("glossary.toml")
        self._service = service
        self._tables: dict[str, Any] = (
            glossary if service.name == "cleanroomsml" else glossary[service.name]
        )

    def member(self, shape: str, member: str) -> str:
        members = self._tables["members"]
        overrides = members.get("overrides", {})
        return self._found(
            overrides.get(f"{shape}.{member}") or members.get(member), f"{shape}.{member}"
        )

    def described(self, shape: str, member: str) -> str:
        """What a member means, then its type and limits."""
        target = self._service.shape(shape)["members"][member]["shape"]
        known = facts(self._service, target)
        return self.member(shape, member) + (f" {known}." if known else "")

    def shape(self, name: str) -> str:
        return self._found(self._tables["shapes"].get(name), f"shape {name}")

    def operation(self, name: str) -> str:
        return self._found(self._tables["operations"].get(name), f"operation {name}")

    def _found(self, text: str | None, what: str) -> str:
        if not text:
            raise SystemExit(
                f"codegen: {self._service.name}: {what} has no description in codegen/glossary.toml"
            )
        return text

    def link(self, name: str) -> str:
        return DOCS[self._service.name].format(name)


def span(low: Any, high: Any, unit: str = "") -> str:
    unit = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{low:,}{unit}" if low == high else f"{low:,} to {high:,}{unit}"
    if high is not None:
        return f"up to {high:,}{unit}"
    if low is not None:
        return f"at least {low:,}{unit}"
    return ""


def facts(service: Service, name: str) -> str:
    """The type and limits of a shape in a few words; none where the Python type says it all."""
    shape = service.shape(name)
    kind, low, high = shape["type"], shape.get("min"), shape.get("max")
    if "enum" in shape:
        values = shape["enum"]
        if len(values) > 8:
            return f"One of the {len(values)} values of `{name}`"
        if len(values) == 1:
            return f"The only documented value is `{values[0]}`"
        text = f"{', '.join(f'`{v}`' for v in values[:-1])} or `{values[-1]}`"
        return text if len(values) == 2 else f"One of {text}"
    if kind == "string":
        if name in ("UUID", "MembershipIdentifier", "CollaborationIdentifier"):
            return "UUID"
        length = span(low or None, high, "characters")
        text = f"String of {length}" if length else "String"
        pattern = shape.get("pattern")
        if (
            pattern
            and pattern not in (".*", "[\\S\\s]*")
            and len(pattern) <= 60
            and "\\u" not in pattern
        ):
            text += f", matching `{pattern}`" if length else f" that matches `{pattern}`"
        return text
    if kind in ("integer", "long", "double", "float"):
        word = "Number" if kind in ("double", "float") else "Integer"
        limits = span(low, high)
        if low is not None and high is not None:
            return f"{word} from {limits}"
        return f"{word}, {limits}" if limits else word
    if kind == "list":
        return items(service, shape)
    if kind == "map":
        size = span(low or None, high, "entries")
        return "Map" + (f" of {size}" if size else "")
    if kind == "timestamp":
        return "Timezone-aware `datetime`"
    if kind == "structure":
        return f"`{name}`"
    return "" if kind == "boolean" else kind


def items(service: Service, shape: Json) -> str:
    """How many items a list has, and what each of them is."""
    inner, low, high = shape["member"]["shape"], shape.get("min") or 0, shape.get("max")
    one = "exactly one" if low == high == 1 else ""
    size = one or ("one or more" if (low, high) == (1, None) else span(low or None, high))
    many = f"List of {size} ".replace("  ", " ")
    if service.shape(inner)["type"] == "structure":
        return f"{many}`{inner}`"
    item = facts(service, inner)
    if item.startswith(("String", "Integer")):
        item = f"{'an' if item[0] == 'I' else 'a'} {item}"
    item = (
        item.replace("String", "string").replace("Integer", "integer").replace("One of", "one of")
    )
    return f"{many}item: {item}" if one else f"{many}items, each {item}"


def block(text: str, indent: str, width: int = 96) -> str:
    """Text wrapped into lines with an indent."""
    return "\n".join(
        textwrap.fill(
            paragraph,
            width=width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if paragraph.strip()
        else ""
        for paragraph in text.split("\n")
    )
