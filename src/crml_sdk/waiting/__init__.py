"""Waiting: for one resource, for many, and through every fault.

Read in this order: `statuses` (what a status means), `handles` (what is waited for),
`groups` (what is known of it, and how it is asked for), `brain` (the rules: what to ask next and
what the answers mean), `pace`, `faults` and `limiter` (when to ask, and how often at the most),
`driver` (runs the rules on an event loop, and all ways to wait), `outcomes` and `tracing` (what
is told of it).
"""

from .driver import Report, Waiting
from .handles import Handle
from .iterators import Completions, Watch
from .outcomes import Outcome, Outcomes, StatusChange
from .pace import Poll, check_options, wait_elapsed
from .statuses import Goal

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
    "check_options",
    "Waiting",
]
