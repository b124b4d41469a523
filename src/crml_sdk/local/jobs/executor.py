"""The interface between the local service and the code that runs its jobs.

A `Runner` runs users' own code: it says which jobs it accepts, runs each one in its own thread, and
returns the results or raises. An `Executor` is what the state calls: the simulated one, or the worker
that runs a runner in threads.
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
"""Why a run must end: it was cancelled or its resource was deleted, it took too long, the local
service closes, or its state was reset or replaced."""


@dataclass(frozen=True)
class JobView:
    """A job for its runner: copies, which can be read without a lock.

    `kind` is the resource segment of the ARN, such as `trained-model`. `number` is the order of
    creation, as in `/jobs/NUMBER`. `request` has the parameters of the request and `data` the members
    of the resource, both by wire name. Export jobs have no ARN, so theirs is an internal key. `version`
    is None for a base version without an identifier.
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
    """One value of a metric: its name, the value and the time in epoch seconds.

    `source` is the instance that printed it, such as `algo-1`.
    """

    name: str
    value: float
    time: float = field(default_factory=time.time)
    source: str | None = None


@dataclass(frozen=True)
class Artifact:
    """A file that a job wrote: its name, its path, and its size in bytes.

    `location` is its S3 URI, if it was delivered.
    """

    name: str
    path: Path
    size: int
    location: str | None = None


@dataclass(frozen=True)
class Publish:
    """The status of a job's logs and metrics for one member. None omits a status."""

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
    """The results of a job that succeeded.

    `members` are set on the resource, by wire name (`numberOfRecords`, `sizeInGb`, ...). `publish`
    replaces, for its accounts, the status of logs and metrics, which otherwise follows from the
    association's policies and the members' ML configurations. `log` is the file with the log, by default
    `RunContext.log`. If `metrics` is not empty, it replaces those given to `RunContext.record`.
    """

    members: Mapping[str, Any] = field(default_factory=dict[str, Any])
    publish: Mapping[str, Publish] = field(default_factory=dict[str, Publish])
    metrics: Sequence[Metric] = ()
    artifacts: Sequence[Artifact] = ()
    log: Path | None = None


class JobFailed(Exception):
    """Raised by a runner: the job ends in CREATE_FAILED with this status code and message.

    The service keeps the first 1,024 characters of a message. `results` can contain the metrics,
    artifacts and log of the failed job.
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
    """The interface of the state for an executor. All methods may be called from any thread."""

    def transaction(self) -> AbstractContextManager[Any]:
        """The state's lock. All changes within it are saved or undone together."""
        ...

    def after_commit(self, action: Callable[[], object]) -> None:
        """Run an action when the current transaction is saved. Never, if it is undone."""
        ...

    def on_undo(self, action: Callable[[], object]) -> None:
        """Run an action if the current transaction is undone."""
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
        """The number of the job that creates or created a resource. Raises LookupError."""
        ...

    def artifacts(self, arn: str, version: str | None = None) -> Path | None:
        """The folder of a model's artifacts in a seed, if there is one."""
        ...


class RunContext:
    """What a runner can use while it runs one job.

    `folder` belongs to the job. It is empty at the start, and kept as long as the resource exists.
    `stopping` is set if the run must end, and `reason` then says why. A run that ends after that does
    not count as a success, whatever it returns. No method holds a lock for longer than a copy takes.
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
        """The file for the log, so that it can be read while the job runs."""
        return self.folder / "job.log"

    def record(self, metric: Metric) -> None:
        """Record a metric while the job still runs."""
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
        """The folder of a model's unpacked artifacts in a seed, if there is one."""
        return self._port.artifacts(arn, version)


@runtime_checkable
class Runner(Protocol):
    """Runs users' code. `LocalCleanRoomsML(executor=...)` accepts a runner or an `Executor`."""

    def runs(self, job: JobView) -> bool:
        """Whether to run this job. Otherwise it is simulated.

        It is called under the state's lock, so it must be quick. If it raises, the job fails.
        """
        ...

    def run(self, job: JobView, context: RunContext) -> Results:
        """Does the work, on a thread of its own. Raises `JobFailed`; any other exception is a
        failure with the status code InternalError."""
        ...

    def discard(self, arn: str, version: str | None) -> None:
        """A resource or its data was deleted. Its folder is removed after this call."""
        ...

    def close(self) -> None:
        """The local service ends. No job is running any more."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Moves jobs: `SimulatedExecutor`, `WorkerExecutor` (a runner in threads), or your own.

    Inherit from this class. A method that you do not override does nothing.
    """

    @property
    def real_time(self) -> bool:
        """Whether something runs that takes real time, so that waiting clients really sleep."""
        return False

    def attach(self, jobs: JobPort) -> None:
        """Called once, first."""
        ...

    def submit(self, job: Job) -> None:
        """A request was accepted. The record's status is CREATE_, CANCEL_ or DELETE_PENDING.

        It is called inside the request's transaction. If it raises, the job fails.
        """
        ...

    def seen(self, job: Job) -> None:
        """A reply contained the record of this job."""
        ...

    def tick(self, now: float) -> None:
        """Called before every request, with the local clock's time."""
        ...

    def stop(self, job: Job, reason: StopReason) -> None:
        """A job was replaced (by a cancel, a delete or a test). This must not wait for its end."""
        ...

    def discard(self, number: int, arn: str, version: str | None) -> None:
        """A resource or its data was deleted or has expired. Called after the commit."""
        ...

    def forget(self) -> None:
        """All jobs end, because the state will be replaced. Called without the lock."""
        ...

    def close(self, grace: float = 10) -> None:
        """End all running jobs, by force after `grace` seconds. Called without the lock."""
        ...
