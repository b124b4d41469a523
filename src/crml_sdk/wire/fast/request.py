"""A request as bytes: path, query, body, signature.

All of it is what botocore would send, to the byte. botocore walks the shape of a body member by
member to find timestamps, blobs and renamed members. Whether an operation has any is known
beforehand: where it has none, the body is the JSON of what was given, and every other operation
goes to botocore's serializer. botocore derives the signing key anew for each request, takes its
headers through the standard library's e-mail classes, and quotes the path character by character.
Here the key is kept for its day, and only what is not plain is looked at by character.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import hmac
import json
import re
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from botocore import auth
from botocore.utils import normalize_url_path

_TEXT: Final = frozenset({"string", "integer", "long"})
_PLAIN: Final = frozenset({*_TEXT, "boolean"})


class Form(NamedTuple):
    """Where the members of one operation's request go.

    Attributes:
        method: The HTTP method.
        path: The template of the path, with wire names in braces.
        labels: Members in the path, with their names in the template.
        query: Members in the query string, with their names there.
        body: Members in the JSON body.
    """

    method: str
    path: str
    labels: dict[str, str]
    query: dict[str, str]
    body: set[str]


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
    labels: dict[str, str] = {}
    query: dict[str, str] = {}
    body: set[str] = set()
    for name, member in shape.members.items():
        location, key = member.serialization.get("location"), member.serialization.get("name", name)
        if location is None and key == name and _is_json(member, set()):
            body.add(name)
        elif location == "uri" and member.type_name in _TEXT:
            labels[name] = key
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
    for name, key in form.labels.items():
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
        content = json.dumps(body).encode()
    return {
        "url_path": form.path.format(**labels),
        "query_string": query,
        "method": form.method,
        "headers": headers,
        "body": content,
    }


_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9\-._~%/]*").fullmatch


def quoted(text: str, safe: str = "") -> str:
    """Text percent-encoded as `urllib.parse.quote` does, which looks at every single character.

    Args:
        text: A label or a path. Its ARNs need no more than the replacements here.
        safe: `/` for a path; nothing for a label of one.
    """
    short = text.replace("%", "%25").replace(":", "%3A")
    if not safe:
        short = short.replace("/", "%2F")
    return short if _PLAIN_PATH(short) else quote(text, safe=safe)


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
        self._key_for = lru_cache(maxsize=1)(self._derived_key)
        self._host_of = lru_cache(maxsize=1)(auth._host_from_url)

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
        now = auth.get_current_datetime().strftime(auth.SIGV4_TIMESTAMP)
        context["timestamp"] = headers["X-Amz-Date"] = now
        if credentials.token:
            headers["X-Amz-Security-Token"] = credentials.token
        parts = urlsplit(url)
        lines = [(name.lower(), value) for name, value in headers.items()]
        lines.append(("host", self._host_of(f"{parts.scheme}://{parts.netloc}")))
        lines = sorted(line for line in lines if line[0] not in _UNSIGNED)
        names = ";".join([name for name, _ in lines])
        canonical = "\n".join(
            [
                method,
                # The path is encoded a second time; parameters are in the order of their names.
                quoted(normalize_url_path(parts.path), "/"),
                "&".join(["=".join(pair) for pair in sorted(_pairs(parts.query))]),
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

    def _derived_key(self, secret: str, day: str) -> bytes:
        key = f"AWS4{secret}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key


def _pairs(query: str) -> list[tuple[str, ...]]:
    """The names and values of an encoded query string."""
    return [pair.partition("=")[::2] for pair in query.split("&")] if query else []
