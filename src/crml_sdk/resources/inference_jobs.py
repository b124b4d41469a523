"""Inference jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .generated.inference_jobs import InferenceJobsOperations

if TYPE_CHECKING:
    from ..models import TrainedModelInferenceJobSummary


class InferenceJobs(InferenceJobsOperations):
    """Operations on inference jobs."""

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
