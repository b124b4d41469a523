"""Audience generation jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.audience_generation_jobs import AudienceGenerationJobsOperations
from .waitable import Deletable

if TYPE_CHECKING:
    from ..models import GetAudienceGenerationJobResponse  # noqa: F401


class AudienceGenerationJobs(
    AudienceGenerationJobsOperations, Deletable["GetAudienceGenerationJobResponse"]
):
    """Operations on audience generation jobs."""

    _kind = "audience-generation-job"
