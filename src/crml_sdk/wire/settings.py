"""How a client is set up: what the user asked for, as botocore's configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from .. import __version__
from ..errors import ConfigurationError, UnknownRegion

HttpBackend = Literal["aiohttp", "httpx"]


@dataclass(frozen=True)
class Settings:
    """What `CleanRoomsML` was made with, as far as the wire is concerned.

    Attributes:
        region_name: None leaves the choice to botocore's own chain.
        profile_name: A profile of the AWS configuration, or None.
        endpoint_url: Where requests go instead of AWS; for both services.
        http_backend: `aiohttp`, or `httpx`, which also runs on trio.
        retries: Attempts in all, or botocore's own dictionary; None leaves the environment's say.
        connect_timeout: Seconds, or None for botocore's 60.
        read_timeout: Seconds, or None for botocore's 60.
        config: An `AioConfig` merged in last.
        session: The caller's `AioSession`, or None.
    """

    region_name: str | None = None
    profile_name: str | None = None
    endpoint_url: str | None = None
    http_backend: HttpBackend = "aiohttp"
    retries: int | dict[str, Any] | None = None
    connect_timeout: float | None = None
    read_timeout: float | None = None
    config: Any = None
    session: Any = None


def make_config(settings: Settings, scoped: dict[str, Any]) -> Any:
    """The `AioConfig` for a client.

    Args:
        settings: What the user asked for.
        scoped: The profile's entries, as botocore read them.
    """
    from aiobotocore.config import AioConfig

    options: dict[str, Any] = {
        # The request room has checked more than botocore would.
        "parameter_validation": False,
        # Given whole, botocore does not put it together anew for each call.
        "user_agent": _user_agent(),
    }
    retries = _retries(settings, scoped)
    if retries is not None:
        options["retries"] = retries
    for name in ("connect_timeout", "read_timeout"):
        seconds = getattr(settings, name)
        if seconds is not None:
            options[name] = seconds
    if settings.http_backend == "httpx":
        options["http_session_cls"] = _httpx_session()
    elif settings.http_backend == "aiohttp":
        from .session import QuickSession

        options["http_session_cls"] = QuickSession
    else:
        raise ConfigurationError(
            f"unknown http_backend {settings.http_backend!r}: aiohttp or httpx"
        )
    config: Any = AioConfig(**options)
    return config if settings.config is None else config.merge(settings.config)


def _retries(settings: Settings, scoped: dict[str, Any]) -> dict[str, Any] | None:
    """Standard mode, unless the caller or the environment asks for another."""
    if isinstance(settings.retries, dict):
        return {"mode": "standard", **settings.retries}
    configured = "AWS_RETRY_MODE" in os.environ or "retry_mode" in scoped
    retries: dict[str, Any] = {} if configured else {"mode": "standard"}
    if settings.retries is not None:
        if settings.retries < 1:
            raise ConfigurationError("retries counts the attempts in all: 1 or more")
        retries["total_max_attempts"] = settings.retries
    return retries or None


def _user_agent() -> str:
    import platform

    import aiobotocore

    # The session adds botocore's version behind it.
    python = platform.python_version()
    return f"crml-sdk/{__version__} aiobotocore/{aiobotocore.__version__} lang/python#{python}"


def _httpx_session() -> Any:
    from aiobotocore.httpxsession import HttpxSession, httpx

    if httpx is None:
        raise ConfigurationError(
            "http_backend='httpx' needs the extra: pip install 'crml-sdk[httpx]'"
        )
    return HttpxSession


def check_region(region: str, partitions: list[dict[str, Any]]) -> None:
    """Refuse a region that is not in botocore's list, before a name that cannot resolve is looked up.

    Raises:
        UnknownRegion: With names that come close, and the way around for a region that is new.
    """
    import difflib

    known = [name for partition in partitions for name in partition["regions"]]
    if region in known:
        return
    near = difflib.get_close_matches(region, known, n=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownRegion(
        f"no AWS partition has a region {region!r}; {hint}If it is newer than the installed botocore,"
        " update that, or give endpoint_url="
    )
