"""Options that every command takes, before or behind its name, and how a command is declared."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Annotated, Any, Final

import typer

_PANEL: Final = "Options of every command"


class Format(str, Enum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"


@dataclass(frozen=True)
class Options:
    """The options of every command, as far as they were given."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    membership: str | None = None
    output: Format | None = None
    debug: bool = False

    def over(self, other: Options) -> Options:
        """These, and the other's where these were not given."""
        given = {
            field.name: value for field in fields(self) if (value := getattr(self, field.name))
        }
        return replace(other, **given)


Region = Annotated[
    str | None,
    typer.Option(help="AWS region, such as us-east-1.", rich_help_panel=_PANEL, metavar="NAME"),
]
Profile = Annotated[
    str | None,
    typer.Option(help="Profile of the AWS config.", rich_help_panel=_PANEL, metavar="NAME"),
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(
        help="Send requests here instead of AWS, such as http://127.0.0.1:4577 (crml local).",
        rich_help_panel=_PANEL,
        metavar="URL",
        envvar="CRML_ENDPOINT_URL",
    ),
]
Membership = Annotated[
    str | None,
    typer.Option(
        help="Membership: identifier, ARN or the collaboration's exact name. Left out: the one in"
        " an ARN, or the only active one you have.",
        rich_help_panel=_PANEL,
        metavar="ID",
        envvar="CRML_MEMBERSHIP",
    ),
]
Output = Annotated[
    Format | None,
    typer.Option(
        "--output",
        "-o",
        help="table for people (default); json, jsonl or yaml for programs.",
        rich_help_panel=_PANEL,
        envvar="CRML_OUTPUT",
    ),
]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Log every call, show full traces.", rich_help_panel=_PANEL),
]

_SHARED: Final[dict[str, Any]] = {
    "region": Region,
    "profile": Profile,
    "endpoint_url": EndpointUrl,
    "membership": Membership,
    "output": Output,
    "debug": Debug,
}

Body = Callable[..., Awaitable[None]]


def command(app: typer.Typer, name: str, **settings: Any) -> Callable[[Body], Body]:
    """Declare an async function `(session, arguments...)` as a command.

    The options of every command are added to those of the function; what was given behind the
    command's name counts more than what was given before it.
    """

    def declare(function: Body) -> Body:
        _, *own = inspect.signature(function).parameters.values()
        # Not those of the first parameter: the session's type is not loaded for `--help`.
        own = [each.replace(annotation=_evaluated(each.annotation, function)) for each in own]

        def call(ctx: typer.Context, **values: Any) -> None:
            from .session import execute

            behind = Options(**{key: values.pop(key) for key in _SHARED})
            options = behind.over(ctx.obj or Options())
            execute(options, lambda session: function(session, **values))

        shared = [_parameter(key, kind) for key, kind in _SHARED.items()]
        context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        parameters = [
            context,
            *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own),
            *shared,
        ]
        declared: Any = call
        declared.__signature__ = inspect.Signature(parameters)
        declared.__annotations__ = {each.name: each.annotation for each in parameters}
        declared.__doc__ = function.__doc__
        declared.__name__ = function.__name__
        app.command(name, **settings)(declared)
        return function

    return declare


def _evaluated(annotation: Any, function: Any) -> Any:
    return eval(annotation, function.__globals__) if isinstance(annotation, str) else annotation


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    default = False if name == "debug" else None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
