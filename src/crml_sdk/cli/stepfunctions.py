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
        Argument(["kind"], type=click.Choice(KINDS), help="What it is to do."),
        Option(
            "--partition",
            type=click.Choice(PARTITIONS),
            default=PARTITIONS[0],
            show_default=True,
            help="AWS partition that it is to run in.",
        ),
    ]
    return Leaf(
        "stepfunctions",
        callback=write,
        params=parameters,
        help=(
            "Write a state machine for AWS Step Functions that trains a model, or predicts with one,"
            " and waits for it. Its input is the documented request, its members in PascalCase:"
            ' {"Request": {"MembershipIdentifier": ..., "Name": ...}}. Asks the service nothing.'
        ),
        context_settings=HELP,
    )
