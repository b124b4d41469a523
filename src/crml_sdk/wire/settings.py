"""How a client is set up: what the user asked for, and botocore's configuration made of it."""

# botocore comes without types.
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import os
import platform
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from .. import __version__
from ..errors import ConfigurationError
from ..times import seconds_of

HttpBackend = Literal["aiohttp", "httpx"]

_TIMES: Final = ("connect_timeout", "read_timeout")

MAX_CONNECTIONS: Final = 64
"""Connections of a client at the same time; botocore's own default is 10."""

POLLING_RATE: Final = 5.0
"""Requests a second for all waits of a client together. The limits of the service's operations are
not published; an operation of AWS Clean Rooms with a published one allows 5 a second."""


@dataclass(frozen=True)
class Settings:
    """What `CleanRoomsML` was made with, checked.

    Attributes:
        region_name: None leaves the choice to botocore's own chain.
        profile_name: A profile of the AWS configuration, or None.
        endpoint_url: Where requests go instead of AWS; for both services.
        http_backend: `aiohttp`, or `httpx`, which also runs on trio.
        max_attempts: Attempts in all; None leaves the environment's say.
        max_connections: Connections at the same time, for each of the two services.
        connect_timeout: Seconds (given as a `timedelta`, too), or None for botocore's 60.
        read_timeout: Seconds (given as a `timedelta`, too), or None for botocore's 60.
        config: An `AioConfig` merged in last.
        session: The caller's `AioSession`, or None.
        polling_rate: Requests a second for all waits of the client together; None for no limit.
        find_lost_creates: Whether to look for what a create made whose reply was lost.
        find_membership: Whether to look up the account's only membership where none is given.
        clock: Monotonic seconds, for waiting; None for the system's.
        sleep: Waits for so many seconds, for waiting; None for the event loop's.

    Raises:
        ConfigurationError: A number or length of time is none.
    """

    region_name: str | None = None
    profile_name: str | None = None
    endpoint_url: str | None = None
    http_backend: HttpBackend = "aiohttp"
    max_attempts: int | None = None
    max_connections: int = MAX_CONNECTIONS
    connect_timeout: float | timedelta | None = None
    read_timeout: float | timedelta | None = None
    config: Any = None
    session: Any = None
    polling_rate: float | None = POLLING_RATE
    find_lost_creates: bool = True
    find_membership: bool = True
    clock: Callable[[], float] | None = None
    sleep: Callable[[float], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        _check_count("max_attempts", self.max_attempts)
        _check_count("max_connections", self.max_connections)
        rate: Any = self.polling_rate
        is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
        if rate is not None and not (is_number and rate > 0):
            raise ConfigurationError(
                f"polling_rate={rate!r}: give requests a second, more than 0, or None"
            )
        try:
            for name in _TIMES:
                if (given := getattr(self, name)) is not None:
                    object.__setattr__(self, name, seconds_of(name, given))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(str(error)) from None


def _check_count(name: str, value: Any) -> None:
    if value is None and name == "max_attempts":
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        hint = (
            "; a retry mode goes into config=AioConfig(retries={'mode': ...})"
            if name == "max_attempts"
            else ""
        )
        raise ConfigurationError(f"{name}={value!r}: give a whole number, 1 or more{hint}")


def make_config(settings: Settings, session: Any) -> Any:
    """The `AioConfig` for a client.

    Args:
        settings: What the user asked for.
        session: The session that the client will be made of.

    Returns:
        The config.
    """
    from aiobotocore.config import AioConfig

    given: Any = AioConfig()
    for each in (session.get_default_client_config(), settings.config):
        if each is not None:
            given = given.merge(each)
    options: dict[str, Any] = {
        # The request has been checked beyond what botocore would.
        "parameter_validation": False,
        # Given whole, botocore does not put it together anew for each call.
        "user_agent": _user_agent(given, session),
        "max_pool_connections": settings.max_connections,
    }
    times = {name: getattr(settings, name) for name in _TIMES}
    options |= {name: seconds for name, seconds in times.items() if seconds is not None}
    if settings.http_backend == "httpx":
        options["http_session_cls"] = _httpx_session()
    elif settings.http_backend != "aiohttp":
        raise ConfigurationError(
            f"unknown http_backend {settings.http_backend!r}: aiohttp or httpx"
        )
    config: Any = AioConfig(**options)
    config = config.merge(given)
    retries = _retries(settings, session, given.retries)
    # Whatever stands in the config is complete: botocore would take its legacy mode otherwise.
    return config.merge(AioConfig(retries=retries)) if retries else config


def _retries(settings: Settings, session: Any, given: dict[str, Any] | None) -> dict[str, Any]:
    """Standard mode, unless the caller or the environment asks for another."""
    configured = "AWS_RETRY_MODE" in os.environ or "retry_mode" in session.get_scoped_config()
    retries: dict[str, Any] = {} if configured else {"mode": "standard"}
    if settings.max_attempts is not None:
        retries["total_max_attempts"] = settings.max_attempts
    if given:
        if "max_attempts" in given:
            # botocore's: how often after the first try.
            retries.pop("total_max_attempts", None)
        retries.update(given)
    return retries


def _user_agent(given: Any, session: Any) -> str:
    """Who is calling; botocore adds the extras of session and config behind it."""
    import aiobotocore
    from botocore.useragent import sanitize_user_agent_string_component

    parts = [
        f"crml-sdk/{__version__}",
        f"aiobotocore/{aiobotocore.__version__}",
        f"lang/python#{platform.python_version()}",
    ]
    name = "user_agent_appid"
    if application := given.user_agent_appid or session.get_config_variable(name):
        name = sanitize_user_agent_string_component(application, allow_hash=True)
        parts.append(f"app/{name}")
    return " ".join(parts)


def _httpx_session() -> Any:
    from aiobotocore.httpxsession import HttpxSession, httpx

    if httpx is None:
        raise ConfigurationError(
            "http_backend='httpx' needs the extra: pip install 'crml-sdk[httpx]'"
        )
    return HttpxSession
