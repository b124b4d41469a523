"""`crml call`: any operation by its documented name, checked and typed like any other call."""

from __future__ import annotations

import difflib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from .failures import Refused
from .options import Format, command
from .writing import Column, plain

if TYPE_CHECKING:
    from ..operation import Operation
    from .session import Session

OPERATIONS: Final = (
    Column("operation", "name"),
    Column("on the command line", lambda operation: kebab(operation.name)),
    Column("in Python", lambda operation: python_call(operation)),
)


def kebab(name: str) -> str:
    """`list-ml-input-channels` for `ListMLInputChannels`: as the AWS CLI writes it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def snake(name: str) -> str:
    """The Python name of a documented member; Python names stay as they are."""
    from ..naming import IRREGULAR

    for python, wire in IRREGULAR.items():
        if wire == name:
            return python
    return kebab(name).replace("-", "_")


def python_call(operation: Operation) -> str:
    """Where an operation is found in the SDK."""
    scope = "collaboration(id)." if operation.scope == "collaboration" else ""
    return f"sdk.{scope}{operation.group}.{operation.method}"


def find_operation(text: str) -> Operation:
    """The operation of that documented or kebab-case name.

    Raises:
        Refused: There is none.
    """
    from ..api.operations import ALL

    wanted = text.replace("-", "").replace("_", "").lower()
    for operation in ALL:
        if operation.name.lower() == wanted:
            return operation
    names = [operation.name for operation in ALL]
    near = difflib.get_close_matches(text, [*names, *map(kebab, names)], n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "`crml operations` lists all of them"
    raise Refused(f"there is no operation {text!r}", hint)


def read_arguments(text: str | None) -> dict[str, Any]:
    """The arguments in JSON text, in `@file`, or in what comes in on `-`.

    Raises:
        Refused: It is not a JSON object.
    """
    if text is None:
        return {}
    source = text
    if text == "-":
        source = sys.stdin.read()
    elif text.startswith("@"):
        source = Path(text[1:]).read_text(encoding="utf-8")
    try:
        found = json.loads(source)
    except ValueError as error:
        raise Refused(f"--arguments is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Refused('--arguments must be a JSON object, such as \'{"name": "churn"}\'')
    return cast("dict[str, Any]", found)


async def call(
    session: Session,
    operation: Annotated[
        str, typer.Argument(help="Such as ListTrainedModels or list-trained-models.")
    ],
    arguments: Annotated[
        str | None,
        typer.Option(
            "--arguments",
            "-a",
            help="Its members as JSON, @FILE, or - for standard input; documented names or"
            " snake_case.",
            metavar="JSON",
        ),
    ] = None,
    all_pages: Annotated[
        bool, typer.Option("--all", help="For lists: the rows of every page.")
    ] = False,
) -> None:
    """Call any operation; what is sent is checked first, what comes back is documented JSON."""
    chosen = find_operation(operation)
    given = {snake(key): value for key, value in read_arguments(arguments).items()}
    method, values = await _method(session, chosen, given)
    if chosen.items is None:
        reply = await _applied(chosen, method, values)
        session.writer.one({} if reply is None else reply)
        return
    rows = await _applied(chosen, method, values, is_list=True)
    if all_pages:
        if session.writer.format is Format.TABLE:
            session.writer.format = Format.JSON
        await session.stream(rows, ())
        return
    async for page in rows.pages():
        session.writer.one(page.reply)
        break


async def _method(
    session: Session, operation: Operation, given: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The method of the SDK for an operation, and its arguments by Python names."""
    from ..checking import checked

    values = dict(given)
    if operation.scope == "membership" and not _names_membership(values):
        values["membership_identifier"] = await session.membership()
    selector = _take_selector(operation, values)
    # All faults at once, among them what is missing, before a method is looked at.
    checked(operation.input, _for_checking(operation, values))
    target: Any = session.sdk
    if operation.scope == "collaboration":
        target = target.collaboration(values.pop("collaboration_identifier"))
    if selector is not None:
        values["version"] = selector
    if "next_token" in values:
        values["starting_token"] = values.pop("next_token")
    return getattr(getattr(target, operation.group), operation.method), values


def _names_membership(values: dict[str, Any]) -> bool:
    return any(":membership/" in str(value) for value in values.values()) or bool(
        values.get("membership_identifier")
    )


def _take_selector(operation: Operation, values: dict[str, Any]) -> Any:
    """The version in the arguments, which the SDK's methods call `version` everywhere."""
    if operation.version is None:
        return None
    from ..versions import parse_version

    given = values.pop(operation.version, values.pop("version", None))
    return parse_version(given) if isinstance(given, str) else given


def _for_checking(operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
    from ..arns import membership_in

    filled = dict(values)
    if operation.scope == "membership" and "membership_identifier" not in filled:
        filled["membership_identifier"] = membership_in(str(values)) or ""
    if "trained_model_arn" in filled:
        filled["trained_model_arn"] = str(filled["trained_model_arn"]).partition("@")[0]
    return filled


async def _applied(
    operation: Operation, method: Any, values: dict[str, Any], *, is_list: bool = False
) -> Any:
    import inspect

    try:
        inspect.signature(method).bind(**values)
    except TypeError as error:
        problem = str(error).replace("'", "")
        raise Refused(
            f"{operation.name}: {problem}",
            "members: " + ", ".join(_parameters(method)),
        ) from None
    found = method(**values)
    return found if is_list else await found


def _parameters(method: Any) -> list[str]:
    import inspect

    return [
        each.name if each.default is not each.empty else f"{each.name} (required)"
        for each in inspect.signature(method).parameters.values()
        if each.name not in ("timeout", "limit")
    ]


def operations(
    output: Annotated[Format, typer.Option("--output", "-o")] = Format.TABLE,
) -> None:
    """List every operation, with its name on the command line and its place in the SDK."""
    from ..api.operations import ALL
    from .writing import Writer

    writer = Writer(output)
    if output is Format.TABLE:
        writer.rows(list(ALL), list(OPERATIONS))
        return
    rows = [
        {
            "operation": operation.name,
            "command": kebab(operation.name),
            "python": python_call(operation),
            "scope": operation.scope,
        }
        for operation in ALL
    ]
    writer.rows([plain(row) for row in rows], [])


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "call")(call)
    app.command("operations")(operations)
