"""The progress of a wait: elapsed time and statuses, live on a terminal and as lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..untrusted import as_line
from .console import live_console, remark, status_style, styled
from .durations import format_duration

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text


class Progress:
    """A context manager to pass as `on_update`, which is called with each `StatusChange`.

    Args:
        title: A title for the wait.
        several: Whether the wait has several targets, so that each line has a name.
        console: Where to write. By default stderr.
    """

    def __init__(
        self, title: str, *, several: bool = False, console: Console | None = None
    ) -> None:
        self._title = as_line(title)
        self._several = several
        self._console = console
        self._began = time.monotonic()
        self._history: dict[Any, list[tuple[float, str]]] = {}
        self._live: Live | None = None

    def __enter__(self) -> Progress:
        self._began = time.monotonic()
        if sys.stderr.isatty() if self._console is None else self._console.is_terminal:
            # Only live output needs rich, which takes a moment to load.
            from rich.live import Live

            console = self._console or live_console()
            self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=8)
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            live, self._live = self._live, None
            live.__exit__(kind, error, trace)

    def __call__(self, change: Any) -> None:
        """Record a change."""
        status = as_line(str(change.status))
        self._history.setdefault(change.handle.arn, []).append((change.elapsed, status))
        if self._live is not None:
            return
        line = self._line(change, status)
        if self._console is None:
            remark(line)
        else:
            self._console.print(line)

    def _line(self, change: Any, status: str) -> str:
        name = f"{name_of(change)}  " if self._several else ""
        shown = styled(status, status_style(status), sys.stderr)
        return f"{format_duration(change.elapsed):>8}  {name}{shown}"

    def _picture(self) -> RenderableType:
        from rich.console import Group
        from rich.spinner import Spinner
        from rich.text import Text

        elapsed = format_duration(time.monotonic() - self._began)
        running = self._live is not None
        head = Text(f"{self._title}  ")
        head.append(elapsed, style="cyan")
        lines: list[RenderableType] = [Spinner("dots", text=head) if running else head]
        if self._several:
            lines.append(self._counts())
        else:
            lines += [self._trail(history) for history in self._history.values()]
        return Group(*lines)

    def _trail(self, history: list[tuple[float, str]]) -> Text:
        from rich.text import Text

        trail = Text("  ")
        for number, (at, status) in enumerate(history):
            trail.append(" → " if number else "", style="dim")
            trail.append(status, style=status_style(status))
            trail.append(f" {format_duration(at)}", style="dim")
        return trail

    def _counts(self) -> Text:
        from rich.text import Text

        counts: dict[str, int] = {}
        for history in self._history.values():
            status = history[-1][1]
            counts[status] = counts.get(status, 0) + 1
        line = Text("  ")
        for status, count in sorted(counts.items()):
            line.append(f"{count} {status}  ", style=status_style(status))
        return line


def name_of(change: Any) -> str:
    """The name in a change's model, or the last part of its ARN."""
    name = getattr(change.model, "name", None)
    return as_line(str(name or change.handle.arn.rpartition("/")[2]))
