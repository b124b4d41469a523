"""`crml policy`: IAM policies for callers and for the roles that the service assumes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .failures import Refused
from .options import HELP, Argument, Leaf, Option

if TYPE_CHECKING:
    import click


def caller() -> click.Command:
    """`crml policy caller`."""

    def write(operations: tuple[str, ...], role: tuple[str, ...], partition: str) -> None:
        from ..policies import caller

        try:
            made = caller(operations or ("*",), roles=role or ("*",), partition=partition)
        except ValueError as error:
            raise Refused(str(error)) from None
        _write(made)

    return Leaf(
        "caller",
        callback=write,
        params=[
            Argument(
                ["operations"],
                nargs=-1,
                metavar="[OPERATION]...",
                help="Names of operations, or patterns: CreateTrainedModel, 'List*'. By default all.",
            ),
            Option(
                "--role",
                multiple=True,
                help="Name or ARN of a role in requests. By default any role.",
            ),
            _partition(),
        ],
        help=(
            "Write the IAM policy that a caller of these operations needs. It includes the"
            " extra actions for tags, for passing roles, and for memberships and"
            " collaborations."
        ),
        context_settings=HELP,
    )


def role() -> click.Command:
    """`crml policy role`."""
    import click

    from ..policies import KINDS, ServiceRoles

    def write(kind: str, trust: bool, **given: Any) -> None:
        make: Any = getattr(ServiceRoles, kind.replace("-", "_"))
        account = inspect.signature(ServiceRoles).parameters
        own = inspect.signature(make).parameters
        takes = {**account, **{name: own[name] for name in own if name != "self"}}
        values: dict[str, Any] = {
            _MEMBERS.get(flag, flag): value
            for flag, value in given.items()
            if value not in (None, ())
        }
        unknown = [name for name in values if name not in takes]
        missing = [
            name
            for name, parameter in takes.items()
            if parameter.default is parameter.empty and name not in values
        ]
        if unknown or missing:
            what = f"needs {_flags(missing)}" if missing else f"does not take {_flags(unknown)}"
            raise Refused(f"the role of {kind} {what}")
        try:
            roles = ServiceRoles(**{name: values.pop(name) for name in account})
            made = make(roles, **values)
        except ValueError as error:
            raise Refused(str(error)) from None
        _write(made.trust if trust else made.permissions)

    return Leaf(
        "role",
        callback=write,
        params=[
            Argument(
                ["kind"],
                type=click.Choice(KINDS),
                metavar="KIND",
                help=f"What uses the role: {', '.join(KINDS)}.",
            ),
            Option("--trust", is_flag=True, help="Write the role's trust policy instead."),
            Option("--region", help="AWS region, such as us-east-1."),
            Option("--account", help="AWS account, 12 digits."),
            Option("--membership", help="Identifier of the membership."),
            Option(
                "--membership-arn",
                multiple=True,
                help="ARN of a membership that may use a table's role; first that of the member who queries.",
            ),
            Option("--bucket", help="Name of the S3 bucket."),
            Option("--database", help="Name of the Glue database."),
            Option("--table", multiple=True, help="Name of a Glue table."),
            Option("--repository", multiple=True, help="Name of an ECR repository."),
            Option("--kms-key", help="ARN of the KMS key, if you use one."),
            _partition(),
        ],
        help=(
            "Write the IAM policy of a role that the service assumes: its permissions, or"
            " with --trust who may assume it. No request is sent."
        ),
        context_settings=HELP,
    )


_MEMBERS = {
    "account": "account_id",
    "membership": "membership_identifier",
    "membership_arn": "membership_arns",
    "table": "tables",
    "repository": "repositories",
    "kms_key": "kms_key_arn",
}


def _flags(names: list[str]) -> str:
    flags = {member: flag for flag, member in _MEMBERS.items()}
    return ", ".join(f"--{flags.get(name, name).replace('_', '-')}" for name in names)


def _partition() -> Any:
    return Option("--partition", default="aws", show_default=True, help="AWS partition.")


def _write(policy: dict[str, Any]) -> None:
    import json

    from .console import out

    out(json.dumps(policy, indent=2))
