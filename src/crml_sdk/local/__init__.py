"""The local Clean Rooms ML: a stand-in of the service to develop and test against.

`LocalCleanRoomsML().sdk()` gives a client that is answered in the process; `serve` and
`serve_in_thread` answer over a socket. Importing this loads neither aiobotocore nor aiohttp.
"""

from .clock import LocalClock
from .engine import RecordedRequest, Reply
from .faults import Fault, Faults
from .jobs import Executor, Job, JobControl, SimulatedExecutor
from .records import Record
from .saving import UnreadableState
from .seeding import BadSeed
from .settings import DEFAULT_QUOTAS, Lifecycle, Settings
from .stand_in import LocalCleanRoomsML
from .world import (
    DEFAULT_ACCESS_KEY,
    DEFAULT_ACCOUNT_ID,
    DEFAULT_SECRET_KEY,
    OTHER_ACCESS_KEY,
    OTHER_ACCOUNT_ID,
    OTHER_SECRET_KEY,
    Account,
    Collaboration,
    Member,
    World,
)

__all__ = [
    "LocalCleanRoomsML",
    "Settings",
    "Lifecycle",
    "DEFAULT_QUOTAS",
    "LocalClock",
    "World",
    "Account",
    "Collaboration",
    "Member",
    "DEFAULT_ACCESS_KEY",
    "DEFAULT_ACCOUNT_ID",
    "DEFAULT_SECRET_KEY",
    "OTHER_ACCESS_KEY",
    "OTHER_ACCOUNT_ID",
    "OTHER_SECRET_KEY",
    "Executor",
    "Job",
    "JobControl",
    "SimulatedExecutor",
    "Record",
    "Fault",
    "Faults",
    "RecordedRequest",
    "Reply",
    "BadSeed",
    "UnreadableState",
]
