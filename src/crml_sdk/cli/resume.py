"""`--resume`, `--resume-since` and `--retry-failed` of commands that start something long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from .failures import Refused
from .options import Option

if TYPE_CHECKING:
    import click

RESUMING: Final = "Trying again"


def resume_options() -> list[click.Parameter]:
    """The options."""
    return [
        Option(
            "--resume",
            is_flag=True,
            help=(
                "Continue with what an earlier attempt created under this name, instead of"
                " creating another."
            ),
            panel=RESUMING,
        ),
        Option(
            "--resume-since",
            metavar="TIME",
            help="Like --resume, but refuse anything older: 90m, 6h, 7d, or 2026-11-21T15:00.",
            panel=RESUMING,
        ),
        Option(
            "--retry-failed",
            is_flag=True,
            help="Like --resume, and create NAME-2, NAME-3 and so on after a failed attempt.",
            panel=RESUMING,
        ),
    ]


def take_resume(given: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Take the options out of the values, as arguments of the SDK's method.

    Raises:
        Refused: The time is invalid, or --from could be another version at the next attempt.
    """
    since, again = given.pop("resume_since", None), given.pop("retry_failed", False)
    if not (given.pop("resume", False) or since or again):
        return {}
    found: dict[str, Any] = {"resume": "retry" if again else True}
    if since is not None:
        from .listing import parse_since

        found["resume_since"] = parse_since(since, datetime.now(timezone.utc), "--resume-since")
    channels: list[dict[str, Any]] = values.get("incremental_training_data_channels") or []
    for channel in channels:
        model = channel.get("trained_model_arn")
        if isinstance(model, str) and model.rpartition("@")[2] in ("latest", "latest-active"):
            raise Refused(
                f"--from {model} could be another version at the next attempt",
                "with --resume, give the version: `crml models latest MODEL` shows it",
            )
    return found


def tell(reply: Any) -> None:
    """Report that the command continues with an existing resource."""
    resumed = getattr(reply, "resumed", None)
    if resumed is None:
        return
    from .console import remark
    from .writing import moment

    unseen = f"; not compared: {', '.join(resumed.not_compared)}" if resumed.not_compared else ""
    remark(f"resumed: created {moment(resumed.create_time)}, {resumed.status}{unseen}")
