"""ML input channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.ml_input_channels import MLInputChannelsOperations
from ..model import with_mark
from .waitable import LONGEST, Deletable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..models import (
        GetMLInputChannelResponse,
        InputChannel,
        MLInputChannelSummary,
        PayerConfiguration,
    )
    from ..resuming import Resume, Since
    from ..types import InputChannelDict, PayerConfigurationDict
    from ..waiting import Poll, Report


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

    async def run(
        self,
        *,
        configured_model_algorithm_associations: Sequence[str],
        input_channel: InputChannel | InputChannelDict,
        name: str,
        retention_in_days: int,
        description: str | None = None,
        kms_key_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        payer_configuration: PayerConfiguration | PayerConfigurationDict | None = None,
        membership_identifier: str | None = None,
        resume: Resume = False,
        resume_since: Since | None = None,
        timeout: float | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> GetMLInputChannelResponse:
        """Create an input channel once, wait until its data are there, and give its Get response.

        With `resume`, what an earlier try has made is waited for instead, and the channel's
        `resumed` tells of it.

        Args:
            configured_model_algorithm_associations, input_channel, name, retention_in_days,
            description, kms_key_arn, tags, payer_configuration, membership_identifier, resume,
            resume_since: As for `create`.
            timeout: Seconds for all of it, the creation included; None for no end.
            poll, on_update: As for `wait`.

        Raises:
            What `create` and `wait` raise.
        """
        began = self._core.clock()
        started = await self.create(
            configured_model_algorithm_associations=configured_model_algorithm_associations,
            input_channel=input_channel,
            name=name,
            retention_in_days=retention_in_days,
            description=description,
            kms_key_arn=kms_key_arn,
            tags=tags,
            payer_configuration=payer_configuration,
            membership_identifier=membership_identifier,
            resume=resume,
            resume_since=resume_since,
            timeout=timeout,
        )
        if timeout is not None:
            timeout = max(timeout - (self._core.clock() - began), 0.0)
        channel = await self.wait(
            started.ml_input_channel_arn,
            timeout=timeout,
            poll=poll,
            on_update=on_update,
            membership_identifier=membership_identifier,
        )
        return with_mark(channel, started.resumed)
