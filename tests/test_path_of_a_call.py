"""One call stays short: the files of ours that a warm `get` goes through."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import crml_sdk
from crml_sdk import CleanRoomsML
from crml_sdk.local import LocalCleanRoomsML

ROOT = Path(crml_sdk.__file__).parent
ABOVE_THE_WIRE = {
    "api/trained_models.py",
    "resources/pinning.py",
    "resources/group.py",
    "checking.py",
    "core.py",
}
MOST = 10


async def test_a_get_goes_through_few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where a test has imported it, calls are counted.
    monkeypatch.delitem(sys.modules, "opentelemetry.metrics", raising=False)
    local = LocalCleanRoomsML()
    model = local.seed({"models": ["churn"]})["trained-model/churn"]
    seen: set[str] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and ROOT in file.parents:
            seen.add(file.relative_to(ROOT).as_posix())

    async with CleanRoomsML(session=local.session(), region_name="us-east-1") as sdk:
        await sdk.trained_models.get(model)
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            await sdk.trained_models.get(model)
        finally:
            sys.setprofile(before)
    ours = {name for name in seen if not name.startswith("local/")}
    assert {name for name in ours if not name.startswith("wire/")} == ABOVE_THE_WIRE
    assert len(ours) <= MOST, sorted(ours)
