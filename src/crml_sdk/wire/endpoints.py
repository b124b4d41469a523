"""Where requests go: the region, endpoints that are configured, and calls that must not leave."""

# botocore comes without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

from __future__ import annotations

import ipaddress
import os
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.configprovider import ConfiguredEndpointProvider

from ..errors import ConfigurationError, UnknownRegion
from ..hints import nearest

NEIGHBOUR: Final = {"cleanroomsml": "cleanrooms", "cleanrooms": "cleanroomsml"}

_PRIVATE: Final = ("localhost", "local", "internal", "svc", "test")
"""Last parts of names that the public DNS does not know: this machine's, of a local network (mDNS,
Kubernetes' `*.svc.cluster.local`), of a container's host (`host.docker.internal`), of a test."""


def region_of(session: Any, given: str | None, config: Any) -> str | None:
    """The region: given, in the config, set on the session, in the environment, of the profile.

    botocore itself reads only `AWS_DEFAULT_REGION`; the other AWS SDKs, and AWS Lambda, speak of
    `AWS_REGION`, which therefore stands between that and the profile.
    """
    given = given or getattr(config, "region_name", None)
    if given or session.instance_variables().get("region") or os.environ.get("AWS_DEFAULT_REGION"):
        return given or session.get_config_variable("region")
    return os.environ.get("AWS_REGION") or session.get_config_variable("region")


def check_region(region: str, partitions: list[dict[str, Any]]) -> None:
    """Refuse a region that is not in botocore's list, before a name that cannot resolve is looked up.

    Args:
        region: Such as `us-east-1`; a pseudo region such as `us-east-1-fips` is what botocore maps
            it to.
        partitions: botocore's.

    Raises:
        UnknownRegion: With names that come close, and the way around for a region that is new.
    """
    known = [name for partition in partitions for name in partition["regions"]]
    if region.replace("fips-", "").replace("-fips", "") in known:
        return
    near = nearest(region, known, most=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UnknownRegion(
        f"no AWS partition has a region {region!r}; {hint}If it is newer than the installed botocore,"
        " update that, or give endpoint_url="
    )


def configured_endpoint(session: Any, service: str, config: Any = None) -> str | None:
    """The address that the environment or the AWS configuration gives a service, as botocore reads it.

    Args:
        session: The botocore session.
        service: The name of the service's client.
        config: The client's config, which may say that such addresses are to be ignored.
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


def check_endpoint(url: str | None) -> None:
    """Refuse an address that no request can be sent to.

    Raises:
        ConfigurationError: It does not begin with `http://` or `https://`.
    """
    if url and urlsplit(url).scheme.lower() not in ("http", "https"):
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


def local_neighbour(session: Any, service: str, config: Any) -> str | None:
    """The endpoint of the neighbouring service when it is local; for a service that has none."""
    found = configured_endpoint(session, NEIGHBOUR[service], config)
    return found if is_local(found) else None


def keep_from_leaving(client: Any, service: str, neighbour: str) -> None:
    """Make a client refuse its calls, which would leave for AWS while the neighbour's stay here.

    Args:
        client: An aiobotocore client without an endpoint.
        service: Its service.
        neighbour: Where the neighbouring service is.
    """
    handlers = client.meta.events._emitter._handlers.prefix_search(f"before-send.{service}")
    if any(getattr(handler, "stays_in_process", False) for handler in handlers):
        return

    def refuse(model: Any, **_: Any) -> None:
        raise ConfigurationError(
            f"{model.name}: {NEIGHBOUR[service]} is set up to be at {neighbour}, and {service} has no endpoint, so"
            " this call would leave for AWS; nothing was sent. Set"
            f" AWS_ENDPOINT_URL_{service.upper()} (or AWS_ENDPOINT_URL for both), or give"
            " endpoint_url="
        )

    client.meta.events.register_first(f"before-parameter-build.{service}", refuse)
