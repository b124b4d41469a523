"""For tests with respx: respx speaks httpx, and the `httpx` backend of clients speaks httpx2.

`respx.mock(using=Httpx2Mocker.name)` stands in the way of every request of such a client; respx's
own default does not, and the request would go out. Requests and replies are turned from one
library's type into the other's on the way. respx decodes paths when it matches: compare
`request.url.raw_path` where an ARN is in the path. Needs `respx` and the extra `httpx`.
"""

# respx has types for a part of what it has.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import Any, ClassVar

import httpx
import httpx2
from respx.mocks import Mocker


class Httpx2Mocker(Mocker):
    """Takes the place of every transport of httpx2's asynchronous clients."""

    name: ClassVar[str] = "httpx2"
    targets: ClassVar[list[str]] = ["httpx2._client.AsyncClient"]
    target_methods: ClassVar[list[str]] = ["_transport_for_url"]

    @classmethod
    def mock(cls, spec: Any) -> Any:
        def _transport_for_url(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _Transport(cls.async_handler)

        return _transport_for_url


class _Transport(httpx2.AsyncBaseTransport):
    def __init__(self, handler: Any) -> None:
        self._handler = handler

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = httpx.Request(
            request.method,
            # The raw target is what goes out; httpx would decode and encode it anew.
            str(request.url),
            headers=request.headers.raw,
            content=await request.aread(),
            extensions=dict(request.extensions),
        )
        try:
            answered = await self._handler(asked)
        except httpx.HTTPError as error:
            raise getattr(httpx2, type(error).__name__)(str(error), request=request) from error
        return httpx2.Response(
            answered.status_code,
            headers=answered.headers.raw,
            content=await answered.aread(),
            request=request,
        )
