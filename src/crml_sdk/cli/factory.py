"""Commands made from the data of operations: options, help, checks and the call.

Each command reads its file, its options and its shorthands, checks the request, asks about the cost,
opens a client, resolves names to ARNs, makes the call (or prints the request, with `--dry-run`),
waits if asked to, and writes the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from . import service
from .failures import FAILED, Refused
from .flags import (
    argument,
    converted,
    flag_names,
    input_options,
    leaves_of,
    metavar,
    option,
    parameter_name,
)
from .inputs import by_python_names, check, get, put, read_document
from .names import resolve
from .options import Option, Options, leaf, names_of, waiting_options
from .resume import resume_options, take_resume, tell
from .shorthands import SHORTHANDS, Shorthand
from .table import Command

if TYPE_CHECKING:
    from ..operation import Operation
    from .session import Session

COLLABORATION: Final = "collaboration_identifier"
SCOPE: Final = ("membership_identifier", COLLABORATION, "next_token", "max_results")
"""Members that are set by an option of every command, or by none."""


def build(command: Command) -> click.Command:
    """The click command for a row of the table."""
    return _Built(command).click_command()


class _Built:
    """A command with everything derived from its operation."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.operation: Operation = service.operations()[command.operation]
        self.writes = _writes(self.operation)
        self.shorthands: list[Shorthand] = [SHORTHANDS[name] for name in command.shorthands]
        covered = {shorthand.path for shorthand in self.shorthands}
        bare = {(name,) for name in command.positional}
        leaves = [
            member
            for member in leaves_of(self.operation.input)
            if member.path not in covered | bare
            and member.path[0] not in (*SCOPE, self.operation.version)
        ]
        self.flags = flag_names(leaves, command.flags)
        self.leaves = {member.path: member for member in leaves if member.path in self.flags}
        if self.operation.version is not None:
            self.flags[(self.operation.version,)] = "--version"

    def click_command(self) -> click.Command:
        return leaf(
            self.command.name,
            self.run,
            [*self._arguments(), *self._options()],
            help=service.describe(self.operation),
            epilog=_epilog(self.operation, self.writes),
            prepare=self.prepare,
            aliases=self._aliases(),
        )

    def _aliases(self) -> dict[str, str]:
        """The AWS CLI's option names of the members whose own option is called differently."""
        named = {path: flag for path, flag in self.flags.items() if flag}
        if len(self.command.positional) == 1:
            named[self.command.positional] = ""
        named |= {shorthand.path: shorthand.flag for shorthand in self.shorthands}
        found = {f"--{path[-1].replace('_', '-')}": flag for path, flag in named.items()}
        return {name: flag for name, flag in found.items() if name not in self.flags.values()}

    def _arguments(self) -> list[click.Parameter]:
        known = service.members(self.operation.input)
        return [
            argument(known[name], self._file_may_have(name)) for name in self.command.positional
        ]

    def _file_may_have(self, name: str) -> bool:
        # By default, the collaboration is the one that you are in.
        return name == COLLABORATION or (
            self.writes and len(service.members(self.operation.input)) > 4
        )

    def _options(self) -> list[click.Parameter]:
        options: list[click.Parameter] = [shorthand.option() for shorthand in self.shorthands]
        options += [
            option(self.leaves[path], flag, self.command.defaults.get(".".join(path)))
            for path, flag in self.flags.items()
            if path in self.leaves
        ]
        if self.operation.version is not None:
            options.append(
                Option(
                    "--version",
                    metavar="VERSION",
                    help="The version. You can also write MODEL@VERSION.",
                )
            )
        if self.command.view is not None:
            options.append(
                Option(
                    "--collaboration",
                    metavar="ID",
                    help="Read it from this collaboration: identifier, ARN or exact name.",
                    shell_complete=names_of("collaboration"),
                )
            )
        if self.writes:
            options += input_options(self.command.costs)
        if self.command.wait is not None:
            options += waiting_options()
        if self.command.wait == "finished":
            options += resume_options()
        return options

    def prepare(self, options: Options, given: dict[str, Any]) -> dict[str, Any]:
        """Check everything that can be checked without a client."""
        if given.pop("skeleton", False):
            from .skeleton import write_skeleton

            write_skeleton(self.operation, self.command.path)
            raise click.exceptions.Exit(0)
        plan: dict[str, Any] = {
            name: given.pop(name, None)
            for name in ("wait", "timeout", "poll", "dry_run", "yes", "collaboration")
        }
        if self.command.wait is not None:
            from .waits import seconds

            seconds(plan["timeout"])
            _ = plan["poll"] and seconds(plan["poll"])
        values = self._values(given)
        self._check(values)
        plan["again"] = take_resume(given, values)
        plan["said"] = [given.get(name) for name in self.command.positional]
        if self.command.costs and not plan["yes"] and not plan["dry_run"]:
            from .cost import confirm

            confirm(self.operation, values)
        return {"values": values, "plan": plan}

    def _values(self, given: dict[str, Any]) -> dict[str, Any]:
        file = given.pop("file", None)
        document = {} if file is None else read_document(file)
        values = by_python_names(self.operation.input, document)
        if self.operation.version is not None:
            version = given.pop("version", None) or values.pop("version", None)
            if version is not None:
                values[self.operation.version] = version
        for path, flag in self.flags.items():
            if path in self.leaves:
                value = given.get(parameter_name(flag))
                if value is not None and value != ():
                    put(values, path, converted(self.leaves[path], value, flag))
        for name in self.command.positional:
            value = given.get(name)
            if value is not None and value != ():
                member = service.members(self.operation.input)[name]
                put(values, (name,), converted(member, value, name.upper()))
        for shorthand in self.shorthands:
            shorthand.apply(values, given.get(parameter_name(shorthand.flag)))
        for path, value in self.command.defaults.items():
            if get(values, path.split(".")) is None:
                put(values, tuple(path.split(".")), value)
        model = values.get("trained_model_arn")
        if self.command.version is not None and isinstance(model, str) and "@" not in model:
            values.setdefault(str(self.operation.version), self.command.version)
        return values

    def _check(self, values: dict[str, Any]) -> None:
        names = dict(self.flags)
        for shorthand in self.shorthands:
            names[shorthand.path] = shorthand.flag
        for name in self.command.positional:
            names[(name,)] = metavar(service.members(self.operation.input)[name])
        complete = dict(values)
        for shorthand in self.shorthands:
            shorthand.stand_in(complete)
        self._demand_version(values)
        check(self.operation, complete, names)

    def _demand_version(self, values: Mapping[str, Any]) -> None:
        """Require a version where the service would otherwise act on the base version."""
        if self.operation.name not in ("CancelTrainedModel", "DeleteTrainedModelOutput"):
            return
        model = values.get("trained_model_arn")
        if isinstance(model, str) and "@" not in model and not values.get("version_identifier"):
            raise Refused(
                f"give the version: {model}@latest, {model}@base or --version VERSION",
                "`crml models versions MODEL` lists them",
            )

    async def run(self, session: Session, values: dict[str, Any], plan: dict[str, Any]) -> None:
        """Call the operation and write the result."""
        from .calls import dry_run

        operation = self.operation
        if plan["collaboration"] is not None:
            from .names import find_collaboration

            operation = service.operations()[str(self.command.view)]
            values = {k: v for k, v in values.items() if k != "membership_identifier"}
            values["collaboration_identifier"] = await find_collaboration(
                session, plan["collaboration"]
            )
        elif COLLABORATION in self.command.positional and not values.get(COLLABORATION):
            values[COLLABORATION] = await session.collaboration()
        for shorthand in self.shorthands:
            await shorthand.complete(session, values)
        values = await resolve(session, operation, values)
        if plan["dry_run"]:
            await dry_run(session, operation, values)
            return
        if plan["wait"] and self.command.wait != "finished":
            values = await _pinned(session, operation, values)
        reply = await self._sent(session, operation, values, plan["again"])
        tell(reply)
        await self._answer(session, values, reply, plan)

    async def _sent(
        self, session: Session, operation: Operation, values: dict[str, Any], again: dict[str, Any]
    ) -> Any:
        from ..errors import ResourceNotFoundException
        from .calls import invoke

        try:
            with session.doubtful(self.command.wait == "finished"):
                return await invoke(session, operation, values, self.command.method, again)
        except ResourceNotFoundException:
            if self.command.absent is None:
                raise
            raise Refused(*self.command.absent, FAILED) from None

    async def _answer(
        self, session: Session, values: dict[str, Any], reply: Any, plan: dict[str, Any]
    ) -> None:
        if plan["wait"]:
            from .waits import wait_for_outcome

            await wait_for_outcome(
                session, self.operation, values, reply, str(self.command.wait), plan
            )
        elif self.command.wait == "finished" and not _has_members(reply):
            from .waits import handle_after

            # An export has no ARN, so its handle is all that is known.
            handle = str(handle_after(session, self.operation, values, reply, "finished"))
            session.writer.text(handle, {"handle": handle})
        elif reply is None or (self.writes and not _has_members(reply)):
            session.writer.note((self.command.done or "done").format(*plan["said"]))
        elif self.command.text is not None:
            session.writer.text(self.command.text(reply), reply)
        elif self.writes:
            session.writer.text(_arn_of(reply), reply)
        else:
            session.writer.one(reply)


