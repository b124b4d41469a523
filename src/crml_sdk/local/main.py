"""The local service as a program: `python -m crml_sdk.local`, which `crml local` uses, too."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import LocalClock
from .local import LocalCleanRoomsML
from .seeding import workspace_of
from .service.failures import ServiceFailure
from .settings import Lifecycle, Mode, Settings
from .state.document import UnreadableState
from .state.world import ready_world

if TYPE_CHECKING:
    from .ways_in.server import LocalServer

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 4577
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
    workspace: str | Path | None = None,
    allow_remote_run: bool = False,
    import_file: str | Path | None = None,
    account: str | None = None,
    region: str | None = None,
) -> None:
    """Serves until interrupted (SIGINT or SIGTERM).

    In: the address to listen on; a seed file to start from; a state file (SQLite), which is gone on
    from if it holds a state (the seed is then left alone) and written by every change; how jobs
    move (default: by the clock, 5 seconds a job); how many local seconds pass in a real one; a
    function that is told, line by line, what a person wants to know; further host names that the
    server answers to; a workspace file, by which containers are run on this machine, and whether
    the server may be reached from elsewhere then; a JSON export to start from instead of a seed;
    the default account and the region, if the state is new.
    Raises OSError (port taken, file unreadable), `UnreadableState`, `BadSeed`, or ValueError for an
    account or region that is none.
    """
    lifecycle = lifecycle or Lifecycle("clock", pending=1.0, running=4.0)
    clock = LocalClock(speed=speed)
    if workspace is None and seed is not None:
        workspace = workspace_of(seed)
    world = ready_world(clock.stamp(), account=account, region=region)
    with LocalCleanRoomsML(
        settings=settings, clock=clock, world=world, state_file=state, workspace=workspace
    ) as local:
        # A state file keeps its settings, except for the life cycle, which is that of this run.
        local.configure(lifecycle=lifecycle)
        for line in getattr(local.runner, "report", ()):
            report(line)
        if (account or region) and (local.resumed or import_file is not None):
            report("--account and --region are ignored, because the state is not new")
        if local.resumed:
            if import_file is not None:
                raise UnreadableState(f"{state} already has a state, so nothing was imported")
            report(f"State loaded from {state}")
        elif import_file is not None:
            local.load(import_file)
            local.configure(lifecycle=lifecycle)
            report(f"State imported from {import_file}")
        elif seed is not None:
            made = local.seed(seed)
            report(f"Seeded {len(made)} resources from {seed}")
        server = local.serve(
            host=host, port=port, allow_hosts=allow_hosts, allow_remote_run=allow_remote_run
        )
        asyncio.run(_serve(local, server, report))


def export(state: str | Path, target: str | Path) -> None:
    """Write the state of a state file as JSON.

    Raises:
        OSError, UnreadableState: The file cannot be read, or is not a state.
    """
    if not Path(state).exists():
        raise UnreadableState(f"{state} does not exist")
    with LocalCleanRoomsML(state_file=state) as local:
        local.save(target)


async def _serve(local: LocalCleanRoomsML, server: LocalServer, report: Report) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(name, stop.set)
    async with server:
        report(
            f"Local Clean Rooms ML listens on {server.url} (open it in a browser to see its state)"
        )
        for name, value in server.environment.items():
            report(f"export {name}={value}")
        for account in local.world.accounts.values():
            if account.id != local.world.account_id:
                report(f"Account {account.id}: AWS_ACCESS_KEY_ID={account.access_key}")
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m crml_sdk.local", description="Run a local Clean Rooms ML."
    )
    parser.add_argument(
        "--host", default=DEFAULT_HOST, help="address to listen on (default: loopback)"
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen on")
    parser.add_argument("--seed", help="JSON or YAML file with the resources that exist at first")
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="SQLite file that keeps the state; an existing one is continued",
    )
    parser.add_argument(
        "--import", dest="import_file", metavar="FILE", help="start from this JSON export"
    )
    parser.add_argument(
        "--export", metavar="FILE", help="write the state of --state as JSON, and exit"
    )
    parser.add_argument(
        "--workspace",
        metavar="FILE",
        help="workspace file (TOML) with the containers and tables to really use",
    )
    parser.add_argument("--account", metavar="ID", help="the default account, if the state is new")
    parser.add_argument("--region", metavar="NAME", help="the region, if the state is new")
    parser.add_argument(
        "--allow-remote-run",
        action="store_true",
        help="allow a --host that others can reach although there is a workspace; they can then run programs here",
    )
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how many local seconds pass in a real second"
    )
    parser.add_argument(
        "--lifecycle",
        choices=("clock", "reads", "at-once", "manual"),
        default="clock",
        help="what makes jobs progress: the clock (default), each read, at once, or manually",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="accept this host name, too (repeatable); *.NAME means all its subdomains",
    )
    options = parser.parse_args(arguments)
    if not 0 < options.speed < math.inf:
        parser.error("--speed must be a number greater than 0")
    mode: Mode = options.lifecycle

    def report(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    try:
        if options.export is not None:
            if options.state is None:
                parser.error("--export needs --state")
            export(options.state, options.export)
            return 0
        run(
            options.host,
            options.port,
            options.seed,
            options.state,
            lifecycle=Lifecycle(mode),
            speed=options.speed,
            report=report,
            allow_hosts=options.allow_host,
            workspace=options.workspace,
            allow_remote_run=options.allow_remote_run,
            import_file=options.import_file,
            account=options.account,
            region=options.region,
        )
    except (OSError, ValueError, ServiceFailure) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
