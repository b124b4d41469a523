"""The options of every command, which may stand before or after its name; and how to declare a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import click

SHARED: Final = "Options of every command"
WAITING: Final = "Waiting"
INPUT: Final = "Input"
ARGUMENTS: Final = "Arguments"
LONGEST: Final = "29d"
"""Jobs run for at most 28 days, and may be queued first."""


class Format(str, Enum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"


@dataclass(frozen=True)
class Options:
    """The options of every command that were given."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    membership: str | None = None
    output: Format | None = None
    debug: bool = False

    def over(self, other: Options) -> Options:
        """These options, with the other's for those that were not given."""
        given = {
            field.name: value for field in fields(self) if (value := getattr(self, field.name))
        }
        return replace(other, **given)


class Option(click.Option):
    """An option with its own heading in the help."""

    def __init__(self, *names: str, panel: str | None = None, **settings: Any) -> None:
        super().__init__(list(names), **settings)
        self.panel = panel


_AS_DOCUMENTED: Final = {
    "--membership-identifier": "--membership",
    "--collaboration-identifier": "--collaboration",
    "--max-results": "--limit",
    "--max-items": "--limit",
}
"""The AWS CLI's names of common options."""


class Leaf(click.Command):
    """A command whose help shows options under headings, the common ones last."""

    aliases: Mapping[str, str] = MappingProxyType({})
    """Further names of options, which the help does not list. "" stands for the argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words, with all names of the options."""
        return super().parse_args(ctx, list(self._by_own_names(args)))

    def _by_own_names(self, args: list[str]) -> Generator[str]:
        aliases = {**_AS_DOCUMENTED, **self.aliases}
        literal = False
        for word in args:
            name, equals, value = word.partition("=")
            literal = literal or word == "--"
            if literal or name not in aliases:
                yield word
            elif aliases[name]:
                yield f"{aliases[name]}{equals}{value}"
            elif equals:
                yield value

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, grouped by heading."""
        panels: dict[str, list[tuple[str, str]]] = {ARGUMENTS: [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                panel = getattr(parameter, "panel", None) or "Options"
                if parameter is self.get_help_option(ctx):
                    panel = SHARED
                panels.setdefault(panel, []).append(record)
        for panel in [*(panel for panel in panels if panel != SHARED), SHARED]:
            if panels.get(panel):
                with formatter.section(panel):
                    formatter.write_dl(panels[panel], col_max=34)


def _shared() -> list[click.Parameter]:
    return [
        Option("--region", metavar="NAME", help="AWS region, such as us-east-1.", panel=SHARED),
        Option(
            "--profile",
            metavar="NAME",
            help="Profile in the AWS configuration.",
            panel=SHARED,
            shell_complete=_profiles,
        ),
        Option(
            "--endpoint-url",
            metavar="URL",
            envvar="CRML_ENDPOINT_URL",
            help="Send requests to this URL instead of AWS, such as http://127.0.0.1:4577 (crml local).",
            panel=SHARED,
        ),
        Option(
            "--membership",
            metavar="ID",
            envvar="CRML_MEMBERSHIP",
            help=(
                "Membership: identifier, ARN or the collaboration's exact name. By default the"
                " one in an ARN, or your only active one."
            ),
            panel=SHARED,
            shell_complete=_names("membership"),
        ),
        Option(
            "--output",
            "-o",
            type=click.Choice([each.value for each in Format]),
            envvar="CRML_OUTPUT",
            help="Output format: table for people (the default), or json, jsonl, yaml for programs.",
            panel=SHARED,
        ),
        Option(
            "--debug", is_flag=True, help="Log every call and show full tracebacks.", panel=SHARED
        ),
    ]


def _profiles(ctx: Any, parameter: Any, incomplete: str) -> list[str]:
    from .completion import profiles

    return profiles(incomplete)


def _names(kind: str) -> Callable[..., list[str]]:
    def complete(ctx: Any, parameter: Any, incomplete: str) -> list[str]:
        from .completion import names

        return names(ctx, kind, incomplete)

    return complete


names_of = _names
"""Completes names of a kind of resource, such as `trained-model`."""


def shared_options() -> list[click.Parameter]:
    """The options of every command."""
    return _shared()


def take_shared(ctx: click.Context, values: dict[str, Any]) -> Options:
    """Take the options of every command out of the values. Those after the command override the others."""
    known = {field.name: values.pop(field.name, None) for field in fields(Options)}
    if known["output"] is not None:
        known["output"] = Format(known["output"])
    known["debug"] = bool(known["debug"])
    before: Options = ctx.obj if isinstance(ctx.obj, Options) else Options()
    return Options(**known).over(before)


Body = Callable[..., Awaitable[None]]


def leaf(
    name: str,
    body: Body,
    parameters: Sequence[click.Parameter],
    *,
    help: str | None = None,
    epilog: str | None = None,
    prepare: Callable[[Options, dict[str, Any]], dict[str, Any]] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> click.Command:
    """Declare a command that runs an async function `(session, **values)` with an open client.

    Args:
        name: The last word of the command.
        body: The function.
        parameters: The command's arguments and options.
        help: The help text. By default the function's docstring.
        epilog: The text below the options.
        prepare: A function that checks the values before a client is opened, and returns those for the body.
        aliases: Further names of the options, see `Leaf`.
    """

    def call(**values: Any) -> None:
        from .session import execute

        options = take_shared(click.get_current_context(), values)
        given = values if prepare is None else prepare(options, values)
        execute(options, lambda session: body(session, **given))

    made = Leaf(
        name,
        callback=call,
        params=[*parameters, *_shared()],
        help=help or body.__doc__,
        epilog=epilog,
        context_settings=HELP,
    )
    made.aliases = aliases or {}
    return made


def waiting_options(*, ask: bool = True) -> list[click.Parameter]:
    """`--wait` where waiting is optional, `--timeout` and `--poll`."""
    options: list[click.Parameter] = []
    if ask:
        options.append(
            Option("--wait", is_flag=True, help="Wait until it has ended.", panel=WAITING)
        )
    options.append(
        Option(
            "--timeout",
            default=LONGEST,
            metavar="TIME",
            show_default=True,
            help="Stop waiting after this time: 90s, 15m, 6h, 2d or none.",
            panel=WAITING,
        )
    )
    options.append(
        Option(
            "--poll",
            metavar="TIME",
            help="Time between two polls, such as 30s. By default 5 s at first, and up to 45 s later.",
            panel=WAITING,
        )
    )
    return options


HELP: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def argument(
    name: str, help: str, *, kind: str | None = None, many: bool = False, required: bool = True
) -> click.Argument:
    """A positional argument, which completes with names of that kind of resource."""
    return Argument(
        [name],
        help=help,
        nargs=-1 if many else 1,
        required=required,
        shell_complete=None if kind is None else _names(kind),
    )


class Argument(click.Argument):
    """A positional argument with a description in the help."""

    def __init__(self, names: Sequence[str], *, help: str, **settings: Any) -> None:
        super().__init__(names, **settings)
        self.explanation = help
        self.panel = ARGUMENTS

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Its name and description, for the help."""
        return self.make_metavar(ctx), self.explanation
