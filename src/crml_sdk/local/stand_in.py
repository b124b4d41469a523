"""The local Clean Rooms ML as one object: its world, state, clock, faults, and ways in."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .clock import LocalClock
from .control import ControlPath
from .engine import Engine, RecordedRequest, Reply
from .faults import Faults
from .jobs import Executor, JobControl, SimulatedExecutor
from .settings import Settings
from .state import State
from .world import World, ready_world

if TYPE_CHECKING:
    from .inprocess import AioSession
    from .server import LocalServer, ThreadedServer


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
        self._control = ControlPath()

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
        with self._state.lock:
            settings = replace(self._state.settings, **changes)
            self._state.settings = settings
            if isinstance(self._state.executor, SimulatedExecutor):
                self._state.executor.lifecycle = settings.lifecycle
            return settings

    # Ways in

    def handle(self, method: str, raw_target: str, headers: dict[str, str], body: bytes) -> Reply:
        """The reply to one HTTP request, without any transport."""
        return self._engine.handle(method, raw_target, headers, body)

    def session(self, account: str | None = None) -> AioSession:
        """An aiobotocore session whose Clean Rooms clients are answered in the process.

        In: None for the default account, `"other"`, or an account id (KeyError if unknown).
        """
        from .inprocess import local_session

        holder = self.world.account_named(account)
        return local_session(
            self._engine,
            access_key=holder.access_key,
            secret_key=holder.secret_key,
            region=self.world.region,
        )

    def sdk(self, account: str | None = None, **options: Any) -> Any:
        """A `CleanRoomsML` on this instance, to be opened with `async with` like any other.

        In: an account as for `session`, and whatever `CleanRoomsML` takes.
        """
        client: Any = importlib.import_module("crml_sdk")
        options.setdefault("region_name", self.world.region)
        return client.CleanRoomsML(session=self.session(account), **options)

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> LocalServer:
        """A server for `async with`; loopback unless told otherwise, port 0 for any free one."""
        from .server import LocalServer

        return LocalServer(self._engine, self._control, host, port)

    def serve_in_thread(self, *, host: str = "127.0.0.1", port: int = 0) -> ThreadedServer:
        """The same server on a thread of its own, for `with` in synchronous code."""
        from .server import ThreadedServer

        return ThreadedServer(self.serve(host=host, port=port))

    async def __aenter__(self) -> LocalCleanRoomsML:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None
