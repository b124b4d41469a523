"""Output of the command: results go to stdout, messages and progress to stderr.

Colours are used only on a terminal, and not if NO_COLOR is set or TERM is "dumb". Text from the
service has gone through `untrusted` before it reaches this module.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "bold red": "1;31",
}


def is_terminal(stream: IO[str]) -> bool:
    """Whether the stream is a terminal."""
    return stream.isatty()


def width() -> int | None:
    """Columns of the terminal for results. None if they go to a file or a pipe."""
    return shutil.get_terminal_size((80, 24)).columns if is_terminal(sys.stdout) else None


def styled(text: str, style: str, stream: IO[str]) -> str:
    """The text in a style, if the stream supports styles."""
    if not style or not text or not _has_colours(stream):
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def _has_colours(stream: IO[str]) -> bool:
    return (
        is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def cells(text: str) -> int:
    """The width of a line of text in columns."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def out(text: str) -> None:
    """Write a whole result with a line end."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def remark(text: str, style: str = "") -> None:
    """Write a message: progress, a hint or an error."""
    sys.stderr.write(styled(text, style, sys.stderr) + "\n")
    sys.stderr.flush()


def live_console(**settings: Any) -> Console:
    """A rich console on stderr for live progress. Text from the service is not markup."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False, **settings)


def status_style(status: str | None) -> str:
    """The style of a status: green for success, red for failure, yellow while running, dim when over."""
    if status is None:
        return "dim"
    if status in ("ACTIVE", "PUBLISH_SUCCEEDED"):
        return "green"
    if status.endswith("_FAILED"):
        return "bold red"
    if status.endswith(("_PENDING", "_IN_PROGRESS")):
        return "yellow"
    return "dim"
