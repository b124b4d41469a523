"""One colour a kind of status, legible on white and on black."""

from __future__ import annotations

GOOD, BAD, MOVING, OVER = "#2da44e", "#d1242f", "#bf8700", "#8b949e"


def colour(status: str | None) -> str:
    """The colour for a status: green is good, red has failed, amber moves, grey is over."""
    if status == "ACTIVE":
        return GOOD
    if status is not None and status.endswith("_FAILED"):
        return BAD
    if status is not None and status.endswith(("_PENDING", "_IN_PROGRESS")):
        return MOVING
    return OVER


def dot(status: str | None) -> str:
    """A coloured dot; the status itself stands beside it, for those who do not see colours."""
    return f"<span style='color:{colour(status)}'>●</span>"
