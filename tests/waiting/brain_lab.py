"""What the tests of the rules of waiting share: a brain, its requests, and answers to them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from crml_sdk import models
from crml_sdk.waiting import Handle
from crml_sdk.waiting.brain import Brain
from crml_sdk.waiting.groups import Request

from ..support import samples
from .stage import service_error

GET = "GetTrainedModelInferenceJob"
LIST = "ListTrainedModelInferenceJobs"
ROWS = "trainedModelInferenceJobs"
MODELS = "ListTrainedModels"
RUNNING = "CREATE_IN_PROGRESS"
THROTTLED = service_error("ThrottlingException")


def arn(number: int) -> str:
    return samples.arn("trained-model-inference-job", f"{number:04}")


def brain_of(handles: Iterable[Handle | str], *, grace: float = 0.0, **options: Any) -> Brain:
    options = {"timeout": None, "poll": 10, **options}
    return Brain([(Handle.of(handle), grace) for handle in handles], **options)


def jobs(count: int, **options: Any) -> Brain:
    return brain_of([arn(number) for number in range(count)], **options)


def answer(brain: Brain, request: Request, reply: Any, now: float) -> list[Any]:
    """Answers with a model made from wire names, or an error; the changes that it showed."""
    if isinstance(reply, dict):
        kind = getattr(models, request.operation.output or "")
        reply = kind.model_validate_json(json.dumps(reply))
    brain.answered(request, reply, now)
    changes = list(brain.changes)
    brain.changes.clear()
    return changes


def page(rows: Iterable[Any], token: str | None = None, items: str = ROWS) -> dict[str, Any]:
    return {items: list(rows), **({"nextToken": token} if token else {})}


def names(requests: Iterable[Request]) -> list[str]:
    return [request.operation.name for request in requests]


def due(brain: Brain, now: float, most: float = math.inf) -> list[Request]:
    """The requests to make now, no more than so many."""
    found: list[Request] = []
    while len(found) < most and brain.wants(now):
        found.append(brain.take(now))
    return found


def only(brain: Brain, now: float) -> Request:
    (request,) = due(brain, now)
    return request


def outcomes(brain: Brain) -> dict[int, Any]:
    return dict(brain.ready)
