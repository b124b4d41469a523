"""`crml call`: any operation by its documented name; and `crml operations`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from . import service
from .calls import call as run_call
from .calls import members_text, refuse_unknown
from .failures import Refused
from .inputs import by_python_names, check, parse_document, read_document
from .options import Format, Leaf, Option, Options, argument, leaf, shared_options, take_shared
from .writing import Column, Writer, plain

if TYPE_CHECKING:
    from ..operation import Operation
    from .session import Session

OPERATIONS: Final = (
    Column("operation", "name"),
    Column("command", lambda operation: command_of(operation)),
    Column("in Python", lambda operation: service.python_call(operation)),
)


def command_of(operation: Operation) -> str:
    """The command that calls an operation, or `crml call` if it has none."""
    from .commands import COMMANDS, LISTINGS

    for each in (*LISTINGS, *COMMANDS):
        if each.operation == operation.name:
            return f"crml {each.path}"
    for each in (*LISTINGS, *COMMANDS):
        if each.view == operation.name:
            return f"crml {each.path} --collaboration"
    return f"crml call {service.kebab(operation.name)}"


class _Call(Leaf):
    """`crml call`. `crml call NAME --help` shows the members of the operation."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember the arguments, because the help depends on them."""
        ctx.meta["crml.given"] = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise Refused(
                f"`call` takes members as JSON, not as {error.option_name}",
                '-a \'{"trainedModelArn": "NAME"}\'; `crml operations` lists the commands that have options',
            ) from None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the members of the operation, if one was given."""
        for word in ctx.meta.get("crml.given", ()):
            try:
                operation = service.find_operation(word)
            except Refused:
                continue
            with formatter.section(f"Members of {operation.name}"):
                formatter.write(f"  {service.describe(operation)}\n\n")
                formatter.write(
                    "\n".join(f"  {line}" for line in members_text(operation).split("\n")) + "\n"
                )
            return
        super().format_epilog(ctx, formatter)


def call() -> click.Command:
    """`crml call`."""

    async def body(
        session: Session,
        operation: Operation,
        values: dict[str, Any],
        dry_run: bool,
        all_pages: bool,
    ) -> None:
        await run_call(session, operation, values, dry_run, all_pages)

    def prepare(options: Options, given: dict[str, Any]) -> dict[str, Any]:
        operation = service.find_operation(given["operation"])
        if given["skeleton"]:
            from .skeleton import write_skeleton

            write_skeleton(operation, f"call {operation.name}")
            raise click.exceptions.Exit(0)
        values = by_python_names(operation.input, _arguments(given["arguments"], given["file"]))
        refuse_unknown(operation, values)
        check(operation, values, {})
        return {
            "operation": operation,
            "values": values,
            "dry_run": given["dry_run"],
            "all_pages": given["all_pages"],
        }

    what = argument("operation", "The operation, such as ListTrainedModels or list-trained-models.")
    what._custom_shell_complete = _operation_names  # pyright: ignore[reportPrivateUsage]
    made = leaf(
        "call",
        body,
        [
            what,
            Option(
                "--arguments",
                "-a",
                metavar="JSON",
                help=(
                    "The members of the request: JSON, @FILE, or - for standard input. Names"
                    " are camelCase or snake_case."
                ),
            ),
            Option(
                "-f",
                "--file",
                "file",
                type=click.Path(),
                metavar="FILE",
                help="Members of the request from a YAML or JSON file.",
            ),
            Option("--all", "all_pages", is_flag=True, help="For lists: read all pages."),
            Option(
                "--skeleton",
                is_flag=True,
                help="Write a file with all members to fill in, and exit.",
            ),
            Option(
                "--dry-run", is_flag=True, help="Check and print the request, but do not send it."
            ),
        ],
        help="Call any operation. The request is checked before it is sent, and the reply is printed as JSON.",
        epilog="`crml call NAME --help` shows the members of an operation.",
        prepare=prepare,
    )
    made.__class__ = _Call
    return made


def _operation_names(ctx: Any, parameter: Any, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    wanted = incomplete.lower()
    names = list(service.operations())
    names += [service.kebab(name) for name in names]
    return [CompletionItem(name) for name in names if name.lower().startswith(wanted)]


def _arguments(text: str | None, file: str | None) -> dict[str, Any]:
    found = {} if file is None else read_document(file)
    if text is None:
        return found
    if text == "-":
        return found | read_document("-", what="--arguments")
    if text.startswith("@"):
        return found | read_document(text[1:], what="--arguments")
    if not text.lstrip().startswith(("{", "[")):
        raise Refused(f"--arguments {text!r} is not JSON", "write a JSON object, @FILE, or -")
    return found | parse_document(text, "--arguments")


def list_operations() -> click.Command:
    """`crml operations`."""

    def show(**values: Any) -> None:
        options = take_shared(click.get_current_context(), values)
        writer = Writer(options.output or Format.TABLE)
        found = list(service.operations().values())
        if writer.for_people:
            writer.rows(found, OPERATIONS)
            return
        writer.rows([plain(_row(operation)) for operation in found], [])

    return Leaf(
        "operations",
        callback=show,
        params=shared_options(),
        help="List all operations with their commands and their methods in the SDK.",
    )


def _row(operation: Operation) -> dict[str, Any]:
    return {
        "operation": operation.name,
        "command": command_of(operation),
        "call": service.kebab(operation.name),
        "python": service.python_call(operation),
        "scope": operation.scope,
    }


__all__ = ["call", "list_operations"]
