"""Scenes by ways: what plain aiobotocore does is the expectation, asserted side by side.

A fast part runs with all other tests; `CRML_MATRIX=whole` runs every row. A row is a `Scene` in
`scenes.py`; where ours differs from aiobotocore on purpose the row says how and why.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

from .scenes import SCENES
from .servers import Certificates
from .stage import Ended, Scene, Stage, by_aiobotocore, by_us, of_a_wait, plainly, staged

WHOLE = os.environ.get("CRML_MATRIX") == "whole"
ROWS = [scene for scene in SCENES if WHOLE or not scene.full]
CALLS = ("get", "create")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def loader() -> Any:
    """botocore's own, for all plain clients: what it has read once it keeps."""
    return Loader()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    monkeypatch.setattr("botocore.retryhandler.delay_exponential", lambda *_, **__: 0)


@pytest.mark.parametrize("scene", ROWS, ids=[scene.name for scene in ROWS])
async def test_it_ends_as_with_aiobotocore(
    scene: Scene, certificates: Certificates, loader: Any, tmp_path: Path
) -> None:
    async with staged(scene, certificates, tmp_path) as stage:
        for way in scene.ways:
            if way != "ordinary":  # it has the backend of the fast one before it
                theirs = await played_by_aiobotocore(stage, way, loader)
            for what in (*CALLS, "wait"):
                # A wait is a get again and again.
                end, seen = theirs.get(what, theirs["get"])
                plainly(stage.service, stage.answers)
                with pytest.MonkeyPatch.context() as patch:
                    ours = await by_us(stage, what, way, patch)
                expected, why = expectation(scene, way, what, end)
                assert ours == expected, f"{way}, {what}: {why}"
                saw = observed(stage)
                if what in theirs and what not in scene.differs and not scene.loose:
                    assert saw == seen, f"{way}, {what}"


async def played_by_aiobotocore(
    stage: Stage, way: str, loader: Any
) -> dict[str, tuple[Ended, Any]]:
    """How each call ends on a plain client with the same backend, and what was seen of it."""
    played: dict[str, tuple[Ended, Any]] = {}
    for what in CALLS:
        plainly(stage.service, stage.answers)
        end = await by_aiobotocore(stage, what, way, loader)
        played[what] = end, observed(stage)
    return played


def expectation(scene: Scene, way: str, what: str, theirs: Ended) -> tuple[Ended, str]:
    """How ours is to end, and why."""
    if what in scene.differs:
        expected, why = scene.differs[what]
        # The httpx backend may differ from the other by itself; it unpacks replies, for one.
        assert expected != theirs or way == "httpx" or what == "wait", (
            f"{what}: the row says that it differs ({why}), and it does not"
        )
        return expected, why
    return (of_a_wait(theirs) if what == "wait" else theirs), "as aiobotocore"


def observed(stage: Stage) -> Any:
    """What the service and the proxy saw of a call, in what must be the same for every client."""
    proxied = []
    if stage.proxy is not None:
        proxied, stage.proxy.seen = stage.proxy.seen, []
    kept = ("authorization", "x-amz-security-token", "x-mine", "amz-sdk-request", "content-type")
    requests = [
        (
            request.method,
            # aiobotocore's httpx session sends the whole address.
            request.target.removeprefix(stage.service.url),
            {name: request.headers[name] for name in kept if name in request.headers},
            request.headers.get("authorization", "").partition(",")[0].split("/")[0],
        )
        for request in stage.service.received
    ]
    for _, _, headers, _ in requests:
        # The signature is of the moment, and the spelling of the user agent.
        headers.pop("authorization", None)
    return proxied, requests
