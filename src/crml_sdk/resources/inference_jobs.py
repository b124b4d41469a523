"""Inference jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.inference_jobs import InferenceJobsOperations
from ..model import with_mark
from .waitable import LONGEST, Cancellable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models import (
        GetTrainedModelInferenceJobResponse,
        InferenceContainerExecutionParameters,
        InferenceOutputConfiguration,
        InferenceResourceConfig,
        ModelInferenceDataSource,
        TrainedModelInferenceJobSummary,
    )
    from ..resuming import Resume, Since
    from ..types import (
        InferenceContainerExecutionParametersDict,
        InferenceOutputConfigurationDict,
        InferenceResourceConfigDict,
        ModelInferenceDataSourceDict,
    )
    from ..versions import TrainedModelRef, VersionSelector
    from ..waiting import Poll, Report


class InferenceJobs(InferenceJobsOperations, Cancellable["GetTrainedModelInferenceJobResponse"]):
    """Operations on inference jobs."""

    _kind = "trained-model-inference-job"

    async def by_name(
        self, name: str, *, membership_identifier: str | None = None
    ) -> TrainedModelInferenceJobSummary:
        """The one inference job with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.
            membership_identifier: The membership; the scope's or client's when left out.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100, membership_identifier=membership_identifier)
        return await self._by_name(
            rows, name, "inference job", lambda row: row.trained_model_inference_job_arn
        )

    async def run(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        name: str,
        resource_config: InferenceResourceConfig | InferenceResourceConfigDict,
        output_configuration: InferenceOutputConfiguration | InferenceOutputConfigurationDict,
        data_source: ModelInferenceDataSource | ModelInferenceDataSourceDict,
        version: str | VersionSelector | None = None,
        configured_model_algorithm_association_arn: str | None = None,
        description: str | None = None,
        container_execution_parameters: InferenceContainerExecutionParameters
        | InferenceContainerExecutionParametersDict
        | None = None,
        environment: Mapping[str, str] | None = None,
        kms_key_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        ml_model_inference_payer_account_id: str | None = None,
        membership_identifier: str | None = None,
        resume: Resume = False,
        resume_since: Since | None = None,
        timeout: float | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> GetTrainedModelInferenceJobResponse:
        """Start a batch prediction once, wait for it and give its final Get response.

        With `resume`, what an earlier try has made is waited for instead, and the job's `resumed`
        tells of it.

        Args:
            trained_model_arn: The model; a `TrainedModelRef` brings its version along.
            name, resource_config, output_configuration, data_source, version,
            configured_model_algorithm_association_arn, description, container_execution_parameters,
            environment, kms_key_arn, tags, ml_model_inference_payer_account_id, membership_identifier,
            resume, resume_since: As for `start`.
            timeout: Seconds for all of it, the start included; None for no end.
            poll, on_update, cancel_on_timeout, cancel_on_cancel: As for `wait`.

        Raises:
            What `start` and `wait` raise.
        """
        began = self._core.clock()
        started = await self.start(
            trained_model_arn,
            name=name,
            resource_config=resource_config,
            output_configuration=output_configuration,
            data_source=data_source,
            version=version,
            configured_model_algorithm_association_arn=configured_model_algorithm_association_arn,
            description=description,
            container_execution_parameters=container_execution_parameters,
            environment=environment,
            kms_key_arn=kms_key_arn,
            tags=tags,
            ml_model_inference_payer_account_id=ml_model_inference_payer_account_id,
            membership_identifier=membership_identifier,
            resume=resume,
            resume_since=resume_since,
            timeout=timeout,
        )
        if timeout is not None:
            timeout = max(timeout - (self._core.clock() - began), 0.0)
        job = await self.wait(
            started.trained_model_inference_job_arn,
            timeout=timeout,
            poll=poll,
            on_update=on_update,
            membership_identifier=membership_identifier,
            cancel_on_timeout=cancel_on_timeout,
            cancel_on_cancel=cancel_on_cancel,
        )
        return with_mark(job, started.resumed)
