"""From a request to its reply, without ceremony where nobody watches.

aiobotocore makes, signs, sends and reads each attempt of a call in steps that handlers may take
part in, and asks the retry policy about every reply. `FastEndpoint` does the same steps in one go
while the only handlers are botocore's and ours, whose part it knows; the moment a handler of
someone else's is registered, a debug line is wanted, or a reply is not a 2xx, it is
`AioEndpoint` and nothing else. The loop over attempts is always aiobotocore's.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiobotocore.retries.standard import AioRetryHandler
from aiohttp.http_exceptions import BadStatusLine
from botocore import exceptions, handlers
from botocore.endpoint import history_recorder
from yarl import URL

from ..parsing import note_sending
from ..retrying import KNOWN_HANDLERS
from .request import OWN_HEADERS, Signature

if TYPE_CHECKING:  # they come without types
    from .untyped import AioEndpoint
    from .untyped import Untyped as AWSPreparedRequest
    from .untyped import Untyped as AioAWSResponse
else:
    from aiobotocore.awsrequest import AioAWSResponse
    from aiobotocore.endpoint import AioEndpoint
    from botocore.awsrequest import AWSPreparedRequest

_LOGGERS: Final = tuple(
    logging.getLogger(f"botocore.{name}") for name in ("auth", "endpoint", "hooks", "parsers")
)
_CHOOSING: Final = (
    handlers.set_operation_specific_signer,
    handlers._set_auth_scheme_preference_signer,
)
_WATCHED: Final = (
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
)


class FastRequest(AWSPreparedRequest):
    """A request made by `FastEndpoint`: its headers are a dict of strings, its body bytes."""

    received: FastReply | None = None
    """The reply, once there is one."""

    def __init__(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        context: dict[str, Any],
    ) -> None:
        # botocore's own takes a context in some versions only.
        self.method: str = method
        self.url: str = url
        self.headers: dict[str, str] = headers
        self.body: bytes | None = body
        self.stream_output: bool = False
        self.context: dict[str, Any] = context


class FastReply(AioAWSResponse):
    """A reply whose body has been read."""

    def __init__(self, request: FastRequest, reply: aiohttp.ClientResponse, body: bytes) -> None:
        self.url: Any = request.url
        self.status_code: int = reply.status
        self.headers: dict[str, str] = {
            name.decode("utf-8", "replace").lower(): value.decode("utf-8", "replace")
            for name, value in reply.raw_headers
        }
        self.raw = reply
        self._content = body


class Watch:
    """What was made of the handlers of one operation's events.

    Args:
        seen: The emitter's memory then; when it is another object now, handlers have come or gone.
        quiet: Whether there were only handlers whose part is known.
    """

    __slots__ = ("quiet", "seen")

    def __init__(self, seen: Any, quiet: bool) -> None:
        self.seen: Any = seen
        self.quiet: bool = quiet


class FastEndpoint(AioEndpoint):
    """Takes the place of a client's `AioEndpoint`, whose connections and components it uses.

    Args:
        client: The client, none of its parts replaced yet.
    """

    http_session: Any
    host: str
    _response_parser_factory: Any

    def __init__(self, client: Any) -> None:
        usual = client._endpoint
        super().__init__(
            usual.host,
            usual._endpoint_prefix,
            usual._event_emitter,
            usual._response_parser_factory,
            usual.http_session,
        )
        self._signer = client._request_signer
        self._agent = client._user_agent_creator
        self._signature = Signature(self._signer._signing_name, self._signer._region_name)
        self._emitter = client.meta.events._emitter
        self._service: str = client.meta.service_model.service_id.hyphenize()
        self._watches: dict[str, Watch] = {}
        self._resolver = client._ruleset_resolver
        self._resolve = client._ruleset_resolver.construct_endpoint
        self._addresses: dict[str, Any] = {}

    # The address

    async def address(self, operation_model: Any, call_args: Any, request_context: Any) -> Any:
        """What the client's rules say about an operation; remembered where it cannot change.

        Stands in for the rules' `construct_endpoint`.
        """
        name = operation_model.name
        if self._handlers(f"before-endpoint-resolution.{self._service}"):
            return await self._resolve(operation_model, call_args, request_context)
        found = self._addresses.get(name)
        if found is None:
            found = await self._resolve(operation_model, call_args, request_context)
            if is_fixed(self._resolver, operation_model, found):
                self._addresses[name] = found
        return found

    # One attempt

    async def create_request(self, params: dict[str, Any], operation_model: Any = None) -> Any:
        if operation_model is None or not await self._is_quiet(params, operation_model):
            return await super().create_request(params, operation_model)
        context, body = params["context"], params["body"]
        headers: dict[str, str] = dict(params["headers"])
        credentials = await self._signer._credentials.get_frozen_credentials()
        self._signature.sign(credentials, params["method"], params["url"], headers, body, context)
        # After signing, as botocore's handlers of this event do.
        if "User-Agent" in headers:
            headers["User-Agent"] = self._agent.to_string()
        retries = context["retries"]
        headers["amz-sdk-invocation-id"] = retries["invocation-id"]
        headers["amz-sdk-request"] = "; ".join(
            [f"{key}={retries[key]}" for key in ("ttl", "attempt", "max") if key in retries]
        )
        if body:
            headers["Content-Length"] = str(len(body))
        headers["Accept-Encoding"] = "identity"
        return FastRequest(params["method"], params["url"], headers, body or None, context)

    async def _get_response(self, request: Any, operation_model: Any, context: Any) -> Any:
        if type(request) is not FastRequest:
            return await super()._get_response(request, operation_model, context)
        note_sending()
        try:
            session = await self.http_session._get_session(None)
            exchange = await session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=request.body,
            )
            reply = FastReply(request, exchange, await exchange.read())
        except Exception as error:
            # botocore's errors of this kind have no base of their own; the retry policy decides.
            return None, as_botocore_raises(error, request)
        if not 200 <= reply.status_code < 300:
            request.received = reply
            return await super()._get_response(request, operation_model, context)
        parser = self._response_parser_factory.create_parser("rest-json")
        parsed = await parser.parse(
            {
                "headers": reply.headers,
                "status_code": reply.status_code,
                "context": {"operation_name": operation_model.name},
                "body": reply._content,
            },
            operation_model.output_shape,
        )
        return (reply, parsed), None

    async def _send(self, request: Any) -> Any:
        received = getattr(request, "received", None)
        return await super()._send(request) if received is None else received

    async def _needs_retry(
        self,
        attempts: int,
        operation_model: Any,
        request_dict: Any,
        response: Any = None,
        caught_exception: Exception | None = None,
    ) -> bool:
        if response is not None and 200 <= response[0].status_code < 300:
            watch = self._watches.get(operation_model.name)
            if watch is not None and watch.quiet:
                return False
        return await super()._needs_retry(
            attempts, operation_model, request_dict, response, caught_exception
        )

    # Whether anybody watches

    async def _is_quiet(self, params: dict[str, Any], operation_model: Any) -> bool:
        """Whether this attempt can be made without aiobotocore's steps and come out the same."""
        watch = self._watches.get(operation_model.name)
        # The emitter begins a new memory whenever a handler comes or goes.
        if watch is None or watch.seen is not self._emitter._lookup_cache:
            watch = await self._look(params, operation_model)
            self._watches[operation_model.name] = watch
        if not watch.quiet or getattr(history_recorder, "_enabled", True):
            return False
        for logger in _LOGGERS:
            if logger.isEnabledFor(logging.DEBUG):
                return False
        for header in params["headers"]:
            if header.lower() in OWN_HEADERS:
                return False
        context = params["context"]
        return (
            not context.get("signing")
            and context.get("payload_signing_enabled", True)
            and context.get("read_timeout") is None
        )

    async def _look(self, params: dict[str, Any], operation_model: Any) -> Watch:
        name, seen = operation_model.name, self._emitter._lookup_cache
        listened = {event: self._handlers(f"{event}.{self._service}.{name}") for event in _WATCHED}
        quiet = (
            all(self._known_creation(handler) for handler in listened["request-created"])
            and all(handler in _CHOOSING for handler in listened["choose-signer"])
            and all(_known_retry(handler) for handler in listened["needs-retry"])
            and all(handler is note_sending for handler in listened["before-send"])
            and not listened["before-sign"]
            and not listened["before-parse"]
            and not listened["response-received"]
            and _is_plain(operation_model)
            and await self._signer._choose_signer(name, "standard", params["context"]) == "v4"
            and self._signer._credentials is not None
        )
        return Watch(seen, quiet)

    def _handlers(self, event: str) -> Any:
        """The handlers that an event would call, in order."""
        found = self._emitter._lookup_cache.get(event)
        if found is None:
            found = self._emitter._handlers.prefix_search(event)
            self._emitter._lookup_cache[event] = found
        return found

    def _known_creation(self, handler: Any) -> bool:
        return handler is handlers.add_retry_headers or handler in (
            self._signer.handler,
            self._agent.rebuild_and_replace_user_agent_handler,
        )


