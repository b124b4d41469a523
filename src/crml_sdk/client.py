"""CleanRoomsML, the client: its settings, its scopes, its resource groups.

Groups load when they are first touched, so a program pays for what it uses.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from .api.groups import CallerGroups, CollaborationGroups
from .api.waits import Waits
from .arns import is_identifier, membership_in
from .errors import ConfigurationError, RequestFault, RequestValidationError
from .hints import Suggesting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta
    from types import TracebackType

    from aiobotocore.client import AioBaseClient
    from aiobotocore.config import AioConfig
    from aiobotocore.session import AioSession
    from typing_extensions import Self

    from .core import Core
    from .model import Asks
    from .wire.settings import HttpBackend

R = TypeVar("R")


class MembershipScope(Waits, Suggesting):
    """A view of a client for one membership, which its calls use where they need one.

    It opens nothing, so there is nothing to close.
    """

    def __init__(self, core: Core, membership_identifier: str) -> None:
        self._core = core
        self._scope = _scope(membership_identifier, "membership")

    @property
    def membership_identifier(self) -> str:
        """The membership of this view."""
        assert self._scope is not None
        return self._scope

    def __repr__(self) -> str:
        return f"<membership {self._scope}>"


class CollaborationScope(CollaborationGroups, Suggesting):
    """A view of a client for one collaboration: what its members see of each other's resources.

    It opens nothing, so there is nothing to close.
    """

    def __init__(self, core: Core, collaboration_identifier: str) -> None:
        self._core = core
        self.collaboration_identifier: str = _scope(collaboration_identifier, "collaboration")

    def __repr__(self) -> str:
        return f"<collaboration {self.collaboration_identifier}>"


class CleanRoomsML(Waits, CallerGroups, Suggesting):
    """The client of AWS Clean Rooms ML.

    It is an async context manager; `open()` and `close()` do the same without a block. It has no
    state outside itself, so one process can have several clients, in different regions.

    Args:
        region_name: Such as `us-east-1`. By default botocore looks it up (AWS_REGION, profile).
        profile_name: A profile of the AWS configuration.
        endpoint_url: Where requests go instead of AWS, for both services that the SDK calls.
        membership: The membership (identifier or ARN) for calls that name none.
        http_backend: `aiohttp`, or `httpx` (extra `httpx`), which also runs on trio.
        max_attempts: How often a request may be sent in all, 3 by default. Creates and starts are
            sent again only when the first request certainly did not arrive. To choose another retry
            mode than botocore's standard, use `config`, the environment or the profile.
        max_connections: Connections at the same time, 64 by default. A `max_pool_connections` in
            `config` wins.
        connect_timeout: Seconds, or a `timedelta`, for a connection, 60 by default.
        read_timeout: Seconds, or a `timedelta`, until the reply or its next part arrives, 60 by
            default.
        config: An `AioConfig`, merged in last.
        session: Your own `AioSession`.
        polling_rate: Requests a second for all waits of this client together. None for no limit.
        find_lost_creates: When the reply to a create or start is lost, search for what the request
            may have created, and return that as the reply. False: raise the error of the transport.
        find_membership: When a list or create is given no membership, and its ARNs name none, use
            the account's only `ACTIVE` membership, which is looked up once. False: raise
            `MissingMembership`.
        clock: Gives monotonic seconds, for waiting. By default the system's clock.
        sleep: Waits for so many seconds, for waiting. By default the event loop's sleep.

    Raises:
        MissingRegion, UnknownRegion, ConfigurationError: On opening.
    """

    def __init__(
        self,
        *,
        region_name: str | None = None,
        profile_name: str | None = None,
        endpoint_url: str | None = None,
        membership: str | None = None,
        http_backend: HttpBackend = "aiohttp",
        max_attempts: int | None = None,
        max_connections: int = 64,
        connect_timeout: float | timedelta | None = None,
        read_timeout: float | timedelta | None = None,
        config: AioConfig | None = None,
        session: AioSession | None = None,
        polling_rate: float | None = 5.0,
        find_lost_creates: bool = True,
        find_membership: bool = True,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        from .wire.settings import Settings

        self._membership = _identifier(membership, "membership")
        if self._membership is None and membership is not None:
            raise ConfigurationError(f"membership={membership!r} is none: give {_SHAPE}")
        self._settings = Settings(
            region_name=region_name,
            profile_name=profile_name,
            endpoint_url=endpoint_url,
            http_backend=http_backend,
            max_attempts=max_attempts,
            max_connections=max_connections,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            config=config,
            session=session,
            polling_rate=polling_rate,
            find_lost_creates=find_lost_creates,
            find_membership=find_membership,
            clock=clock,
            sleep=sleep,
        )

    @cached_property
    def _core(self) -> Core:  # type: ignore[override]
        from .core import Core

        return Core(self._settings, self._membership)

    async def open(self) -> Self:
        """Open the client. Opening an open one does nothing."""
        await self._core.open()
        return self

    async def close(self) -> None:
        """Close all connections. A second time does nothing."""
        await self._core.close()

    if not TYPE_CHECKING:  # for type checkers a plain `with` stays a fault

        def __enter__(self) -> None:
            raise TypeError("open the client with `async with`, inside an async function")

        def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def raw(self) -> AioBaseClient:
        """The aiobotocore client beneath: any operation, arguments and replies as dicts.

        Calls on it are not checked by the SDK (nor by botocore), and raise botocore's errors.
        """
        return self._core.raw

    @property
    def fast_path(self) -> str | None:
        """None when calls use the SDK's fast path through aiobotocore; otherwise the reason why not.

        Calls do the same either way. A client does not use the fast path with a proxy, an unknown
        version of aiobotocore, a tracing library that wraps its functions, or the httpx backend.
        """
        return self._core.fast_path

    @property
    def region_name(self) -> str:
        """The region of the open client."""
        return self._core.raw.meta.region_name

    async def call(self, request: Asks[R], *, timeout: float | timedelta | None = None) -> R:
        """Send a request model, such as `models.CreateTrainedModelRequest(...)`.

        Args:
            request: The request. It was checked when it was made, and is checked again. It must name
                what the method of the operation would look up: a membership, a version by its role.
            timeout: Seconds, or a `timedelta`, for the call with all its retries.

        Returns:
            The model of the reply. For a list that is one page.

        Raises:
            CleanRoomsMLError: As from the method of the operation.
        """
        from .resources.requests import send

        return await send(self._core, request, timeout)

    def membership(self, membership_identifier: str) -> MembershipScope:
        """A view for one membership, by its identifier or ARN. Costs nothing.

        Returns:
            The view; it has the groups of the client.

        Raises:
            RequestValidationError: When it is neither.
        """
        return MembershipScope(self._core, membership_identifier)

    def collaboration(self, collaboration_identifier: str) -> CollaborationScope:
        """A view for one collaboration, by its identifier or ARN. Costs nothing.

        Returns:
            The view; it has the groups that a collaboration shows.

        Raises:
            RequestValidationError: When it is neither.
        """
        return CollaborationScope(self._core, collaboration_identifier)


def _identifier(given: Any, kind: str) -> str | None:
    """The identifier in what was given: itself, or the last part of an ARN; None for other things."""
    if not isinstance(given, str):
        return None
    found = membership_in(given) if kind == "membership" else None
    if found is None and given.startswith("arn:") and f":{kind}/" in given:
        found = given.rpartition("/")[2]
    return found or given if is_identifier(found or given) else None


def _scope(given: Any, kind: str) -> str:
    identifier = _identifier(given, kind)
    if identifier is None:
        fault = RequestFault(
            f"{kind}_identifier", f"is not the identifier of a {kind}", repr(given), _SHAPE
        )
        raise RequestValidationError(kind, [fault])
    return identifier


_SHAPE = "32 hexadecimal digits as 8-4-4-4-12, or an ARN"
