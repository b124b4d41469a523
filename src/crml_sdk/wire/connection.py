"""An open aiobotocore client, and calls on it that answer with models."""

from __future__ import annotations

import asyncio
import copy
import logging
import sys
from contextlib import suppress
from typing import Any, Final

from .._runtime import Expired, current_runtime
from ..api import operations
from ..errors import ClientClosed, CredentialRefreshError, ResponseShapeError, ServiceError
from ..metadata import ResponseMetadata
from ..untrusted import plain_logger
from .endpoints import keep_from_leaving, place_of
from .fast import install, make_session
from .parsing import CALL, Call, TypedParserFactory, TypedReply
from .retrying import THROTTLED, register
from .settings import Settings, make_config
from .translating import configuration_error, seconds_left, translated
from .transport import surely_not_sent, tells_a_password

logger: logging.Logger = plain_logger("crml_sdk")


class Connection:
    """One open client of one service. Made by `connect`, closed by `close`.

    Attributes:
        client: The aiobotocore client.
        fast_path: None when the fast path is taken; otherwise why it is not.
    """

    def __init__(self, client: Any, context: Any, fast_path: str | None) -> None:
        self.client = client
        self.fast_path: str | None = fast_path
        self._context = context
        self._closing: Any = None
        self._tasks: set[Any] = set()
        self._cancelled: set[Any] = set()
        self._cut: set[Any] = set()
        client._endpoint._sleep = self._pause

    def is_closed(self) -> bool:
        """Whether `close` has been called."""
        return self._context is None

    async def make(self, call: Call, params: dict[str, Any]) -> Any:
        """Send a checked request.

        Args:
            call: The call; it is told what becomes of it.
            params: The request by wire names, checked.

        Returns:
            The model of the reply, with its metadata; None where the operation answers nothing.

        Raises:
            CleanRoomsMLError: `ServiceError`, `TransportError`, `ResponseShapeError`,
                `ConfigurationError`, `ClientClosed`.
        """
        name = call.operation.name
        call.is_closed = self.is_closed
        token = CALL.set(call)
        try:
            return attach(await self._send(name, params), call)
        except Exception as error:
            explained = self._explained(error, call)
            if explained is error:
                raise
            if tells_a_password(error):
                raise explained from None
            raise explained from error
        except asyncio.CancelledError:
            # Closing cancels what waits for a free connection, and nobody asked for that.
            if not self.is_closed() or self._was_asked_for():
                raise
            # What aiohttp cancels had no connection yet; only we know what we cancelled.
            sent = call.sent and (not _CAN_TELL or asyncio.current_task() in self._cut)
            raise ClientClosed(name, sent) from None
        finally:
            CALL.reset(token)
            if self._cut:
                self._withdraw_cut()

    async def _send(self, name: str, params: dict[str, Any]) -> Any:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            return await self.client._make_api_call(name, params)
        finally:
            self._tasks.discard(task)

    def _was_asked_for(self) -> bool:
        """Whether someone else has cancelled the running task, as far as that can be told."""
        task: Any = asyncio.current_task()
        if not _CAN_TELL:
            return task in self._cancelled
        return task is not None and task.cancelling() > (task in self._cut)

    def _withdraw_cut(self) -> None:
        """Let the running task no longer count as cancelled by us."""
        task: Any = asyncio.current_task()
        if task in self._cut:
            self._cut.discard(task)
            if _CAN_TELL:
                task.uncancel()

    def _explained(self, error: Exception, call: Call) -> Exception:
        """The SDK's error for whatever a call ended in."""
        name = call.operation.name
        if isinstance(error, ResponseShapeError):
            return error
        if call.received is not None and call.operation.creates:
            # What was made must not be lost to a fault that came after it.
            body, request_id = call.received
            problem = f"{type(error).__name__} when it was taken in: {error}"
            return ResponseShapeError(name, problem, bytes(body), request_id)
        found = translated(error, name)
        if isinstance(found, CredentialRefreshError):
            found.seconds_left = seconds_left(self.client)
        if self.is_closed() and not (isinstance(found, ServiceError) and _is_final(found)):
            return ClientClosed(name, call.sent and not surely_not_sent(error))
        return found

    async def _pause(self, seconds: float) -> None:
        """Between two tries of a call; ends early when the client is closed."""
        runtime = current_runtime()
        if self._closing is None:
            self._closing = runtime.event()
        with suppress(Expired):
            await runtime.bounded(seconds, self._closing.wait)

    async def close(self) -> None:
        """Close the connections; a second time does nothing."""
        context, self._context = self._context, None
        self._cancelled = {task for task in self._tasks if _is_being_cancelled(task)}
        if self._closing is not None:
            self._closing.set()
        if context is None:
            return
        try:
            await context.__aexit__(None, None, None)
            for _ in range(_TURNS):
                if self._tasks:
                    await asyncio.sleep(0)
        finally:
            # aiohttp may let one wait for ever for a free connection of what is closed.
            if self._tasks:
                self._cut = self._tasks - {asyncio.current_task()}
            for task in self._cut:
                task.cancel()


