"""`crml cleanup`: cancel and delete everything whose name has a prefix. It acts only with --yes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from .console import remark
from .durations import parse_duration
from .failures import FAILED, Refused
from .options import Argument, Option, leaf
from .writing import Column

if TYPE_CHECKING:
    from .session import Session

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "jobs": ("trained-model-inference-job",),
    "models": ("trained-model",),
    "channels": ("ml-input-channel",),
    "associations": ("configured-model-algorithm-association",),
    "algorithms": ("configured-model-algorithm",),
    "audiences": (
        *("audience-generation-job", "configured-audience-model"),
        *("audience-model", "training-dataset"),
    ),
}
"""Resource types by the words for them on the command line."""

STEPS: Final = (
    Column("action", lambda row: row["action"] or "leave"),
    Column("type", lambda row: row["type"]),
    Column("name", lambda row: row["name"]),
    Column("version", lambda row: row["version"]),
    Column("status", lambda row: row["status"]),
    Column("why", lambda row: row["reason"]),
)


def cleanup() -> click.Command:
    """`crml cleanup`."""

    async def body(
        session: Session, *, prefix: str, only: tuple[str, ...], older_than: str | None, yes: bool
    ) -> None:
        from ..cleaning import plan_clean_up

        try:
            age = None if older_than is None else parse_duration(older_than)
            plan = await plan_clean_up(
                session.sdk,
                prefix,
                kinds=[kind for word in only for kind in KINDS[word]] or None,
                older_than=None if age is None else timedelta(seconds=age),
                membership_identifier=await session.membership(),
            )
        except ValueError as error:
            raise Refused(str(error)) from None
        steps: list[Any] = list(plan.steps)
        if yes:
            steps = await plan.run()
        session.write([_row(step) for step in (*steps, *plan.left)], STEPS)
        failed = sum(step.error is not None for step in steps)
        if failed:
            raise Refused(f"{failed} of {len(steps)} steps failed", status=FAILED)
        if steps and not yes and session.writer.for_people:
            remark(f"{len(steps)} steps to do; nothing has been done. Add --yes to do them", "dim")

    return leaf(
        "cleanup",
        body,
        [
            Argument(["prefix"], help="The beginning of the names, at least 3 characters."),
            Option(
                "--only",
                multiple=True,
                type=click.Choice(list(KINDS)),
                help="Only resources of this kind. Repeatable.",
            ),
            Option(
                "--older-than", metavar="TIME", help="Only resources older than this, such as 7d."
            ),
            Option("--yes", is_flag=True, help="Do it, instead of only showing the steps."),
        ],
        help=(
            "Clean up all of your resources whose name begins with PREFIX: cancel running"
            " jobs and delete the data of finished ones. Without --yes it only shows the"
            " steps."
        ),
    )


def _row(step: Any) -> dict[str, Any]:
    is_model = step.kind == "trained-model"
    return {
        "action": step.action,
        "type": step.kind,
        "name": step.name,
        "arn": step.arn,
        "version": step.version or ("base" if is_model else None),
        "status": step.status,
        "reason": str(step.error or "") or step.reason,
        "done": step.error is None and step.action is not None,
    }
