"""From a request to its reply in one step, while nothing else takes part in the call.

aiobotocore makes, signs, sends and reads each attempt of a call in steps that handlers can change,
and asks the retry policy about every reply. `FastEndpoint` takes these steps at once while the only
handlers are botocore's and the SDK's own, whose effect is known. With any other handler, or with
debug logging, it behaves as a plain `AioEndpoint`. The loop over attempts and the retry policy for
faults and error replies are always aiobotocore's.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any, Final

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.retries.standard import AioRetryHandler
from botocore import handlers
from botocore.endpoint import history_recorder
from yarl import URL

from ..parsing import note_sending
from ..retrying import KNOWN_HANDLERS
from .request import OWN_HEADERS, Signature

if TYPE_CHECKING:  # they come without types
    from typing import Any as AWSPreparedRequest
    from typing import Any as AioEndpoint
else:
    from aiobotocore.endpoint import AioEndpoint
    from botocore.awsrequest import AWSPreparedRequest

_LOGGERS: Final = tuple(
    logging.getLogger(f"botocore.{name}") for name in ("auth", "endpoint", "hooks", "parsers")
)
_CHOOSING: Final = (
    handlers.set_operation_specific_signer,
    handlers._set_auth_scheme_preference_signer,
)


class FastRequest(AWSPreparedRequest):
    """A request made by `FastEndpoint`: its headers are a dict of strings, its body bytes."""


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
        # By operation: the emitter's memory when its handlers were looked at, and whether all of
        # them are known.
        self._looked: dict[str, tuple[Any, bool]] = {}
        self._rules = client._ruleset_resolver
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
            if is_fixed(self._rules, operation_model, found):
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
        request = FastRequest(params["method"], params["url"], headers, body or None, False)
        request.context = context  # the constructor takes one in some versions only
        return request

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
            body = await exchange.read()
        except Exception as error:
            # botocore's errors of this kind have no base of their own; the retry policy decides.
            return None, await as_aiobotocore_raises(self.http_session, request, error)
        reply: Any = AioAWSResponse(request.url, exchange.status, {}, exchange)
        reply.headers = {
            name.decode("utf-8", "replace").lower(): value.decode("utf-8", "replace")
            for name, value in exchange.raw_headers
        }
        reply._content = body
        response = {
            "headers": reply.headers,
            "status_code": reply.status_code,
            "context": {"operation_name": operation_model.name},
            "body": body,
        }
        parser = self._response_parser_factory.create_parser("rest-json")
        parsed = await parser.parse(response, operation_model.output_shape)
        if reply.status_code >= 300:
            await self._add_modeled_error_fields(response, parsed, operation_model, parser)
        return (reply, parsed), None

    async def _needs_retry(
        self, attempts: int, operation_model: Any, request_dict: Any, response: Any, *fault: Any
    ) -> bool:
        if response is not None and 200 <= response[0].status_code < 300:
            _, quiet = self._looked.get(operation_model.name, (None, False))
            if quiet:
                return False
        return await super()._needs_retry(attempts, operation_model, request_dict, response, *fault)

    # Whether anybody watches

    async def _is_quiet(self, params: dict[str, Any], operation_model: Any) -> bool:
        """Whether this attempt can be made without aiobotocore's steps and come out the same."""
        context = params["context"]
        # The emitter begins a new memory whenever a handler comes or goes.
        seen, quiet = self._looked.get(operation_model.name, (None, False))
        if seen is not self._emitter._lookup_cache:
            seen = self._emitter._lookup_cache
            quiet = await self._has_known_handlers(operation_model, context)
            self._looked[operation_model.name] = seen, quiet
        return (
            quiet
            and not getattr(history_recorder, "_enabled", True)
            and not any(logger.isEnabledFor(logging.DEBUG) for logger in _LOGGERS)
            and not any(header.lower() in OWN_HEADERS for header in params["headers"])
            and not context.get("signing")
            and context.get("payload_signing_enabled", True)
            and context.get("read_timeout") is None
        )

    async def _has_known_handlers(self, operation_model: Any, context: Any) -> bool:
        """Whether an operation is plain and only handlers whose effect is known listen to it."""
        known: dict[str, tuple[Any, ...]] = {
            "request-created": (
                handlers.add_retry_headers,
                self._signer.handler,
                self._agent.rebuild_and_replace_user_agent_handler,
            ),
            "choose-signer": _CHOOSING,
            "before-sign": (),
            "before-send": (note_sending,),
            "before-parse": (),
            "response-received": (),
            "needs-retry": KNOWN_HANDLERS,
        }
        return (
            all(
                handler in those or (event == "needs-retry" and _is_standard_policy(handler))
                for event, those in known.items()
                for handler in self._handlers(f"{event}.{self._service}.{operation_model.name}")
            )
            and _is_plain(operation_model)
            and await self._signer._choose_signer(operation_model.name, "standard", context) == "v4"
            and self._signer._credentials is not None
        )

    def _handlers(self, event: str) -> Any:
        """The handlers that an event would call, in order."""
        found = self._emitter._lookup_cache.get(event)
        if found is None:
            found = self._emitter._handlers.prefix_search(event)
            self._emitter._lookup_cache[event] = found
        return found


def _is_standard_policy(handler: Any) -> bool:
    """Whether this is botocore's retry policy of standard mode, which lets every 2xx reply pass."""
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


async def as_aiobotocore_raises(http_session: Any, request: Any, error: Exception) -> Exception:
    """The exception that aiobotocore's session raises when aiohttp raises this one.

    Args:
        http_session: The session; one like it is made to meet the error, and translates it.
        request: What was sent.
        error: What aiohttp raised.
    """

    async def meet(_: Any) -> Any:
        raise error

    meeting = copy.copy(http_session)
    meeting._get_session = meet
    try:
        return await meeting.send(request)
    except Exception as raised:
        return raised
