"""botocore's errors become ours."""

from __future__ import annotations

import pytest

from crml_sdk import CleanRoomsML, errors

from ..support.samples import MODEL


@pytest.mark.parametrize("backend", ["aiohttp", "httpx"])
async def test_a_refused_connection_is_a_transport_error_that_was_never_sent(backend: str) -> None:
    client = CleanRoomsML(
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        retries=1,
        http_backend=backend,  # type: ignore[arg-type]
    )
    async with client as sdk:
        with pytest.raises(errors.TransportError, match="could not connect to http:") as caught:
            await sdk.trained_models.get(MODEL)
    assert caught.value.request_sent is False
    assert caught.value.operation == "GetTrainedModel"
