"""How a client is set up: what the user asked for, as botocore's configuration."""

# botocore comes without types.
# pyright: reportUnknownVariableType=false

from __future__ import annotations

import os
import platform
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


@dataclass(frozen=True)
class Settings:
    """What `CleanRoomsML` was made with, as far as the wire is concerned.

    Attributes:
        region_name: None leaves the choice to botocore's own chain.
        profile_name: A profile of the AWS configuration, or None.
        endpoint_url: Where requests go instead of AWS; for both services.
        http_backend: `aiohttp`, or `httpx`, which also runs on trio.
        max_attempts: Attempts in all; None leaves the environment's say.
        max_connections: Connections at the same time, for each of the two services.
        connect_timeout: Seconds or a `timedelta`, or None for botocore's 60.
        read_timeout: Seconds or a `timedelta`, or None for botocore's 60.
        config: An `AioConfig` merged in last.
        session: The caller's `AioSession`, or None.
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

    def __post_init__(self) -> None:
        _check_count("max_attempts", self.max_attempts)
        _check_count("max_connections", self.max_connections)
        for name in _TIMES:
            _seconds(name, getattr(self, name))


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


def _seconds(name: str, given: Any) -> float | None:
    try:
        return None if given is None else seconds_of(name, given)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error)) from None


def make_config(settings: Settings, session: Any) -> Any:
    """The `AioConfig` for a client.

    Args:
        settings: What the user asked for.
        session: The session that the client will be made of.
    """
    from aiobotocore.config import AioConfig

    given = _given(settings, session)
    options: dict[str, Any] = {
        # The request has been checked beyond what botocore would.
        "parameter_validation": False,
        # Given whole, botocore does not put it together anew for each call.
        "user_agent": _user_agent(given, session),
        "max_pool_connections": settings.max_connections,
    }
    for name in _TIMES:
        seconds = _seconds(name, getattr(settings, name))
        if seconds is not None:
            options[name] = seconds
    if settings.http_backend == "httpx":
        options["http_session_cls"] = _httpx_session()
    elif settings.http_backend != "aiohttp":
        raise ConfigurationError(
            f"unknown http_backend {settings.http_backend!r}: aiohttp or httpx"
        )
    config: Any = AioConfig(**options)
    if given is not None:
        config = config.merge(given)
    retries = _retries(settings, session, getattr(given, "retries", None))
    # Whatever stands in the config is complete: botocore would take its legacy mode otherwise.
    return config.merge(AioConfig(retries=retries)) if retries else config


def _given(settings: Settings, session: Any) -> Any:
    """The config of the caller, over that of the caller's session; None for none."""
    default = session.get_default_client_config()
    if default is None or settings.config is None:
        return default if settings.config is None else settings.config
    return default.merge(settings.config)


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
    application = getattr(given, "user_agent_appid", None) or session.get_config_variable(
        "user_agent_appid"
    )
    if application:
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
