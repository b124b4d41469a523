"""Audience models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.audience_models import AudienceModelsOperations
from .waitable import Deletable

if TYPE_CHECKING:
    from ..models import GetAudienceModelResponse  # noqa: F401


class AudienceModels(AudienceModelsOperations, Deletable["GetAudienceModelResponse"]):
    """Operations on audience models."""

    _kind = "audience-model"
