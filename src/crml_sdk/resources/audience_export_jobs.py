"""Audience export jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .generated.audience_export_jobs import AudienceExportJobsOperations

if TYPE_CHECKING:
    from ..models import AudienceExportJobSummary


class AudienceExportJobs(AudienceExportJobsOperations):
    """Operations on audience export jobs."""

    async def by_name(
        self, name: str, *, audience_generation_job_arn: str | None = None
    ) -> AudienceExportJobSummary:
        """The one audience export job with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.
            audience_generation_job_arn: Only exports of that generation job.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100, audience_generation_job_arn=audience_generation_job_arn)
        return await self._by_name(
            rows,
            name,
            "audience export job",
            lambda row: f"{row.audience_generation_job_arn} {row.name}",
        )
