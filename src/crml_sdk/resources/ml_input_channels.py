"""ML input channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.ml_input_channels import MLInputChannelsOperations
from .waitable import Deletable

if TYPE_CHECKING:
    from ..models import GetMLInputChannelResponse  # noqa: F401


class MLInputChannels(MLInputChannelsOperations, Deletable["GetMLInputChannelResponse"]):
    """Operations on ML input channels."""

    _kind = "ml-input-channel"
