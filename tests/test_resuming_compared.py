"""What counts as an earlier try: the last that failed, nothing of another membership."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crml_sdk import errors, models
from crml_sdk.api import operations
from crml_sdk.resuming import Started, start_or_resume

from .support import samples

PARAMS: dict[str, Any] = {
    "name": "j",
    "membershipIdentifier": samples.MEMBERSHIP,
    "trainedModelArn": samples.MODEL,
    "resourceConfig": {"instanceType": "ml.m5.large"},
    "outputConfiguration": {"members": [{"accountId": samples.ACCOUNT}]},
    "dataSource": {"mlInputChannelArn": samples.CHANNEL},
}


def shown(number: int = 1, status: str = "ACTIVE", **members: Any) -> dict[str, Any]:
    return {
        **PARAMS,
        "createTime": f"2026-01-{number:02}T00:00:00Z",
        "updateTime": "2026-02-01T00:00:00Z",
        "trainedModelInferenceJobArn": samples.arn("trained-model-inference-job", str(number)),
        "collaborationIdentifier": samples.COLLABORATION,
        "status": status,
        **members,
    }


class Core:
    """Shows jobs by list and get alike, and starts another."""

    find_lost_creates = True

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self.jobs = jobs
        self.started = 0

    def clock(self) -> float:
        return 0.0

    def note_start(self, arn: str) -> None: ...

    async def call(self, operation: Any, params: dict[str, Any], timeout: Any = None) -> Any:
        if operation.creates:
            self.started += 1
            body: Any = {"trainedModelInferenceJobArn": samples.JOB}
        elif operation.name.startswith("List"):
            body = {"trainedModelInferenceJobs": list(self.jobs)}
        else:
            key = "trainedModelInferenceJobArn"
            (body,) = [job for job in self.jobs if job[key] == params[key]]
        return getattr(models, operation.output).model_validate_json(json.dumps(body))


async def start(core: Core) -> Started:
    operation = operations.START_TRAINED_MODEL_INFERENCE_JOB
    return await start_or_resume(core, operation, PARAMS, None, retry=False, since=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_of_several_that_failed_the_last_is_told(order: tuple[int, int]) -> None:
    core = Core(*(shown(number, "CREATE_FAILED") for number in order))
    with pytest.raises(errors.ResourceFailed) as caught:
        await start(core)
    assert caught.value.handle.arn == samples.arn("trained-model-inference-job", "2")
    assert core.started == 0


async def test_what_another_membership_made_is_not_taken() -> None:
    core = Core(shown(membershipIdentifier=samples.OTHER_MEMBERSHIP))
    assert (await start(core)).resumed is None
    assert core.started == 1
    core = Core(shown())
    assert (await start(core)).resumed is not None
    assert core.started == 0
