"""The seam between the local service and what does the work of its jobs.

Two protocols. A `Runner` is what runs a user's own code: it says which jobs it takes, runs one on a
thread of its own, and returns what came of it or raises. An `Executor` is what the state talks to:
the simulated one, or the worker that puts a runner on threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from ..state.world import Member
from .job import DEFAULT_FAILURE_CODE, DEFAULT_FAILURE_MESSAGE, Job

__all__ = [
    "Artifact",
    "Executor",
    "JobFailed",
    "JobPort",
    "JobView",
    "Member",
    "Metric",
    "Publish",
    "Results",
    "RunContext",
    "Runner",
    "StopReason",
]

PublishStatus = Literal["PUBLISH_SUCCEEDED", "PUBLISH_FAILED"]
StopReason = Literal["cancel", "time", "close", "forget"]
"""Why a run is to end: it was cancelled or its resource deleted, it took too long, the local
service closes, or its state was reset or replaced."""


@dataclass(frozen=True)
class JobView:
    """A job as its runner sees it: copies, which are its own to read without a lock.

    `kind` is the resource segment of the ARN, such as `trained-model`. `number` is the order of
    creation and names the job in `/jobs/NUMBER`. `request` holds the parameters of the request,
    `data` the members of the resource, both by wire name. Export jobs have no ARN; theirs is an
    internal key. `version` is None for a base version without an identifier.
    """

    number: int
    kind: str
    arn: str
    version: str | None
    name: str
    owner: str
    membership: str | None
    collaboration: str | None
    request: Mapping[str, Any]
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """One value of a metric: its name, the value, and when (epoch seconds). `source` says which
    instance printed it, such as `algo-1`."""

    name: str
    value: float
    time: float = field(default_factory=time.time)
    source: str | None = None


@dataclass(frozen=True)
class Artifact:
    """A file that a job left: its name for people, where it lies, and its size in bytes.

    `location` is the S3 address that it stands for, if it was delivered.
    """

    name: str
    path: Path
    size: int
    location: str | None = None


@dataclass(frozen=True)
class Publish:
    """What one member is told about the logs and metrics of a job. None leaves a status out."""

    logs_status: PublishStatus | None = None
    logs_details: str | None = None
    metrics_status: PublishStatus | None = None
    metrics_details: str | None = None

    def members(self) -> dict[str, Any]:
        """The members of a reply, by wire name."""
        told = {
            "logsStatus": self.logs_status,
            "logsStatusDetails": self.logs_details,
            "metricsStatus": self.metrics_status,
            "metricsStatusDetails": self.metrics_details,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True)
class Results:
    """What came of a job that ended well.

    `members` are set on the resource, by wire name (`numberOfRecords`, `sizeInGb`, ...).
    `publish` replaces, for the accounts it names, what the local service says by itself about
    logs and metrics (it goes by the association's policies and the members' ML configurations).
    `log` is the file that holds the log, default `RunContext.log`. `metrics` replaces those given
    to `RunContext.record` if it is not empty.
    """

    members: Mapping[str, Any] = field(default_factory=dict[str, Any])
    publish: Mapping[str, Publish] = field(default_factory=dict[str, Publish])
    metrics: Sequence[Metric] = ()
    artifacts: Sequence[Artifact] = ()
    log: Path | None = None


class JobFailed(Exception):
    """Raised by a runner: the job ends in CREATE_FAILED with this status code and message.

    The service keeps the first 1,024 characters of a message. `results`, if given, carries the
    metrics, artifacts and log that a failed job has left all the same.
    """

    def __init__(
        self,
        status_code: str = DEFAULT_FAILURE_CODE,
        message: str = DEFAULT_FAILURE_MESSAGE,
        *,
        results: Results | None = None,
    ) -> None:
        super().__init__(f"{status_code}: {message}")
        self.status_code = status_code
        self.message = message
        self.results = results


class JobPort(Protocol):
    """What the state offers to an executor. Every method may be called from any thread."""

    def transaction(self) -> AbstractContextManager[Any]:
        """The state's lock. What is changed inside is saved, or undone, as one."""
        ...

    def after_commit(self, action: Callable[[], object]) -> None:
        """Runs an action when the present transaction is saved; never, if it is undone."""
        ...

    def on_undo(self, action: Callable[[], object]) -> None:
        """Runs an action if the present transaction is undone."""
        ...

    def now(self) -> float:
        """The local clock's time, in epoch seconds."""
        ...

    def view(self, job: Job) -> JobView:
        """A copy of a job."""
        ...

    def get(self, kind: str, arn: str, version: str | None = None) -> Mapping[str, Any]:
        """A copy of a resource's members. Raises LookupError."""
        ...

    def find(self, kind: str, **members: Any) -> Iterator[Mapping[str, Any]]:
        """Copies of all resources of a kind whose members have these values."""
        ...

    def members(self, collaboration: str) -> tuple[Member, ...]:
        """Copies of a collaboration's members. Raises LookupError."""
        ...

    def number(self, arn: str, version: str | None = None) -> int:
        """The number of the job that makes, or made, a resource. Raises LookupError."""
        ...

    def artifacts(self, arn: str, version: str | None = None) -> Path | None:
        """The folder that a seed names as a model's artifacts, if one does."""
        ...


