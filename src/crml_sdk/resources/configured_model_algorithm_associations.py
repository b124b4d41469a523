"""Configured model algorithm associations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.configured_model_algorithm_associations import (
    ConfiguredModelAlgorithmAssociationsOperations,
)

if TYPE_CHECKING:
    from ..models import ConfiguredModelAlgorithmAssociationSummary


class ConfiguredModelAlgorithmAssociations(ConfiguredModelAlgorithmAssociationsOperations):
    """Operations on configured model algorithm associations."""

    async def by_name(
        self, name: str, *, membership_identifier: str | None = None
    ) -> ConfiguredModelAlgorithmAssociationSummary:
        """The one configured model algorithm association with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.
            membership_identifier: The membership; the scope's or client's when left out.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100, membership_identifier=membership_identifier)
        return await self._by_name(
            rows,
            name,
            "configured model algorithm association",
            lambda row: row.configured_model_algorithm_association_arn,
        )
