"""The ways to wait, told in one form: what each says of each resource."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crml_sdk import errors
from crml_sdk._runtime import current_runtime
from crml_sdk.waiting import Handle

from .stage import Service


@dataclass(frozen=True)
class Verdict:
    """What a way said of one resource.

    Attributes:
        error: The name of the error's class, or None.
        status: The last status, as text.
        cause: The error itself.
        reply: The model or the row that came with it.
    """

    error: str | None
    status: str | None
    cause: Any = None
    reply: Any = None
    elapsed: float = 0.0

    @property
    def plain(self) -> tuple[str | None, str | None]:
        """What all ways must agree on."""
        return self.error, self.status


Way = Callable[..., Awaitable[list[Verdict]]]


def text(status: Any) -> str | None:
    return None if status is None else str(getattr(status, "value", status))


def verdict_of(error: BaseException | None, reply: Any, elapsed: float) -> Verdict:
    if error is None:
        return Verdict(None, text(getattr(reply, "status", None)), None, reply, elapsed)
    shown = getattr(error, "model", None)
    return Verdict(
        type(error).__name__, text(getattr(error, "status", None)), error, shown, elapsed
    )


async def one_by_one(service: Service, handles: Sequence[Handle], **options: Any) -> list[Verdict]:
    """A `wait` for each, all at the same time."""
    options.pop("details", None)
    found: dict[int, Verdict] = {}

    async def wait(number: int, handle: Handle) -> None:
        error, reply = None, None
        began = service.now
        try:
            reply = await service.room.wait(handle, **options)
        except errors.CleanRoomsMLError as caught:
            error = caught
        found[number] = verdict_of(error, reply, service.now - began)

    async with current_runtime().task_group() as tasks:
        for number, handle in enumerate(handles):
            tasks.start(wait, number, handle)
    return [found[number] for number in range(len(handles))]


async def wait_all(service: Service, handles: Sequence[Handle], **options: Any) -> list[Verdict]:
    """One `wait_all`."""
    outcomes = await service.room.wait_all(handles, **options)
    return [
        verdict_of(outcome.error, None if outcome.error else outcome.result(), outcome.elapsed)
        for outcome in outcomes
    ]


async def as_completed(
    service: Service, handles: Sequence[Handle], **options: Any
) -> list[Verdict]:
    """One `as_completed`, during which nothing may run between two items."""
    found: dict[str, Verdict] = {}
    async for outcome in service.room.as_completed(handles, **options):
        result = None if outcome.error else outcome.result()
        assert outcome.handle.arn not in found, "each comes once"
        found[outcome.handle.arn] = verdict_of(outcome.error, result, outcome.elapsed)
        calls = len(service.calls)
        await service.sleep(0)
        assert len(service.calls) == calls, "something ran between two items"
    return [found[handle.arn] for handle in handles]


WAYS: dict[str, Way] = {
    "wait": one_by_one,
    "wait_all": wait_all,
    "as_completed": as_completed,
}