def _has_members(reply: Any) -> bool:
    return bool(getattr(reply.__class__, "model_fields", None))


def _arn_of(reply: Any) -> str:
    """The ARN in a reply to a create, with the version if there is one."""
    ref = getattr(reply, "ref", None)
    if ref is not None and getattr(reply, "version_identifier", None):
        return str(ref)
    return next(str(value) for name, value in reply if name.endswith("_arn"))


async def _pinned(session: Session, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
    """The version that a selector means now, so that the wait is for the same one."""
    if operation.version is None or "trained_model_arn" not in values:
        return values
    from ..versions import TrainedModelRef, VersionSelector, parse_version

    ref = TrainedModelRef.parse(values["trained_model_arn"])
    given = values.get(operation.version)
    version = parse_version(given) if isinstance(given, str) else ref.version
    if isinstance(version, VersionSelector) and str(version.value) != "base":
        ref = await session.sdk.trained_models.resolve(ref.trained_model_arn, version)
        return {**values, "trained_model_arn": str(ref), operation.version: None}
    return values


def _writes(operation: Operation) -> bool:
    return not operation.name.startswith(("Get", "List", "Batch"))


def _epilog(operation: Operation, writes: bool) -> str:
    file = " With -f you can give every member, in camelCase or snake_case." if writes else ""
    return f"Calls {operation.name}.{file}"
