"""The local Clean Rooms ML as one object: its world, state, clock and faults, and access to it."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .clock import LocalClock
from .control import ControlPath
from .fault_injection import Faults
from .jobs.control import JobControl
from .jobs.executor import Executor, JobView, Runner
from .jobs.report import JobReport
from .jobs.simulated import SimulatedExecutor
from .jobs.worker import WorkerExecutor
from .operations.publishing import published
from .seeding import BadSeed, Seeder
from .service.schema import JsonObject
from .settings import Lifecycle, Settings
from .state.document import (
    from_document,
    read_file,
    restore,
    resume_jobs,
    to_document,
    write_file,
)
from .state.port import StatePort
from .state.records import Record
from .state.state import State
from .state.store import ClosedStore, Unsaved
from .state.world import World, ready_world
from .ways_in.engine import Engine, RecordedRequest, Reply

if TYPE_CHECKING:
    from crml_sdk import CleanRoomsML

    from .ways_in.inprocess import AioSession
    from .ways_in.server import LocalServer, ThreadedServer

# Seconds until a waiting client notices that a job has ended.
LOOK_AFTER_SECONDS = 0.02
_log = logging.getLogger(__name__)


class LocalCleanRoomsML:
    """A local stand-in for AWS Clean Rooms ML and for the memberships that it needs.

    Every instance has its own state. A new one has one collaboration with two members: the default
    credentials (and any unknown access key) belong to one, and the second access key of `world`
    belongs to the other. If there is a state file or a runner, close it with `close` or `with`.

    Args:
        settings: The settings. By default those of `Settings`.
        clock: The local clock. By default real time, which `advance` moves forward.
        world: Accounts and collaborations. By default one collaboration with two members.
        executor: An `Executor` that moves jobs, or a `Runner` that really runs them. By default
            jobs are simulated as `settings.lifecycle` says.
        workspace: A workspace file with the containers and tables to really use.
        state_file: A SQLite file for the state, which every request updates. An existing state
            is continued.
        work_folder: The folder for the files of jobs. By default next to the state file, or a
            temporary folder.

    Raises:
        UnreadableState: The state file is invalid, or another instance uses it.
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        clock: LocalClock | None = None,
        world: World | None = None,
        executor: Executor | Runner | None = None,
        workspace: str | os.PathLike[str] | None = None,
        state_file: str | os.PathLike[str] | None = None,
        work_folder: str | os.PathLike[str] | None = None,
    ) -> None:
        if executor is not None and workspace is not None:
            raise ValueError("give an executor or a workspace, not both")
        given, settings = settings, settings or Settings()
        clock = clock or LocalClock()
        self._given_world = None if world is None else world.to_json()
        state = self._state = State(settings, clock, world or ready_world(clock.stamp()))
        state.published = partial(published, state)
        self._simulated = SimulatedExecutor(settings.lifecycle, clock.now)
        if work_folder is None and state_file is not None:
            work_folder = f"{os.fspath(state_file)}.jobs"
        if work_folder is not None:
            work_folder = os.path.abspath(work_folder)  # jobs run in directories of their own
        if workspace is not None:
            executor = _runner_of(workspace, state_file, work_folder)
        if executor is None:
            executor = self._simulated
        elif isinstance(executor, Runner):
            executor = WorkerExecutor(
                executor,
                self._simulated,
                folder=work_folder,
                at_once=getattr(executor, "at_once", None),
            )
        elif not isinstance(cast(object, executor), Executor):
            raise TypeError("executor must be a Runner or an Executor (a subclass of one of them)")
        state.executor = executor
        executor.attach(StatePort(state))
        self.resumed: bool = False
        """Whether this instance continues from the state in a state file."""
        if state_file is not None:
            self._open_store(state_file, given)
        self._engine = Engine(state)
        self._control = ControlPath(self)

    def _open_store(self, path: str | os.PathLike[str], settings: Settings | None) -> None:
        from .state.sqlite_store import SqliteStore

        store = SqliteStore(path)
        try:
            saved = store.load()
            jobs = [] if saved is None else restore(self._state, saved)
            self._state.store = store  # what was just read need not be written
            self._state.store_is_empty = saved is None
            self.resumed = saved is not None
            with self._state.transaction():
                if self.resumed:
                    self._adopt(settings or self._state.settings)
                    resume_jobs(self._state, jobs)
        except BaseException:
            store.close()
            raise

    @property
    def runner(self) -> Runner | None:
        """The runner that really runs jobs. None if all jobs are simulated."""
        executor = self._state.executor
        return executor.runner if isinstance(executor, WorkerExecutor) else None

    def running(self) -> list[JobView]:
        """The jobs that are really running now."""
        executor = self._state.executor
        return executor.running() if isinstance(executor, WorkerExecutor) else []

    def numbered(self, number: int) -> Record | None:
        """The resource with this number, which is its order of creation, as in `/jobs/NUMBER`."""
        with self._state.lock:
            return self._state.numbered(number)

    def tick(self) -> None:
        """Move all due jobs, as every request does."""
        self._state.tick()

    def report_of(self, number: int) -> JobReport | None:
        """The log, metrics and artifacts of the job with this number. None if it was simulated."""
        executor = self._state.executor
        return executor.report(number) if isinstance(executor, WorkerExecutor) else None

    def close(self, grace: float = 10) -> None:
        """End all running jobs, by force after `grace` seconds, and release the state file."""
        executor = self._state.executor
        if executor is not None:
            executor.close(grace)
        state = self._state
        with state.lock:
            if not state.store.keeps:
                return
            try:
                with state.transaction() as change:
                    change.parts |= {"settings", "world"}  # a world may be changed by hand
            except Unsaved as error:
                _log.warning("%s", error.message)
            state.store.close()
            state.store = ClosedStore()

    # What there is

    @property
    def settings(self) -> Settings:
        return self._state.settings

    @property
    def clock(self) -> LocalClock:
        """The local clock. `clock.advance(seconds)` moves it forward."""
        return self._state.clock

    @property
    def world(self) -> World:
        """Accounts, access keys, collaborations and memberships."""
        return self._state.world

    @property
    def faults(self) -> Faults:
        """Faults on request."""
        return self._engine.faults

    @property
    def jobs(self) -> JobControl:
        """Planned failures and stalls of jobs, and jobs that you move manually."""
        return self._state.jobs

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """The last `settings.keep_requests` requests, oldest first."""
        with self._state.lock:
            return tuple(self._engine.requests)

    @property
    def lock(self) -> Any:
        """The lock that is held during a request. Executors with threads hold it, too."""
        return self._state.lock

    def calls(self, operation: str | None = None) -> list[RecordedRequest]:
        """The recorded requests of one operation, or of all."""
        return [entry for entry in self.requests if operation in (None, entry.operation)]

    def configure(self, **changes: Any) -> Settings:
        """Change settings by name, and return the new settings."""
        if isinstance(changes.get("lifecycle"), dict):
            changes["lifecycle"] = Lifecycle(**changes["lifecycle"])
        with self._state.transaction():
            self._adopt(replace(self._state.settings, **changes))
            return self._state.settings

    @property
    def served(self) -> int:
        """The number of requests that were answered since the start."""
        return self._engine.served

    def records(self, kind: str, place: str) -> list[Record]:
        """List the resources of a kind, newest first. A trained model appears as its base version.

        Args:
            kind: The resource segment of an ARN, such as `trained-model`.
            place: The identifier of a collaboration, a membership or an account.
        """
        with self._state.lock:
            return list(self._state.index(kind, place).before(None))

    def versions(self, arn: str) -> list[Record]:
        """All versions of a trained model, oldest first."""
        with self._state.lock:
            return list(self._state.versions(arn))

    def made(self, arn: str) -> list[Record]:
        """The resources with this ARN, oldest first: one, or the versions of a trained model."""
        with self._state.lock:
            return [record for record in self._state.records() if record.arn == arn]

    # Starting, saving, loading

    def seed(self, source: str | os.PathLike[str] | JsonObject) -> dict[str, str]:
        """Create the resources that a seed describes. docs/local/seeds.md explains the format.

        Args:
            source: The path of a JSON or YAML file, or its content as a dict.

        Returns:
            ARNs by `kind/name`, such as `trained-model/churn`.

        Raises:
            OSError, UnreadableState, BadSeed: The file cannot be read, or the seed is invalid.
        """
        document: Any = source
        if isinstance(source, (str, os.PathLike)):
            document = read_file(source)
        with self._state.transaction():
            if isinstance(document, dict):
                self._prepare(cast(JsonObject, document))
            return Seeder(self._state, self._engine.perform).run(document)

    def _prepare(self, seed: JsonObject) -> None:
        """Apply the sections of a seed that are not resources."""
        world, settings = seed.get("world"), seed.get("settings")
        if seed.get("workspace") is not None and self.runner is None:
            raise BadSeed("a seed may have a workspace only when a server is started with it")
        try:
            if world is not None:
                if any(True for _ in self._state.records()):
                    raise BadSeed("a seed can set the world only while there are no resources")
                self._state.clear(self._state.settings, World.from_json(world, self.clock.stamp()))
            if settings is not None:
                merged = {**self.settings.to_json(), **settings}
                if isinstance(settings.get("lifecycle"), dict):
                    merged["lifecycle"] = {
                        **self.settings.to_json()["lifecycle"],
                        **settings["lifecycle"],
                    }
                self._adopt(Settings.from_json(merged))
        except BadSeed:
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise BadSeed(f"world or settings are invalid: {_said(error)}") from error

    def to_json(self) -> JsonObject:
        """The whole state as one JSON document."""
        with self._state.lock:
            # Through JSON, so that the result shares nothing with the state.
            return json.loads(json.dumps(to_document(self._state)))

    def from_json(self, document: JsonObject) -> LocalCleanRoomsML:
        """Replace the state by a document of `to_json`. An `UnreadableState` changes nothing."""
        self._forget_jobs()
        with self._state.transaction():
            from_document(self._state, document)
            self._adopt(self._state.settings)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole state to a JSON file. The file is replaced only when it is complete."""
        with self._state.lock:
            text = json.dumps(to_document(self._state))
        write_file(path, text)

    def load(self, path: str | os.PathLike[str]) -> LocalCleanRoomsML:
        """Replace the state by that of a JSON file. After an error nothing has changed."""
        return self.from_json(read_file(path))

    def reset(self) -> None:
        """Start again with the first world, without resources, faults, plans and requests."""
        self._forget_jobs()
        with self._state.transaction():
            self._state.clear(self._state.settings, self._first_world())
        with self._state.lock:
            self.jobs.clear()
            self.faults.clear()
            self._engine.requests.clear()

    def _first_world(self) -> World:
        moment = self.clock.stamp()
        given = self._given_world
        return ready_world(moment) if given is None else World.from_json(given, moment)

    def _forget_jobs(self) -> None:
        """End all running jobs, before their state is replaced."""
        if self._state.executor is not None:
            self._state.executor.forget()

    def note_time(self) -> None:
        """Save the clock after it was moved manually."""
        with self._state.transaction() as change:
            change.parts.add("progress")

    def _adopt(self, settings: Settings) -> None:
        with self._state.transaction():
            self._state.change_settings(settings)
        self._simulated.lifecycle = settings.lifecycle

    # Ways in

    def handle(self, method: str, raw_target: str, headers: dict[str, str], body: bytes) -> Reply:
        """The reply to an HTTP request, without any transport."""
        return self._engine.handle(method, raw_target, headers, body)

    def session(self, account: str | None = None) -> AioSession:
        """An aiobotocore session whose Clean Rooms clients are answered in the process.

        Args:
            account: None for the default account, `"other"`, or an account ID (else KeyError).
        """
        return self._session(account, lent=True)

    def _session(self, account: str | None, *, lent: bool) -> AioSession:
        from .ways_in.inprocess import local_session

        holder = self.world.account_named(account)
        return local_session(
            self._engine,
            access_key=holder.access_key,
            secret_key=holder.secret_key,
            region=self.world.region,
            lent=lent,
        )

    def sdk(self, account: str | None = None, **options: Any) -> CleanRoomsML:
        """A `CleanRoomsML` client for this instance. Open it with `async with`, like any other.

        Its waits take no time, because they move the local clock instead of sleeping. Set
        `settings.simulated_time` to False to switch this off.

        Args:
            account: An account as for `session`.
            **options: Any argument of `CleanRoomsML`.
        """
        from crml_sdk import CleanRoomsML

        options.setdefault("region_name", self.world.region)
        if self.settings.simulated_time:
            options.setdefault("clock", self.clock.now)
            options.setdefault("sleep", self._pass_time)
        return CleanRoomsML(session=self._session(account, lent=False), **options)

    async def _pass_time(self, seconds: float) -> None:
        """Move the local clock instead of sleeping, for a client in the process.

        While a job really runs it is a real sleep, which ends early when a job ends.
        """
        from crml_sdk._runtime import current_runtime

        state, runtime = self._state, current_runtime()
        if state.executor is None or not state.executor.real_time:
            self.clock.move_to(self.clock.now() + max(0.0, seconds))
            await runtime.sleep(0)
            return
        began, ended = time.monotonic(), state.jobs_ended
        while (passed := time.monotonic() - began) < seconds and state.jobs_ended == ended:
            await runtime.sleep(min(seconds - passed, LOOK_AFTER_SECONDS))
        if self.clock.held:
            self.clock.move_to(self.clock.now() + time.monotonic() - began)

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_hosts: Sequence[str] = (),
        allow_remote_run: bool = False,
    ) -> LocalServer:
        """A server for this instance. Use it with `async with`.

        Args:
            host: The address to listen on. By default loopback.
            port: The port. 0 means any free port.
            allow_hosts: Host names to accept beside IP addresses, `localhost`, names without a dot
                and those of container networks. `*.example.com` means all its subdomains.
            allow_remote_run: Allow an address that others can reach although jobs really run.
                Everyone who can reach the server can then run programs here.

        Raises:
            ValueError: Others could run programs here, and `allow_remote_run` is not set.
        """
        from .ways_in.hosts import HostCheck, is_loopback
        from .ways_in.server import LocalServer

        if self.runner is not None and not is_loopback(host) and not allow_remote_run:
            raise ValueError(
                f"everyone who can reach {host} could run programs here; with a workspace,"
                " the server listens only on loopback unless you give --allow-remote-run"
                " (allow_remote_run=True)"
            )
        return LocalServer(self._engine, self._control, host, port, HostCheck(allow_hosts))

    def serve_in_thread(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_hosts: Sequence[str] = (),
        allow_remote_run: bool = False,
    ) -> ThreadedServer:
        """The same server in its own thread. Use it with `with` in synchronous code."""
        from .ways_in.server import ThreadedServer

        return ThreadedServer(
            self.serve(
                host=host, port=port, allow_hosts=allow_hosts, allow_remote_run=allow_remote_run
            )
        )

    def __enter__(self) -> LocalCleanRoomsML:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> LocalCleanRoomsML:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


def _runner_of(
    workspace: str | os.PathLike[str],
    state_file: str | os.PathLike[str] | None,
    work_folder: str | os.PathLike[str] | None,
) -> Runner:
    """The runner of a workspace file. It is imported on demand, because it looks for sandboxes."""
    load = import_module("crml_sdk.local.running.workspace").load
    runner: Any = import_module("crml_sdk.local.running.runner").ContainerRunner
    hidden: list[Path] = []
    if state_file is not None:
        hidden = [Path(f"{os.fspath(state_file)}{end}") for end in ("", "-wal", "-shm")]
    results = None if work_folder is None else Path(work_folder) / "results"
    return runner(load(workspace), hidden=hidden, results=results)


def _said(error: Exception) -> str:
    """The text of an error, with its type unless it is a ValueError of this package."""
    return str(error) if type(error) is ValueError else repr(error)
