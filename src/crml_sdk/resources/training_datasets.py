"""Training datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.training_datasets import TrainingDatasetsOperations

if TYPE_CHECKING:
    from ..models import TrainingDatasetSummary


class TrainingDatasets(TrainingDatasetsOperations):
    """Operations on training datasets."""

    async def by_name(self, name: str) -> TrainingDatasetSummary:
        """The one training dataset with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(
            rows, name, "training dataset", lambda row: row.training_dataset_arn
        )
