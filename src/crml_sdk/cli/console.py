"""Where the command writes: results to stdout, everything about them to stderr.

rich leaves colours out when the stream is no terminal or NO_COLOR is set.
"""

from __future__ import annotations

import sys

from rich.console import Console

WIDE = 220
"""Columns when no terminal says how many there are: a table in a file or a pipe is not cut."""


def results() -> Console:
    """The console for what was asked for."""
    return _console(sys.stdout.isatty(), stderr=False)


def remarks() -> Console:
    """The console for progress, hints and errors."""
    return _console(sys.stderr.isatty(), stderr=True)


def _console(terminal: bool, *, stderr: bool) -> Console:
    # Nothing that comes from the service is markup, and nothing in it is to be highlighted.
    return Console(
        stderr=stderr,
        width=None if terminal else WIDE,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not terminal,
    )


def status_style(status: str | None) -> str:
    """How a status is coloured: green is good, red has failed, yellow moves, dim is over."""
    if status is None:
        return "dim"
    if status in ("ACTIVE", "PUBLISH_SUCCEEDED"):
        return "green"
    if status.endswith("_FAILED"):
        return "bold red"
    if status.endswith(("_PENDING", "_IN_PROGRESS")):
        return "yellow"
    return "dim"
