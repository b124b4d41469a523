"""Commands made from the data of operations: flags, help, checks, and the call.

The way of each: file, flags on top, shorthands, check, question about the cost, a client, names to
ARNs, the call (or the request, with `--dry-run`), perhaps a wait, and the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from . import service
from .inputs import by_python_names, check, get, pairs, put, read_document
from .names import KINDS, resolve
from .options import INPUT, WAITING, Argument, Option, Options, leaf, names_of
from .shorthands import SHORTHANDS, Shorthand
from .table import Command

if TYPE_CHECKING:
    from ..operation import Operation
    from .service import Member
    from .session import Session

WORDS: Final = {
    "environment": "env",
    "hyperparameters": "hyperparameter",
    "tags": "tag",
    "tag_keys": "key",
    "max_runtime_in_seconds": "max-runtime",
    "volume_size_in_gb": "volume-gb",
    "max_payload_in_mb": "max-payload-mb",
    "retention_in_days": "retention-days",
    "arguments": "argument",
    "query_string": "query",
    "shared_audience_metrics": "shared-metric",
    "configured_model_algorithm_associations": "association",
    "ml_model_training_payer_account_id": "payer",
    "ml_model_inference_payer_account_id": "payer",
}
"""Flags that are not simply called as their member is."""

SCOPE: Final = ("membership_identifier", "collaboration_identifier", "next_token", "max_results")
"""Members that an option of every command, or none at all, sets."""

STANDS_FOR: Final = {
    "resource_arn": ("RESOURCE", "ARN, or WORD/NAME such as model/churn or channel/july."),
    "membership_identifier": ("MEMBERSHIP", "Identifier, ARN or the collaboration's exact name."),
    "collaboration_identifier": ("COLLABORATION", "Identifier, ARN or exact name."),
}


def build(command: Command) -> click.Command:
    """The click command of a row of the table."""
    return _Built(command).click_command()


class _Built:
    """A command with what was derived from its operation."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.operation: Operation = service.operations()[command.operation]
        self.writes = _writes(self.operation)
        self.shorthands: list[Shorthand] = [SHORTHANDS[name] for name in command.shorthands]
        covered = {shorthand.path for shorthand in self.shorthands}
        bare = {(name,) for name in command.positional}
        leaves = [
            member
            for member in _leaves(self.operation.input)
            if member.path not in covered | bare
            and member.path[0] not in (*SCOPE, self.operation.version)
        ]
        self.flags = _flag_names(leaves, command.flags)
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
        )

    def _arguments(self) -> list[click.Parameter]:
        known = service.members(self.operation.input)
        return [
            _argument(known[name], self._file_may_have(name)) for name in self.command.positional
        ]

    def _file_may_have(self, name: str) -> bool:
        return self.writes and len(service.members(self.operation.input)) > 4

    def _options(self) -> list[click.Parameter]:
        options: list[click.Parameter] = [shorthand.option() for shorthand in self.shorthands]
        options += [
            _option(self.leaves[path], flag, self.command.defaults.get(".".join(path)))
            for path, flag in self.flags.items()
            if path in self.leaves
        ]
        if self.operation.version is not None:
            options.append(
                Option(
                    "--version", metavar="VERSION", help="The version, instead of MODEL@VERSION."
                )
            )
        if self.command.view is not None:
            options.append(
                Option(
                    "--collaboration",
                    metavar="ID",
                    help="As this collaboration sees it: identifier, ARN or exact name.",
                    shell_complete=names_of("collaboration"),
                )
            )
        if self.writes:
            options += _input_options(self.command.costs)
        if self.command.wait is not None:
            options += waiting_options()
        return options

    def _version_help(self) -> str:
        text = "The version, instead of MODEL@VERSION"
        return (
            f"{text}; {self.command.version} when left out." if self.command.version else f"{text}."
        )

    def prepare(self, options: Options, given: dict[str, Any]) -> dict[str, Any]:
        """Look at everything that can be looked at before a client is opened."""
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
                value = given.get(_parameter(flag))
                if value is not None and value != ():
                    put(values, path, _converted(self.leaves[path], value, flag))
        for name in self.command.positional:
            value = given.get(name)
            if value is not None and value != ():
                member = service.members(self.operation.input)[name]
                put(values, (name,), _converted(member, value, name.upper()))
        for shorthand in self.shorthands:
            shorthand.apply(values, given.get(_parameter(shorthand.flag)))
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
            names[(name,)] = _metavar(service.members(self.operation.input)[name])
        complete = dict(values)
        for shorthand in self.shorthands:
            shorthand.stand_in(complete)
        self._demand_version(values)
        check(self.operation, complete, names)

    def _demand_version(self, values: Mapping[str, Any]) -> None:
        """What acts on the base version unless told otherwise has to be told."""
        if self.operation.name not in ("CancelTrainedModel", "DeleteTrainedModelOutput"):
            return
        model = values.get("trained_model_arn")
        if isinstance(model, str) and "@" not in model and not values.get("version_identifier"):
            from .failures import Refused

            raise Refused(
                f"name the version: {model}@latest, {model}@base or --version VERSION",
                "`crml models versions MODEL` lists them",
            )

    async def run(self, session: Session, values: dict[str, Any], plan: dict[str, Any]) -> None:
        """Call the operation and write what came back."""
        from .calls import dry_run, invoke

        operation = self.operation
        if plan["collaboration"] is not None:
            from .names import find_collaboration

            operation = service.operations()[str(self.command.view)]
            values = {k: v for k, v in values.items() if k != "membership_identifier"}
            values["collaboration_identifier"] = await find_collaboration(
                session, plan["collaboration"]
            )
        for shorthand in self.shorthands:
            await shorthand.complete(session, values)
        values = await resolve(session, operation, values)
        if plan["dry_run"]:
            await dry_run(session, operation, values)
            return
        if plan["wait"] and self.command.wait != "finished":
            values = await _pinned(session, operation, values)
        reply = await invoke(session, operation, values)
        await self._answer(session, values, reply, plan)

    async def _answer(
        self, session: Session, values: dict[str, Any], reply: Any, plan: dict[str, Any]
    ) -> None:
        if plan["wait"]:
            from .waits import wait_for_outcome

            await wait_for_outcome(
                session, self.operation, values, reply, str(self.command.wait), plan
            )
        elif reply is None or (self.writes and not _has_members(reply)):
            session.writer.note((self.command.done or "done").format(*plan["said"]))
        elif self.command.text is not None:
            session.writer.text(self.command.text(reply), reply)
        elif self.writes:
            session.writer.text(_arn_of(reply), reply)
        else:
            session.writer.one(reply)


