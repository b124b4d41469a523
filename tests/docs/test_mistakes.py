"""Each row of the page of mistakes is made, and answered by the sentence that stands beside it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from crml_sdk import CleanRoomsML
from crml_sdk.arns import membership_in
from crml_sdk.local import LocalCleanRoomsML

from ..support.canned import CannedServer, error, reply

PAGE = Path(__file__).parent.parent.parent / "docs" / "guides" / "mistakes.md"
ROWS = re.findall(r"^\| `(.+)` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
WEB_PAGE = reply(404, b"<!DOCTYPE html><html><head><title>Welcome</title></head></html>")
QUOTA = error("ServiceQuotaExceededException", 402, quotaName="Pending training jobs", quotaValue=5)


ANSWERS = {
    "at_a_web_server": WEB_PAGE,
    "at_a_friendly_web_server": (200, *WEB_PAGE[1:]),
    "with_expired_credentials": error("ExpiredTokenException", 403),
    "with_an_unknown_key": error("UnrecognizedClientException", 403),
    "without_quota": QUOTA,
}


async def without_tls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def client(stack: AsyncExitStack, name: str) -> CleanRoomsML:
    if name == "at_http":
        server = await asyncio.start_server(without_tls, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        url = (await stack.enter_async_context(CannedServer([ANSWERS[name]]))).url
    sdk = CleanRoomsML(region_name="us-east-1", endpoint_url=url, max_attempts=1)
    return await stack.enter_async_context(sdk)


@pytest.fixture
async def names(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, Any]]:
    """What a row speaks of."""
    written: str = request.getfixturevalue("written")
    local = LocalCleanRoomsML()
    arns = local.seed({"models": [{"name": "churn", "versions": 2}], "channels": ["july"]})
    found: dict[str, Any] = {
        "CleanRoomsML": CleanRoomsML,
        "arn": arns["trained-model/churn"],
        "channel": arns["ml-input-channel/july"],
        "membership": membership_in(arns["trained-model/churn"]),
    }
    async with AsyncExitStack() as stack:
        for name in (*ANSWERS, "at_http"):
            if name in written:
                found[name] = await client(stack, name)
        if "sdk." in written:
            found["sdk"] = await stack.enter_async_context(local.sdk())
        if "closed" in written:
            async with local.sdk() as found["closed"]:
                pass
        yield found


def test_there_are_enough() -> None:
    assert len(ROWS) >= 30


@pytest.mark.parametrize(("written", "told"), ROWS, ids=[row[0][:60] for row in ROWS])
async def test_a_mistake(written: str, told: str, names: dict[str, Any]) -> None:
    exec(f"async def mistake():\n    {written}\n", names)
    with pytest.raises(Exception) as caught:
        await names["mistake"]()
    assert told.replace("`", "") in str(caught.value).replace("`", "")
