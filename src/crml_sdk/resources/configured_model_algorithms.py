"""Configured model algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.configured_model_algorithms import ConfiguredModelAlgorithmsOperations

if TYPE_CHECKING:
    pass


class ConfiguredModelAlgorithms(ConfiguredModelAlgorithmsOperations):
    """Operations on configured model algorithms."""
