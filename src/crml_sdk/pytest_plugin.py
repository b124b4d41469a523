"""Fixtures for users' own tests. Cheap to import: pytest loads it at every run.

`crml_local` is a fresh stand-in, `crml` a ready client on it (answered in the process),
`crml_local_server` the same stand-in behind a loopback address for boto3 or anything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from crml_sdk.local import LocalCleanRoomsML
    from crml_sdk.local.ways_in.server import ThreadedServer


# pytest-asyncio by its entry point, or loaded by hand with `-p`.
_ASYNCIO_PLUGIN = ("asyncio", "pytest_asyncio", "pytest_asyncio.plugin")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the setting of a workspace for all tests."""
    parser.addini("crml_workspace", "workspace file by which crml_local really runs jobs")


@pytest.fixture
def crml_workspace(request: pytest.FixtureRequest) -> Path | None:
    """The workspace file by which this test's jobs are really run; None: they are simulated.

    Of the marker `crml_workspace("FILE")`, relative to the test's own file, else of the setting
    `crml_workspace`, relative to pytest's root. Override it for one that the test writes.
    """
    marker = request.node.get_closest_marker("crml_workspace")
    if marker is not None:
        name = marker.args[0] if marker.args else None
        return None if name is None else request.path.parent / name
    name = request.config.getini("crml_workspace")
    return request.config.rootpath / name if name else None


@pytest.fixture
def crml_local(crml_workspace: Path | None) -> Iterator[LocalCleanRoomsML]:
    """A fresh local Clean Rooms ML with its ready world. Jobs move on as they are read.

    With a workspace (see `crml_workspace`) they are really run. What still runs when the test ends
    is ended, and nothing is left of it.
    """
    from crml_sdk.local import LocalCleanRoomsML

    local = LocalCleanRoomsML(workspace=crml_workspace)
    yield local
    local.close()
    left = [job.name for job in local.running()]
    assert not left, f"these jobs did not end in time: {', '.join(left)}"


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
    config.addinivalue_line(
        "markers", "crml_workspace(file): really run this test's jobs; None: simulate them"
    )
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
