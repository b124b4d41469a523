"""FastAPI: one client for an application, errors as replies, and waits in the background.

```python
app = FastAPI(lifespan=lifespan(region_name="us-east-1"))
add_exception_handlers(app)


@app.get("/models")
async def models(sdk: SDK): ...
```
"""

# FastAPI may not be installed where this is checked.
# pyright: basic, reportMissingImports=false, reportUntypedFunctionDecorator=false

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.requests import HTTPConnection

from .. import errors
from ..client import CleanRoomsML
from ..waiting import Handle

logger: logging.Logger = logging.getLogger("crml_sdk")

STATUSES: Mapping[type[errors.CleanRoomsMLError], int] = {
    errors.RequestValidationError: 422,
    errors.ArnError: 422,
    errors.VersionRequired: 422,
    errors.MissingMembership: 422,
    errors.NoSuchName: 404,
    errors.NoSuchVersion: 404,
    errors.AmbiguousName: 409,
    errors.ResumeMismatch: 409,
    errors.AccessDeniedException: 403,
    errors.ConflictException: 409,
    errors.ResourceNotFoundException: 404,
    errors.ServiceQuotaExceededException: 402,
    errors.ThrottlingException: 429,
    errors.ValidationException: 400,
    errors.ResourceFailed: 424,
    errors.WaitsFailed: 424,
    errors.CallTimeout: 504,
    errors.WaitTimeout: 504,
    errors.TransportError: 502,
    errors.OutcomeUnknown: 502,
    errors.ResponseShapeError: 502,
    errors.ServiceError: 502,
    errors.PaginationStalled: 502,
    errors.ClientClosed: 503,
    errors.ConfigurationError: 500,
}
"""The HTTP status of each error. The nearest class applies, and all others are 500."""


@dataclass(frozen=True)
class WaitState:
    """The state of a wait in the background.

    Attributes:
        handle: The text of the handle.
        status: The last known status, or None.
        done: Whether the wait has ended.
        error: Why it did not succeed, or None.
    """

    handle: str
    status: str | None = None
    done: bool = False
    error: str | None = None


class Waits:
    """Waits that continue after the reply to their request. They end with the application.

    Only the wait ends, and the job continues. Its handle resumes the wait in any process.
    """

    def __init__(self, sdk: CleanRoomsML) -> None:
        self._sdk = sdk
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._states: dict[str, WaitState] = {}

    def start(self, what: Any, then: Callable[[Any], Awaitable[None]] | None = None) -> str:
        """Wait in the background. If there is such a wait already, this does nothing.

        Args:
            what: As for `sdk.wait`.
            then: A function that is awaited with the final Get response after success.

        Returns:
            The text of the handle, for `state` and for `sdk.wait` in any process.
        """
        handle = str(Handle.of(what))
        task = self._tasks.get(handle)
        if task is None or task.done():
            self._states[handle] = WaitState(handle)
            self._tasks[handle] = asyncio.ensure_future(self._wait(handle, then))
        return handle

    def state(self, handle: str) -> WaitState | None:
        """The state of a wait.

        Args:
            handle: The text of the handle.

        Returns:
            The state. None if there is no such wait.
        """
        return self._states.get(handle)

    async def close(self) -> None:
        """End all waits."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _wait(self, handle: str, then: Callable[[Any], Awaitable[None]] | None) -> None:
        def note(change: Any) -> None:
            self._states[handle] = WaitState(handle, str(change.status))

        try:
            model = await self._sdk.wait(handle, on_update=note)
            if then is not None:
                await then(model)
        except Exception as error:
            logger.warning("the wait for %s ended with an error: %s", handle, error)
            self._states[handle] = WaitState(handle, self._states[handle].status, True, str(error))
        else:
            self._states[handle] = WaitState(handle, str(model.status), True)


def lifespan(client: CleanRoomsML | None = None, **settings: Any) -> Callable[[FastAPI], Any]:
    """A lifespan that opens one client for the application and closes it.

    Args:
        client: The client. By default a new one with `settings`.
        settings: Arguments of `CleanRoomsML`.

    Returns:
        A lifespan for `FastAPI(lifespan=...)`.
    """

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        async with client or CleanRoomsML(**settings) as sdk:
            app.state.clean_rooms_ml = sdk
            app.state.clean_rooms_ml_waits = waits = Waits(sdk)
            try:
                yield
            finally:
                await waits.close()

    return opened


def get_sdk(connection: HTTPConnection) -> CleanRoomsML:
    """The client of the application, as a dependency.

    Args:
        connection: The request or WebSocket.

    Returns:
        The open client.
    """
    return connection.app.state.clean_rooms_ml


def get_waits(connection: HTTPConnection) -> Waits:
    """The background waits of the application, as a dependency.

    Args:
        connection: The request or WebSocket.

    Returns:
        The waits.
    """
    return connection.app.state.clean_rooms_ml_waits


SDK = Annotated[CleanRoomsML, Depends(get_sdk)]
"""The type of a parameter of a path operation: `async def models(sdk: SDK)`."""

BackgroundWaits = Annotated[Waits, Depends(get_waits)]
"""The type of a parameter of a path operation: `async def train(waits: BackgroundWaits)`."""


def add_exception_handlers(app: FastAPI) -> None:
    """Answer the SDK's errors with a suitable status and a JSON body.

    Args:
        app: The application.
    """

    async def answer(request: Any, error: Exception) -> JSONResponse:
        assert isinstance(error, errors.CleanRoomsMLError)
        status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)
        headers = {"Retry-After": "5"} if status == 429 else None
        return JSONResponse({"detail": details(error)}, status, headers)

    app.add_exception_handler(errors.CleanRoomsMLError, answer)


def details(error: errors.CleanRoomsMLError) -> dict[str, Any]:
    """The facts of an error as JSON. They contain no values that may be secret.

    Args:
        error: An error of the SDK.

    Returns:
        Its class and message, and more for some errors.
    """
    shown: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, errors.RequestValidationError):
        shown["faults"] = [{"path": f.path, "problem": f.problem} for f in error.faults]
    if isinstance(error, errors.ServiceError):
        shown |= {"operation": error.operation, "request_id": error.request_id}
    if isinstance(error, errors.ServiceQuotaExceededException):
        shown |= {"quota_name": error.quota_name, "quota_value": error.quota_value}
    if isinstance(error, errors.WaitTimeout | errors.ResourceFailed):
        shown |= {"handle": str(error.handle), "status": error.status}
    return shown
