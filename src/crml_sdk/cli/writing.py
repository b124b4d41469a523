"""Results as a table, JSON, JSON lines or YAML.

For programs a row is the documented JSON of its shape: the members that the service sent, with their
names in the API and times in ISO 8601. That form is stable, and tables are not. Tables are never cut:
in a file or a pipe they are as wide as necessary, and on a narrow terminal their rows are stacked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from ..untrusted import as_block, as_escapes, as_line, has_controls
from .console import cells, out, remark, status_style, styled, width
from .options import Format


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, and an attribute or a function for its cells."""

    title: str
    value: str | Callable[[Any], Any]

    def text(self, row: Any) -> str:
        """The cell for a row."""
        given = self.value
        value = getattr(row, given, None) if isinstance(given, str) else given(row)
        return as_line(shown(value))


def shown(value: Any) -> str:
    """A value for people. None is a dash, and times are local with their zone."""
    if value is None or value == [] or value == {}:
        return "-"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(shown(each) for each in value)  # pyright: ignore[reportUnknownVariableType]
    return str(value)


def moment(time: datetime) -> str:
    """A time in the local zone: `2026-11-21 15:40:12+01:00`."""
    local = time.astimezone().isoformat(" ", "seconds")
    return local.replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """A model, or a collection of models, as documented JSON."""
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

    @property
    def for_people(self) -> bool:
        """Whether the format is a table, for people."""
        return self.format is Format.TABLE

    def rows(self, rows: Sequence[Any], columns: Sequence[Column]) -> None:
        """A list of results."""
        if self.format is Format.JSONL:
            for row in rows:
                self.line(row)
        elif self.format is Format.TABLE:
            if rows:
                out(table(rows, columns, width()))
            else:
                remark("nothing found", "dim")
        else:
            self._document([plain(row) for row in rows])

    def line(self, row: Any) -> None:
        """One result on its own line."""
        out(json_text(plain(row)))

    def one(self, value: Any) -> None:
        """A single result with all its members."""
        document = plain(value)
        if self.format is Format.TABLE:
            out(members(document))
        elif self.format is Format.JSONL:
            self.line(document)
        else:
            self._document(document)

    def text(self, text: str, document: Any) -> None:
        """A result that has its own form for people, and for `$(...)`."""
        document = plain(document)
        if self.format is Format.TABLE:
            out(as_block(text))
        elif self.format is Format.JSONL:
            self.line(document)
        else:
            self._document(document)

    def note(self, text: str, document: Any = None) -> None:
        """What was done, if the reply is empty: a sentence for people, `{}` for programs."""
        self.text(text, {} if document is None else document)

    def request(self, request: Any) -> None:
        """A request that was not sent, as JSON or YAML."""
        if self.format is Format.TABLE:
            out(json_text(request, indent=2))
        elif self.format is Format.JSONL:
            self.line(request)
        else:
            self._document(request)

    def document(self, rows: Any) -> None:
        """Rows without a table: documented JSON or YAML."""
        self.request([plain(row) for row in rows])

    def _document(self, document: Any) -> None:
        out(yaml_text(document) if self.format is Format.YAML else json_text(document, indent=2))


def json_text(document: Any, indent: int | None = None) -> str:
    """JSON without control characters for a terminal."""
    encoding = (sys.stdout.encoding or "utf-8").lower().replace("-", "")
    text = json.dumps(document, indent=indent, ensure_ascii=not encoding.startswith("utf"))
    return as_escapes(text)


def yaml_text(document: Any) -> str:
    """YAML without control characters for a terminal."""
    import yaml

    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)
    if has_controls(text):
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=False, width=10_000)
    return text.rstrip()


def table(rows: Sequence[Any], columns: Sequence[Column], room: int | None) -> str:
    """Rows as a table, or stacked if the terminal is too narrow."""
    titles = [column.title for column in columns]
    texts = [[column.text(row) for column in columns] for row in rows]
    widths = [max(map(cells, column)) for column in zip(titles, *texts, strict=True)]
    if room is not None and sum(widths) + 2 * (len(widths) - 1) > room:
        return "\n\n".join(_stacked(titles, row) for row in texts)
    lines = [_line(titles, widths, ["bold"] * len(titles))]
    lines += [_line(row, widths, _styles(titles, row)) for row in texts]
    return "\n".join(lines)


def _line(texts: Sequence[str], widths: Sequence[int], styles: Sequence[str]) -> str:
    padded = [
        styled(text, style, sys.stdout) + " " * (room - cells(text))
        for text, style, room in zip(texts, styles, widths, strict=True)
    ]
    return "  ".join(padded).rstrip(" ")


def _styles(titles: Sequence[str], texts: Sequence[str]) -> list[str]:
    return [
        status_style(text) if title.lower().endswith("status") else ""
        for title, text in zip(titles, texts, strict=True)
    ]


def _stacked(titles: Sequence[str], texts: Sequence[str]) -> str:
    room = max(map(len, titles))
    return "\n".join(
        f"{styled(title.ljust(room), 'bold', sys.stdout)}  {styled(text, style, sys.stdout)}"
        for title, text, style in zip(titles, texts, _styles(titles, texts), strict=True)
    )


def members(document: Any) -> str:
    """Every member of a document on its own line. Multi-line strings stay blocks."""
    if not isinstance(document, Mapping):
        return as_block(shown(document))
    leaves = [(as_line(path), value) for path, value in flat(document)]  # pyright: ignore
    room = max((cells(path) for path, _ in leaves), default=0)
    lines: list[str] = []
    for path, value in leaves:
        first, *rest = as_block(shown(value)).split("\n")
        style = status_style(first) if path.lower().endswith("status") else ""
        title = styled(path, "bold", sys.stdout) + " " * (room - cells(path))
        lines.append(f"{title}  {styled(first, style, sys.stdout)}".rstrip(" "))
        lines += [" " * (room + 2) + line for line in rest]
    return "\n".join(lines)


def flat(document: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Every leaf of a document with its path, such as `dataChannels[0].channelName`."""
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        path = f"{above}.{key}" if above else str(key)
        found += _leaves(path, value)
    return found


def _leaves(path: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return flat(cast("dict[str, Any]", value), path)
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        if any(isinstance(each, dict | list) for each in entries):
            return [
                leaf
                for number, each in enumerate(entries)
                for leaf in _leaves(f"{path}[{number}]", each)
            ]
    return cast("list[tuple[str, Any]]", [(path, value)])
