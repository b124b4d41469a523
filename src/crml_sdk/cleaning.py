"""Clean-up by name: plan what to cancel and delete, and do it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from .errors import CleanRoomsMLError
from .resource_types import RESOURCE_TYPES, ResourceType
from .versions import BASE
from .waiting import Handle
from .waiting.statuses import Goal, Phase, phase

if TYPE_CHECKING:
    from .client import CleanRoomsML, MembershipScope

ORDER: Final = (
    "trained-model-inference-job",
    "trained-model",
    "ml-input-channel",
    "configured-model-algorithm-association",
    "configured-model-algorithm",
    "audience-generation-job",
    "configured-audience-model",
    "audience-model",
    "training-dataset",
)
"""Resource types in the order in which they can be deleted: a resource before those it uses."""

SHORTEST: Final = 3
"""The fewest characters of a prefix: an empty one would mean everything."""


@dataclass(frozen=True)
class Step:
    """One resource of a clean-up, and what became of it.

    Attributes:
        action: `cancel` or `delete`; None when nothing can be done now.
        kind: The resource type, such as `trained-model`.
        name: Its name.
        arn: Its ARN.
        version: The version identifier of a trained model; None for its base version, and for other
            types.
        status: Its status when it was listed; None for types without statuses.
        reason: Why nothing can be done now.
        error: The error when the action failed; None otherwise, and before `run`.
    """

    action: str | None
    kind: str
    name: str
    arn: str
    version: str | None = None
    status: str | None = None
    reason: str | None = None
    error: CleanRoomsMLError | None = None

    def __str__(self) -> str:
        at = f"@{self.version or 'base'}" if self.kind == "trained-model" else ""
        state = f" ({self.status})" if self.status else ""
        tail = f": {self.error or self.reason}" if self.error or self.reason else ""
        return f"{self.action or 'leave'} {self.kind} {self.name}{at}{state}{tail}"


@dataclass(frozen=True)
class CleanUp:
    """The plan of a clean-up. `await plan.run()` carries it out.

    Attributes:
        steps: What to cancel and delete, in order.
        left: Resources with the prefix that cannot be deleted now, each with its reason.
    """

    steps: tuple[Step, ...]
    left: tuple[Step, ...]
    _view: CleanRoomsML | MembershipScope

    def __str__(self) -> str:
        lines = [str(step) for step in (*self.steps, *self.left)]
        return "\n".join(lines) or "nothing has that prefix"

    async def run(
        self,
        *,
        timeout: float | timedelta = 900.0,
        on_step: Callable[[Step], object] | None = None,
    ) -> list[Step]:
        """Cancel, wait until the cancellations have ended, and delete. An error ends only its own step.

        Args:
            timeout: Seconds (or a `timedelta`) to wait for cancellations. The service goes on with
                those that have not ended by then.
            on_step: Called with each step after it was tried.

        Returns:
            The steps in the same order, each with its `error` or None.
        """
        done: list[Step] = []
        cancelled: list[Handle] = []
        for step in self.steps:
            if step.action == "delete":
                await self._ended(cancelled, timeout)
            tried = await self._try(step)
            done.append(tried)
            if step.action == "cancel" and tried.error is None:
                handle = Handle(step.kind, step.arn)
                handle = handle.pinned(step.version) if handle.resource.versions else handle
                cancelled.append(handle.with_goal(Goal.CANCELLED))
            if on_step is not None:
                on_step(tried)
        await self._ended(cancelled, timeout)
        return done

    async def _ended(self, cancelled: list[Handle], timeout: float | timedelta) -> None:
        """Wait once for what has been cancelled."""
        if cancelled:
            await self._view.wait_all(cancelled, timeout=timeout, details=False)
            cancelled.clear()

    async def _try(self, step: Step) -> Step:
        type_ = RESOURCE_TYPES[step.kind]
        operation: Any = type_.cancel if step.action == "cancel" else type_.delete
        version = {"version": step.version or BASE} if operation.version else {}
        method = getattr(getattr(self._view, operation.group), operation.method)
        try:
            await method(step.arn, **version)
        except CleanRoomsMLError as error:
            return replace(step, error=error)
        return step


async def plan_clean_up(
    sdk: CleanRoomsML,
    prefix: str,
    *,
    kinds: Collection[str] | None = None,
    older_than: timedelta | None = None,
    membership_identifier: str | None = None,
) -> CleanUp:
    """Plan a clean-up of all resources whose names have a prefix. Changes nothing.

    The plan cancels jobs and trainings that run. It deletes what has ended: of a trained model the
    output of every version, of an input channel the data, and other resources as a whole.

    Args:
        sdk: An open client.
        prefix: The beginning of the names, 3 characters or more.
        kinds: Resource types, such as `trained-model`; by default all that can be deleted.
        older_than: The least age of a resource.
        membership_identifier: The membership; the client's when left out.

    Returns:
        The plan.

    Raises:
        ValueError: The prefix is too short, or a type is not known.
        CleanRoomsMLError: A list could not be read.
    """
    if len(prefix) < SHORTEST:
        raise ValueError(f"prefix={prefix!r}: give {SHORTEST} characters or more")
    if unknown := set(kinds or ()) - set(ORDER):
        raise ValueError(f"kinds: {', '.join(sorted(unknown))} is none of {', '.join(ORDER)}")
    latest = datetime.now(timezone.utc) - older_than if older_than is not None else None
    view = sdk if membership_identifier is None else sdk.membership(membership_identifier)
    steps: list[Step] = []
    for kind in ORDER:
        type_ = RESOURCE_TYPES[kind]
        if kinds is not None and kind not in kinds:
            continue
        group = getattr(view, type_.list.group)
        async for row in getattr(group, type_.list.method)():
            if row.name.startswith(prefix):
                several = type_.versions is not None
                rows = await group.versions(getattr(row, type_.arn)) if several else [row]
                steps += [
                    _step(type_, each)
                    for each in rows
                    if latest is None or each.create_time < latest
                ]
    cancels = [step for step in steps if step.action == "cancel"]
    deletes = [step for step in steps if step.action == "delete"]
    left = [step for step in steps if step.action is None and step.status != "INACTIVE"]
    return CleanUp((*cancels, *deletes), tuple(left), view)


def _step(type_: ResourceType, row: Any) -> Step:
    status: str | None = str(row.status) if type_.statuses else None
    action, reason = _action(type_, status)
    version = getattr(row, type_.row_version) if type_.row_version else None
    return Step(action, type_.name, row.name, getattr(row, type_.arn), version, status, reason)


def _action(type_: ResourceType, status: str | None) -> tuple[str | None, str | None]:
    if status is None:
        return "delete", None
    if status == "INACTIVE":
        return None, "nothing is left of it"
    if phase(type_.statuses, status) is not Phase.IN_PROGRESS:
        kept = "it has ended, and the service keeps its record"
        return ("delete", None) if type_.delete else (None, kept)
    if not status.startswith("CREATE_"):
        return None, "it is being cancelled or deleted already"
    return ("cancel", None) if type_.cancel else (None, "it is still being made")
