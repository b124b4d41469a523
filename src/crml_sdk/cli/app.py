"""All commands, and the one place that turns errors into messages and an exit status.

Only the command that runs is built. The others are names with a line of help.
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
    "Give models, jobs, channels and other resources by ARN or exact name. For a version,"
    " write MODEL@latest, MODEL@latest-active, MODEL@base or MODEL@VERSION. `crml"
    " operations` lists all operations. Exit status: 0 success, 1 failure, 2 wrong usage,"
    " 3 timeout, 130 interrupted."
)

BY_HAND: Final[dict[str, tuple[str, str]]] = {
    "models latest": ("models:latest", "Show the newest version that is ACTIVE."),
    "models diff": ("models:diff", "Show the differences between two versions."),
    "models lineage": ("models:lineage", "Show which version was trained from which."),
    "models logs": ("logs:models_logs", "Show the log of a training, or where it is on AWS."),
    "models metrics": ("logs:metrics", "Show the metrics of a training, or where they are on AWS."),
    "models wait": (
        "waits:models_wait",
        "Wait until a version has been trained, cancelled or deleted.",
    ),
    "jobs wait": ("waits:jobs_wait", "Wait until inference jobs have ended."),
    "jobs logs": ("logs:jobs_logs", "Show the log of an inference job, or where it is on AWS."),
    "jobs watch": ("jobs:watch", "Print each new status of a job until it has ended."),
    "jobs results": ("jobs:results", "Show where the results of a job are."),
    "channels wait": ("waits:channels_wait", "Wait until a channel is ready."),
    "audiences models wait": (
        "waits:audience_models_wait",
        "Wait until audience models are ready.",
    ),
    "audiences jobs wait": ("waits:audience_jobs_wait", "Wait until generation jobs have ended."),
    "audiences jobs metrics": ("jobs:metrics", "Show the relevance metrics of a generation job."),
    "tags set": ("tags:set_tags", "Replace all tags of a resource."),
    "wait": ("waits:wait", "Wait for any resource with a life cycle."),
    "whoami": ("who:whoami", "Show your account, region and memberships."),
    "call": ("calling:call", "Call any operation by its name in the API reference."),
    "operations": ("calling:list_operations", "List all operations and their commands."),
    "stepfunctions": (
        "stepfunctions:stepfunctions",
        "Write a state machine for AWS Step Functions that runs a training or an inference job.",
    ),
    "cleanup": ("cleaning:cleanup", "Cancel and delete everything whose name has a prefix."),
    "policy caller": ("policies:caller", "Write the IAM policy that a caller needs."),
    "policy role": ("policies:role", "Write the IAM policy of a role that the service assumes."),
    "completion": ("completion:completion", "Write the completion script for a shell."),
    "local": ("serving:local", "Run a local Clean Rooms ML for development."),
    "demo": ("demo:demo", "Run a demo: join tables, train versions, predict."),
}
"""Handwritten commands: their words, where they are, and a line of help."""


class Tree(click.Group):
    """A group that builds a command only when it is needed."""

    def __init__(self, path: str, **settings: Any) -> None:
        super().__init__(path.rpartition(" ")[2] or "crml", no_args_is_help=True, **settings)
        self.path = path

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The next words of the commands, in the order of the tables."""
        start = f"{self.path} " if self.path else ""
        return list(
            dict.fromkeys(
                path[len(start) :].partition(" ")[0]
                for path in builders()
                if path.startswith(start)
            )
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command or group with this name."""
        from .commands import GROUPS

        path = f"{self.path} {cmd_name}".strip()
        if path in GROUPS:
            return Tree(path, help=GROUPS[path], context_settings=HELP)
        made = builders().get(path) or builders().get(ALIASES.get(path, ""))
        return None if made is None else made()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first word.

        Raises:
            Refused: There is no such command. The error suggests similar ones.
        """
        named = not args or args[0][:1] == "-" or self.get_command(ctx, args[0]) is not None
        if not named and not ctx.resilient_parsing:
            from .guesses import no_command

            raise no_command(self.path, args[0], args[1:], builders())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with a line of help each, without building them."""
        from .commands import GROUPS

        rows: list[tuple[str, str]] = []
        for name in self.list_commands(ctx):
            path = f"{self.path} {name}".strip()
            rows.append((name, GROUPS.get(path) or summary(path)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


ALIASES: Final = {"channels delete-data": "channels delete", "tags list": "tags show"}
"""Words that are accepted but not listed."""


@cache
def builders() -> dict[str, Callable[[], click.Command]]:
    """The function that builds each command, by its words."""
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
    """The line of help for a command, without building it."""
    from . import service
    from .commands import COMMANDS, LISTINGS

    if path in BY_HAND:
        return BY_HAND[path][1]
    for each in (*COMMANDS, *LISTINGS):
        if each.path == path:
            return service.describe(service.operations()[each.operation])
    return ""


def root() -> click.Group:
    """The whole `crml` command."""

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
        help="Use AWS Clean Rooms ML from the command line.",
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
        # The reader of the output has gone (`| head`), so nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        if debug:
            _trace()
        return _report(error)


def _fit_streams() -> None:
    """Escape characters that a stream's encoding does not have, instead of failing."""
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
        # Wrong usage, in the words of click.
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
