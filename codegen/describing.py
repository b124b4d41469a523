"""Words for generated docstrings: our descriptions and the facts of a shape."""

from __future__ import annotations

import textwrap
from typing import Any

from .source import Service, load_toml

DOCS = {
    "cleanroomsml": "https://docs.aws.amazon.com/cleanrooms-ml/latest/APIReference/API_{}.html",
    "cleanrooms": "https://docs.aws.amazon.com/clean-rooms/latest/apireference/API_{}.html",
}


class Words:
    """Descriptions from the glossary; a missing one ends the run and names itself."""

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
    """The type and limits of a shape in a few words."""
    shape = service.shape(name)
    kind, low, high = shape["type"], shape.get("min"), shape.get("max")
    if "enum" in shape:
        values = shape["enum"]
        if len(values) > 8:
            return f"One of the {len(values)} values of `{name}`"
        return "One of " + ", ".join(f"`{v}`" for v in values)
    if kind == "string":
        if name in ("UUID", "MembershipIdentifier", "CollaborationIdentifier"):
            return "UUID"
        text = "String" + (f" of {span(low, high, 'characters')}" if span(low, high) else "")
        pattern = shape.get("pattern")
        if (
            pattern
            and pattern not in (".*", "[\\S\\s]*")
            and len(pattern) <= 60
            and "\\u" not in pattern
        ):
            text += f", matching `{pattern}`"
        return text
    if kind in ("integer", "long", "double", "float"):
        word = "Number" if kind in ("double", "float") else "Integer"
        limits = span(low, high)
        return (
            f"{word} from {limits}"
            if low is not None and high is not None
            else f"{word} {limits}".strip()
        )
    if kind == "list":
        inner = facts(service, shape["member"]["shape"])
        size = span(low, high)
        size = f" of {size}" if size else ""
        if size and low == high == 1:
            size = " of exactly one"
        if service.shape(shape["member"]["shape"])["type"] == "structure":
            return f"List{size or ' of'} `{shape['member']['shape']}`"
        each = ":" if size == " of exactly one" else "; each:"
        return f"List{size}{each} {inner[0].lower()}{inner[1:]}"
    if kind == "map":
        size = span(low, high, "entries")
        return "Map" + (f" of {size}" if size else "")
    if kind == "timestamp":
        return "Time with its zone"
    if kind == "structure":
        return f"`{name}`"
    return {"boolean": "True or false"}.get(kind, kind)


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
