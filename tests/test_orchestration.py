"""What the packages for orchestrators share."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import BASE, TrainedModelRef
from crml_sdk.local import Lifecycle, LocalCleanRoomsML, Settings
from crml_sdk.orchestration import cancel, text_of
from crml_sdk.waiting import Handle


@pytest.fixture
def local() -> LocalCleanRoomsML:
    return LocalCleanRoomsML(settings=Settings(lifecycle=Lifecycle("manual")))


@pytest.fixture
def arns(local: LocalCleanRoomsML) -> dict[str, str]:
    return local.seed(
        {
            "models": [{"name": "churn", "versions": 2, "status": "CREATE_IN_PROGRESS"}],
            "channels": ["july"],
        }
    )


def cancels(local: LocalCleanRoomsML) -> list[Any]:
    return [call.params for call in local.calls("CancelTrainedModel")]


async def test_without_a_version_no_model_is_cancelled(
    local: LocalCleanRoomsML, arns: dict[str, str]
) -> None:
    """Found: the base version was cancelled, although the wait was for the latest one."""
    async with local.sdk() as sdk:
        assert not await cancel(sdk, Handle.of(arns["trained-model/churn"]))
        assert not cancels(local)


async def test_a_version_is_cancelled(local: LocalCleanRoomsML, arns: dict[str, str]) -> None:
    arn = arns["trained-model/churn"]
    latest = local.versions(arn)[-1].version
    async with local.sdk() as sdk:
        assert await cancel(sdk, Handle.of(TrainedModelRef(arn, latest)))
    (params,) = cancels(local)
    assert params["versionIdentifier"] == latest


async def test_a_channel_cannot_be_cancelled(
    local: LocalCleanRoomsML, arns: dict[str, str]
) -> None:
    async with local.sdk() as sdk:
        assert not await cancel(sdk, Handle.of(arns["ml-input-channel/july"]))


def test_the_next_task_gets_the_version(arns: dict[str, str]) -> None:
    arn = arns["trained-model/churn"]
    assert text_of(Handle.of(TrainedModelRef(arn, BASE))) == f"{arn}@base"
    assert text_of(Handle.of(arns["ml-input-channel/july"])) == arns["ml-input-channel/july"]
