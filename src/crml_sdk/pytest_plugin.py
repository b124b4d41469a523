"""Fixtures for users' own tests. Cheap to import: pytest loads it at every run.

`crml_local` is a fresh stand-in, `crml` a ready client on it (answered in the process),
`crml_local_server` the same stand-in behind a loopback address for boto3 or anything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from crml_sdk.local import LocalCleanRoomsML
    from crml_sdk.local.ways_in.server import ThreadedServer


# pytest-asyncio by its entry point, or loaded by hand with `-p`.
_ASYNCIO_PLUGIN = ("asyncio", "pytest_asyncio", "pytest_asyncio.plugin")


@pytest.fixture
def crml_local() -> LocalCleanRoomsML:
    """A fresh local Clean Rooms ML with its ready world. Jobs move on as they are read."""
    from crml_sdk.local import LocalCleanRoomsML

    return LocalCleanRoomsML()


@pytest.fixture
def crml_local_server(crml_local: LocalCleanRoomsML) -> Iterator[ThreadedServer]:
    """`crml_local` behind a loopback address: `.url`, and `.environment` for any AWS SDK."""
    with crml_local.serve_in_thread() as server:
        yield server


async def crml(crml_local: LocalCleanRoomsML) -> AsyncIterator[Any]:
    """An open `CleanRoomsML` on `crml_local`, for its default account."""
    async with crml_local.sdk() as sdk:
        yield sdk


def crml_without_a_runner() -> None:
    """Stands in for `crml` where nothing runs asynchronous fixtures."""
    pytest.fail("The fixture crml needs pytest-asyncio or anyio to run it", pytrace=False)


def pytest_configure(config: pytest.Config) -> None:
    """Registers `crml` with whichever plugin runs asynchronous fixtures, if there is one.

    This waits until all plugins are there, so that pytest-asyncio is never imported for nothing.
    """
    has = config.pluginmanager.hasplugin
    if any(has(name) for name in _ASYNCIO_PLUGIN):
        import pytest_asyncio

        fixture: Any = pytest_asyncio.fixture(crml, name="crml")
    elif has("anyio"):
        fixture = pytest.fixture(crml, name="crml")
    else:
        fixture = pytest.fixture(crml_without_a_runner, name="crml")
    holder = ModuleType("crml_sdk_async_fixtures")
    holder.crml = fixture  # type: ignore[attr-defined]
    config.pluginmanager.register(holder, "crml_sdk-async")
