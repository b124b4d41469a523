"""ML input channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.ml_input_channels import MLInputChannelsOperations
from .waitable import Deletable

if TYPE_CHECKING:
    from ..models import GetMLInputChannelResponse, MLInputChannelSummary  # noqa: F401


class MLInputChannels(MLInputChannelsOperations, Deletable["GetMLInputChannelResponse"]):
    """Operations on ML input channels."""

    _kind = "ml-input-channel"

    async def by_name(
        self, name: str, *, membership_identifier: str | None = None
    ) -> MLInputChannelSummary:
        """The one ML input channel with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.
            membership_identifier: The membership; the scope's or client's when left out.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100, membership_identifier=membership_identifier)
        return await self._by_name(
            rows, name, "ML input channel", lambda row: row.ml_input_channel_arn
        )
