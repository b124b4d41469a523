"""What is waited for of a trained model: one of its versions, or its export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..api.operations import LIST_TRAINED_MODELS, START_TRAINED_MODEL_EXPORT_JOB
from ..times import seconds_of
from ..versions import (
    BASE,
    LATEST,
    LATEST_ACTIVE,
    TrainedModelRef,
    VersionSelector,
    parse_version,
    replaced,
)
from .pinning import PinningGroup, model_and_version

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import CollaborationTrainedModelExportJobSummary, GetTrainedModelResponse
    from ..operation import Operation
    from ..resuming import Started
    from ..waiting import Handle


class VersionedGroup(PinningGroup):
    """A group of what has versions, each of which is waited for by itself."""

    def _versioned(
        self,
        target: Any,
        version: str | VersionSelector | None,
        membership: str | None,
        goal: str | None = None,
    ) -> Handle[GetTrainedModelResponse]:
        if isinstance(version, str):
            version = parse_version(version)
        if version is None:
            return self._core.waiting.handle(LIST_TRAINED_MODELS, target, membership, goal=goal)
        if version is LATEST_ACTIVE:
            raise ValueError("LATEST_ACTIVE changes: resolve it first, with resolve()")
        if isinstance(target, str) and "@" in target:
            target = TrainedModelRef.parse(target)
        if isinstance(target, TrainedModelRef):
            target = target.trained_model_arn
        handle = self._core.waiting.handle(LIST_TRAINED_MODELS, target, membership, goal=goal)
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

    def _handle_of(
        self, operation: Operation, values: Mapping[str, Any], membership: str | None, made: Started
    ) -> Handle[Any]:
        if operation is not START_TRAINED_MODEL_EXPORT_JOB:
            return super()._handle_of(operation, values, membership, made)
        model, meant = model_and_version(values["trained_model_arn"], values["version"])
        version = made.version or (BASE if meant is BASE else None)
        return self._model_export_handle(
            model, name=made.name, version=version, membership_identifier=membership
        )
