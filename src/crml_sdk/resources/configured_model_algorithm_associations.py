"""Configured model algorithm associations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.configured_model_algorithm_associations import (
    ConfiguredModelAlgorithmAssociationsOperations,
)

if TYPE_CHECKING:
    pass


class ConfiguredModelAlgorithmAssociations(ConfiguredModelAlgorithmAssociationsOperations):
    """Operations on configured model algorithm associations."""
