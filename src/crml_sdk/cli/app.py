"""The commands, put together, and the one place where errors become lines and an exit status.

Only the command that is run is built: the others are names and a line of help.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final

import click

from .failures import USAGE, explain
from .options import HELP, Options, shared_options, take_shared

EPILOG: Final = (
    "Models, jobs, channels and the rest are named by ARN or exact name; MODEL@latest,"
    " MODEL@latest-active, MODEL@base or MODEL@VERSION names a version. `crml operations` lists what"
    " there is. Exit status: 0 done, 1 failed, 2 usage, 3 timed out, 130 interrupted."
)

BY_HAND: Final[dict[str, tuple[str, str]]] = {
    "models latest": ("models:latest", "Say which version is the newest that is ACTIVE."),
    "models diff": ("models:diff", "Say what differs between two versions."),
    "models lineage": ("models:lineage", "Show which version was trained from which."),
    "models logs": ("logs:models_logs", "Show what a training printed, or where AWS keeps it."),
    "models metrics": ("logs:metrics", "Show the metrics of a training, or where AWS keeps them."),
    "models wait": ("waits:models_wait", "Wait until a version is trained, cancelled or deleted."),
    "jobs wait": ("waits:jobs_wait", "Wait until inference jobs have ended."),
    "jobs logs": ("logs:jobs_logs", "Show what an inference job printed, or where AWS keeps it."),
    "jobs watch": ("jobs:watch", "Print each status of a job as it is seen."),
    "jobs results": ("jobs:results", "Say where the results of a job are."),
    "channels wait": ("waits:channels_wait", "Wait until a channel is ready."),
    "audiences models wait": (
        "waits:audience_models_wait",
        "Wait until audience models are ready.",
    ),
    "audiences jobs wait": ("waits:audience_jobs_wait", "Wait until generation jobs have ended."),
    "audiences jobs metrics": ("jobs:metrics", "Show the relevance metrics of a generation job."),
    "tags set": ("tags:set_tags", "Make these the tags of a resource."),
    "wait": ("waits:wait", "Wait for anything with a life cycle."),
    "whoami": ("who:whoami", "Who the service takes you for: account, region, memberships."),
    "call": ("calling:call", "Call any operation by its documented name."),
    "operations": ("calling:list_operations", "List every operation and its command."),
    "stepfunctions": (
        "stepfunctions:stepfunctions",
        "Write a state machine for AWS Step Functions that trains or predicts, and waits.",
    ),
    "cleanup": ("cleaning:cleanup", "Cancel and delete what has names with a prefix."),
    "policy caller": ("policies:caller", "Write the IAM policy that a caller needs."),
    "policy role": ("policies:role", "Write the IAM policy of a role that the service takes on."),
    "completion": ("completion:completion", "Write the completion script for a shell."),
    "local": ("serving:local", "Run a local Clean Rooms ML to develop against."),
    "demo": ("demo:demo", "Watch it work: join tables, train versions, predict."),
}
"""What is written by hand: its words, where it is made, and a line of help."""


class Tree(click.Group):
    """A group whose commands are built when they are asked for."""

    def __init__(self, path: str, **settings: Any) -> None:
        super().__init__(path.rpartition(" ")[2] or "crml", no_args_is_help=True, **settings)
        self.path = path

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The next words, in the order of the tables."""
        start = f"{self.path} " if self.path else ""
        return list(
            dict.fromkeys(
                path[len(start) :].partition(" ")[0]
                for path in builders()
                if path.startswith(start)
            )
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or the group, of that word."""
        from .commands import GROUPS

        path = f"{self.path} {cmd_name}".strip()
        if path in GROUPS:
            return Tree(path, help=GROUPS[path], context_settings=HELP)
        made = builders().get(path) or builders().get(ALIASES.get(path, ""))
        return None if made is None else made()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first word.

        Raises:
            Refused: There is none; with what was likely meant.
        """
        named = not args or args[0][:1] == "-" or self.get_command(ctx, args[0]) is not None
        if not named and not ctx.resilient_parsing:
            from .guesses import no_command

            raise no_command(self.path, args[0], args[1:], builders())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names with a line for each, without building them."""
        from .commands import GROUPS

        rows: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            path = f"{self.path} {name}".strip()
            rows.append((name, GROUPS.get(path) or summary(path)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


ALIASES: Final = {"channels delete-data": "channels delete", "tags list": "tags show"}
"""Words that are understood and not listed."""


@cache
def builders() -> dict[str, Callable[[], click.Command]]:
    """What builds each command, by its words."""
    from .commands import COMMANDS, LISTINGS

    made: dict[str, Callable[[], click.Command]] = {}
    for listing in LISTINGS:
        made[listing.path] = lambda listing=listing: _module("listing").build(listing)
    for command in COMMANDS:
        made[command.path] = lambda command=command: _module("factory").build(command)
    for path, (place, _) in BY_HAND.items():
        made[path] = lambda place=place: _by_hand(place)
    return dict(sorted(made.items(), key=lambda item: _order(item[0])))


def _order(path: str) -> tuple[int, int, str]:
    from .commands import GROUPS

    words = path.split(" ")
    groups = list(GROUPS)
    first = groups.index(words[0]) if words[0] in GROUPS else len(groups)
    inner = groups.index(" ".join(words[:2])) if len(words) > 2 else 0
    verbs = ["list", "versions", "show", "create", "train", "start"]
    return (first * 100 + inner, verbs.index(words[-1]) if words[-1] in verbs else len(verbs), "")


def _module(name: str) -> Any:
    return import_module(f".{name}", __package__)


def _by_hand(place: str) -> click.Command:
    module, _, function = place.partition(":")
    return getattr(_module(module), function)()


def summary(path: str) -> str:
    """A line of help for a command, without building it."""
    from . import service
    from .commands import COMMANDS, LISTINGS

    if path in BY_HAND:
        return BY_HAND[path][1]
    for each in (*COMMANDS, *LISTINGS):
        if each.path == path:
            return service.describe(service.operations()[each.operation])
    return ""


def root() -> click.Group:
    """The whole command."""

    def callback(**values: Any) -> None:
        ctx = click.get_current_context()
        ctx.obj = take_shared(ctx, values)

    return Tree(
        "",
        callback=callback,
        params=[
            *shared_options(),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_version,
                help="Show the version.",
            ),
        ],
        help="AWS Clean Rooms ML from the command line: models and their versions, jobs, channels.",
        epilog=EPILOG,
        context_settings=HELP,
    )


def _version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from .. import __version__

        print(f"crml {__version__}")
        ctx.exit()


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        The exit status.
    """
    debug = "--debug" in arguments
    _fit_streams()
    if os.environ.get("_CRML_COMPLETE"):
        from .completion import answer

        return answer(root())
    try:
        return root().main(list(arguments), prog_name="crml", standalone_mode=False) or 0
    except BrokenPipeError:
        # The reader of our output is gone (`| head`); nothing may be written any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        if debug:
            _trace()
        return _report(error)


def _fit_streams() -> None:
    """What a stream's encoding does not have is escaped, not an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _trace() -> None:
    import traceback

    from ..untrusted import as_block
    from .console import remark

    remark(as_block(traceback.format_exc().rstrip()))


def _report(error: BaseException) -> int:
    from ..untrusted import as_block
    from .console import remark

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        remark(error.format_message())
        return USAGE
    if isinstance(error, click.ClickException):
        # A fault of usage, in the words of the command line's own library.
        line, hint, status = error.format_message(), _usage_hint(error), USAGE
    elif isinstance(error, click.exceptions.Exit):
        return error.exit_code
    elif isinstance(error, click.Abort):
        line, hint, status = "interrupted", None, 130
    else:
        explanation = explain(error)
        line, hint, status = explanation.line, explanation.hint, explanation.status
    style = "bold red" if status != 130 else "yellow"
    for text in as_block(line).split("\n"):
        remark(f"crml: {text}", style)
    if hint:
        remark(as_block(f"next: {hint}"))
    return status


def _usage_hint(error: Any) -> str:
    from .guesses import OPTIONS

    instead = OPTIONS.get(getattr(error, "option_name", ""))
    if instead is not None:
        return f"there is {instead}"
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "crml"
    return f"{path} --help"


__all__ = ["Options", "root", "run", "summary"]
