"""Waiting: for one resource, for many, and through every fault.

Read in this order: `statuses` (what a status means), `kinds` and `handles` (what is waited for),
`pace` and `limiter` (when to look), `reading` (one look), `polling` (one wait), `many` (many
waits), `room` (all waits of a client).
"""

from .handles import Handle
from .many import Outcome, Outcomes
from .pace import Poll, wait_elapsed
from .polling import Report
from .room import Completions, WaitingRoom, Watch
from .statuses import Goal
from .tracker import StatusChange

__all__ = [
    "Handle",
    "Goal",
    "StatusChange",
    "Outcome",
    "Outcomes",
    "Watch",
    "Completions",
    "Poll",
    "Report",
    "wait_elapsed",
    "WaitingRoom",
]
