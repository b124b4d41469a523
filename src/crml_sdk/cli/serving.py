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
                help="Port to listen on; 0 for any free one.",
            ),
            Option(
                "--seed", type=file, help="JSON or YAML file that describes what is there at first."
            ),
            Option("--state", type=file, help="File to go on from, and to keep up to date."),
            Option(
                "--speed",
                type=click.FloatRange(min=0, min_open=True),
                default=1.0,
                show_default=True,
                help="Local seconds that pass in a real one.",
            ),
            Option(
                "--lifecycle",
                type=click.Choice(MODES),
                default="clock",
                show_default=True,
                help="How jobs move on: by the clock, by reads, at once, by hand.",
            ),
            Option(
                "--allow-host",
                multiple=True,
                metavar="NAME",
                help="A further host name to answer to; again for more. *.NAME: all below.",
            ),
            Option(
                "--workspace",
                type=file,
                help="TOML file that says how containers are run here: jobs are really run.",
            ),
            Option("--account", metavar="ID", help="The default account of a fresh world."),
            Option("--region", metavar="NAME", help="The region of a fresh world."),
            Option(
                "--allow-remote-run",
                is_flag=True,
                help="With a workspace, listen where others can reach, who can run programs then.",
            ),
            Option(
                "--import", "import_file", type=file, help="JSON export to start from, not a seed."
            ),
            Option("--export", type=file, help="Write the state of --state as JSON, and end."),
        ],
        help="Run a local Clean Rooms ML to develop against, for this SDK, boto3, the AWS CLI,"
        " anything.\n\nIt prints the environment variables that point an AWS SDK at it, and serves"
        " until Ctrl-C.",
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
        raise Refused("--speed must be a number above 0")
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
