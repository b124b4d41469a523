"""Waiting is tested on asyncio and on trio, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .virtual import run_asyncio, run_trio


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Runs an async function to its end."""
    return run_trio if request.param == "trio" else run_asyncio
