"""Replies that are not quite as documented, read as far as they can be.

Comes in when the strict reading has failed, so what a reply costs does not matter here. What Python
reads as JSON is read: a byte order mark, halves of surrogate pairs (replaced), gzip that nobody asked
for. A value of another type is taken where it means the same: `3.0` for an integer, seconds since
the epoch for a time. In a list, a row with a fault that remains keeps its place, the faulty member
as it came (None where it is missing), and a line of the log says so.
"""

from __future__ import annotations

import json
import logging
import zlib
from typing import TYPE_CHECKING, Any, Final, cast, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from ..errors import ResponseShapeError
from ..untrusted import plain_logger
from .parsing import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model import Model

logger: logging.Logger = plain_logger("crml_sdk")

LARGEST: Final = 64 * 2**20
"""Bytes that a compressed reply may have when it is unpacked."""


def read_leniently(operation: str, model: type[Model], body: bytes) -> Model | None:
    """The model in a body that the strict reading refused, or None."""
    try:
        data = decoded(body)
    except (ValueError, RecursionError, zlib.error):
        return None
    if not isinstance(data, dict):
        return None
    return validated(operation, model, cast("dict[str, Any]", data))


def model_of(operation: str, model: type[Model], reply: dict[str, Any]) -> Model:
    """The model of a reply by wire names that a handler gave in place of the service.

    Args:
        operation: The documented name of the operation.
        model: The reply's model.
        reply: What a handler of `before-call` answered; botocore's `Stubber` is one.

    Returns:
        The model.

    Raises:
        ResponseShapeError: When the dict is no such reply.
    """
    members = {name: value for name, value in reply.items() if name != "ResponseMetadata"}
    found = validated(operation, model, members)
    if found is None:
        problem = "a handler answered otherwise than documented"
        raise ResponseShapeError(operation, problem, repr(members).encode())
    return found


def validated(operation: str, model: type[Model], data: dict[str, Any]) -> Model | None:
    """The model of decoded data, faulty rows kept as far as they can be read; None when it has none.

    Args:
        operation: The documented name of the operation, for the log.
        model: The reply's model.
        data: Members by wire names.
    """
    try:
        return _validated(model, data)
    except ValidationError as error:
        faulty = {fault["loc"][:2] for fault in error.errors(include_input=False)}
        problems = described(error)
    lists = dict(_lists_of(model))
    if any(len(path) < 2 or path[0] not in lists or type(path[1]) is not int for path in faulty):
        return None  # something beside the rows
    logger.warning(
        "%s: %s of its rows could not be read whole: %s",
        operation,
        len(faulty),
        problems,
        extra={"crml_operation": operation, "crml_rows": len(faulty), "crml_fault": problems},
    )
    rows: dict[str, Any] = {
        name: [
            salvaged(row_model, cast("Any", row)) if (name, index) in faulty else row
            for index, row in enumerate(data[name])
            if isinstance(row, dict)  # what is nothing of the kind cannot be kept as a row
        ]
        for name, row_model in lists.items()
        if isinstance(data.get(name), list)
    }
    return _validated(model, {**data, **rows})


def _validated(model: type[Model], data: dict[str, Any]) -> Model:
    return model.model_validate(data, strict=False, by_alias=True, by_name=False)


def decoded(body: bytes) -> Any:
    """A body as Python reads JSON.

    Raises:
        ValueError, RecursionError, zlib.error: It is none.
    """
    if body[:2] == b"\x1f\x8b":
        unpacking = zlib.decompressobj(wbits=31)
        body = unpacking.decompress(body, LARGEST)
        if not unpacking.eof:
            raise ValueError("the compressed reply is cut short or too long")
    return _mended(json.loads(body.decode("utf-8-sig", "replace") or "{}"))


def _mended(value: Any) -> Any:
    """The same with halves of surrogate pairs replaced."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {_mended(name): _mended(member) for name, member in members.items()}
    if isinstance(value, list):
        return [_mended(one) for one in cast("list[Any]", value)]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _lists_of(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """Wire names of the members that are lists of structures, with the structures."""
    from ..model import Model

    for name, field in model.model_fields.items():
        parts = [field.annotation, *get_args(field.annotation)]
        for part in parts:
            row = get_args(part)[0] if get_origin(part) is list else None
            if isinstance(row, type) and issubclass(row, Model):
                yield field.alias or name, row


def salvaged(model: type[Model], data: dict[str, Any]) -> Model:
    """A row as far as it can be read: members that are not as documented stay as they came."""
    left = dict(data)
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        wire = field.alias or name
        if wire not in left:
            if field.is_required():
                values[name] = None
            continue
        value = left.pop(wire)
        adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
        try:
            values[name] = adapter.validate_python(value, strict=False)
        except ValidationError:
            values[name] = value
    return model.model_construct(**values, **left)
