"""How many of our files a wait goes through: a reader has to follow it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import crml_sdk
from crml_sdk.local import LocalCleanRoomsML

ROOT = Path(crml_sdk.__file__).parent
OF_WAITING = 8
"""From the method of the group to the call: what decides, runs, and keeps to the rate."""
IN_ALL = 15
CHANGES = 60


async def test_a_wait_for_a_finished_job_crosses_few_files() -> None:
    local = LocalCleanRoomsML()
    arns = local.seed({"models": ["churn"], "inference_jobs": [{"name": "june", "model": "churn"}]})
    arn = arns["trained-model-inference-job/june"]
    crossed: list[str] = []

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            file = Path(frame.f_code.co_filename)
            if file.is_relative_to(ROOT) and not file.is_relative_to(ROOT / "local"):
                name = file.relative_to(ROOT).as_posix()
                if not crossed or crossed[-1] != name:
                    crossed.append(name)

    async with local.sdk() as sdk:
        for _ in range(2):  # whatever loads on first use
            await sdk.inference_jobs.wait(arn)
        sys.setprofile(profile)
        try:
            await sdk.inference_jobs.wait(arn)
        finally:
            sys.setprofile(None)
    files = set(crossed)
    assert len([file for file in files if not file.startswith("wire/")]) <= OF_WAITING, files
    assert len(files) <= IN_ALL, files
    assert len(crossed) <= CHANGES
