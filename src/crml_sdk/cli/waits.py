"""`crml wait`, and what the waiting commands of models, jobs and channels share."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .durations import format_duration, parse_duration
from .failures import FAILED, TIMED_OUT, Refused
from .options import Format, command
from .writing import Column, plain

if TYPE_CHECKING:
    from ..waiting import Outcome
    from .session import Session

Timeout = Annotated[
    str,
    typer.Option(help="Give up waiting after this long: 90s, 15m, 6h, 2d, or none."),
]
Poll = Annotated[
    str | None,
    typer.Option(
        help="Look this often, such as 30s. Left out: soon at first, then every half minute."
    ),
]

LONGEST = "29d"
"""Jobs run for at most 28 days, and may be queued before."""

Waiter = Callable[..., Coroutine[Any, Any, Any]]

OUTCOMES = (
    Column("name", lambda outcome: _name(outcome)),
    Column("status", "status"),
    Column("took", lambda outcome: format_duration(outcome.elapsed)),
    Column("reason", lambda outcome: reason_of(outcome)),
)


def seconds(text: str) -> float | None:
    """Seconds in an option's text.

    Raises:
        Refused: It is no length of time.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Refused(str(error)) from None


async def wait_for(
    session: Session,
    waiter: Waiter,
    what: Any,
    *,
    title: str,
    resume: str,
    timeout: str,
    poll: str | None,
) -> Any:
    """Wait with progress; gives the last model."""
    limit, interval = seconds(timeout), None if poll is None else seconds(poll)
    with session.waiting(title, resume) as progress:
        return await waiter(what, timeout=limit, poll=interval, on_update=progress)


async def wait_for_all(
    session: Session, what: list[Any], *, resume: str, timeout: str, poll: str | None
) -> None:
    """Wait for several things and write how each ended.

    Raises:
        Refused: When one failed (status 1) or the time was up (status 3).
    """
    limit, interval = seconds(timeout), None if poll is None else seconds(poll)
    with session.waiting(f"{len(what)} at once", resume, several=True) as progress:
        outcomes = await session.sdk.wait_all(
            what, timeout=limit, poll=interval, on_update=progress
        )
    if session.writer.format is Format.TABLE:
        session.write(outcomes, OUTCOMES)
    else:
        session.write([_document(outcome) for outcome in outcomes], ())
    _judge(outcomes, resume)


def _judge(outcomes: list[Outcome], resume: str) -> None:
    from ..errors import WaitTimeout

    bad = [outcome for outcome in outcomes if not outcome.ok]
    late = [outcome for outcome in bad if isinstance(outcome.error, WaitTimeout)]
    if len(bad) > len(late):
        raise Refused(f"{len(bad) - len(late)} of {len(outcomes)} failed", None, FAILED)
    if late:
        raise Refused(
            f"{len(late)} of {len(outcomes)} have not ended yet; they go on",
            f"take the wait up again with: {resume}",
            TIMED_OUT,
        )


def reason_of(outcome: Outcome) -> str | None:
    """Why something did not end well, in a line."""
    error: Any = outcome.error
    if error is None:
        return None
    parts = (getattr(error, "status_code", None), getattr(error, "status_message", None))
    return ": ".join(str(part) for part in parts if part) or str(error).partition("\n")[0]


def _name(outcome: Outcome) -> str:
    name = getattr(outcome.row if outcome.model is None else outcome.model, "name", None)
    return name or outcome.handle.name or outcome.handle.arn.rpartition("/")[2]


def _document(outcome: Outcome) -> dict[str, Any]:
    return {
        "handle": str(outcome.handle),
        "ok": outcome.ok,
        "status": plain(outcome.status),
        "reason": reason_of(outcome),
        "elapsedSeconds": round(outcome.elapsed, 3),
        "resource": plain(outcome.row if outcome.model is None else outcome.model),
    }


async def wait(
    session: Session,
    what: Annotated[
        list[str], typer.Argument(help="ARNs, MODEL-ARN@VERSION, or handles (crml-wait:...).")
    ],
    timeout: Timeout = LONGEST,
    poll: Poll = None,
) -> None:
    """Wait for anything with a life cycle; take up a wait that timed out or was interrupted."""
    resume = "crml wait " + " ".join(f"'{one}'" for one in what)
    if len(what) > 1:
        await wait_for_all(session, list(what), resume=resume, timeout=timeout, poll=poll)
        return
    model = await wait_for(
        session,
        session.sdk.wait,
        what[0],
        title=what[0].rpartition("/")[2] or what[0],
        resume=resume,
        timeout=timeout,
        poll=poll,
    )
    if model is not None:
        session.writer.one(model)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "wait")(wait)
