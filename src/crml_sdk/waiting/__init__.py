"""Waiting: for one resource, for many, and through every fault.

Read in this order: `statuses` (what a status means), `handles` (what is waited for), `groups`
(what is known of it, and the requests), `pace` and `schedule` (when to ask for what), `brain` and
`faults` (what the answers mean), `driver` (runs the rules on an event loop, and all ways to wait),
`iterators`, `outcomes` and `tracing` (what the caller is told).
"""

from .driver import Waiting
from .handles import Handle
from .iterators import Completions, Watch
from .outcomes import Outcome, Outcomes, StatusChange
from .pace import Poll, Report, check_options, wait_elapsed
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
