"""Which requests the server accepts: its host names, and no pages of other sites.

A web page can make a browser send requests to loopback. With DNS rebinding (its own name resolves to
this machine) it could also read the replies. The names below cannot belong to such a page, and
browsers say with `Origin` and `Sec-Fetch-Site` where a request comes from.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Mapping

VARIABLE = "CRML_LOCAL_ALLOWED_HOSTS"
_CONTAINER_NAMES = ("host.docker.internal", "host.containers.internal")
_PRIVATE_SUFFIXES = (".localhost", ".svc.cluster.local")


class HostCheck:
    """Refuses requests for other host names, and from pages of other sites.

    In: further names to answer to; `*.example.com` means every name below. The environment
    variable CRML_LOCAL_ALLOWED_HOSTS adds to them, separated by commas or blanks.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        listed = os.environ.get(VARIABLE, "").replace(",", " ").split()
        names = [_bare(name) for name in (*allowed, *listed)]
        self._names = frozenset(name for name in names if not name.startswith("*."))
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    def refusal(self, target: str, headers: Mapping[str, str]) -> str | None:
        """Why a request is refused, in one sentence. None if it is accepted.

        In: the raw request target and the headers (looked up as `Host`, `Origin`, ...).
        """
        host = headers.get("Host", "")
        for authority in (host, _authority(target)):
            if authority and not self.accepts(authority):
                return (
                    f"This server does not answer to the host {_shown(authority)}. If the name is "
                    f"yours, start the server with --allow-host NAME or set {VARIABLE}"
                )
        origin = headers.get("Origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return f"Requests from pages of another site are refused (Origin: {_shown(origin)})"
        site = headers.get("Sec-Fetch-Site")
        if site is not None and site.lower() not in ("same-origin", "none"):
            return (
                f"Requests from pages of another site are refused (Sec-Fetch-Site: {_shown(site)})"
            )
        return None

    def accepts(self, authority: str) -> bool:
        """True for a host, with or without a port, that this server answers to."""
        name = _bare(authority)
        if is_address(name) or "." not in name:
            return all(sign not in name for sign in "/@\\?# ")
        return (
            name in _CONTAINER_NAMES
            or name.endswith(_PRIVATE_SUFFIXES)
            or name in self._names
            or name.endswith(self._suffixes)
        )


def is_address(name: str) -> bool:
    """True for an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """True for a host that only this machine reaches."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def _bare(authority: str) -> str:
    """A host in lower case, without port, brackets and final dot."""
    name = authority.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    if name.count(":") == 1:
        name = name.partition(":")[0]
    return name.removesuffix(".")


def _authority(target: str) -> str:
    """The host of a request target in a proxy's absolute form; empty for an ordinary one."""
    return "" if target.startswith("/") else target.partition("://")[2].partition("/")[0]


def _shown(text: str) -> str:
    return ascii(text[:100])