def _has_members(reply: Any) -> bool:
    return bool(reply.__class__.model_fields)


def _arn_of(reply: Any) -> str:
    """What a reply to a create is known by: the ARN, with the version where there is one."""
    ref = getattr(reply, "ref", None)
    if ref is not None and getattr(reply, "version_identifier", None):
        return str(ref)
    return next(str(value) for name, value in reply if name.endswith("_arn"))


async def _pinned(session: Session, operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
    """A selector as the version that it means now, so that the wait is for the same one."""
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
    file = " -f takes every member, by documented name or in snake_case." if writes else ""
    return f"Calls {operation.name}.{file}"


def _leaves(shape: str, path: tuple[str, ...] = (), depth: int = 0) -> list[Member]:
    """Every member that a flag can set: scalars, and lists and maps of scalars."""
    found: list[Member] = []
    for member in service.members(shape, path).values():
        if member.kind == "structure" and depth < 6:
            found += _leaves(member.shape, member.path, depth + 1)
        elif member.kind not in ("structure", "list", "map") or member.item not in (
            "structure",
            "list",
            "map",
            None,
        ):
            found.append(member)
    return found


def _flag_names(leaves: list[Member], given: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """A flag for each member: the last name, or the whole path where two would clash."""
    wanted: dict[tuple[str, ...], str] = {}
    for member in leaves:
        wanted[member.path] = given.get(".".join(member.path)) or _word(member)
    counts: dict[str, int] = {}
    for word in wanted.values():
        counts[word] = counts.get(word, 0) + 1
    return {
        path: f"--{word if counts[word] == 1 else '-'.join(path).replace('_', '-')}"
        for path, word in wanted.items()
        if word
    }


def _word(member: Member) -> str:
    kind = service.arn_kind(member.shape)
    if kind in KINDS:
        return KINDS[str(kind)].word
    return WORDS.get(member.name) or member.name.removesuffix("_arn").replace("_", "-")


def _parameter(flag: str) -> str:
    return flag.lstrip("-").replace("-", "_")


def _metavar(member: Member) -> str:
    if member.name in STANDS_FOR:
        return STANDS_FOR[member.name][0]
    kind = service.arn_kind(member.shape)
    if kind in KINDS:
        return KINDS[str(kind)].word.upper()
    if member.kind == "map":
        return "KEY=VALUE"
    return WORDS.get(member.name, member.name).upper().replace("_", "-")


def _argument(member: Member, file_may_have: bool) -> click.Parameter:
    kind = service.arn_kind(member.shape)
    many = member.kind in ("list", "map")
    help = KINDS[str(kind)].help if kind in KINDS else member.text
    if member.name in STANDS_FOR:
        help = STANDS_FOR[member.name][1]
    return Argument(
        [member.name],
        help=help,
        metavar=_metavar(member) + ("..." if many else ""),
        nargs=-1 if many else 1,
        required=not file_may_have,
        shell_complete=names_of(str(kind)) if kind in KINDS else None,
    )


def _option(member: Member, flag: str, default: str | None) -> click.Parameter:
    """A flag for a member. Limits are not click's to check: all faults are said at once."""
    kind = service.arn_kind(member.shape)
    scalar = (
        member.shape
        if member.kind not in ("list", "map")
        else str(service.inner_shape(member.shape))
    )
    values = service.enum_values(scalar)
    what = {"integer": click.INT, "number": click.FLOAT}.get(
        service.kind_of_shape(scalar), click.STRING
    )
    text = _help(member, values)
    if default is not None:
        text = f"{text.rstrip('.')}; {default} when left out."
    settings: dict[str, Any] = {"type": what, "help": text}
    if member.kind == "boolean":
        return Option(
            f"{flag}/--no-{flag[2:]}", _parameter(flag), default=None, help=settings["help"]
        )
    if member.kind in ("list", "map"):
        settings["multiple"] = True
    if member.kind == "map":
        settings |= {"metavar": "KEY=VALUE", "type": click.STRING}
    elif kind in KINDS or service.arn_kind(scalar) in KINDS:
        resource = KINDS[str(kind if kind in KINDS else service.arn_kind(scalar))]
        settings |= {"metavar": resource.word.upper(), "shell_complete": names_of(resource.kind)}
    elif values:
        settings |= {"metavar": "|".join(values) if len(values) <= 4 else "VALUE"}
        settings["shell_complete"] = _one_of(values)
    if member.name == "max_runtime_in_seconds":
        settings |= {"type": click.STRING, "metavar": "TIME"}
        settings["help"] = f"{member.text.rstrip('.')}: seconds, or 90m, 6h, 2d; at most 28d."
    return Option(flag, _parameter(flag), **settings)


def _one_of(values: list[str]) -> Callable[..., list[str]]:
    def complete(ctx: Any, parameter: Any, incomplete: str) -> list[str]:
        return [value for value in values if value.lower().startswith(incomplete.lower())]

    return complete


def _help(member: Member, values: list[str]) -> str:
    text = member.text
    if any(
        service.arn_kind(shape) in KINDS
        for shape in (member.shape, service.inner_shape(member.shape))
        if shape
    ):
        text = re.sub(r"^ARNs? of ", "", text)
        text = f"{text[0].upper()}{text[1:].rstrip('.')}; by ARN or exact name."
    if member.kind in ("list", "map"):
        text = f"{text.rstrip('.')}; again for more."
    if 4 < len(values) <= 12:
        text = f"{text} One of {', '.join(values)}."
    if member.name == "query_string":
        text = f"{text.rstrip('.')}; @FILE reads it from a file."
    if member.required and len(member.path) == 1:
        text = f"{text} [required]"
    return text


def _converted(member: Member, value: Any, flag: str) -> Any:
    if member.kind == "map":
        return pairs(value, flag)
    if member.kind == "list":
        return list(value)
    if member.name == "max_runtime_in_seconds":
        from .waits import seconds

        found = seconds(value)
        return None if found is None else int(found)
    if member.name in ("query_string", "configured_audience_model_policy") and value.startswith(
        "@"
    ):
        from .inputs import read_text

        return read_text(value[1:], flag)
    return value


def _input_options(costs: bool) -> list[click.Parameter]:
    options: list[click.Parameter] = [
        Option(
            "-f",
            "--file",
            "file",
            metavar="FILE",
            help="Members from a YAML or JSON file, or - for standard input; flags count more.",
            panel=INPUT,
        ),
        Option(
            "--skeleton",
            is_flag=True,
            help="Write a file with every member, to fill in, and end.",
            panel=INPUT,
        ),
        Option(
            "--dry-run",
            is_flag=True,
            help="Check, and write the request; send nothing.",
            panel=INPUT,
        ),
    ]
    if costs:
        options.append(
            Option("--yes", "-y", is_flag=True, help="Do not ask about the cost.", panel=INPUT)
        )
    return options


def waiting_options(*, ask: bool = True) -> list[click.Parameter]:
    """`--wait` where it is a question, `--timeout` and `--poll`."""
    from .waits import LONGEST

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
            help="Give up waiting after this long: 90s, 15m, 6h, 2d, or none.",
            panel=WAITING,
        )
    )
    options.append(
        Option(
            "--poll",
            metavar="TIME",
            help="Look this often, such as 30s. Left out: soon at first, then every half minute.",
            panel=WAITING,
        )
    )
    return options


__all__ = ["build", "waiting_options"]
