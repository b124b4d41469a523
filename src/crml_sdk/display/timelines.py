"""What was waited for as a timeline: a bar for each, from its creation to its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

from ..untrusted import as_line
from .colours import colour
from .lineages import picture

if TYPE_CHECKING:
    from ..waiting import Outcome

ROW: Final = 30
LONGEST_NAME: Final = 24
PLOT: Final = 420
MOST: Final = 60


def svg(outcomes: Sequence[Outcome]) -> str:
    """The outcomes of `wait_all` as an SVG picture, in their order."""
    rows = [_Row(outcome) for outcome in outcomes[:MOST]]
    known = [row for row in rows if row.began is not None]
    if not rows:
        return "<p><em>nothing was waited for</em></p>"
    start = min((row.start for row in known), default=0.0)
    end = max((row.end for row in known), default=1.0)
    left = 18 + 7 * max(len(row.name) for row in rows)
    scale = PLOT / max(end - start, 0.001)
    width, height = left + PLOT + 200, ROW * len(rows) + 34
    parts = [row.draw(left, 6 + number * ROW, start, scale) for number, row in enumerate(rows)]
    more = len(outcomes) - len(rows)
    note = f"{_length(end - start)} in all" + (f"; {more} more are not shown" if more else "")
    parts.append(f"<text x='{left}' y='{height - 10}' fill-opacity='.7'>{note}</text>")
    return picture(width, height, f"{len(outcomes)} waits", parts)


class _Row:
    def __init__(self, outcome: Outcome) -> None:
        shown = (outcome.model, outcome.row, getattr(outcome.error, "model", None))
        model: Any = next((found for found in shown if found is not None), None)
        name: str = getattr(model, "name", None) or outcome.handle.arn.rpartition("/")[2]
        self.name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
        self.status = None if outcome.status is None else str(outcome.status)
        self.began: datetime | None = getattr(model, "create_time", None)
        ended: datetime | None = getattr(model, "update_time", None)
        self.start = self.began.timestamp() if self.began else 0.0
        self.end = max(ended.timestamp() if ended else 0.0, self.start)

    def draw(self, margin: int, y: int, start: float, scale: float) -> str:
        text = f"<text x='{margin - 10}' y='{y + 15}' text-anchor='end'>{escape(as_line(self.name))}</text>"
        if self.began is None:
            status = escape(as_line(self.status or "not seen"))
            return text + f"<text x='{margin}' y='{y + 15}'>{status}</text>"
        left = margin + (self.start - start) * scale
        width = max((self.end - self.start) * scale, 3)
        took = f"{self.status} after {_length(self.end - self.start)}"
        return (
            f"{text}<rect x='{left:.1f}' y='{y + 2}' width='{width:.1f}' height='18' rx='4'"
            f" fill='{colour(self.status)}'/><text x='{left + width + 8:.1f}' y='{y + 15}'"
            f" fill-opacity='.8'>{escape(as_line(took))}</text>"
        )


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"
