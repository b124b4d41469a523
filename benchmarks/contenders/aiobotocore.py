"""aiobotocore as it comes: replies are dicts."""

from collections.abc import AsyncIterator
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from .. import payload
from . import POOL


class Contender:
    def make_session(self) -> AioSession:
        return AioSession()

    async def open(self, url: str, pool: int | None = POOL) -> None:
        self.session = self.make_session()
        config = None if pool is None else AioConfig(max_pool_connections=pool)
        await self.open_client(url, config)

    async def open_client(self, url: str, config: AioConfig | None = None) -> None:
        creating = self.session.create_client(
            "cleanroomsml", region_name=payload.REGION, endpoint_url=url, config=config
        )
        self.client = await creating.__aenter__()
        self._create = payload.create_arguments()

    async def close(self) -> None:
        await self.client.close()

    async def get(self) -> Any:
        return await self.client.get_trained_model(
            membershipIdentifier=payload.MEMBERSHIP, trainedModelArn=payload.MODEL_ARN
        )

    async def page(self) -> Any:
        return await self.client.list_trained_model_versions(
            membershipIdentifier=payload.MEMBERSHIP,
            trainedModelArn=payload.MODEL_ARN,
            maxResults=100,
        )

    async def create(self) -> Any:
        return await self.client.create_trained_model(**self._create)

    async def stream(self) -> AsyncIterator[Any]:
        pages = self.client.get_paginator("list_trained_model_versions").paginate(
            membershipIdentifier=payload.STREAM_MEMBERSHIP,
            trainedModelArn=payload.STREAM_MODEL_ARN,
            maxResults=100,
        )
        async for page in pages:
            for item in page["trainedModels"]:
                yield item
