"""Models as an HTML table: the columns that tell something, what matters first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any, Final

from ..untrusted import as_line
from .colours import dot
from .records import to_records

FIRST: Final = ("name", "version_identifier", "trained_model_version_identifier", "status")
MOST: Final = 200
"""Rows in a table; a notebook with a hundred thousand is of no use to anybody."""


def table(rows: Iterable[Any]) -> str:
    """The rows as an HTML table; columns in which all rows are empty are left out."""
    records = to_records(rows)
    if not records:
        return "<p><em>no rows</em></p>"
    names = [name for name in records[0] if any(_told(record[name]) for record in records)]
    names = [name for name in FIRST if name in names] + [n for n in names if n not in FIRST]
    head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(_cell(name, record[name]) for name in names) + "</tr>"
        for record in records[:MOST]
    )
    more = len(records) - MOST
    foot = f"<p><em>and {more} more rows</em></p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def _told(value: Any) -> bool:
    return value is not None and value != [] and value != {}


def _cell(name: str, value: Any) -> str:
    text = escape(as_line(_text(name, value)))
    if name == "status" and isinstance(value, str):
        text = f"{dot(value)} {text}"
    return f"<td style='text-align:left;white-space:nowrap'>{text}</td>"


def _text(name: str, value: Any) -> str:
    if value is None:
        return "base" if name.endswith("version_identifier") else ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    text = str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"
