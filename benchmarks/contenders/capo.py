"""capo-cleanroomsml: typed dicts over an HTTP stack of its own."""

from collections.abc import AsyncIterator
from typing import Any

from capo_cleanroomsml import AsyncCleanRoomsMLClient

from .. import payload
from . import POOL


class Contender:
    async def open(self, url: str, pool: int | None = POOL) -> None:
        self.client = AsyncCleanRoomsMLClient(region=payload.REGION, endpoint=url)
        await self.client.__aenter__()
        self._create = payload.snake(payload.create_arguments())

    async def close(self) -> None:
        await self.client.__aexit__(None, None, None)

    async def get(self) -> Any:
        return await self.client.get_trained_model(
            trained_model_arn=payload.MODEL_ARN, membership_identifier=payload.MEMBERSHIP
        )

    async def page(self) -> Any:
        return await self.client.list_trained_model_versions(
            membership_identifier=payload.MEMBERSHIP,
            trained_model_arn=payload.MODEL_ARN,
            max_results=100,
        )

    async def create(self) -> Any:
        return await self.client.create_trained_model(**self._create)

    async def stream(self) -> AsyncIterator[Any]:
        items = self.client.iter_list_trained_model_versions(
            membership_identifier=payload.STREAM_MEMBERSHIP,
            trained_model_arn=payload.STREAM_MODEL_ARN,
            max_results=100,
        )
        async for item in items:
            yield item
