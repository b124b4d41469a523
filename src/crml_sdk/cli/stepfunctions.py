"""`crml stepfunctions`: a state machine that starts a job and waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from .options import HELP, Argument, Leaf, Option

if TYPE_CHECKING:
    import click

KINDS: Final = ("train", "infer")
PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")


def stepfunctions() -> click.Command:
    """`crml stepfunctions`."""
    import click

    def write(kind: Literal["train", "infer"], partition: str) -> None:
        from ..stepfunctions import render
        from .console import out

        out(render(kind, partition=partition))

    parameters: list[Any] = [
        Argument(["kind"], type=click.Choice(KINDS), help="What the state machine runs."),
        Option(
            "--partition",
            type=click.Choice(PARTITIONS),
            default=PARTITIONS[0],
            show_default=True,
            help="AWS partition of the state machine.",
        ),
    ]
    return Leaf(
        "stepfunctions",
        callback=write,
        params=parameters,
        help=(
            "Write a state machine for AWS Step Functions that runs a training or an"
            " inference job and waits for it. Its input is the request of the operation"
            ' with its members in PascalCase: {"Request": {"MembershipIdentifier": ...,'
            ' "Name": ...}}. No request is sent.'
        ),
        context_settings=HELP,
    )
