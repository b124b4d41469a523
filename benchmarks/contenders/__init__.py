"""One file per contender, so that a fresh process imports its own peer and nothing else.

Each has a class `Contender` with the same six coroutines: `open(url, pool)`, `close()`, `get()`,
`page()`, `create()`, and the asynchronous iterator `stream()`, item by item over every page.
"""

import importlib
from collections.abc import AsyncIterator
from typing import Any, Protocol

POOL = 64

NAMES = {
    "crml_sdk": "crml_sdk",
    "aiobotocore": "aiobotocore",
    "aiobotocore_iso": "aiobotocore, timestamp_parser=fromisoformat",
    "aiobotocore_models": "aiobotocore + model_validate",
    "boto3_threads": "boto3 in threads",
    "capo": "capo-cleanroomsml",
    "floor": "floor: aiohttp + SigV4 + model_validate_json",
}


class Client(Protocol):
    async def open(self, url: str, pool: int | None = POOL) -> None: ...

    async def close(self) -> None: ...

    async def get(self) -> Any: ...

    async def page(self) -> Any: ...

    async def create(self) -> Any: ...

    def stream(self) -> AsyncIterator[Any]: ...


def make(name: str) -> Client:
    return importlib.import_module(f".{name}", __name__).Contender()


def available(name: str) -> bool:
    """Whether this contender can be imported here (capo needs Python 3.11, for one)."""
    try:
        importlib.import_module(f".{name}", __name__)
    except ImportError:
        return False
    return True
