"""Configured model algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.configured_model_algorithms import ConfiguredModelAlgorithmsOperations

if TYPE_CHECKING:
    from ..models import ConfiguredModelAlgorithmSummary


class ConfiguredModelAlgorithms(ConfiguredModelAlgorithmsOperations):
    """Operations on configured model algorithms."""

    async def by_name(self, name: str) -> ConfiguredModelAlgorithmSummary:
        """The one configured model algorithm with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(
            rows, name, "configured model algorithm", lambda row: row.configured_model_algorithm_arn
        )
