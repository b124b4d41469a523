"""`crml wait`, the wait commands of models, jobs and channels, and `--wait` of other commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .durations import format_duration, parse_duration
from .failures import FAILED, TIMED_OUT, Refused
from .options import Option, argument, leaf, waiting_options
from .writing import Column, plain

if TYPE_CHECKING:
    import click

    from ..operation import Operation
    from ..waiting import Outcome
    from .session import Session

OUTCOMES = (
    Column("name", lambda outcome: _name(outcome)),
    Column("status", "status"),
    Column("took", lambda outcome: format_duration(outcome.elapsed)),
    Column("reason", lambda outcome: reason_of(outcome)),
)


def seconds(text: str) -> float | None:
    """Seconds in an option's text.

    Raises:
        Refused: It is not a length of time.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Refused(str(error)) from None


async def wait_for_one(
    session: Session, handle: Any, *, title: str, timeout: str, poll: str | None
) -> Any:
    """Wait with progress, and return the last model, or None if it is gone."""
    limit, interval = seconds(timeout), None if poll is None else seconds(poll)
    resume = f"crml wait '{handle}'"
    with session.waiting(title, resume) as progress:
        return await session.sdk.wait(handle, timeout=limit, poll=interval, on_update=progress)


async def wait_for_outcome(
    session: Session,
    operation: Operation,
    values: dict[str, Any],
    reply: Any,
    goal: str,
    plan: dict[str, Any],
) -> None:
    """Wait for what a command has started, cancelled or deleted, and write the result."""
    from ..resource_types import RESOURCE_TYPES

    handle = handle_after(session, operation, values, reply, goal)
    name: str = values.get("name") or (plan["said"] or [None])[0] or handle.arn
    title = f"{RESOURCE_TYPES[handle.kind].noun} {name}"
    done = await wait_for_one(
        session, handle, title=title, timeout=plan["timeout"], poll=plan["poll"]
    )
    if done is not None:
        session.writer.one(done)
    elif session.writer.for_people:
        session.writer.note("it is gone")


def handle_after(
    session: Session, operation: Operation, values: dict[str, Any], reply: Any, goal: str
) -> Any:
    """The handle of what a command has started, cancelled or deleted."""
    from ..waiting import Handle
    from ..waiting.handles import Goal

    if isinstance(reply, Handle):
        return reply  # pyright: ignore[reportUnknownVariableType]
    if operation.name == "StartAudienceExportJob":
        return session.sdk.audience_export_jobs.handle(
            values["audience_generation_job_arn"], name=values["name"]
        )
    if goal == "finished":
        return Handle.of(reply)
    arn = next(value for name, value in values.items() if name.endswith("_arn"))
    version = values.get(operation.version or "")
    return Handle.of(f"{arn}@{version}" if version else arn).with_goal(Goal(goal))


async def wait_for_all(
    session: Session, what: list[Any], *, resume: str, timeout: str, poll: str | None
) -> None:
    """Wait for several resources and write the result of each.

    Raises:
        Refused: One has failed (status 1) or the timeout has passed (status 3).
    """
    limit, interval = seconds(timeout), None if poll is None else seconds(poll)
    with session.waiting(f"{len(what)} at once", resume, several=True) as progress:
        outcomes = await session.sdk.wait_all(
            what, timeout=limit, poll=interval, on_update=progress
        )
    if session.writer.for_people:
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
            f"{len(late)} of {len(outcomes)} have not ended yet and continue",
            f"resume the wait with: {resume}",
            TIMED_OUT,
        )


def reason_of(outcome: Outcome) -> str | None:
    """Why something failed, in a line."""
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


async def _wait(
    session: Session, handles: list[Any], titles: list[str], timeout: str, poll: str | None
) -> None:
    if len(handles) > 1:
        resume = "crml wait " + " ".join(f"'{handle}'" for handle in handles)
        await wait_for_all(session, handles, resume=resume, timeout=timeout, poll=poll)
        return
    model = await wait_for_one(session, handles[0], title=titles[0], timeout=timeout, poll=poll)
    if model is not None:
        session.writer.one(model)


def wait() -> click.Command:
    """`crml wait`."""

    async def body(session: Session, what: tuple[str, ...], timeout: str, poll: str | None) -> None:
        """Wait for any resource with a life cycle, or resume a wait that timed out or was interrupted."""
        from ..waiting import Handle

        handles = [Handle.of(text) for text in what]
        await _wait(session, handles, [handle.describe() for handle in handles], timeout, poll)

    thing = argument(
        "what", "What to wait for: ARNs, MODEL-ARN@VERSION or handles (crml-wait:...).", many=True
    )
    return leaf("wait", body, [thing, *waiting_options(ask=False)], prepare=_times)


def _times(options: Any, values: dict[str, Any]) -> dict[str, Any]:
    """An error in a length of time must appear before a client is opened."""
    seconds(values["timeout"])
    if values["poll"] is not None:
        seconds(values["poll"])
    return values


def _waiter(kind: str, help: str, goals: tuple[str, ...]) -> Callable[[], click.Command]:
    """The wait command of a kind of resource."""

    def make() -> click.Command:
        from .names import KINDS

        async def body(
            session: Session, names: tuple[str, ...], timeout: str, poll: str | None, **goal: bool
        ) -> None:
            wanted = next((name for name in goals if goal.get(name)), "finished")
            handles = [await _handle(session, kind, name, wanted) for name in names]
            titles = [f"{KINDS[kind].noun} {name}" for name in names]
            await _wait(session, handles, titles, timeout, poll)

        what = argument("names", KINDS[kind].help, kind=kind, many=True)
        flags = [
            Option(
                f"--{goal}", is_flag=True, help=f"Wait until it is {goal}, not until it is ACTIVE."
            )
            for goal in goals
        ]
        what.metavar = f"{KINDS[kind].word.upper()}..."
        return leaf(
            "wait", body, [what, *flags, *waiting_options(ask=False)], help=help, prepare=_times
        )

    return make


async def _handle(session: Session, kind: str, name: str, goal: str) -> Any:
    from ..versions import TrainedModelRef, VersionSelector
    from ..waiting import Handle
    from ..waiting.handles import Goal
    from .names import find

    ref = TrainedModelRef.parse(await find(session, kind, name))
    if kind == "trained-model" and isinstance(ref.version, VersionSelector) and not ref.is_base:
        ref = await session.sdk.trained_models.resolve(ref.trained_model_arn, ref.version)
    handle = Handle.of(ref)
    return handle if goal == "finished" else handle.with_goal(Goal(goal))


models_wait: Callable[[], click.Command] = _waiter(
    "trained-model",
    "Wait until versions have been trained. By default the latest version of a model.",
    ("cancelled", "deleted"),
)
jobs_wait: Callable[[], click.Command] = _waiter(
    "trained-model-inference-job",
    "Wait until inference jobs have ended. Several jobs share their requests.",
    ("cancelled",),
)
channels_wait: Callable[[], click.Command] = _waiter(
    "ml-input-channel", "Wait until ML input channels are ready.", ("deleted",)
)
audience_models_wait: Callable[[], click.Command] = _waiter(
    "audience-model", "Wait until audience models are ready.", ("deleted",)
)
audience_jobs_wait: Callable[[], click.Command] = _waiter(
    "audience-generation-job", "Wait until audience generation jobs have ended.", ("deleted",)
)
