"""Arguments and options made from the members of a request: names, help and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from . import service
from .inputs import pairs
from .names import KINDS
from .options import INPUT, Argument, Option, names_of

if TYPE_CHECKING:
    from .service import Member

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
"""Options that are not named after their member."""

STANDS_FOR: Final = {
    "resource_arn": (
        "RESOURCE",
        "The resource: its ARN, or KIND/NAME such as model/churn or channel/july.",
    ),
    "membership_identifier": (
        "MEMBERSHIP",
        "The membership: identifier, ARN or the collaboration's exact name.",
    ),
    "collaboration_identifier": (
        "COLLABORATION",
        "The collaboration: identifier, ARN or exact name. By default the only one in which you are active.",
    ),
}


def leaves_of(shape: str, path: tuple[str, ...] = (), depth: int = 0) -> list[Member]:
    """All members that an option can set: scalars, and lists and maps of scalars."""
    found: list[Member] = []
    for member in service.members(shape, path).values():
        if member.kind == "structure" and depth < 6:
            found += leaves_of(member.shape, member.path, depth + 1)
        elif member.kind not in ("structure", "list", "map") or member.item not in (
            "structure",
            "list",
            "map",
            None,
        ):
            found.append(member)
    return found


def flag_names(leaves: list[Member], given: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """The option name of each member: its own name, or its whole path if two would clash."""
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


def parameter_name(flag: str) -> str:
    return flag.lstrip("-").replace("-", "_")


def metavar(member: Member) -> str:
    if member.name in STANDS_FOR:
        return STANDS_FOR[member.name][0]
    kind = service.arn_kind(member.shape)
    if kind in KINDS:
        return KINDS[str(kind)].word.upper()
    if member.kind == "map":
        return "KEY=VALUE"
    return WORDS.get(member.name, member.name).upper().replace("_", "-")


def argument(member: Member, file_may_have: bool) -> click.Parameter:
    kind = service.arn_kind(member.shape)
    many = member.kind in ("list", "map")
    help = KINDS[str(kind)].help if kind in KINDS else member.text
    if member.name in STANDS_FOR:
        help = STANDS_FOR[member.name][1]
    return Argument(
        [member.name],
        help=help,
        metavar=metavar(member) + ("..." if many else ""),
        nargs=-1 if many else 1,
        required=not file_may_have,
        shell_complete=names_of(str(kind)) if kind in KINDS else None,
    )


def option(member: Member, flag: str, default: str | None) -> click.Parameter:
    """The option for a member. Limits are checked later, so that all errors appear at once."""
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
        text = f"{text} By default {default}."
    settings: dict[str, Any] = {"type": what, "help": text}
    if member.kind == "boolean":
        return Option(
            f"{flag}/--no-{flag[2:]}", parameter_name(flag), default=None, help=settings["help"]
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
        settings["help"] = f"{member.text} Give seconds, or 90m, 6h, 2d. At most 28d."
    return Option(flag, parameter_name(flag), **settings)


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
        text = f"{text[0].upper()}{text[1:]} ARN or exact name."
    if member.kind in ("list", "map"):
        text = f"{text} Repeatable."
    if 4 < len(values) <= 12:
        text = f"{text} One of {', '.join(values)}."
    if member.name == "query_string":
        text = f"{text} @FILE reads it from a file."
    if member.required and len(member.path) == 1:
        text = f"{text} [required]"
    return text


def converted(member: Member, value: Any, flag: str) -> Any:
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


def input_options(costs: bool) -> list[click.Parameter]:
    options: list[click.Parameter] = [
        Option(
            "-f",
            "--file",
            "file",
            type=click.Path(),
            metavar="FILE",
            help="Read members from a YAML or JSON file, or - for standard input. Options override them.",
            panel=INPUT,
        ),
        Option(
            "--skeleton",
            is_flag=True,
            help="Write a file with all members to fill in, and exit.",
            panel=INPUT,
        ),
        Option(
            "--dry-run",
            is_flag=True,
            help="Check and print the request, but do not send it.",
            panel=INPUT,
        ),
    ]
    if costs:
        options.append(
            Option(
                "--yes",
                "-y",
                is_flag=True,
                help="Do not ask before starting something that costs money.",
                panel=INPUT,
            )
        )
    return options
