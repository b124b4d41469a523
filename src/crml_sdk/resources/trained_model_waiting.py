"""Waiting for trained models: a version of one, its cancellation, its deletion, its export."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from ..api.trained_models import TrainedModelsOperations
from ..resource_types import LONGEST
from ..times import seconds_of
from ..versions import BASE, LATEST, LATEST_ACTIVE, TrainedModelRef, VersionSelector, parse_version
from .waitable import Cancellable, Deletable

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import (
        CollaborationTrainedModelExportJobSummary,
        GetTrainedModelResponse,
        TrainedModelSummary,
    )
    from ..versions import BaseSelector
    from ..waiting import Handle, Poll, Report, Watch
    from ..waiting.statuses import Goal


class TrainedModelWaiting(
    TrainedModelsOperations,
    Deletable["GetTrainedModelResponse"],
    Cancellable["GetTrainedModelResponse"],
):
    """Waiting for versions of trained models.

    Everything here takes `version`: an identifier, `LATEST`, `LATEST_ACTIVE` or `BASE`. Left out,
    it is the version that is the latest at the first look, and stays that one although later
    versions may come. The base version of a model that has later ones shows only in the list of
    versions: what is returned for it then is its row, a `TrainedModelSummary`.
    """

    _kind = "trained-model"

    def handle(
        self,
        target: Any,
        *,
        version: str | VersionSelector | None = None,
        membership_identifier: str | None = None,
    ) -> Handle[GetTrainedModelResponse]:
        """Make what to wait for a value: its text, `str(handle)`, resumes the wait anywhere.

        Args:
            target: An ARN, a `TrainedModelRef`, the text of a handle, or a reply.
            version: The version; `LATEST_ACTIVE` has to be resolved first.
            membership_identifier: The membership; the one in the ARN when left out.

        Raises:
            ArnError: It names another kind of resource.
        """
        return self._versioned(target, version, membership_identifier)

    def _versioned(
        self,
        target: Any,
        version: str | VersionSelector | None,
        membership: str | None,
        goal: Goal | None = None,
    ) -> Handle[GetTrainedModelResponse]:
        if isinstance(version, str):
            version = parse_version(version)
        if version is None:
            return self._handle(target, membership, goal)
        if version is LATEST_ACTIVE:
            raise ValueError("LATEST_ACTIVE changes: resolve it first, with resolve()")
        if isinstance(target, str) and "@" in target:
            target = TrainedModelRef.parse(target)
        if isinstance(target, TrainedModelRef):
            target = target.trained_model_arn
        handle = self._handle(target, membership, goal)
        if version is LATEST:
            return replace(handle, version=None)
        return handle.pinned(None if version is BASE else str(version))

    async def _resolved(
        self,
        target: Any,
        version: str | VersionSelector | None,
        membership: str | None,
        timeout: float | timedelta | None,
        goal: Goal | None = None,
    ) -> tuple[Handle[GetTrainedModelResponse], float | timedelta | None]:
        """The handle of what to wait for, and the seconds that are left."""
        if isinstance(target, str) and "@" in target and not target.startswith("crml-wait:"):
            target = TrainedModelRef.parse(target)
        if version is None and isinstance(target, TrainedModelRef):
            version = target.version
        if isinstance(version, str):
            version = parse_version(version)
        if version is not LATEST_ACTIVE:
            return self._versioned(target, version, membership, goal), timeout
        began = self._core.clock()
        target = target.trained_model_arn if isinstance(target, TrainedModelRef) else target
        row = await self._selected(target, LATEST_ACTIVE, membership, timeout)
        if timeout is not None:
            timeout = max(seconds_of("timeout", timeout) - (self._core.clock() - began), 0.0)
        return self._versioned(target, row.version_identifier or BASE, membership, goal), timeout

    @overload
    async def wait(
        self,
        target: Any,
        *,
        version: BaseSelector,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> GetTrainedModelResponse | TrainedModelSummary: ...

    @overload
    async def wait(
        self,
        target: Any,
        *,
        version: str | VersionSelector | None = None,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> GetTrainedModelResponse: ...

    async def wait(
        self,
        target: Any,
        *,
        version: str | VersionSelector | None = None,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> GetTrainedModelResponse | TrainedModelSummary:
        """Wait until a version has been trained, and give its final Get response.

        Args:
            target: An ARN, a `TrainedModelRef`, a handle or its text, or a reply that names it.
            version: The version; the latest at the first look when left out.
            timeout: Seconds for all of it, calls included; None for no end.
            poll: When to look again: any wait of tenacity's, or seconds. By default soon at first
                and then after a fifth of the time waited, 5 to 45 seconds.
            on_update: Called (and awaited, if async) with each `StatusChange`, the first included.
            membership_identifier: The membership; the one in the ARN when left out.
            cancel_on_timeout: Cancel the training itself when the time is up. This may take up to
                10 s more.
            cancel_on_cancel: Cancel the training itself when the waiting task is cancelled.

        Raises:
            WaitTimeout: The time was up. The training goes on; the error tells how to resume.
            ResourceFailed: It ended otherwise, with the reason.
            NoSuchVersion: The selector fits no version.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        handle, left = await self._resolved(target, version, membership_identifier, timeout)
        return await self._core.waiting.wait(
            handle,
            timeout=left,
            poll=poll,
            on_update=on_update,
            cancel_on_timeout=cancel_on_timeout,
            cancel_on_cancel=cancel_on_cancel,
        )

    def watch(
        self,
        target: Any,
        *,
        version: str | VersionSelector | None = None,
        timeout: float | timedelta | None = None,
        poll: Poll | None = None,
        membership_identifier: str | None = None,
    ) -> Watch[GetTrainedModelResponse]:
        """Watch the changes of a version's status: `async for change in ...`.

        It ends with the status that a `wait` would end with, and raises nothing for a bad one.

        Args:
            target, version, poll, membership_identifier: As for `wait`; `LATEST_ACTIVE` has to be
                resolved first.
            timeout: Seconds for all of it; None, the default, for no end.

        Raises:
            WaitTimeout, ServiceError, TransportError: As `wait` does, while iterating.
        """
        handle = self._versioned(target, version, membership_identifier)
        return self._core.waiting.watch(handle, timeout=timeout, poll=poll)

    async def wait_deleted(
        self,
        target: Any,
        *,
        version: str | VersionSelector | None = None,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
    ) -> GetTrainedModelResponse | None:
        """Wait until the deletion of a version's output, asked for before, is done.

        That is when the version is `INACTIVE` or gone (404); which of them is not documented;
        assumed.

        Args:
            target, version, timeout, poll, on_update, membership_identifier: As for `wait`.

        Returns:
            The last Get response, or None when the version is gone.

        Raises:
            WaitTimeout: The time was up.
            ResourceFailed: The deletion failed.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        from ..waiting.statuses import Goal

        handle, left = await self._resolved(
            target, version, membership_identifier, timeout, Goal.DELETED
        )
        return await self._core.waiting.wait(handle, timeout=left, poll=poll, on_update=on_update)

    async def wait_cancelled(
        self,
        target: Any,
        *,
        version: str | VersionSelector | None = None,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
    ) -> GetTrainedModelResponse:
        """Wait until a training that was asked to stop runs no longer.

        Args:
            target, version, timeout, poll, on_update, membership_identifier: As for `wait`.

        Returns:
            The last Get response. Its status says how it ended: `INACTIVE` when it was cancelled,
            `ACTIVE` or `CREATE_FAILED` when it had ended before it could be.

        Raises:
            WaitTimeout: The time was up.
            ResourceFailed: The cancellation failed (`CANCEL_FAILED`, read three times in a row):
                the training may be running still.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        from ..waiting.statuses import Goal

        handle, left = await self._resolved(
            target, version, membership_identifier, timeout, Goal.CANCELLED
        )
        return await self._core.waiting.wait(handle, timeout=left, poll=poll, on_update=on_update)

    def export_handle(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        name: str,
        version: str | VersionSelector | None = None,
        collaboration_identifier: str | None = None,
        membership_identifier: str | None = None,
    ) -> Handle[CollaborationTrainedModelExportJobSummary]:
        """Make an export job a value to wait for, although the service gives it no identifier.

        Args:
            trained_model_arn: The exported model; a `TrainedModelRef` brings its version along.
            name: The name that the export was started with.
            version: The exported version: an identifier or `BASE`; left out, any.
            collaboration_identifier: The collaboration; looked up from the model when left out.
            membership_identifier: The membership; the one in the ARN when left out.
        """
        from ..waiting import Handle

        model = self._versioned(trained_model_arn, version, membership_identifier)
        return Handle(
            "trained-model-export-job",
            model.arn,
            version=model.version,
            membership=model.membership,
            collaboration=collaboration_identifier,
            name=name,
        )

    async def wait_export(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        name: str,
        version: str | VersionSelector | None = None,
        collaboration_identifier: str | None = None,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        membership_identifier: str | None = None,
    ) -> CollaborationTrainedModelExportJobSummary:
        """Wait for an export job, found by model, version and name; the newest if there are more.

        Exports have no identifier and no get: they show in the collaboration's list only. One that
        does not show within half a minute is not there.

        Args:
            trained_model_arn: The exported model; a `TrainedModelRef` brings its version along.
            name: The name that the export was started with.
            version: The exported version: an identifier or `BASE`; left out, any.
            collaboration_identifier: The collaboration; looked up from the model when left out,
                which costs one more request.
            timeout, poll, on_update, membership_identifier: As for `wait`.

        Returns:
            The export job's row in the list.

        Raises:
            WaitTimeout: The time was up.
            ResourceFailed: It failed, or no list shows it.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        handle = self.export_handle(
            trained_model_arn,
            name=name,
            version=version,
            collaboration_identifier=collaboration_identifier,
            membership_identifier=membership_identifier,
        )
        return await self._core.waiting.wait(
            handle, timeout=timeout, poll=poll, on_update=on_update
        )
