"""Configured audience models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.configured_audience_models import ConfiguredAudienceModelsOperations

if TYPE_CHECKING:
    from ..models import ConfiguredAudienceModelSummary


class ConfiguredAudienceModels(ConfiguredAudienceModelsOperations):
    """Operations on configured audience models."""

    async def by_name(self, name: str) -> ConfiguredAudienceModelSummary:
        """The one configured audience model with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(
            rows, name, "configured audience model", lambda row: row.configured_audience_model_arn
        )
