"""Exports of trained models that are started once and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.operations import START_TRAINED_MODEL_EXPORT_JOB
from ..resource_types import LONGEST
from ..versions import BASE, TrainedModelRef, VersionSelector
from .pinning import model_and_version
from .trained_model_waiting import TrainedModelWaiting

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import (
        CollaborationTrainedModelExportJobSummary,
        TrainedModelExportOutputConfiguration,
    )
    from ..resuming import Resume, Since
    from ..types import TrainedModelExportOutputConfigurationDict
    from ..waiting import Handle, Poll, Report


class TrainedModelStarting(TrainedModelWaiting):
    """Exports that are started once and waited for."""

    async def start_export(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        name: str,
        output_configuration: TrainedModelExportOutputConfiguration
        | TrainedModelExportOutputConfigurationDict,
        version: str | VersionSelector | None = None,
        description: str | None = None,
        membership_identifier: str | None = None,
        resume: Resume = False,
        resume_since: Since | None = None,
        timeout: float | timedelta | None = None,
    ) -> Handle[CollaborationTrainedModelExportJobSummary]:
        """Start an export, and give what to wait for: `export`, whose reply names nothing.

        Args:
            trained_model_arn: The model; a `TrainedModelRef` brings its version along.
            name, output_configuration, version, description, membership_identifier, resume,
            resume_since, timeout: As for `export`.

        Returns:
            The handle of the job, for `sdk.wait`; with the name that the job has, which with
            `resume="retry"` may be another than the given one.

        Raises:
            What `export` raises.
        """
        values = {
            "trained_model_arn": trained_model_arn,
            "name": name,
            "output_configuration": output_configuration,
            "version": version,
            "description": description,
        }
        started = await self._started(
            START_TRAINED_MODEL_EXPORT_JOB,
            values,
            membership_identifier,
            timeout,
            resume=resume,
            resume_since=resume_since,
        )
        model, meant = model_and_version(trained_model_arn, version)
        pinned = started.version or (BASE if meant is BASE else None)
        return self.export_handle(
            model, name=started.name, version=pinned, membership_identifier=membership_identifier
        )

    async def run_export(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        name: str,
        output_configuration: TrainedModelExportOutputConfiguration
        | TrainedModelExportOutputConfigurationDict,
        version: str | VersionSelector | None = None,
        description: str | None = None,
        membership_identifier: str | None = None,
        resume: Resume = False,
        resume_since: Since | None = None,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> CollaborationTrainedModelExportJobSummary:
        """Start an export once, wait for it and give its row: `start_export`, then `wait`.

        Args:
            trained_model_arn: The model; a `TrainedModelRef` brings its version along.
            name, output_configuration, version, description, membership_identifier, resume,
            resume_since: As for `export`.
            timeout: Seconds for all of it, the start included; None for no end.
            poll, on_update: As for `wait`.

        Raises:
            What `export` and `wait_export` raise.
        """
        from ..waiting import check_options

        check_options(timeout=timeout, poll=poll, on_update=on_update)
        began = self._core.clock()
        handle = await self.start_export(
            trained_model_arn,
            name=name,
            output_configuration=output_configuration,
            version=version,
            description=description,
            membership_identifier=membership_identifier,
            resume=resume,
            resume_since=resume_since,
            timeout=timeout,
        )
        return await self._core.waiting.wait_for_started(
            handle, began=began, timeout=timeout, poll=poll, on_update=on_update
        )
