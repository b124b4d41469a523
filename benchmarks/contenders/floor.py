"""The floor: aiohttp, botocore's signer and Pydantic, with no client at all.

No retries, no endpoint rules, no events, no errors, no checks: what is left when everything a
client does for its user is taken away.
"""

import json
import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from crml_sdk import models

from .. import payload
from . import POOL


class Contender:
    async def open(self, url: str, pool: int | None = POOL) -> None:
        self._url = url
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=pool or 10),
            skip_auto_headers={"Content-Type"},
            auto_decompress=False,
        )
        self._credentials = Credentials(
            os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        )
        self._create = payload.create_arguments()
        self._get = models.GetTrainedModelResponse
        self._page = models.ListTrainedModelVersionsResponse
        self._created = models.CreateTrainedModelResponse

    async def close(self) -> None:
        await self._http.close()

    async def _call(self, method: str, path: str, model: Any, body: bytes = b"") -> Any:
        headers = {"Content-Type": "application/json"} if body else {}
        request = AWSRequest(method, self._url + path, data=body, headers=headers)
        SigV4Auth(self._credentials, "cleanrooms-ml", payload.REGION).add_auth(request)
        url = URL(request.url, encoded=True)
        signed = dict(request.headers.items())
        async with self._http.request(method, url, data=body, headers=signed) as response:
            return model.model_validate_json(await response.read())

    async def get(self) -> Any:
        return await self._call("GET", _model_path(payload.MODEL_ARN), self._get)

    async def page(self) -> Any:
        path = f"{_model_path(payload.MODEL_ARN)}/versions?maxResults=100"
        return await self._call("GET", path, self._page)

    async def create(self) -> Any:
        arguments = dict(self._create)
        path = f"/memberships/{arguments.pop('membershipIdentifier')}/trained-models"
        return await self._call("POST", path, self._created, json.dumps(arguments).encode())

    async def stream(self) -> AsyncIterator[Any]:
        path = f"{_model_path(payload.STREAM_MODEL_ARN, payload.STREAM_MEMBERSHIP)}/versions"
        token = ""
        while True:
            page = await self._call("GET", f"{path}?maxResults=100{token}", self._page)
            for item in page.trained_models:
                yield item
            if page.next_token is None:
                return
            token = f"&nextToken={page.next_token}"


def _model_path(arn: str, membership: str = payload.MEMBERSHIP) -> str:
    return f"/memberships/{membership}/trained-models/{quote(arn, safe='')}"
