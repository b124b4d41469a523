"""Starting what goes on for hours with trained models, and waiting for it in the same call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.operations import START_TRAINED_MODEL_EXPORT_JOB
from ..model import with_mark
from ..versions import BASE, TrainedModelRef, VersionSelector
from .group import model_and_version
from .trained_model_waiting import TrainedModelWaiting
from .waitable import LONGEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..models import (
        CollaborationTrainedModelExportJobSummary,
        GetTrainedModelResponse,
        IncrementalTrainingDataChannel,
        ModelTrainingDataChannel,
        ResourceConfig,
        StoppingCondition,
        TrainedModelExportOutputConfiguration,
        TrainingInputMode,
    )
    from ..resuming import Resume, Since
    from ..types import (
        IncrementalTrainingDataChannelDict,
        ModelTrainingDataChannelDict,
        ResourceConfigDict,
        StoppingConditionDict,
        TrainedModelExportOutputConfigurationDict,
        TrainingInputModeLiteral,
    )
    from ..waiting import Handle, Poll, Report


class TrainedModelStarting(TrainedModelWaiting):
    """Trainings and exports that are started once and waited for."""

    async def start_export(
        self,
        arn: str | TrainedModelRef,
        *,
        name: str,
        output_configuration: TrainedModelExportOutputConfiguration
        | TrainedModelExportOutputConfigurationDict,
        version: str | VersionSelector | None = None,
        description: str | None = None,
        membership_identifier: str | None = None,
        resume: Resume = False,
        resume_since: Since | None = None,
        timeout: float | None = None,
    ) -> Handle:
        """Start an export, and give what to wait for: `export`, whose reply names nothing.

        Args:
            arn: The model; a `TrainedModelRef` brings its version along.
            name, output_configuration, version, description, membership_identifier, resume,
            resume_since, timeout: As for `export`.

        Returns:
            The handle of the job, for `sdk.wait`; with the name that the job has, which with
            `resume="retry"` may be another than the given one.

        Raises:
            What `export` raises.
        """
        values = {
            "trained_model_arn": arn,
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
        model, meant = model_and_version(arn, version)
        pinned = started.version or (BASE if meant is BASE else None)
        return self.export_handle(
            model, name=started.name, version=pinned, membership_identifier=membership_identifier
        )

    async def run_export(
        self,
        arn: str | TrainedModelRef,
        *,
        name: str,
        output_configuration: TrainedModelExportOutputConfiguration
        | TrainedModelExportOutputConfigurationDict,
        version: str | VersionSelector | None = None,
        description: str | None = None,
        membership_identifier: str | None = None,
        resume: Resume = False,
        resume_since: Since | None = None,
        timeout: float | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> CollaborationTrainedModelExportJobSummary:
        """Start an export once, wait for it and give its row: `start_export`, then `wait`.

        Args:
            arn: The model; a `TrainedModelRef` brings its version along.
            name, output_configuration, version, description, membership_identifier, resume,
            resume_since: As for `export`.
            timeout: Seconds for all of it, the start included; None for no end.
            poll, on_update: As for `wait`.

        Raises:
            What `export` and `wait_export` raise.
        """
        began = self._core.clock()
        handle = await self.start_export(
            arn,
            name=name,
            output_configuration=output_configuration,
            version=version,
            description=description,
            membership_identifier=membership_identifier,
            resume=resume,
            resume_since=resume_since,
            timeout=timeout,
        )
        if timeout is not None:
            timeout = max(timeout - (self._core.clock() - began), 0.0)
        return await self._core.waiting.wait(
            handle, timeout=timeout, poll=poll, on_update=on_update
        )

    async def train(
        self,
        *,
        name: str,
        configured_model_algorithm_association_arn: str,
        resource_config: ResourceConfig | ResourceConfigDict,
        data_channels: Sequence[ModelTrainingDataChannel | ModelTrainingDataChannelDict],
        hyperparameters: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        stopping_condition: StoppingCondition | StoppingConditionDict | None = None,
        incremental_training_data_channels: Sequence[
            IncrementalTrainingDataChannel | IncrementalTrainingDataChannelDict
        ]
        | None = None,
        training_input_mode: TrainingInputMode | TrainingInputModeLiteral | None = None,
        description: str | None = None,
        kms_key_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        ml_model_training_payer_account_id: str | None = None,
        membership_identifier: str | None = None,
        resume: Resume = False,
        resume_since: Since | None = None,
        timeout: float | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> GetTrainedModelResponse:
        """Start a training once, wait for it and give the trained model: `create`, then `wait`.

        With `resume`, what an earlier try has made is waited for instead, and the model's
        `resumed` tells of it.

        Args:
            name, configured_model_algorithm_association_arn, resource_config, data_channels, hyperparameters,
            environment, stopping_condition, incremental_training_data_channels, training_input_mode, description,
            kms_key_arn, tags, ml_model_training_payer_account_id, membership_identifier, resume,
            resume_since: As for `create`.
            timeout: Seconds for all of it, the start included; None for no end.
            poll, on_update, cancel_on_timeout, cancel_on_cancel: As for `wait`.

        Raises:
            What `create` and `wait` raise.
        """
        began = self._core.clock()
        started = await self.create(
            name=name,
            configured_model_algorithm_association_arn=configured_model_algorithm_association_arn,
            resource_config=resource_config,
            data_channels=data_channels,
            hyperparameters=hyperparameters,
            environment=environment,
            stopping_condition=stopping_condition,
            incremental_training_data_channels=incremental_training_data_channels,
            training_input_mode=training_input_mode,
            description=description,
            kms_key_arn=kms_key_arn,
            tags=tags,
            ml_model_training_payer_account_id=ml_model_training_payer_account_id,
            membership_identifier=membership_identifier,
            resume=resume,
            resume_since=resume_since,
            timeout=timeout,
        )
        if timeout is not None:
            timeout = max(timeout - (self._core.clock() - began), 0.0)
        model = await self.wait(
            started.ref,
            timeout=timeout,
            poll=poll,
            on_update=on_update,
            membership_identifier=membership_identifier,
            cancel_on_timeout=cancel_on_timeout,
            cancel_on_cancel=cancel_on_cancel,
        )
        return with_mark(model, started.resumed)
