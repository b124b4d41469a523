"""boto3 called from a pool of threads, which is how an async program uses it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import boto3
from botocore.config import Config

from .. import payload
from . import POOL


class Contender:
    async def open(self, url: str, pool: int | None = POOL) -> None:
        self._threads = ThreadPoolExecutor(pool or 10)
        self.client: Any = boto3.session.Session().client(
            "cleanroomsml",
            region_name=payload.REGION,
            endpoint_url=url,
            config=None if pool is None else Config(max_pool_connections=pool),
        )
        self._create = payload.create_arguments()

    async def close(self) -> None:
        self.client.close()
        self._threads.shutdown()

    async def _call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(method, **arguments))

    async def get(self) -> Any:
        return await self._call(
            self.client.get_trained_model,
            membershipIdentifier=payload.MEMBERSHIP,
            trainedModelArn=payload.MODEL_ARN,
        )

    async def page(self) -> Any:
        return await self._call(
            self.client.list_trained_model_versions,
            membershipIdentifier=payload.MEMBERSHIP,
            trainedModelArn=payload.MODEL_ARN,
            maxResults=100,
        )

    async def create(self) -> Any:
        return await self._call(self.client.create_trained_model, **self._create)

    async def stream(self) -> AsyncIterator[Any]:
        token: dict[str, str] = {}
        while True:
            page = await self._call(
                self.client.list_trained_model_versions,
                membershipIdentifier=payload.STREAM_MEMBERSHIP,
                trainedModelArn=payload.STREAM_MODEL_ARN,
                maxResults=100,
                **token,
            )
            for item in page["trainedModels"]:
                yield item
            if not page.get("nextToken"):
                return
            token = {"nextToken": page["nextToken"]}
