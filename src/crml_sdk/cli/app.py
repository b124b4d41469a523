"""The commands, put together, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from . import options as given
from .failures import USAGE, explain
from .options import Options

app: typer.Typer = typer.Typer(
    name="crml",
    help="AWS Clean Rooms ML from the command line: models and their versions, jobs, channels.",
    epilog="Models and jobs are named by ARN or exact name; MODEL@latest, MODEL@latest-active,"
    " MODEL@base or MODEL@VERSION names a version."
    " Exit status: 0 done, 1 failed, 2 usage, 3 timed out, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        print(f"crml {__version__}")
        raise typer.Exit


@app.callback()
def shared(
    ctx: typer.Context,
    region: given.Region = None,
    profile: given.Profile = None,
    endpoint_url: given.EndpointUrl = None,
    membership: given.Membership = None,
    output: given.Output = None,
    debug: given.Debug = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Keep the options of every command for the one that follows."""
    ctx.obj = Options(region, profile, endpoint_url, membership, output, debug)


@app.command("demo")
def demo() -> None:
    """Watch it work: train versions, pick the newest, predict. Needs no AWS account."""
    from .demo import run as run_demo

    raise typer.Exit(run_demo())


def _add_commands() -> None:
    from . import calling, channels, jobs, models, serving, waits, who

    app.add_typer(models.app)
    app.add_typer(jobs.app)
    app.add_typer(channels.app)
    for module in (waits, who, calling, serving):
        module.add_to(app)


_add_commands()


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit status.
    """
    debug = "--debug" in arguments
    command: Any = typer.main.get_command(app)
    try:
        return command.main(list(arguments), prog_name="crml", standalone_mode=False) or 0
    except BrokenPipeError:
        # The reader of our output is gone (`| head`); nothing may be written any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        if debug:
            traceback.print_exc()
        return _report(error)


def _report(error: BaseException) -> int:
    from .console import remarks

    show = getattr(error, "format_message", None)
    if show is not None and hasattr(error, "exit_code"):
        # A fault of usage, in the words of the command line's own library.
        line, hint, status = show(), _usage_hint(error), USAGE
        if not line:  # help was asked for by giving no arguments, and was shown
            return USAGE
    elif type(error).__name__ == "Abort":
        line, hint, status = "interrupted", None, 130
    else:
        explanation = explain(error)
        line, hint, status = explanation.line, explanation.hint, explanation.status
    console = remarks()
    console.print(f"crml: {line}", style="bold red" if status != 130 else "yellow")
    if hint:
        console.print(f"next: {hint}")
    return status


def _usage_hint(error: Any) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "crml"
    return f"{path} --help"