def _known_retry(handler: Any) -> bool:
    """Handlers that have nothing to say about a 2xx reply."""
    if handler in KNOWN_HANDLERS:
        return True
    owner = getattr(handler, "__self__", None)
    return type(owner) is AioRetryHandler and handler == owner.needs_retry


def _is_plain(operation_model: Any) -> bool:
    return not (
        operation_model.has_streaming_output
        or operation_model.has_event_stream_output
        or operation_model.has_streaming_input
        or operation_model.http_checksum
        or operation_model.service_model.resolved_protocol != "rest-json"
    )


def is_fixed(resolver: Any, operation_model: Any, endpoint: Any) -> bool:
    """Whether nothing that changes from call to call went into an endpoint.

    The account's identifier comes with the credentials, which may change; what the rules say about
    signing and headers is handed on to handlers, who may change it.
    """
    by_call = (
        operation_model.context_parameters,
        operation_model.operation_context_parameters,
        endpoint.properties,
        endpoint.headers,
    )
    if any(by_call):
        return False
    definitions = getattr(resolver, "_param_definitions", None)
    return definitions is not None and not any(
        "Account" in str(definition.builtin) for definition in definitions.values()
    )


def as_botocore_raises(error: Exception, request: Any) -> Exception:
    """The exception that aiobotocore's session would raise instead of this one."""
    raised = _as_botocore_raises(error, request)
    raised.__cause__ = error
    return raised


def _as_botocore_raises(error: Exception, request: Any) -> Exception:
    url = request.url
    if isinstance(error, aiohttp.ClientSSLError):
        return exceptions.SSLError(endpoint_url=url, error=error)
    if isinstance(
        error,
        aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | BadStatusLine,
    ):
        return exceptions.ConnectionClosedError(error=error, request=request, endpoint_url=url)
    if isinstance(error, aiohttp.ServerTimeoutError):
        if str(error).lower().startswith("connect"):
            return exceptions.ConnectTimeoutError(endpoint_url=url, error=error)
        return exceptions.ReadTimeoutError(endpoint_url=url, error=error)
    if isinstance(error, aiohttp.ClientConnectionError | socket.gaierror):
        return exceptions.EndpointConnectionError(endpoint_url=url, error=error)
    if isinstance(error, asyncio.TimeoutError):
        return exceptions.ReadTimeoutError(endpoint_url=url, error=error)
    return exceptions.HTTPClientError(error=error)
