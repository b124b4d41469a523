"""Results as a table, JSON, JSON lines or YAML.

For programs a row is the documented JSON of its shape: the members that the service sent, by their
documented names, times in ISO 8601. That form is stable; tables are not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from .console import results, status_style
from .options import Format


@dataclass(frozen=True)
class Column:
    """A column of a table: its title and what stands in it, by an attribute or a function."""

    title: str
    value: str | Callable[[Any], Any]

    def text(self, row: Any) -> Text:
        """The cell for a row."""
        given = self.value
        value = getattr(row, given, None) if isinstance(given, str) else given(row)
        text = shown(value)
        return Text(text, style=status_style(text) if self.title == "status" else "")


def shown(value: Any) -> str:
    """A value for people: nothing is a dash, times are in the local zone."""
    if value is None or value == [] or value == {}:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(shown(each) for each in value)  # pyright: ignore[reportUnknownVariableType]
    return str(value)


def plain(value: Any) -> Any:
    """A model, or anything with models in it, as documented JSON."""
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}  # pyright: ignore
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


class Writer:
    """Writes results to stdout in one format."""

    def __init__(self, format: Format) -> None:
        self.format = format

    def rows(self, rows: list[Any], columns: list[Column]) -> None:
        """A list of results."""
        if self.format is Format.JSONL:
            for row in rows:
                self.line(row)
        elif self.format is Format.TABLE:
            self._table(rows, columns)
        else:
            self._document([plain(row) for row in rows])

    def line(self, row: Any) -> None:
        """One result on a line of its own."""
        _out(json.dumps(plain(row), ensure_ascii=False))

    def one(self, value: Any) -> None:
        """A single result with all its members."""
        document = plain(value)
        if self.format is Format.TABLE:
            results().print(_members(document))
        elif self.format is Format.JSONL:
            self.line(document)
        else:
            self._document(document)

    def picture(self, picture: RenderableType, document: Any) -> None:
        """Something that has a form of its own for people."""
        if self.format is Format.TABLE:
            results().print(picture)
        elif self.format is Format.JSONL:
            self.line(document)
        else:
            self._document(document)

    def text(self, text: str, document: Any) -> None:
        """A single value: bare for people and for `$(...)`."""
        if self.format is Format.TABLE:
            _out(text)
        else:
            self.picture(text, document)

    def _document(self, document: Any) -> None:
        if self.format is Format.YAML:
            import yaml

            _out(yaml.safe_dump(document, sort_keys=False, allow_unicode=True).rstrip())
        else:
            _out(json.dumps(document, indent=2, ensure_ascii=False))

    def _table(self, rows: list[Any], columns: list[Column]) -> None:
        if not rows:
            from .console import remarks

            remarks().print(Text("nothing found", style="dim"))
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column.title, overflow="fold", no_wrap=column.title != "description")
        for row in rows:
            table.add_row(*(column.text(row) for column in columns))
        results().print(table)


def _members(document: Any) -> RenderableType:
    if not isinstance(document, Mapping):
        return Text(shown(document))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for path, value in flat(document):  # pyright: ignore[reportUnknownArgumentType]
        style = status_style(str(value)) if path.lower().endswith("status") else ""
        table.add_row(path, Text(shown(value), style=style))
    return table


def flat(document: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Every leaf of a document with its path, as `dataChannels[0].channelName`."""
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        path = f"{above}.{key}" if above else str(key)
        found += _leaves(path, value)
    return found


def _leaves(path: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return flat(value, path)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):  # pyright: ignore
        leaves: list[tuple[str, Any]] = []
        for number, each in enumerate(value):  # pyright: ignore
            leaves += _leaves(f"{path}[{number}]", each)
        return leaves
    return [(path, value)]


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
