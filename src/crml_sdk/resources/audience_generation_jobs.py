"""Audience generation jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.audience_generation_jobs import AudienceGenerationJobsOperations
from .waitable import Deletable

if TYPE_CHECKING:
    from ..models import AudienceGenerationJobSummary, GetAudienceGenerationJobResponse  # noqa: F401


class AudienceGenerationJobs(
    AudienceGenerationJobsOperations, Deletable["GetAudienceGenerationJobResponse"]
):
    """Operations on audience generation jobs."""

    _kind = "audience-generation-job"

    async def by_name(self, name: str) -> AudienceGenerationJobSummary:
        """The one audience generation job with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(
            rows, name, "audience generation job", lambda row: row.audience_generation_job_arn
        )
