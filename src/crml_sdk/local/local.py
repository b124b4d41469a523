"""The local Clean Rooms ML as one object: its world, state, clock, faults, and ways in."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from .clock import LocalClock
from .control import ControlPath
from .fault_injection import Faults
from .jobs.control import JobControl
from .jobs.executor import Executor
from .jobs.simulated import SimulatedExecutor
from .seeding import BadSeed, Seeder
from .service.schema import JsonObject
from .settings import Lifecycle, Settings
from .state.document import from_document, read_file, to_document, write_file
from .state.records import Record
from .state.state import State
from .state.world import World, ready_world
from .ways_in.engine import Engine, RecordedRequest, Reply

if TYPE_CHECKING:
    from crml_sdk import CleanRoomsML

    from .ways_in.inprocess import AioSession
    from .ways_in.server import LocalServer, ThreadedServer


class LocalCleanRoomsML:
    """A local stand-in of AWS Clean Rooms ML, and of the memberships that it lives in.

    Every instance has its own state. A fresh one holds one collaboration with two members: the
    default credentials (and any access key that nobody registered) are one, the second access key
    of `world` is the other.

    In: `settings`, a `clock` (default: real time, which `advance` moves forward), a `world`
    (default: the ready one), an `executor` that moves jobs (default: simulated, by
    `settings.lifecycle`).
    """

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        clock: LocalClock | None = None,
        world: World | None = None,
        executor: Executor | None = None,
    ) -> None:
        settings = settings or Settings()
        clock = clock or LocalClock()
        self._state = State(settings, clock, world or ready_world(clock.stamp()))
        self._state.executor = executor or SimulatedExecutor(settings.lifecycle, clock.now)
        self._engine = Engine(self._state)
        self._control = ControlPath(self)

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
        with self._state.lock:
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

    # Starting, saving, loading

    def seed(self, source: str | os.PathLike[str] | JsonObject) -> dict[str, str]:
        """Makes what a seed describes: a file's path, or the same as a dict.

        Returns ARNs by `kind/name`, such as `trained-model/churn`. Raises OSError,
        `UnreadableState` (not JSON or YAML) or `BadSeed`. docs/local/seeds.md has the format.
        """
        document: Any = source
        if isinstance(source, (str, os.PathLike)):
            document = read_file(source)
        with self._state.lock:
            if isinstance(document, dict):
                self._prepare(cast(JsonObject, document))
            return Seeder(self._state, self._engine.perform).run(document)

    def _prepare(self, seed: JsonObject) -> None:
        """Applies the sections of a seed that are not resources."""
        world, settings = seed.get("world"), seed.get("settings")
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
        with self._state.lock:
            from_document(self._state, document)
            self._adopt(self._state.settings)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the whole state as one JSON file, whole or not at all."""
        with self._state.lock:
            text = json.dumps(to_document(self._state))
        write_file(path, text)

    def load(self, path: str | os.PathLike[str]) -> LocalCleanRoomsML:
        """Goes on from a saved file. Raises OSError or `UnreadableState`; nothing changes then."""
        return self.from_json(read_file(path))

    def reset(self) -> None:
        """Back to a fresh ready world: no resources, no faults, no plans, no recorded requests."""
        with self._state.lock:
            self._state.clear(self._state.settings, ready_world(self.clock.stamp()))
            self.jobs.clear()
            self.faults.clear()
            self._engine.requests.clear()

    def _adopt(self, settings: Settings) -> None:
        self._state.settings = settings
        if isinstance(self._state.executor, SimulatedExecutor):
            self._state.executor.lifecycle = settings.lifecycle

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
        """The sleep of a client in the process: the local clock moves instead."""
        from crml_sdk._runtime import current_runtime

        self.clock.move_to(self.clock.now() + max(0.0, seconds))
        await current_runtime().sleep(0)

    def serve(
        self, *, host: str = "127.0.0.1", port: int = 0, allow_hosts: Sequence[str] = ()
    ) -> LocalServer:
        """A server for `async with`; loopback unless told otherwise, port 0 for any free one.

        It answers to addresses, `localhost`, names without a dot and those that container
        networks use. In `allow_hosts`: further names, `*.example.com` for all below one.
        """
        from .ways_in.hosts import HostCheck
        from .ways_in.server import LocalServer

        return LocalServer(self._engine, self._control, host, port, HostCheck(allow_hosts))

    def serve_in_thread(
        self, *, host: str = "127.0.0.1", port: int = 0, allow_hosts: Sequence[str] = ()
    ) -> ThreadedServer:
        """The same server on a thread of its own, for `with` in synchronous code."""
        from .ways_in.server import ThreadedServer

        return ThreadedServer(self.serve(host=host, port=port, allow_hosts=allow_hosts))

    async def __aenter__(self) -> LocalCleanRoomsML:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def _said(error: Exception) -> str:
    """A ValueError of ours speaks for itself; anything else needs its type."""
    return str(error) if type(error) is ValueError else repr(error)
