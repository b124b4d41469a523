"""A local Clean Rooms ML and the requests that the tests of all frameworks share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from crml_sdk import CleanRoomsML
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.local.settings import Lifecycle, Settings

ME = "111122223333"


async def short_sleep(seconds: float) -> None:
    """A pause of a wait, really slept: the local service's own clock would let it run to its end."""
    await asyncio.sleep(min(seconds, 0.02))


class Shop:
    """A membership with an algorithm and a channel, held until a test says so."""

    def __init__(self, mode: Any = "manual") -> None:
        self.local = LocalCleanRoomsML(settings=Settings(lifecycle=Lifecycle(mode=mode)))
        arns = self.local.seed({"channels": ["data"]})
        self.local.jobs.finish_all()
        self.association = arns["configured-model-algorithm-association/default"]
        self.channel = arns["ml-input-channel/data"]

    def sdk(self, **other: Any) -> CleanRoomsML:
        return self.local.sdk(membership=self.local.world.membership_id, **other)

    def training(self, name: str = "july", **other: Any) -> dict[str, Any]:
        return {
            "name": name,
            "configured_model_algorithm_association_arn": self.association,
            "resource_config": {"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
            "data_channels": [{"ml_input_channel_arn": self.channel, "channel_name": "train"}],
            **other,
        }

    def inference(self, model: str, name: str = "july") -> dict[str, Any]:
        return {
            "trained_model_arn": model,
            "name": name,
            "resource_config": {"instance_type": "ml.m5.large"},
            "output_configuration": {"members": [{"account_id": ME}]},
            "data_source": {"ml_input_channel_arn": self.channel},
        }

    def sends(self, operation: str = "CreateTrainedModel") -> int:
        return len(self.local.calls(operation))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def quick() -> Shop:
    return Shop("at-once")


@pytest.fixture
async def sdk(shop: Shop) -> AsyncIterator[CleanRoomsML]:
    async with shop.sdk(clock=time.monotonic, sleep=short_sleep) as opened:
        yield opened
