"""A call whose caller decides when to ask again is sent once, whatever the fault."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors
from crml_sdk.api.operations import GET_TRAINED_MODEL

from ..support import samples
from ..support.canned import CannedServer, error

PARAMS = {"trainedModelArn": samples.MODEL, "membershipIdentifier": samples.MEMBERSHIP}


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (error("ThrottlingException", 429), 1),
        (error("InternalServiceException", 500), 1),
        ("cut", 2),  # aiohttp itself asks a GET again when the connection was closed under it
    ],
)
async def test_sent_once(canned: CannedServer, sdk: CleanRoomsML, answer: Any, times: int) -> None:
    canned.answers = [answer]
    with pytest.raises(errors.CleanRoomsMLError):
        await sdk._core.call(GET_TRAINED_MODEL, PARAMS, once=True)
    assert len(canned.received) == times


async def test_other_calls_of_the_client_are_still_repeated(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    from ..support.canned import reply

    canned.answers = [error("ThrottlingException", 429), reply(body=samples.model_reply())]
    await sdk._core.call(GET_TRAINED_MODEL, PARAMS)
    assert len(canned.received) == 2
