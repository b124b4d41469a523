"""Requests as bytes, for the operations that need nothing but JSON.

botocore walks the shape of a request's body member by member to find timestamps, blobs and renamed
members. Whether an operation has any is known beforehand: where it has none, the body is the JSON
of what was given. Every other operation goes to botocore's serializer.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import quote

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


class QuickSerializer:
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
