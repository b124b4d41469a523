"""aiobotocore as it comes, and our models made from its dicts."""

from collections.abc import AsyncIterator
from typing import Any

from crml_sdk import models

from . import aiobotocore


class Contender(aiobotocore.Contender):
    async def get(self) -> Any:
        return models.GetTrainedModelResponse.model_validate(await super().get())

    async def page(self) -> Any:
        return models.ListTrainedModelVersionsResponse.model_validate(await super().page())

    async def create(self) -> Any:
        return models.CreateTrainedModelResponse.model_validate(await super().create())

    async def stream(self) -> AsyncIterator[Any]:
        async for item in super().stream():
            yield models.TrainedModelSummary.model_validate(item)
