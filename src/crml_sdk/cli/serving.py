"""`crml local`: a local Clean Rooms ML on loopback."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from .options import HELP, Leaf, Option

MODES = ("clock", "reads", "at-once", "manual")


def local() -> click.Command:
    """`crml local`."""
    file = click.Path(path_type=Path, dir_okay=False)
    return Leaf(
        "local",
        callback=_serve,
        params=[
            Option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
            Option(
                "--port",
                type=click.IntRange(0, 65535),
                default=4577,
                show_default=True,
                help="Port to listen on. 0 means any free port.",
            ),
            Option(
                "--seed",
                type=file,
                help="JSON or YAML file with the resources that exist at first.",
            ),
            Option(
                "--state",
                type=file,
                help="SQLite file that keeps the state. An existing one is continued.",
            ),
            Option(
                "--speed",
                type=click.FloatRange(min=0, min_open=True),
                default=1.0,
                show_default=True,
                help="How many local seconds pass in a real second.",
            ),
            Option(
                "--lifecycle",
                type=click.Choice(MODES),
                default="clock",
                show_default=True,
                help="What makes jobs progress: the clock, each read, at once, or manually.",
            ),
            Option(
                "--allow-host",
                multiple=True,
                metavar="NAME",
                help="Accept this host name, too. Repeatable. *.NAME means all its subdomains.",
            ),
            Option(
                "--workspace",
                type=file,
                help="Workspace file (TOML) with the containers and tables to really use.",
            ),
            Option("--account", metavar="ID", help="The default account, if the state is new."),
            Option("--region", metavar="NAME", help="The region, if the state is new."),
            Option(
                "--allow-remote-run",
                is_flag=True,
                help="Allow a --host that others can reach although there is a workspace. They can then run"
                " programs here.",
            ),
            Option(
                "--import",
                "import_file",
                type=file,
                help="Start from this JSON export, instead of a seed.",
            ),
            Option("--export", type=file, help="Write the state of --state as JSON, and exit."),
        ],
        help="Run a local Clean Rooms ML for development with this SDK, boto3, the AWS CLI or any AWS"
        " SDK.\n\nIt prints the environment variables that direct an AWS SDK to it, and runs until"
        " Ctrl-C.",
        context_settings=HELP,
    )


def _serve(
    host: str,
    port: int,
    seed: Path | None,
    state: Path | None,
    speed: float,
    lifecycle: Any,
    allow_host: tuple[str, ...],
    workspace: Path | None,
    account: str | None,
    region: str | None,
    allow_remote_run: bool,
    import_file: Path | None,
    export: Path | None,
) -> None:
    from ..local import Lifecycle
    from ..local.main import export as write_export
    from ..local.main import run
    from . import quick
    from .failures import FAILED, Refused

    if seed is not None and not seed.exists():
        raise Refused(f"--seed {seed}: No such file or directory")
    if not math.isfinite(speed):
        raise Refused("--speed must be a number greater than 0")
    if export is not None and state is None:
        raise Refused("--export needs --state")
    quick.imports_done()
    try:
        with quick.interruptible():
            if export is not None and state is not None:
                write_export(state, export)
                return
            run(
                host,
                port,
                seed,
                state,
                lifecycle=Lifecycle(lifecycle),
                speed=speed,
                report=lambda text: print(text, flush=True),
                allow_hosts=allow_host,
                workspace=workspace,
                allow_remote_run=allow_remote_run,
                import_file=import_file,
                account=account,
                region=region,
            )
    except OSError as error:
        taken = "choose another --port" if error.filename is None else None
        raise Refused(str(error), taken, FAILED) from error
    except ValueError as error:  # of a seed, a state or a workspace, in one line
        raise Refused(str(error), None, FAILED) from error