class ConnectionOnAnyio(Connection):
    """A connection of the httpx backend, under asyncio or trio.

    httpx would let a call that is still connecting go on after the client was closed, and send its
    request then; so calls are cancelled.
    """

    def __init__(self, client: Any, context: Any, fast_path: str | None) -> None:
        import anyio

        super().__init__(client, context, fast_path)
        self._new_scope: Any = anyio.CancelScope
        self._scopes: set[Any] = set()

    async def _send(self, name: str, params: dict[str, Any]) -> Any:
        with self._new_scope() as scope:
            self._scopes.add(scope)
            try:
                return await self.client._make_api_call(name, params)
            finally:
                self._scopes.discard(scope)
        raise ClientClosed(name)  # the scope was cancelled

    def _was_asked_for(self) -> bool:
        return True  # a scope keeps its own cancellation to itself

    async def close(self) -> None:
        for scope in self._scopes:
            scope.cancel()
        await super().close()


_CAN_TELL: Final = sys.version_info >= (3, 11)
"""Whether a task knows that it was cancelled."""

_TURNS: Final = 10
"""Of the event loop, in which calls whose reply is there can take it in when the client closes."""


def _is_being_cancelled(task: Any) -> bool:
    """Whether a task of Python 3.10 has been cancelled and does not know yet."""
    waits_for = getattr(task, "_fut_waiter", None)
    return getattr(task, "_must_cancel", False) or (waits_for is not None and waits_for.cancelled())


def _is_final(error: ServiceError) -> bool:
    """Whether the same request would have had the same answer again."""
    return error.status_code < 500 and error.status_code != THROTTLED


def attach(reply: Any, call: Call) -> Any:
    """The model in a reply, with the exchange's metadata beside its fields.

    Args:
        reply: What aiobotocore gave: the reply of the SDK's parser, or the dict of a handler that
            answered in place of the service, as botocore's `Stubber` does.
        call: The call.

    Returns:
        The model; None where the operation answers nothing.
    """
    if type(reply) is TypedReply or call.model is None:
        model = getattr(reply, "model", None)
    else:
        from .lenient import model_of

        model = model_of(call.operation.name, call.model, reply)
    if model is not None:
        metadata: dict[str, Any] = reply.get("ResponseMetadata") or {}
        told = ResponseMetadata(
            request_id=metadata.get("RequestId"),
            http_status=metadata.get("HTTPStatusCode", 200),
            headers=metadata.get("HTTPHeaders") or {},
            attempts=metadata.get("RetryAttempts", 0) + 1,
            operation=call.operation.name,
        )
        object.__setattr__(model, "_response_metadata", told)
    return model


async def connect(service: str, settings: Settings) -> Connection:
    """Open a client of a service.

    Args:
        service: `cleanroomsml` or `cleanrooms`.
        settings: What the user asked for.

    Returns:
        The open connection.

    Raises:
        ConfigurationError: When the settings do not make a client.
    """
    session = _session(settings)
    try:
        config = make_config(settings, session)
        region, elsewhere = place_of(session, service, settings, config)
        context = session.create_client(
            service, region_name=region, endpoint_url=settings.endpoint_url, config=config
        )
        client: Any = await context.__aenter__()
    except Exception as error:
        found = configuration_error(error, f"opening a client of {service}")
        if found is error:
            raise
        raise found from error
    creates = [each.name for each in operations.ALL if each.creates and each.service == service]
    register(client, service, creates)
    if elsewhere is not None:
        keep_from_leaving(client, service, elsewhere)
    kind = ConnectionOnAnyio if settings.http_backend == "httpx" else Connection
    return kind(client, context, _take_fast_path(client, service))


def _take_fast_path(client: Any, service: str) -> str | None:
    """Install the fast path; why not, if not."""
    try:
        reason = install(client)
    except (AttributeError, ImportError, TypeError) as error:
        reason = f"the installed aiobotocore is another inside: {error}"
    if reason is not None:
        logger.info("calls of %s do not take the fast path: %s", service, reason)
    return reason


def _session(settings: Settings) -> Any:
    if settings.session is None:
        session: Any = make_session(settings.profile_name)
    else:
        session = settings.session
        if settings.profile_name is not None:
            session = copy.copy(session)
            session.set_config_variable("profile", settings.profile_name)
    factory = session.get_component("response_parser_factory")
    if not isinstance(factory, TypedParserFactory):
        # It passes on everything but calls of the SDK, so other clients of a session that the
        # caller brought notice nothing.
        session.register_component("response_parser_factory", TypedParserFactory(factory))
    return session
