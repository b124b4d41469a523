"""From a request to its reply, without ceremony where nobody watches.

aiobotocore makes, signs, sends and reads each attempt of a call in steps that handlers may take
part in, and asks the retry policy about every reply. `QuickEndpoint` does the same steps in one go
while the only handlers are botocore's and ours, whose part it knows; the moment a handler of
someone else's is registered, a debug line is wanted, or a reply is not a 2xx, it is
`AioEndpoint` and nothing else. The loop over attempts is always aiobotocore's.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from aiobotocore.retries.standard import AioRetryHandler
from botocore import handlers
from botocore.endpoint import history_recorder

from .listeners import Listeners
from .retrying import resend_create, send_once
from .session import QuickRequest
from .signature import OWN_HEADERS, Signature

if TYPE_CHECKING:
    from .untyped import AioEndpoint
else:
    from aiobotocore.endpoint import AioEndpoint

_LOGGERS: Final = tuple(
    logging.getLogger(f"botocore.{name}") for name in ("auth", "endpoint", "hooks", "parsers")
)
_CHOOSING: Final = (
    handlers.set_operation_specific_signer,
    handlers._set_auth_scheme_preference_signer,
)


class Watch:
    """What was made of the handlers of one operation's events.

    Args:
        seen: `Listeners.seen` then; when it is another object now, handlers have come or gone.
        quiet: Whether there were only handlers whose part is known.
    """

    __slots__ = ("quiet", "seen")

    def __init__(self, seen: Any, quiet: bool) -> None:
        self.seen: Any = seen
        self.quiet: bool = quiet


class QuickEndpoint(AioEndpoint):
    """Takes the place of a client's `AioEndpoint`, whose connections and components it uses."""

    http_session: Any
    _response_parser_factory: Any

    def __init__(
        self, usual: Any, signer: Any, agent: Any, listeners: Listeners, service: str
    ) -> None:
        super().__init__(
            usual.host,
            usual._endpoint_prefix,
            usual._event_emitter,
            usual._response_parser_factory,
            usual.http_session,
        )
        self._signer = signer
        self._agent = agent
        self._signature = Signature(signer._signing_name, signer._region_name)
        self._listeners = listeners
        self._service = service
        self._watches: dict[str, Watch] = {}

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
        return QuickRequest(params["method"], params["url"], headers, body or None, False, context)

    async def _get_response(self, request: Any, operation_model: Any, context: Any) -> Any:
        if type(request) is not QuickRequest:
            return await super()._get_response(request, operation_model, context)
        try:
            reply = await self.http_session.send(request)
        except Exception as error:
            # botocore's errors of this kind have no base of their own; the retry policy decides.
            return None, error
        if not 200 <= reply.status_code < 300:
            request.received = reply
            return await super()._get_response(request, operation_model, context)
        parser = self._response_parser_factory.create_parser("rest-json")
        parsed = await parser.parse(
            {
                "headers": reply.headers,
                "status_code": reply.status_code,
                "context": {"operation_name": operation_model.name},
                "body": reply.body,
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

    async def _is_quiet(self, params: dict[str, Any], operation_model: Any) -> bool:
        """Whether this attempt can be made without aiobotocore's steps and come out the same."""
        watch = self._watches.get(operation_model.name)
        if watch is None or watch.seen is not self._listeners.seen:
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
        return not context.get("signing") and context.get("payload_signing_enabled", True)

    async def _look(self, params: dict[str, Any], operation_model: Any) -> Watch:
        name, seen = operation_model.name, self._listeners.seen
        listened = {
            event: self._listeners.of(f"{event}.{self._service}.{name}")
            for event in (
                "request-created",
                "choose-signer",
                "before-sign",
                "before-send",
                "before-parse",
                "response-received",
                "needs-retry",
            )
        }
        quiet = (
            all(self._known_creation(handler) for handler in listened["request-created"])
            and all(handler in _CHOOSING for handler in listened["choose-signer"])
            and all(_known_retry(handler) for handler in listened["needs-retry"])
            and not listened["before-sign"]
            and not listened["before-send"]
            and not listened["before-parse"]
            and not listened["response-received"]
            and _is_plain(operation_model)
            and await self._signer._choose_signer(name, "standard", params["context"]) == "v4"
            and self._signer._credentials is not None
        )
        return Watch(seen, quiet)

    def _known_creation(self, handler: Any) -> bool:
        return handler is handlers.add_retry_headers or handler in (
            self._signer.handler,
            self._agent.rebuild_and_replace_user_agent_handler,
        )


def _known_retry(handler: Any) -> bool:
    """Handlers that have nothing to say about a 2xx reply."""
    if handler in (resend_create, send_once):
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
