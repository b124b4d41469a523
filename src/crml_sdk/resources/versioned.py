"""What can be waited for of a trained model: one of its versions, or an export of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..api.operations import LIST_TRAINED_MODELS, START_TRAINED_MODEL_EXPORT_JOB
from ..times import seconds_of
from ..versions import BASE, LATEST, LATEST_ACTIVE, TrainedModelRef, VersionSelector, replaced
from .pinning import PinningGroup, model_and_version

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import CollaborationTrainedModelExportJobSummary, GetTrainedModelResponse
    from ..resuming import Started
    from ..waiting import Handle
    from .group import Call


class VersionedGroup(PinningGroup):
    """A group of resources that have versions, each of which has a wait of its own."""

    def _versioned(
        self,
        target: Any,
        version: str | VersionSelector | None,
        membership: str | None,
        goal: str | None = None,
    ) -> Handle[GetTrainedModelResponse]:
        target, version = model_and_version(target, version)
        if version is LATEST_ACTIVE:
            raise ValueError("LATEST_ACTIVE changes: resolve it first, with resolve()")
        handle = self._core.waiting.handle(LIST_TRAINED_MODELS, target, membership, goal=goal)
        if version is None:
            return handle
        if version is LATEST:
            return replaced(handle, version=None)
        return handle.pinned(None if version is BASE else str(version))

    async def _resolved(
        self,
        target: Any,
        version: str | VersionSelector | None,
        membership: str | None,
        timeout: float | timedelta | None,
        goal: str | None = None,
    ) -> tuple[Handle[GetTrainedModelResponse], float | timedelta | None]:
        """The handle of what to wait for, and the seconds that are left."""
        target, version = model_and_version(target, version)
        if version is LATEST_ACTIVE:
            began = self._core.clock()
            row = await self._selected(target, LATEST_ACTIVE, membership, timeout)
            version = row.version_identifier or BASE
            if timeout is not None:
                timeout = max(seconds_of("timeout", timeout) - (self._core.clock() - began), 0.0)
        return self._versioned(target, version, membership, goal), timeout

    def _model_export_handle(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        name: str,
        version: str | VersionSelector | None = None,
        collaboration_identifier: str | None = None,
        membership_identifier: str | None = None,
    ) -> Handle[CollaborationTrainedModelExportJobSummary]:
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

    def _handle_of(self, call: Call, made: Started) -> Handle[Any]:
        if call.operation is not START_TRAINED_MODEL_EXPORT_JOB:
            return super()._handle_of(call, made)
        model, meant = model_and_version(call.values["trained_model_arn"], call.values["version"])
        version = made.version or (BASE if meant is BASE else None)
        return self._model_export_handle(
            model, name=made.name, version=version, membership_identifier=call.membership
        )
