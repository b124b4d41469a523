"""`--resume`, `--resume-since` and `--retry-failed` of what starts something that takes a while."""

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
            help="Take up what an earlier try of this has made under its name, instead of making"
            " another.",
            panel=RESUMING,
        ),
        Option(
            "--resume-since",
            metavar="TIME",
            help="The same, but refuse what is older: 90m, 6h, 7d, or 2026-11-21T15:00.",
            panel=RESUMING,
        ),
        Option(
            "--retry-failed",
            is_flag=True,
            help="The same, and make NAME-2, NAME-3 and so on after a try that failed.",
            panel=RESUMING,
        ),
    ]


def take_resume(given: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What the options mean for the SDK's method, taken out of what was given.

    Raises:
        Refused: The time is none, or a version that is trained on is another one at the next try.
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
                f"--from {model} would be another version at the next try",
                "with --resume name it: `crml models latest MODEL` says which it is",
            )
    return found


def tell(reply: Any) -> None:
    """Say that something was taken up, where it was."""
    resumed = getattr(reply, "resumed", None)
    if resumed is None:
        return
    from .console import remark
    from .writing import moment

    unseen = f"; not compared: {', '.join(resumed.not_compared)}" if resumed.not_compared else ""
    remark(f"taken up: made {moment(resumed.create_time)}, {resumed.status}{unseen}")
