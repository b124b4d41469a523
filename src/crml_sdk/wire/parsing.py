"""Replies become models straight from their bytes.

botocore reads a page of 100 rows in milliseconds, Pydantic in a fraction of one. The way in is a
component that aiobotocore offers: the response parser factory. A reply with a 2xx status to a call
of the SDK goes to its model. Everything else, and every call that the user makes on the raw client,
goes to the parser that aiobotocore would have used.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from .. import models
from ..errors import ClientClosed, ResponseShapeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model import Model
    from ..operation import Operation


class Call:
    """One call of the SDK while it is under way, and what is known of it beside its reply.

    Args:
        operation: What is called.
        once: Not to be sent again, whatever happens: the caller decides that itself.

    Attributes:
        model: The model of its reply, None where there is none.
        is_closed: Tells whether the client has been closed meanwhile.
        attempts: How many times the request was sent.
        sent: Whether the last request has begun to leave, and was not turned away as throttled.
        received: Body and request id of a 2xx reply, as soon as there is one.
    """

    __slots__ = ("attempts", "is_closed", "model", "once", "operation", "received", "sent")

    def __init__(self, operation: Operation, once: bool = False) -> None:
        self.operation: Operation = operation
        self.once: bool = once
        self.model: type[Model] | None = (
            getattr(models, operation.output) if operation.output else None
        )
        self.is_closed: Callable[[], bool] = lambda: False
        self.attempts: int = 0
        self.sent: bool = False
        self.received: tuple[bytes, str | None] | None = None

    @property
    def request_id(self) -> str | None:
        """The service's identifier of the request, once there is a 2xx reply."""
        return self.received[1] if self.received else None


CALL: ContextVar[Call | None] = ContextVar("crml_sdk_call", default=None)
"""Set around each call of the SDK; unset for calls made on the raw client."""


def note_sending(**_: Any) -> None:
    """A handler of `before-send`: from here on the service may see the request."""
    call = CALL.get()
    if call is not None:
        if call.is_closed():
            raise ClientClosed(call.operation.name)
        call.attempts += 1
        call.sent = True


class TypedReply(dict[str, Any]):
    """What the SDK's parser gives to aiobotocore: its metadata as a dict, and the model."""

    __slots__ = ("model",)

    def __init__(self, model: Model | None, metadata: dict[str, Any]) -> None:
        super().__init__(ResponseMetadata=metadata)
        self.model: Model | None = model


class TypedParser:
    """Parses 2xx replies to calls of the SDK; hands everything else to the inner parser."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def parse(self, response: dict[str, Any], shape: Any) -> Any:
        call = CALL.get()
        status = response["status_code"]
        if call is None:
            return await self.inner.parse(response, shape)
        if not 200 <= status < 300:
            return await self._parse_error(response, shape)
        headers: dict[str, str] = response["headers"]
        request_id = headers.get("x-amzn-requestid")
        call.received = response["body"], request_id
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers, "RequestId": request_id}
        if call.model is None:
            return TypedReply(None, metadata)
        return TypedReply(
            read(call.operation.name, call.model, response["body"], request_id), metadata
        )

    async def _parse_error(self, response: dict[str, Any], shape: Any) -> Any:
        """An error reply; of one that is not as documented, what its status and headers say."""
        try:
            parsed = await self.inner.parse(response, shape)
        except Exception:
            parsed = await self.inner.parse({**response, "body": b"{}"}, shape)
        if page := web_page(response["body"]):
            parsed["Error"]["Message"] = page
        return parsed


class TypedParserFactory:
    """The component registered as `response_parser_factory`, around the one that was there."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._parsers: dict[str, TypedParser] = {}

    def create_parser(self, protocol_name: str) -> TypedParser:
        parser = self._parsers.get(protocol_name)
        if parser is None:
            parser = self._parsers[protocol_name] = TypedParser(
                self._inner.create_parser(protocol_name)
            )
        return parser

    def set_parser_defaults(self, **defaults: Any) -> None:
        self._parsers.clear()
        self._inner.set_parser_defaults(**defaults)


def read(operation: str, model: type[Model], body: bytes, request_id: str | None) -> Model:
    """The model in a body, read leniently when it is not quite as documented.

    Returns:
        The model.

    Raises:
        ResponseShapeError: When the body is not JSON, lacks a required member or has a wrong type.
    """
    try:
        return model.model_validate_json(body or b"{}", strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = described(error)
    # Outside the handler, so that the error below does not carry the reply's values along.
    from .lenient import read_leniently

    found = read_leniently(operation, model, body)
    if found is None:
        problems = web_page(body) or problems
        raise ResponseShapeError(operation, problems, bytes(body), request_id)
    return found


def web_page(body: bytes) -> str | None:
    """What to say of a body that is a web page; None for any other."""
    begins = bytes(body[:2000]).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not begins.lower().startswith((b"<!doctype html", b"<html")):
        return None
    title = _TITLE.search(begins)
    of = f" titled {_SPACE.sub(' ', title[1].decode(errors='replace')).strip()!r}" if title else ""
    return f"a web page{of} came instead of a reply; see whether this is the endpoint of Clean Rooms ML"


_TITLE: Final = re.compile(rb"<title[^>]*>([^<]{1,80})", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s+")


def described(error: ValidationError) -> str:
    """The faults that Pydantic found, without the values: they may be secret."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [
        ".".join(str(part) for part in fault["loc"])
        + (": " if fault["loc"] else "")
        + _SPACE.sub(" ", fault["msg"])
        for fault in found[:5]
    ]
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return "; ".join(lines) + more
