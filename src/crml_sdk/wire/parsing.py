"""Replies become models straight from their bytes.

botocore reads a page of 100 rows in milliseconds, Pydantic in a fraction of one. The way in is a
component that aiobotocore offers: the response parser factory. A reply with a 2xx status to one of
our own calls goes to its model; everything else, and every call that the user makes on the raw
client, goes on to the parser that would have been used without us.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from ..errors import ResponseShapeError

if TYPE_CHECKING:
    from ..models import Model


@dataclass(frozen=True)
class Expected:
    """What a call of ours expects: the operation, and the model of its reply or None."""

    operation: str
    model: type[Model] | None


EXPECTED: ContextVar[Expected | None] = ContextVar("crml_sdk_expected", default=None)
"""Set around each call of ours; unset for calls made on the raw client."""


class TypedReply(dict[str, Any]):
    """What our parser gives to aiobotocore: its metadata as a dict, and beside it the model."""

    __slots__ = ("model",)

    def __init__(self, model: Model | None, metadata: dict[str, Any]) -> None:
        super().__init__(ResponseMetadata=metadata)
        self.model: Model | None = model


class TypedParser:
    """Parses 2xx replies to our own calls; hands everything else to the inner parser."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def parse(self, response: dict[str, Any], shape: Any) -> Any:
        expected = EXPECTED.get()
        status = response["status_code"]
        if expected is None or not 200 <= status < 300:
            return await self.inner.parse(response, shape)
        headers: dict[str, str] = response["headers"]
        request_id = headers.get("x-amzn-requestid")
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers, "RequestId": request_id}
        if expected.model is None:
            return TypedReply(None, metadata)
        return TypedReply(read(expected, response["body"], request_id), metadata)


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


def read(expected: Expected, body: bytes, request_id: str | None) -> Model:
    """The model in a body.

    Raises:
        ResponseShapeError: When the body is not JSON, lacks a required member or has a wrong type.
    """
    model = cast("type[Model]", expected.model)
    try:
        return model.model_validate_json(body or b"{}", strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        raise ResponseShapeError(
            expected.operation, _problems(error), bytes(body), request_id
        ) from None


_PLAIN: Final = re.compile(r"\s+")


def _problems(error: ValidationError) -> str:
    """The faults that Pydantic found, without the values: they may be secret."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [
        ".".join(str(part) for part in fault["loc"])
        + (": " if fault["loc"] else "")
        + _PLAIN.sub(" ", fault["msg"])
        for fault in found[:5]
    ]
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return "; ".join(lines) + more
