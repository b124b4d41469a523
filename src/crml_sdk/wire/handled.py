"""Replies that a handler gave in place of the service: dicts become models."""

from __future__ import annotations

from typing import Any

from ..errors import ResponseShapeError
from .lenient import validated
from .parsing import Call


def model_of(reply: Any, call: Call) -> Any:
    """The model of a dict by wire names, as botocore would have parsed it.

    Args:
        reply: What a handler of `before-call` answered; botocore's `Stubber` is one.
        call: The call that it answers.

    Raises:
        ResponseShapeError: When the dict is no such reply.
    """
    if call.model is None:
        return None
    members = {name: value for name, value in reply.items() if name != "ResponseMetadata"}
    model = validated(call.operation.name, call.model, members)
    if model is None:
        raise ResponseShapeError(
            call.operation.name,
            "a handler answered otherwise than documented",
            repr(members).encode(),
        )
    return model
