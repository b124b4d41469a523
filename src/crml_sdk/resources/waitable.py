"""What the groups of resources with a life cycle share: waiting for them and watching them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from typing_extensions import TypeVar

from ..arns import a, membership_in
from ..errors import ArnError
from ..resource_types import LONGEST

if TYPE_CHECKING:
    from datetime import timedelta

    from ..core import Core
    from ..waiting import Handle, Poll, Report, Watch
    from ..waiting.statuses import Goal

M = TypeVar("M")


class Waitable(Generic[M]):
    """Waiting for resources that have an ARN, until they have finished."""

    _core: Core
    _kind: ClassVar[str]

    def handle(self, target: Any, *, membership_identifier: str | None = None) -> Handle[M]:
        """Make what to wait for a value: its text, `str(handle)`, resumes the wait anywhere.

        Args:
            target: An ARN, the text of a handle, or a reply that names the resource.
            membership_identifier: The membership; the one in the ARN when left out.

        Raises:
            ArnError: It names another kind of resource.
        """
        return self._handle(target, membership_identifier)

    def _handle(self, target: Any, membership: str | None, goal: Goal | None = None) -> Handle[M]:
        handle = _handle_of(target, self._kind)
        if membership is not None:
            handle = replace(handle, membership=membership_in(membership) or membership)
        return handle if goal is None else handle.with_goal(goal)

    async def wait(
        self,
        target: Any,
        *,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> M:
        """Wait until the resource has finished, and give its final Get response.

        `ACTIVE` is how it ends well: the service has no "completed". Throttling, errors of the
        service (5xx) and lost connections are survived within the deadline; other refusals (400,
        403, 404) end the wait at once. Cancelling the waiting task ends the waiting and nothing
        else.

        Args:
            target: An ARN, a handle or its text, or a reply that names the resource.
            timeout: Seconds for all of it, calls included; None for no end.
            poll: When to look again: any wait of tenacity's, or seconds. By default soon at first
                and then after a fifth of the time waited, 5 to 45 seconds.
            on_update: Called (and awaited, if async) with each `StatusChange`, the first included.
            membership_identifier: The membership; the one in the ARN when left out.
            cancel_on_timeout: Cancel the job itself when the time is up, where that is possible.
                This may take up to 10 s more.
            cancel_on_cancel: Cancel the job itself when the waiting task is cancelled.

        Raises:
            WaitTimeout: The time was up. The job goes on; the error tells how to resume.
            ResourceFailed: It ended otherwise, with the reason.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        return await self._core.waiting.wait(
            self._handle(target, membership_identifier),
            timeout=timeout,
            poll=poll,
            on_update=on_update,
            cancel_on_timeout=cancel_on_timeout,
            cancel_on_cancel=cancel_on_cancel,
        )

    def watch(
        self,
        target: Any,
        *,
        timeout: float | timedelta | None = None,
        poll: Poll | None = None,
        membership_identifier: str | None = None,
    ) -> Watch[M]:
        """Watch the changes of the resource's status: `async for change in ...`.

        It ends with the status that a `wait` would end with, and raises nothing for a bad one.

        Args:
            target, poll, membership_identifier: As for `wait`.
            timeout: Seconds for all of it; None, the default, for no end.

        Raises:
            WaitTimeout, ServiceError, TransportError: As `wait` does, while iterating.
        """
        handle = self._handle(target, membership_identifier)
        return self._core.waiting.watch(handle, timeout=timeout, poll=poll)


class Deletable(Waitable[M]):
    """Waiting for a deletion that goes on after the call that asked for it."""

    async def wait_deleted(
        self,
        target: Any,
        *,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
    ) -> M | None:
        """Wait until the deletion that was asked for is done.

        That is when the resource is gone (404) or, where only its data are deleted, `INACTIVE`;
        which of them is not documented; assumed.

        Args:
            target, timeout, poll, on_update, membership_identifier: As for `wait`.

        Returns:
            The last Get response, or None when the resource is gone.

        Raises:
            WaitTimeout: The time was up.
            ResourceFailed: The deletion failed.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        from ..waiting.statuses import Goal

        return await self._core.waiting.wait(
            self._handle(target, membership_identifier, Goal.DELETED),
            timeout=timeout,
            poll=poll,
            on_update=on_update,
        )


class Cancellable(Waitable[M]):
    """Waiting for a cancellation that goes on after the call that asked for it."""

    async def wait_cancelled(
        self,
        target: Any,
        *,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
    ) -> M:
        """Wait until a job that was asked to stop runs no longer.

        Args:
            target, timeout, poll, on_update, membership_identifier: As for `wait`.

        Returns:
            The last Get response. Its status says how it ended: `INACTIVE` when it was cancelled,
            `ACTIVE` or `CREATE_FAILED` when it had ended before it could be.

        Raises:
            WaitTimeout: The time was up.
            ResourceFailed: The cancellation failed (`CANCEL_FAILED`, read three times in a row):
                the job may be running still.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        from ..waiting.statuses import Goal

        return await self._core.waiting.wait(
            self._handle(target, membership_identifier, Goal.CANCELLED),
            timeout=timeout,
            poll=poll,
            on_update=on_update,
        )


class CollaborationWaitable(Generic[M]):
    """Waiting for what members of a collaboration own, as the collaboration shows it."""

    _core: Core
    _collaboration: str
    _kind: ClassVar[str]

    def handle(self, target: Any) -> Handle[M]:
        """Make what to wait for a value: its text, `str(handle)`, resumes the wait anywhere.

        Args:
            target: An ARN, the text of a handle, or a reply that names the resource; for a trained
                model also a `TrainedModelRef`.

        Raises:
            ArnError: It names another kind of resource.
        """
        handle = _handle_of(target, self._kind)
        return replace(handle, membership=None, collaboration=self._collaboration)

    async def wait(
        self,
        target: Any,
        *,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> M:
        """Wait until a resource of any member has finished.

        Args:
            target: As for `handle`.
            timeout: Seconds for all of it, calls included; None for no end.
            poll: When to look again: any wait of tenacity's, or seconds.
            on_update: Called (and awaited, if async) with each `StatusChange`, the first included.

        Returns:
            The collaboration's Get response, or the row of its list where there is no get.

        Raises:
            WaitTimeout: The time was up; the error tells how to resume.
            ResourceFailed: It ended otherwise, or no list shows it.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        return await self._core.waiting.wait(
            self.handle(target), timeout=timeout, poll=poll, on_update=on_update
        )

    def watch(
        self, target: Any, *, timeout: float | timedelta | None = None, poll: Poll | None = None
    ) -> Watch[M]:
        """Watch the changes of the resource's status: `async for change in ...`.

        Args:
            target, poll: As for `wait`.
            timeout: Seconds for all of it; None, the default, for no end.
        """
        return self._core.waiting.watch(self.handle(target), timeout=timeout, poll=poll)


def _handle_of(target: Any, kind: str) -> Handle[Any]:
    """What names a resource as a handle, refused when it is of another kind than the group's."""
    from ..waiting import Handle

    handle = Handle.of(target)
    if handle.kind != kind:
        raise ArnError(f"{handle.arn!r} is {a(handle.kind)}, not {a(kind)}")
    return handle
