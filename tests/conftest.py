"""Fixtures for all rooms. No test can reach AWS: credentials are dummies, endpoints are loopback."""

from __future__ import annotations

import asyncio.constants
import gc
import os
from collections.abc import AsyncIterator

import pytest

from crml_sdk import CleanRoomsML

from .support.canned import CannedServer


def pytest_configure() -> None:
    # Debug mode stays on where tests switch it on; where each callback came from is not read, and
    # took half of their time.
    asyncio.constants.DEBUG_STACK_DEPTH = 1


def pytest_collection_finish() -> None:
    # What has been loaded stays until the end: tests that collect garbage need not go through it.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    # Whatever is not loopback goes to a port where nothing listens.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost,::1")


@pytest.fixture
async def canned() -> AsyncIterator[CannedServer]:
    """A server on loopback that answers what a test tells it to, and keeps what it was sent."""
    async with CannedServer() as server:
        yield server


@pytest.fixture
async def sdk(canned: CannedServer) -> AsyncIterator[CleanRoomsML]:
    """A client of the canned server."""
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as client:
        yield client
