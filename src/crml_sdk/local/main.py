"""The stand-in as a program: `python -m crml_sdk.local`, and what `crml local` calls."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .clock import LocalClock
from .local import LocalCleanRoomsML
from .seeding import BadSeed
from .settings import Lifecycle, Mode, Settings
from .state.document import UnreadableState

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4577
SAVE_EVERY_SECONDS = 10.0
Report = Callable[[str], object]


def run(
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    seed: str | Path | None = None,
    state: str | Path | None = None,
    *,
    lifecycle: Lifecycle | None = None,
    speed: float = 1.0,
    report: Report = lambda text: None,
    settings: Settings | None = None,
    allow_hosts: Sequence[str] = (),
) -> None:
    """Serves until interrupted (SIGINT or SIGTERM).

    In: the address to listen on; a seed file to start from; a state file, which is loaded if it is
    there (the seed is then left alone) and kept up to date; how jobs move (default: by the clock,
    5 seconds a job); how many local seconds pass in a real one; a function that is told, line by
    line, what a person wants to know; further host names that the server answers to.
    Raises OSError (port taken, file unreadable), `UnreadableState`, `BadSeed`.
    """
    lifecycle = lifecycle or Lifecycle("clock", pending=1.0, running=4.0)
    # The settings of a state file are kept, but how jobs move is this run's.
    local = LocalCleanRoomsML(
        settings=settings or Settings(lifecycle=lifecycle), clock=LocalClock(speed=speed)
    )
    if state is not None and Path(state).exists():
        local.load(state)
        local.configure(lifecycle=lifecycle)
        report(f"State loaded from {state}")
    elif seed is not None:
        made = local.seed(seed)
        report(f"Seeded {len(made)} resources from {seed}")
    asyncio.run(_serve(local, host, port, state, report, allow_hosts))


async def _serve(
    local: LocalCleanRoomsML,
    host: str,
    port: int,
    state: str | Path | None,
    report: Report,
    allow_hosts: Sequence[str],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(name, stop.set)
    async with local.serve(host=host, port=port, allow_hosts=allow_hosts) as server:
        report(
            f"Local Clean Rooms ML listens on {server.url} (open it in a browser to look inside)"
        )
        for name, value in server.environment.items():
            report(f"export {name}={value}")
        for account in local.world.accounts.values():
            if account.id != local.world.account_id:
                report(f"Account {account.id}: AWS_ACCESS_KEY_ID={account.access_key}")
        await _until(stop, local, state)
    if state is not None:
        local.save(state)
        report(f"State saved to {state}")


async def _until(stop: asyncio.Event, local: LocalCleanRoomsML, state: str | Path | None) -> None:
    """Waits for the end, saving now and then if there were requests since."""
    saved = local.served
    while not stop.is_set():
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), SAVE_EVERY_SECONDS)
        if state is not None and local.served != saved and not stop.is_set():
            saved = local.served
            local.save(state)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m crml_sdk.local", description="A local stand-in of AWS Clean Rooms ML."
    )
    parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (loopback)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on")
    parser.add_argument("--seed", help="JSON or YAML file that describes a starting world")
    parser.add_argument("--state", help="JSON file to load at the start and to keep up to date")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="local seconds that pass in a real second"
    )
    parser.add_argument(
        "--lifecycle",
        choices=("clock", "reads", "at-once", "manual"),
        default="clock",
        help="how jobs move on: by the clock (default), by reads, at once, or by hand",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further host name to answer to; may be repeated; *.NAME for all names below",
    )
    options = parser.parse_args(arguments)
    if not 0 < options.speed < math.inf:
        parser.error("--speed must be a number above 0")
    mode: Mode = options.lifecycle

    def report(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    try:
        run(
            options.host,
            options.port,
            options.seed,
            options.state,
            lifecycle=Lifecycle(mode),
            speed=options.speed,
            report=report,
            allow_hosts=options.allow_host,
        )
    except (OSError, UnreadableState, BadSeed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
