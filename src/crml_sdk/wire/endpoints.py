"""Where requests go: the region, endpoints that are configured, and calls that must not leave."""

# botocore comes without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.configprovider import ConfiguredEndpointProvider

from ..errors import ConfigurationError, UnknownRegion
from ..hints import nearest

if TYPE_CHECKING:
    from .settings import Settings

OTHER: Final = {"cleanroomsml": "cleanrooms", "cleanrooms": "cleanroomsml"}
"""The other one of the two services that the SDK calls."""

_PRIVATE: Final = ("localhost", "local", "internal", "svc", "test")
"""Last parts of names that the public DNS does not know: this machine's, of a local network (mDNS,
Kubernetes' `*.svc.cluster.local`), of a container's host (`host.docker.internal`), of a test."""


def place_of(
    session: Any, service: str, settings: Settings, config: Any
) -> tuple[str | None, str | None]:
    """Where the requests of a client go.

    Args:
        session: The botocore session.
        service: The name of the service's client.
        settings: What the user asked for.
        config: The client's config.

    Returns:
        The region, None where there is none; and the endpoint of the other service, where that one
        is local and this one has no endpoint: requests of this one would leave for AWS.

    Raises:
        ConfigurationError: No request can be sent to the endpoint.
        UnknownRegion: Requests would go to AWS, which has no such region.
    """
    region = region_of(session, settings.region_name, config)
    given = settings.endpoint_url or configured_endpoint(session, service, config)
    if given:
        _check_endpoint(given)
        return region, None
    elsewhere = configured_endpoint(session, OTHER[service], config)
    if is_local(elsewhere):
        return region, elsewhere
    if region is not None:
        _check_region(region, session.get_component("data_loader").load_data("partitions"))
    return region, None


def region_of(session: Any, given: str | None, config: Any) -> str | None:
    """The region: given, in the config, set on the session, in the environment, of the profile.

    botocore itself reads only `AWS_DEFAULT_REGION`; the other AWS SDKs, and AWS Lambda, speak of
    `AWS_REGION`, which therefore stands between that and the profile.
    """
    given = given or getattr(config, "region_name", None)
    if given or session.instance_variables().get("region") or os.environ.get("AWS_DEFAULT_REGION"):
        return given or session.get_config_variable("region")
    return os.environ.get("AWS_REGION") or session.get_config_variable("region")


def _check_region(region: str, listed: dict[str, Any]) -> None:
    """Refuse a region that is not in botocore's list, before a name that cannot resolve is looked up.

    Args:
        region: Such as `us-east-1`; a pseudo region such as `us-east-1-fips` is what botocore maps
            it to.
        listed: botocore's list of partitions.

    Raises:
        UnknownRegion: With names that come close, and the way around for a region that is new.
    """
    known = [name for partition in listed["partitions"] for name in partition["regions"]]
    if region.replace("fips-", "").replace("-fips", "") in known:
        return
    near = nearest(region, known, most=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownRegion(
        f"no AWS partition has a region {region!r}; {hint}If it is newer than the installed botocore,"
        " update that, or give endpoint_url="
    )


def configured_endpoint(session: Any, service: str, config: Any) -> str | None:
    """The endpoint that the environment or the AWS configuration gives a service, as botocore reads it.

    Args:
        session: The botocore session.
        service: The name of the service's client.
        config: The client's config, which may say that such endpoints are to be ignored.

    Returns:
        The address; None for none.
    """
    ignored = getattr(config, "ignore_configured_endpoint_urls", None)
    if ignored is None:
        ignored = session.get_config_variable("ignore_configured_endpoint_urls")
    if ignored:
        return None
    provider: Any = ConfiguredEndpointProvider(
        full_config=session.full_config,
        scoped_config=session.get_scoped_config(),
        client_name=service,
    )
    return provider.provide()


def _check_endpoint(url: str) -> None:
    """Refuse an address that does not begin with `http://` or `https://`."""
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        hint = "" if "//" in url else f"; did you mean 'http://{url}'?"
        raise ConfigurationError(f"endpoint {url!r}: it must begin with http:// or https://{hint}")


def is_local(url: str | None) -> bool:
    """Whether an address is on this machine, or has a name that only a private network knows."""
    host = (urlsplit(url).hostname or "").rstrip(".") if url else ""
    if not host:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in _PRIVATE
    return address.is_loopback or address.is_unspecified


def keep_from_leaving(client: Any, service: str, elsewhere: str) -> None:
    """Make a client refuse its calls: they would leave for AWS while the other service is local.

    Args:
        client: An aiobotocore client without an endpoint.
        service: Its service.
        elsewhere: The endpoint of the other service.
    """
    handlers = client.meta.events._emitter._handlers.prefix_search(f"before-send.{service}")
    if any(getattr(handler, "stays_in_process", False) for handler in handlers):
        return

    def refuse(model: Any, **_: Any) -> None:
        raise ConfigurationError(
            f"{model.name}: {OTHER[service]} is set up to be at {elsewhere}, and {service} has no endpoint, so"
            " this call would leave for AWS; nothing was sent. Set"
            f" AWS_ENDPOINT_URL_{service.upper()} (or AWS_ENDPOINT_URL for both), or give"
            " endpoint_url="
        )

    client.meta.events.register_first(f"before-parameter-build.{service}", refuse)
