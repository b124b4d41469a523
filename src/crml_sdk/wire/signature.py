"""Signature version 4, for the requests of this service.

The same signature as botocore's, to the byte. botocore derives the signing key anew for each
request, takes its headers through the standard library's e-mail classes, and looks at every
character of the path twice; here the key is kept for its day, and what is known to be plain is not
looked at again.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.utils import normalize_url_path

_PLAIN_PATH: Final = re.compile(r"/[A-Za-z0-9\-_~%/.]*").fullmatch
_UNSIGNED: Final = frozenset(auth.SIGNED_HEADERS_BLACKLIST)
OWN_HEADERS: Final = frozenset(
    {"authorization", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
)
"""Headers that signing itself writes or reads; a request that brings one is signed by botocore."""


class Signature:
    """Signs the requests of one client.

    Args:
        service: The service's name in a credential scope, such as `cleanrooms-ml`.
        region: The region in it.
    """

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._key = b""
        self._key_of = ("", "")
        self._host = ("", "")

    def sign(
        self,
        credentials: Any,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes,
        context: dict[str, Any],
    ) -> None:
        """Add what signs a request to its headers.

        Args:
            credentials: botocore's frozen credentials.
            method: The HTTP method, in capitals.
            url: The whole URL, encoded as it will be sent.
            headers: Its headers; added to.
            body: Its body, empty for none.
            context: botocore's context of the request; `timestamp` is set, as botocore does.
        """
        moment = auth.get_current_datetime().isoformat(timespec="seconds")
        now = moment[:19].replace("-", "").replace(":", "") + "Z"
        context["timestamp"] = headers["X-Amz-Date"] = now
        if credentials.token:
            headers["X-Amz-Security-Token"] = credentials.token
        origin, path, query = split(url)
        lines = [(name.lower(), value) for name, value in headers.items()]
        lines.append(("host", self._host_of(origin, url)))
        lines = sorted(line for line in lines if line[0] not in _UNSIGNED)
        names = ";".join([name for name, _ in lines])
        canonical = "\n".join(
            [
                method,
                canonical_path(path),
                canonical_query(query),
                *[f"{name}:{' '.join(value.split())}" for name, value in lines],
                "",
                names,
                sha256(body).hexdigest() if body else auth.EMPTY_SHA256_HASH,
            ]
        )
        scope = f"{now[:8]}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        key = self._key_for(credentials.secret_key, now[:8])
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
        )

    def _key_for(self, secret: str, day: str) -> bytes:
        if self._key_of != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key, self._key_of = key, (secret, day)
        return self._key

    def _host_of(self, origin: str, url: str) -> str:
        """botocore's idea of the Host header; requests of a client rarely change it."""
        if self._host[0] != origin:
            self._host = (origin, auth._host_from_url(url))
        return self._host[1]


def agrees_with_botocore(service: str, region: str, sign: Any = None) -> bool:
    """Whether one and the same request gets botocore's signature from ours, here and now.

    Asked once when a client opens, beside the tests: a botocore that signs otherwise than the one
    they ran with must not be imitated. Costs a third of a millisecond.
    """
    credentials = ReadOnlyCredentials("AKIDPROBE", "not/a+secret", "session/token==")
    url = f"https://probe.invalid/memberships/x/trained-models/arn%3Aaws%3A{service}%2Fy?b=2&a=1"
    sign = sign or Signature(service, region).sign
    for _ in range(3):  # the clock may step to the next second between the two
        usual = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=b"{}")
        auth.SigV4Auth(credentials, service, region).add_auth(usual)
        ours = {"Content-Type": "application/json"}
        sign(credentials, "POST", url, ours, b"{}", {})
        if ours["X-Amz-Date"] == usual.headers["X-Amz-Date"]:
            return ours == dict(usual.headers.items())
    return False


def split(url: str) -> tuple[str, str, str]:
    """Scheme and host, path, and query of an encoded URL."""
    start = url.find("/", url.find("://") + 3)
    if start < 0 or "#" in url:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}", parts.path, parts.query
    path, _, query = url[start:].partition("?")
    return url[:start], path, query


def canonical_path(path: str) -> str:
    """The path encoded a second time, dots and doubled slashes taken out."""
    if _PLAIN_PATH(path) and "/." not in path and "//" not in path:
        return path.replace("%", "%25")
    return quote(normalize_url_path(path), safe="/~")


def canonical_query(query: str) -> str:
    """The parameters of a query string in the order of their names."""
    if "&" not in query and "=" in query:
        return query
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return "&".join([f"{name}={value}" for name, value in pairs])
