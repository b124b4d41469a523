"""The ML configuration of a membership."""

from __future__ import annotations

from ..api.ml_configuration import MLConfigurationOperations


class MLConfiguration(MLConfigurationOperations):
    """The ML configuration of a membership: where results go, and with which role."""
