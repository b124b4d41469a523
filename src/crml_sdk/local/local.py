"""The local Clean Rooms ML as one object: its world, state, clock, faults, and ways in."""

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

# How soon a waiting client notices that a job has ended, in seconds.
LOOK_AFTER_SECONDS = 0.02
_log = logging.getLogger(__name__)


class LocalCleanRoomsML:
    """A local stand-in of AWS Clean Rooms ML, and of the memberships that it lives in.

    Every instance has its own state. A fresh one holds one collaboration with two members: the
    default credentials (and any access key that nobody registered) are one, the second access key
    of `world` is the other.

    In: `settings`; a `clock` (default: real time, which `advance` moves forward); a `world`
    (default: the ready one); an `executor` that moves jobs, or a `Runner` whose jobs are really run
    (default: simulated, by `settings.lifecycle`); a `workspace` file, which says how containers are
    run on this machine; a `state_file` that is gone on from, if it holds a state, and kept up to
    date by every request; a `work_folder` for what jobs write (default: beside the state file, or
    a temporary one).

    Raises `UnreadableState` for a state file that is none, or in use by another instance. With a
    state file or a runner it is to be closed: it is a context manager, `with` and `async with`.
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
            raise ValueError("Give an executor or a workspace, not both")
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
            raise TypeError("executor must be a Runner, or an Executor: inherit from either")
        state.executor = executor
        executor.attach(StatePort(state))
        self.resumed: bool = False
        """True if a state file held a state that this instance goes on from."""
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
        """What really runs jobs; None if all are simulated."""
        executor = self._state.executor
        return executor.runner if isinstance(executor, WorkerExecutor) else None

    def running(self) -> list[JobView]:
        """The jobs that are really run at this moment."""
        executor = self._state.executor
        return executor.running() if isinstance(executor, WorkerExecutor) else []

    def numbered(self, number: int) -> Record | None:
        """The resource with a number: that of its creation, as in the page `/jobs/NUMBER`."""
        with self._state.lock:
            return self._state.numbered(number)

    def tick(self) -> None:
        """Lets due jobs move on, as every request does."""
        self._state.tick()

    def report_of(self, number: int) -> JobReport | None:
        """The log, metrics and artifacts of a job by its number; None if it was not run."""
        executor = self._state.executor
        return executor.report(number) if isinstance(executor, WorkerExecutor) else None

    def close(self, grace: float = 10) -> None:
        """Ends what runs (by force after `grace` seconds) and lets go of the state file."""
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
        """The local clock; `clock.advance(seconds)` lets time pass."""
        return self._state.clock

    @property
    def world(self) -> World:
        """Accounts, access keys, collaborations, memberships."""
        return self._state.world

    @property
    def faults(self) -> Faults:
        """Faults on request."""
        return self._engine.faults

    @property
    def jobs(self) -> JobControl:
        """Failures and stalls of the next jobs, and jobs moved by hand."""
        return self._state.jobs

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """What was called, by whom, with what, oldest first (`settings.keep_requests` of them)."""
        with self._state.lock:
            return tuple(self._engine.requests)

    @property
    def lock(self) -> Any:
        """Held while a request is answered. Executors that work in threads hold it too."""
        return self._state.lock

    def calls(self, operation: str | None = None) -> list[RecordedRequest]:
        """The recorded requests of one operation, or of any."""
        return [entry for entry in self.requests if operation in (None, entry.operation)]

    def configure(self, **changes: Any) -> Settings:
        """Changes settings from now on, by name; returns the new ones."""
        if isinstance(changes.get("lifecycle"), dict):
            changes["lifecycle"] = Lifecycle(**changes["lifecycle"])
        with self._state.transaction():
            self._adopt(replace(self._state.settings, **changes))
            return self._state.settings

    @property
    def served(self) -> int:
        """How many requests were answered since the start."""
        return self._engine.served

    def records(self, kind: str, place: str) -> list[Record]:
        """The resources of a kind in a collaboration, a membership or an account, newest first.

        In: the resource segment of an ARN, such as `trained-model`; an identifier of the place.
        A trained model is shown by its base version; `versions` gives the others.
        """
        with self._state.lock:
            return list(self._state.index(kind, place).before(None))

    def versions(self, arn: str) -> list[Record]:
        """All versions of a trained model, oldest first."""
        with self._state.lock:
            return list(self._state.versions(arn))

    def made(self, arn: str) -> list[Record]:
        """The resources of an ARN, oldest first: the versions of a trained model, or just one."""
        with self._state.lock:
            return [record for record in self._state.records() if record.arn == arn]

    # Starting, saving, loading

    def seed(self, source: str | os.PathLike[str] | JsonObject) -> dict[str, str]:
        """Makes what a seed describes: a file's path, or the same as a dict.

        Returns ARNs by `kind/name`, such as `trained-model/churn`. Raises OSError,
        `UnreadableState` (not JSON or YAML) or `BadSeed`. docs/local/seeds.md has the format.
        """
        document: Any = source
        if isinstance(source, (str, os.PathLike)):
            document = read_file(source)
        with self._state.transaction():
            if isinstance(document, dict):
                self._prepare(cast(JsonObject, document))
            return Seeder(self._state, self._engine.perform).run(document)

    def _prepare(self, seed: JsonObject) -> None:
        """Applies the sections of a seed that are not resources."""
        world, settings = seed.get("world"), seed.get("settings")
        if seed.get("workspace") is not None and self.runner is None:
            raise BadSeed("workspace counts only in the seed that a server is started with")
        try:
            if world is not None:
                if any(True for _ in self._state.records()):
                    raise BadSeed("world can only be set while there are no resources")
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
            raise BadSeed(f"world or settings cannot be read: {_said(error)}") from error

    def to_json(self) -> JsonObject:
        """The whole state as one JSON document."""
        with self._state.lock:
            # Through JSON, so that what is returned shares nothing with the living state.
            return json.loads(json.dumps(to_document(self._state)))

    def from_json(self, document: JsonObject) -> LocalCleanRoomsML:
        """Goes on from a document of `to_json`. Raises `UnreadableState`; nothing changes then."""
        self._forget_jobs()
        with self._state.transaction():
            from_document(self._state, document)
            self._adopt(self._state.settings)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the whole state as one JSON file, whole or not at all."""
        with self._state.lock:
            text = json.dumps(to_document(self._state))
        write_file(path, text)

    def load(self, path: str | os.PathLike[str]) -> LocalCleanRoomsML:
        """Goes on from a saved JSON file. Raises OSError or `UnreadableState`; nothing changes
        then."""
        return self.from_json(read_file(path))

    def reset(self) -> None:
        """Back to the world that it was given, or a ready one: no resources, no faults, no plans, no
        recorded requests."""
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
        """Ends what runs, before the state that it belongs to is replaced."""
        if self._state.executor is not None:
            self._state.executor.forget()

    def note_time(self) -> None:
        """Saves where the clock is, after it was moved by hand."""
        with self._state.transaction() as change:
            change.parts.add("progress")

    def _adopt(self, settings: Settings) -> None:
        with self._state.transaction():
            self._state.change_settings(settings)
        self._simulated.lifecycle = settings.lifecycle

    # Ways in

    def handle(self, method: str, raw_target: str, headers: dict[str, str], body: bytes) -> Reply:
        """The reply to one HTTP request, without any transport."""
        return self._engine.handle(method, raw_target, headers, body)

    def session(self, account: str | None = None) -> AioSession:
        """An aiobotocore session whose Clean Rooms clients are answered in the process.

        In: None for the default account, `"other"`, or an account id (KeyError if unknown).
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
        """A `CleanRoomsML` on this instance, to be opened with `async with` like any other.

        Its waits pass at once: the local clock moves by what they would have slept, unless
        `settings.simulated_time` is off.

        In: an account as for `session`, and whatever `CleanRoomsML` takes.
        """
        from crml_sdk import CleanRoomsML

        options.setdefault("region_name", self.world.region)
        if self.settings.simulated_time:
            options.setdefault("clock", self.clock.now)
            options.setdefault("sleep", self._pass_time)
        return CleanRoomsML(session=self._session(account, lent=False), **options)

    async def _pass_time(self, seconds: float) -> None:
        """The sleep of a client in the process: the local clock moves instead.

        While something really runs it is a real sleep, which ends early when a job does.
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
        """A server for `async with`; loopback unless told otherwise, port 0 for any free one.

        It answers to addresses, `localhost`, names without a dot and those that container
        networks use. In `allow_hosts`: further names, `*.example.com` for all below one.

        Raises ValueError for an address that others can reach while jobs are really run: whoever
        reaches the server could run programs here. `allow_remote_run` allows it all the same.
        """
        from .ways_in.hosts import HostCheck, is_loopback
        from .ways_in.server import LocalServer

        if self.runner is not None and not is_loopback(host) and not allow_remote_run:
            raise ValueError(
                f"Whoever reaches {host} could run programs here: with a workspace the server "
                "listens on loopback only, unless --allow-remote-run (allow_remote_run=True) is given"
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
        """The same server on a thread of its own, for `with` in synchronous code."""
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
    """The runner of a workspace file. Imported when asked for: it looks for sandboxes."""
    load = import_module("crml_sdk.local.running.workspace").load
    runner: Any = import_module("crml_sdk.local.running.runner").ContainerRunner
    hidden: list[Path] = []
    if state_file is not None:
        hidden = [Path(f"{os.fspath(state_file)}{end}") for end in ("", "-wal", "-shm")]
    results = None if work_folder is None else Path(work_folder) / "results"
    return runner(load(workspace), hidden=hidden, results=results)


def _said(error: Exception) -> str:
    """A ValueError of ours speaks for itself; anything else needs its type."""
    return str(error) if type(error) is ValueError else repr(error)
