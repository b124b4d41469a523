"""What type checkers read in place of botocore's and aiobotocore's classes, which have no types.

Never imported when the program runs: a class that inherits from one of theirs would otherwise be of
an unknown type itself, and with it all that mentions it.
"""

from __future__ import annotations

from typing import Any


class Untyped:
    """Any class; whatever is asked of it is `Any`. The ones below add what `super()` is asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __getattr__(self, name: str) -> Any: ...


class AioEndpoint(Untyped):
    async def create_request(self, params: Any, operation_model: Any = None) -> Any: ...
    async def _get_response(self, request: Any, operation_model: Any, context: Any) -> Any: ...
    async def _send(self, request: Any) -> Any: ...
    async def _needs_retry(self, *args: Any, **kwargs: Any) -> Any: ...


class AIOHTTPSession(Untyped):
    async def send(self, request: Any) -> Any: ...
    async def __aexit__(self, *exc: Any) -> None: ...
    def _build_ssl_contexts(self, proxy_url: str | None) -> Any: ...


class JSONFileLoader(Untyped):
    def load_file(self, file_path: str) -> Any: ...


class Loader(Untyped):
    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any: ...
    def list_available_services(self, type_name: str) -> Any: ...
