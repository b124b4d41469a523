"""Inference jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..api.inference_jobs import InferenceJobsOperations
from ..api.operations import (
    GET_COLLABORATION_TRAINED_MODEL,
    GET_MEMBERSHIP,
    GET_ML_CONFIGURATION,
    GET_TRAINED_MODEL,
)
from ..arns import Arn, membership_in
from ..places import results_uri
from .group import Call

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import GetTrainedModelInferenceJobResponse


class InferenceJobs(InferenceJobsOperations):
    """Operations on inference jobs."""

    async def results_uri(
        self,
        job: str | GetTrainedModelInferenceJobResponse,
        *,
        membership_identifier: str | None = None,
        timeout: float | timedelta | None = None,
    ) -> str | None:
        """Say where a job writes its predictions for the caller, whether or not it has ended.

        The service has no operation for this. The method reads the job, the caller's ML configuration
        and the model's name, and puts them together as the user guide describes.
        `places.results_uri` does only the last step.

        Args:
            job: The job's ARN, or what `get` or `wait` returned.
            membership_identifier: The membership. By default it comes from the ARN.
            timeout: Seconds, or a `timedelta`, for each call with all its retries.

        Returns:
            `s3://BUCKET/PREFIX/COLLABORATION/MODEL/ACCOUNT/JOB/`, or None if the caller's account
            does not receive the job's results.

        Raises:
            ResourceNotFoundException: The job does not exist, or the membership has no ML
                configuration (404).
            ServiceError: As from `get`.

        [User guide: inference model guidelines](https://docs.aws.amazon.com/clean-rooms/latest/userguide/inference-model-guidelines.html)
        """
        found: Any = job
        if isinstance(job, str):
            found = await self.get(
                job, membership_identifier=membership_identifier, timeout=timeout
            )
        membership: str = found.membership_identifier
        account = Arn.parse(found.trained_model_inference_job_arn).account
        if account not in [member.account_id for member in found.output_configuration.members]:
            return None
        settings = await self._call(Call(GET_ML_CONFIGURATION, {}, membership, timeout))
        destination = settings.default_output_location.destination
        if destination is None:
            return None
        model = await self._model(found.trained_model_arn, membership, timeout)
        return results_uri(
            destination.s3_destination.s3_uri,
            collaboration_identifier=model.collaboration_identifier,
            trained_model_name=model.name,
            account_id=account,
            job_name=found.name,
        )

    async def _model(self, arn: str, membership: str, timeout: float | timedelta | None) -> Any:
        """The job's model, which may belong to another member."""
        values = {"trained_model_arn": arn}
        if membership_in(arn) == membership:
            return await self._call(Call(GET_TRAINED_MODEL, values, membership, timeout))
        named = {"membership_identifier": membership}
        own = await self._call(Call(GET_MEMBERSHIP, named, None, timeout))
        values["collaboration_identifier"] = own.membership.collaboration_id
        return await self._call(Call(GET_COLLABORATION_TRAINED_MODEL, values, None, timeout))
