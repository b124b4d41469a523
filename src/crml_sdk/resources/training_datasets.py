"""Training datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.training_datasets import TrainingDatasetsOperations

if TYPE_CHECKING:
    pass


class TrainingDatasets(TrainingDatasetsOperations):
    """Operations on training datasets."""
