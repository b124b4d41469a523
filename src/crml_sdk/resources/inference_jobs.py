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

        The service has no operation that tells; this reads the job, the caller's ML configuration
        and the model's name, and puts them together as the user guide has it. `places.results_uri`
        does the last step alone.

        Args:
            job: Its ARN, or what `get` or `wait` gave.
            membership_identifier: The membership; the one in the ARN when left out.
            timeout: Seconds for each call with all its retries.

        Returns:
            `s3://BUCKET/PREFIX/COLLABORATION/MODEL/ACCOUNT/JOB/`; None if the job's results do not
            go to the caller's account.

        Raises:
            ResourceNotFoundException: The job does not exist, or the membership has no ML
                configuration (404).
            ServiceError: What `get` may raise.

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
        place = await self._call(GET_ML_CONFIGURATION, {}, membership, timeout)
        destination = place.default_output_location.destination
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
        """The job's model, which may be another member's."""
        values = {"trained_model_arn": arn}
        if membership_in(arn) == membership:
            return await self._call(GET_TRAINED_MODEL, values, membership, timeout)
        named = {"membership_identifier": membership}
        ours = await self._call(GET_MEMBERSHIP, named, None, timeout)
        collaboration = ours.membership.collaboration_id
        return await self._call(
            GET_COLLABORATION_TRAINED_MODEL,
            {**values, "collaboration_identifier": collaboration},
            None,
            timeout,
        )
