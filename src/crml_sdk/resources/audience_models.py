"""Audience models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .generated.audience_models import AudienceModelsOperations

if TYPE_CHECKING:
    from ..models import AudienceModelSummary


class AudienceModels(AudienceModelsOperations):
    """Operations on audience models."""

    async def by_name(self, name: str) -> AudienceModelSummary:
        """The one audience model with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(rows, name, "audience model", lambda row: row.audience_model_arn)
