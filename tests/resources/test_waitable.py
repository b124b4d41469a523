"""What may be waited for in which group."""

from __future__ import annotations

import pytest

from crml_sdk import CleanRoomsML, errors

from ..support.canned import CannedServer
from ..support.samples import CHANNEL, COLLABORATION


async def test_another_kind_is_refused_with_both_kinds_named(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """It once spoke of "a ml-input-channel"."""
    for group in (sdk.trained_models, sdk.collaboration(COLLABORATION).trained_models):
        with pytest.raises(errors.ArnError, match="is an ml-input-channel, not a trained-model"):
            await group.wait(CHANNEL, timeout=1)
    assert not canned.received
