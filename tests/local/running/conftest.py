"""Sandboxes are only there on Linux; where none works, the tests that need one say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from .support import CONTAINERS, Bench, sandbox_fault


def skip_without(kind: str) -> None:
    fault = sandbox_fault(kind)
    if fault:
        pytest.skip(fault)


@pytest.fixture(params=["bubblewrap", "unshare"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each way of isolating, one after the other."""
    skip_without(request.param)
    return request.param


@pytest.fixture
def any_sandbox() -> None:
    skip_without("auto")


@pytest.fixture
def bench(tmp_path: Path, any_sandbox: None) -> Bench:
    """A bench with the two ordinary containers and one channel."""
    made = Bench(tmp_path, train=CONTAINERS / "training", infer=CONTAINERS / "inference")
    made.channel()
    return made
