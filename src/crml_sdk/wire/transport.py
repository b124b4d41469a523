"""What a fault below HTTP says about whether the service can have seen the request."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)

TRANSPORT: Final[tuple[Any, ...]] = (BotoConnectionError, HTTPClientError)
"""What botocore raises when no reply came: two families that share no base of their own."""

_CONNECTING: Final = frozenset({"ClientConnectorError", "ConnectError", "gaierror"})
"""Faults of connecting: aiohttp's, httpx's, and of looking up the name."""


def surely_not_sent(error: BaseException) -> bool:
    """Whether the fault proves that the service cannot have seen the request.

    aiobotocore calls every `ClientConnectionError` of aiohttp an endpoint that could not be
    connected to, a connection reset in the middle included, and every time-out of httpx that is
    not one of reading a connect time-out. So the fault beneath decides.
    """
    if isinstance(error, ProxyConnectionError):
        return True
    if not isinstance(error, (ConnectTimeoutError, EndpointConnectionError, SSLError)):
        return False
    names = {cls.__name__ for cls in type(_detail(error, "error")).__mro__}
    if isinstance(error, ConnectTimeoutError):
        return "WriteTimeout" not in names
    return not names.isdisjoint(_CONNECTING)


def described(error: Exception) -> str:
    """The fault in one line, without botocore's template around it."""
    beneath = _detail(error, "error")
    never_sent = surely_not_sent(error)
    what = {
        "EndpointConnectionError": "could not connect" if never_sent else "the connection was lost",
        "ConnectTimeoutError": f"timed out while {'connecting' if never_sent else 'sending'}",
        "ReadTimeoutError": "timed out while waiting for the reply",
        "ConnectionClosedError": "the connection was closed before a reply came",
        "ProxyConnectionError": "could not connect to the proxy",
        "SSLError": "TLS failed",
    }.get(type(error).__name__, "the connection failed")
    where = urlsplit(_detail(error, "endpoint_url") or "")
    host = f" to {where.scheme}://{where.netloc}" if where.netloc else ""
    cause = f" ({type(beneath).__name__}: {beneath})" if beneath is not None else ""
    if "WRONG_VERSION_NUMBER" in cause:
        cause += "; perhaps the server speaks http, not https"
    return _PASSWORD.sub("//", f"{what}{host}{cause}")


_PASSWORD: Final = re.compile(r"//[^/@\s'\"]+@")
"""User and password in an address; a proxy's reach the texts of aiohttp."""


def tells_a_password(error: BaseException) -> bool:
    """Whether the text of an error, or of one beneath it, has an address with a password."""
    return any(_PASSWORD.search(str(one)) for one in _beneath(error))


def unusable_tls(error: Exception) -> str | None:
    """Why TLS cannot work as it is set up, in a line; None for faults that may pass.

    That is a certificate that does not stand up to the check, or a file of certificates that
    cannot be read. aiobotocore calls the one an `SSLError` (or, with httpx, an
    `EndpointConnectionError`), the other an `HTTPClientError`; what is beneath decides.
    """
    # The httpx backend reads the file bare, the other wraps what comes of it.
    bare = isinstance(error, OSError) and not isinstance(error, TRANSPORT)
    reading = bare or type(error) is HTTPClientError
    for beneath in _beneath(error if bare else _detail(error, "error")):
        if isinstance(beneath, ssl.CertificateError) or "CERTIFICATE_VERIFY_FAILED" in str(beneath):
            return (
                f"the server's certificate is not trusted ({beneath}); see verify=, AWS_CA_BUNDLE"
            )
        if reading and isinstance(beneath, (FileNotFoundError, IsADirectoryError, PermissionError)):
            return f"the file of trusted certificates cannot be read ({beneath}); see AWS_CA_BUNDLE"
        if reading and isinstance(beneath, ssl.SSLError):
            return f"the file of trusted certificates cannot be used ({beneath}); see AWS_CA_BUNDLE"
    return None


def _beneath(error: Any) -> Iterator[BaseException]:
    """An error, and what it came from."""
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "certificate_error", None) or error.__cause__ or error.__context__


def _detail(error: Any, name: str) -> Any:
    """A detail that botocore filled into an error's message."""
    return error.kwargs.get(name)