class RunContext:
    """What a runner may use while it runs one job. Its methods take no lock for longer than a copy.

    `folder` is the job's own, empty at the start, and kept until the resource is gone. `stopping`
    is set when the run shall end; `reason` then says why. A run that ends after that is not
    recorded as a success, whatever it returns.
    """

    def __init__(
        self,
        port: JobPort,
        folder: Path,
        folder_of_number: Callable[[int], Path],
    ) -> None:
        self._port = port
        self._folder_of_number = folder_of_number
        self._metrics: list[Metric] = []
        self.folder: Path = folder
        self.stopping: threading.Event = threading.Event()
        self.reason: StopReason | None = None

    @property
    def log(self) -> Path:
        """Where the log goes, so that it can be read while the job runs."""
        return self.folder / "job.log"

    def record(self, metric: Metric) -> None:
        """Shows a metric while the job still runs."""
        self._metrics.append(metric)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics recorded so far."""
        return tuple(self._metrics)

    def get(self, kind: str, arn: str, version: str | None = None) -> Mapping[str, Any]:
        """A copy of a resource's members, by the resource segment of its ARN. An
        `ml-configuration` goes by its membership's identifier. Raises LookupError."""
        return self._port.get(kind, arn, version)

    def find(self, kind: str, **members: Any) -> tuple[Mapping[str, Any], ...]:
        """Copies of all resources of a kind whose members, by wire name, have these values."""
        return tuple(self._port.find(kind, **members))

    def members(self, collaboration: str) -> tuple[Member, ...]:
        """The members of a collaboration. Raises LookupError."""
        return self._port.members(collaboration)

    def folder_of(self, arn: str, version: str | None = None) -> Path:
        """The folder of the job that made another resource, such as an input channel's or a
        model's. It is not there if that job was simulated. Raises LookupError."""
        return self._folder_of_number(self._port.number(arn, version))

    def artifacts_of(self, arn: str, version: str | None = None) -> Path | None:
        """The folder of unpacked artifacts that a seed names for a model, if one does."""
        return self._port.artifacts(arn, version)


@runtime_checkable
class Runner(Protocol):
    """What runs users' code. `LocalCleanRoomsML(executor=...)` takes one, or an `Executor`."""

    def runs(self, job: JobView) -> bool:
        """True if this job is to be run; a job that nobody runs is simulated.

        Called under the state's lock: it must be quick. What it raises becomes the job's failure.
        """
        ...

    def run(self, job: JobView, context: RunContext) -> Results:
        """Does the work, on a thread of its own. Raises `JobFailed`; any other exception is a
        failure with the status code InternalError."""
        ...

    def discard(self, arn: str, version: str | None) -> None:
        """A resource is gone, or its data was deleted. Its folder is removed after this."""
        ...

    def close(self) -> None:
        """The local service ends; no run is under way any more."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Moves jobs: `SimulatedExecutor`, `WorkerExecutor` (a runner on threads), or your own.

    One of your own inherits from this: what it leaves out then does nothing.
    """

    @property
    def real_time(self) -> bool:
        """True while something runs that takes real time: waiting clients then really sleep."""
        return False

    def attach(self, jobs: JobPort) -> None:
        """Called once, before anything else."""
        ...

    def submit(self, job: Job) -> None:
        """A request was accepted; the record's status is CREATE_, CANCEL_ or DELETE_PENDING.

        Called inside the request's transaction. What it raises becomes the job's failure.
        """
        ...

    def seen(self, job: Job) -> None:
        """A reply has shown the record of this job."""
        ...

    def tick(self, now: float) -> None:
        """Called before every request, with the local clock's time."""
        ...

    def stop(self, job: Job, reason: StopReason) -> None:
        """A job was overtaken (by a cancel, a delete, a decree); never waits for it to end."""
        ...

    def discard(self, number: int, arn: str, version: str | None) -> None:
        """A resource is gone, or its data was deleted or has expired. Called after the commit."""
        ...

    def forget(self) -> None:
        """Every job is void: the state is about to be replaced. Called without the lock."""
        ...

    def close(self, grace: float = 10) -> None:
        """Ends everything that runs, after `grace` seconds by force. Called without the lock."""
        ...
