"""The local Clean Rooms ML: a stand-in for the service, for development and tests.

`LocalCleanRoomsML().sdk()` returns a client that is answered in the process. `serve` and
`serve_in_thread` answer over a socket. Importing this loads neither aiobotocore nor aiohttp.
"""

from .clock import LocalClock
from .example import write_example_workspace
from .fault_injection import Fault, Faults
from .jobs.control import JobControl
from .jobs.executor import (
    Artifact,
    Executor,
    JobFailed,
    JobView,
    Metric,
    Publish,
    Results,
    RunContext,
    Runner,
)
from .jobs.job import Job
from .jobs.simulated import SimulatedExecutor
from .local import LocalCleanRoomsML
from .seeding import BadSeed
from .settings import DEFAULT_QUOTAS, Lifecycle, Settings
from .state.document import UnreadableState
from .state.records import Record
from .state.world import (
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
from .ways_in.engine import RecordedRequest, Reply

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
    "Runner",
    "RunContext",
    "JobView",
    "Results",
    "Publish",
    "Metric",
    "Artifact",
    "JobFailed",
    "Record",
    "Fault",
    "Faults",
    "RecordedRequest",
    "Reply",
    "write_example_workspace",
    "BadSeed",
    "UnreadableState",
]
