"""A request as bytes: path, query, body, signature.

All of it is what botocore would send, but for the spelling of JSON. botocore walks the shape of a
body member by member to find timestamps, blobs and renamed members: whether an operation has any is
known beforehand, and where it has none the body is the JSON of what was given; every other
operation goes to botocore's serializer. botocore derives the signing key anew for each request,
takes its headers through the standard library's e-mail classes, and looks at every character of the
path twice; here the key is kept for its day, and what is known to be plain is not looked at again.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import hmac
import json
import re
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.utils import normalize_url_path
from pydantic_core import to_json

_SAFE: Final = re.compile(r"[A-Za-z0-9\-._~%]*").fullmatch
_TEXT: Final = frozenset({"string", "integer", "long"})
_PLAIN: Final = frozenset({*_TEXT, "boolean"})


class Form:
    """Where the members of one operation's request go.

    Args:
        method: The HTTP method.
        path: The template of the path, with wire names in braces.
        labels: Members in the path, with their names in the template.
        query: Members in the query string, with their names there.
        body: Members in the JSON body.
    """

    __slots__ = ("body", "labels", "method", "path", "query")

    def __init__(
        self,
        method: str,
        path: str,
        labels: list[tuple[str, str]],
        query: dict[str, str],
        body: set[str],
    ) -> None:
        self.method: str = method
        self.path: str = path
        self.labels: list[tuple[str, str]] = labels
        self.query: dict[str, str] = query
        self.body: set[str] = body


class FastSerializer:
    """Stands in for botocore's serializer of a client and asks it where it must."""

    def __init__(self, usual: Any) -> None:
        self._usual = usual
        self._forms: dict[str, Form | None] = {}

    def serialize_to_request(self, parameters: dict[str, Any], operation_model: Any) -> Any:
        name = operation_model.name
        if name not in self._forms:
            self._forms[name] = form_of(operation_model)
        form = self._forms[name]
        request = None if form is None else fill(form, parameters)
        if request is None:
            return self._usual.serialize_to_request(parameters, operation_model)
        return request


def form_of(operation_model: Any) -> Form | None:
    """The form of an operation, None when only botocore's serializer knows how to fill it."""
    http, shape = operation_model.http, operation_model.input_shape
    if (
        shape is None
        or operation_model.endpoint
        or "authPath" in http
        or "+}" in http["requestUri"]
    ):
        return None
    if shape.serialization.get("payload") or operation_model.has_event_stream_input:
        return None
    labels: list[tuple[str, str]] = []
    query: dict[str, str] = {}
    body: set[str] = set()
    for name, member in shape.members.items():
        location, key = member.serialization.get("location"), member.serialization.get("name", name)
        if location is None and key == name and _is_json(member, set()):
            body.add(name)
        elif location == "uri" and member.type_name in _TEXT:
            labels.append((name, key))
        elif location == "querystring" and member.type_name in _TEXT:
            query[name] = key
        else:
            return None
    return Form(http["method"], http["requestUri"], labels, query, body)


def _is_json(shape: Any, seen: set[str]) -> bool:
    """Whether values of a shape are written as they are."""
    if shape.name in seen:
        return True
    seen.add(shape.name)
    if shape.type_name in _PLAIN:
        return "jsonvalue" not in shape.serialization
    if shape.type_name == "list":
        return _is_json(shape.member, seen)
    if shape.type_name == "map":
        return _is_json(shape.value, seen)
    if shape.type_name != "structure" or shape.is_document_type:
        return False
    return all(
        member.serialization.get("name", name) == name and _is_json(member, seen)
        for name, member in shape.members.items()
    )


def fill(form: Form, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """botocore's request dict, None when something was given that the form has no place for."""
    query: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for name, value in parameters.items():
        if value is None:
            continue
        if name in form.body:
            body[name] = value
        elif name in form.query:
            query[form.query[name]] = value
    labels: dict[str, str] = {}
    for name, key in form.labels:
        value = parameters.get(name)
        if not isinstance(value, str):
            return None
        labels[key] = quoted(value)
    if len(body) + len(query) + len(labels) != len(parameters):
        return None
    headers: dict[str, str] = {}
    content = b""
    if form.body:
        headers["Content-Type"] = "application/json"
        content = encoded(body)
    return {
        "url_path": form.path.format(**labels),
        "query_string": query,
        "method": form.method,
        "headers": headers,
        "body": content,
    }


def encoded(body: dict[str, Any]) -> bytes:
    """A body as JSON, by Pydantic's writer, which takes a quarter of the time.

    The standard library's, which botocore uses, writes what the other refuses: lone surrogates.
    """
    try:
        return to_json(body)
    except ValueError:
        return json.dumps(body).encode()


def quoted(label: str) -> str:
    """A label of a path, percent-encoded but for letters, digits and `-._~`.

    The characters of ARNs are replaced by hand: `quote` looks at every single one.
    """
    if "%" not in label:
        short = label.replace(":", "%3A").replace("/", "%2F")
        if _SAFE(short):
            return short
    return quote(label, safe="-._~")


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
