"""A service that a test scripts, in the process and on the running event loop's time."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crml_sdk import errors, models
from crml_sdk._runtime import current_runtime
from crml_sdk.waiting import Waiting

from ..support import samples

Handler = Callable[[dict[str, Any]], Any]

STATUS_CODES = {
    "ThrottlingException": 429,
    "InternalServiceException": 500,
    "AccessDeniedException": 403,
    "ValidationException": 400,
    "ConflictException": 409,
    "ResourceNotFoundException": 404,
}


def service_error(code: str, operation: str = "Get", **headers: str) -> errors.ServiceError:
    status = STATUS_CODES.get(code, 503)
    response = {
        "Error": {"Code": code, "Message": "told to"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return errors.SERVICE_ERRORS.get(code, errors.ServiceError)(response, operation)


def reset(operation: str = "Get") -> errors.TransportError:
    return errors.TransportError(operation, "the connection was lost", None)


async def hang() -> None:
    """A reply that never comes."""
    await current_runtime().sleep(1e9)


@dataclass
class Call:
    at: float
    operation: str
    params: dict[str, Any]
    once: bool


@dataclass
class Service:
    """Answers by handlers, one per operation; keeps what it was asked and when."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    latency: float = 0.0
    rate: float | None = None
    started: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = current_runtime().clock()
        self.room = Waiting(self, self.rate)

    def clock(self) -> float:
        return current_runtime().clock()

    async def sleep(self, seconds: float) -> None:
        await current_runtime().sleep(seconds)

    @property
    def now(self) -> float:
        """Seconds since the service was made."""
        return self.clock() - self.began

    def on(self, operation: str, handler: Handler) -> Service:
        self.handlers[operation] = handler
        return self

    def counts(self) -> Counter[str]:
        return Counter(call.operation for call in self.calls)

    async def call(
        self,
        operation: Any,
        params: dict[str, Any],
        timeout: float | None = None,
        *,
        once: bool = False,
    ) -> Any:
        self.calls.append(Call(self.now, operation.name, params, once))
        if self.latency:
            await self.sleep(self.latency)
        else:
            await self.sleep(0)
        reply = self.handlers[operation.name](params)
        if inspect.isawaitable(reply):
            reply = await reply
        if isinstance(reply, BaseException):
            raise reply
        if operation.output is None:
            return None
        return getattr(models, operation.output).model_validate_json(json.dumps(reply))


def in_turn(*replies: Any) -> Handler:
    """Each reply once, the last again and again; a function among them is called."""
    left = list(replies)

    def handler(params: dict[str, Any]) -> Any:
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply(params) if callable(reply) else reply

    return handler


_TIMES = {"createTime": "2026-01-01T00:00:00Z", "updateTime": "2026-01-01T00:00:00Z"}


def job_row(status: str, arn: str = samples.JOB, **members: Any) -> dict[str, Any]:
    return {
        **_TIMES,
        "trainedModelInferenceJobArn": arn,
        "membershipIdentifier": samples.MEMBERSHIP,
        "collaborationIdentifier": samples.COLLABORATION,
        "trainedModelArn": samples.MODEL,
        "status": status,
        "outputConfiguration": {"members": [{"accountId": samples.ACCOUNT}]},
        "name": "july",
        **members,
    }


def job(status: str, arn: str = samples.JOB, **members: Any) -> dict[str, Any]:
    return {
        **job_row(status, arn),
        "resourceConfig": {"instanceType": "ml.m5.large"},
        "dataSource": {"mlInputChannelArn": samples.CHANNEL},
        **members,
    }


def model(status: str, **members: Any) -> dict[str, Any]:
    return samples.model_reply(status=status, **members)


def channel(status: str, arn: str = samples.CHANNEL) -> dict[str, Any]:
    return {
        **_TIMES,
        "membershipIdentifier": samples.MEMBERSHIP,
        "collaborationIdentifier": samples.COLLABORATION,
        "mlInputChannelArn": arn,
        "name": "c",
        "configuredModelAlgorithmAssociations": [samples.ASSOCIATION],
        "status": status,
        "retentionInDays": 1,
        "inputChannel": {
            "dataSource": {"protectedQueryInputParameters": {"sqlParameters": {"queryString": ""}}},
            "roleArn": "arn:aws:iam::111122223333:role/r",
        },
    }


def export_row(status: str, name: str = "e", **members: Any) -> dict[str, Any]:
    return {
        **_TIMES,
        "name": name,
        "outputConfiguration": {"members": [{"accountId": samples.ACCOUNT}]},
        "status": status,
        "creatorAccountId": samples.ACCOUNT,
        "trainedModelArn": samples.MODEL,
        "membershipIdentifier": samples.MEMBERSHIP,
        "collaborationIdentifier": samples.COLLABORATION,
        **members,
    }


def audience_model(status: str) -> dict[str, Any]:
    return {
        **_TIMES,
        "audienceModelArn": AUDIENCE_MODEL,
        "name": "a",
        "trainingDatasetArn": account_arn("training-dataset"),
        "status": status,
    }


def audience_export_row(status: str, name: str = "e") -> dict[str, Any]:
    return {
        **_TIMES,
        "name": name,
        "audienceGenerationJobArn": GENERATION_JOB,
        "audienceSize": {"type": "ABSOLUTE", "value": 10},
        "status": status,
    }


def account_arn(kind: str, name: str = "x") -> str:
    return f"arn:aws:cleanrooms-ml:us-east-1:{samples.ACCOUNT}:{kind}/{name}"


AUDIENCE_MODEL = account_arn("audience-model")
GENERATION_JOB = account_arn("audience-generation-job")


def paged(rows_of: Callable[[], list[dict[str, Any]]], items: str, size: int = 100) -> Handler:
    """A list operation: pages of what there is at the time of each request."""

    def handler(params: dict[str, Any]) -> Any:
        rows = rows_of()
        begin = int(params.get("nextToken", "0"))
        page: dict[str, Any] = {items: rows[begin : begin + size]}
        if begin + size < len(rows):
            page["nextToken"] = str(begin + size)
        return page

    return handler
