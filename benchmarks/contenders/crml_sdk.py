"""crml_sdk through its public methods, with its defaults (but no limit to how often it polls)."""

from collections.abc import AsyncIterator
from typing import Any

from crml_sdk import CleanRoomsML

from .. import payload
from . import POOL


class Contender:
    async def open(self, url: str, pool: int | None = POOL) -> None:
        config = None
        if pool is not None:
            from aiobotocore.config import AioConfig

            config = AioConfig(max_pool_connections=pool)
        self.sdk = CleanRoomsML(
            region_name=payload.REGION, endpoint_url=url, config=config, polling_rate=None
        )
        await self.sdk.open()
        self._create = payload.snake(payload.create_arguments())

    async def close(self) -> None:
        await self.sdk.close()

    async def get(self) -> Any:
        return await self.sdk.trained_models.get(payload.MODEL_ARN)

    async def page(self) -> Any:
        return await self.sdk.trained_models.versions(payload.MODEL_ARN, max_results=100)

    async def create(self) -> Any:
        return await self.sdk.trained_models.create(**self._create)

    async def stream(self) -> AsyncIterator[Any]:
        versions = self.sdk.trained_models.versions(payload.STREAM_MODEL_ARN, max_results=100)
        async for item in versions:
            yield item
