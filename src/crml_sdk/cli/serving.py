"""`crml local`: a local Clean Rooms ML on loopback."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Mode(str, Enum):
    """How the jobs of the local service move on."""

    CLOCK = "clock"
    READS = "reads"
    AT_ONCE = "at-once"
    MANUAL = "manual"


def local(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.")] = 4577,
    seed: Annotated[
        Path | None, typer.Option(help="JSON or YAML file that describes what is there at first.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="JSON file to go on from, and to keep up to date.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Local seconds that pass in a real one.")] = 1.0,
    lifecycle: Annotated[
        Mode, typer.Option(help="How jobs move on: by the clock, by reads, at once, by hand.")
    ] = Mode.CLOCK,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further host name to answer to; may be repeated. *.NAME: all below."),
    ] = None,
) -> None:
    """Run a local Clean Rooms ML to develop against, for this SDK, boto3, the AWS CLI, anything.

    It prints the environment variables that point an AWS SDK at it, and serves until Ctrl-C.
    """
    from ..local import BadSeed, Lifecycle, UnreadableState
    from ..local.main import run
    from .failures import FAILED, Refused

    if not 0 < speed < float("inf"):
        raise Refused("--speed must be a number above 0")
    try:
        run(
            host,
            port,
            seed,
            state,
            lifecycle=Lifecycle(lifecycle.value),
            speed=speed,
            report=lambda text: print(text, flush=True),
            allow_hosts=allow_host or (),
        )
    except OSError as error:
        taken = "choose another --port" if error.filename is None else None
        raise Refused(str(error), taken, FAILED) from error
    except (BadSeed, UnreadableState) as error:
        raise Refused(str(error), None, FAILED) from error


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("local")(local)
