"""Audience models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.audience_models import AudienceModelsOperations
from .waitable import Deletable

if TYPE_CHECKING:
    from ..models import AudienceModelSummary, GetAudienceModelResponse  # noqa: F401


class AudienceModels(AudienceModelsOperations, Deletable["GetAudienceModelResponse"]):
    """Operations on audience models."""

    _kind = "audience-model"

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
