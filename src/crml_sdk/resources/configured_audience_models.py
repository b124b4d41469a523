"""Configured audience models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.configured_audience_models import ConfiguredAudienceModelsOperations

if TYPE_CHECKING:
    pass


class ConfiguredAudienceModels(ConfiguredAudienceModelsOperations):
    """Operations on configured audience models."""
