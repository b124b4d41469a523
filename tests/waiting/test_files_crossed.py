"""How many of our files a wait goes through: a reader has to follow it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import crml_sdk
from crml_sdk import CleanRoomsML
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.waiting import handles

ROOT = Path(crml_sdk.__file__).parent
OF_WAITING = 9
"""From the method of the group to the call: what decides, runs, and keeps to the rate."""
IN_ALL = 14
CHANGES = 60
TRACED = 2
"""Files more where OpenTelemetry is there to be told: the spans of waits, and the count of calls."""


async def crossed(sdk: CleanRoomsML, arn: str) -> list[str]:
    """The files of ours that a wait goes through, as often as it changes to another."""
    names: list[str] = []

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            file = Path(frame.f_code.co_filename)
            if file.is_relative_to(ROOT) and not file.is_relative_to(ROOT / "local"):
                name = file.relative_to(ROOT).as_posix()
                if not names or names[-1] != name:
                    names.append(name)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        await sdk.inference_jobs.wait(arn)
    finally:
        sys.setprofile(before)
    return names


@pytest.mark.parametrize("over", ["in the process", "a server"])
@pytest.mark.parametrize("seen", ["seen before", "new"])
@pytest.mark.parametrize("traced", [False, True])
async def test_a_wait_for_a_finished_job_crosses_few_files(
    over: str, seen: str, traced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other tests may have imported it, or not.
    for name in ("opentelemetry.trace", "opentelemetry.metrics"):
        module = importlib.import_module(name)
        if traced:
            monkeypatch.setitem(sys.modules, name, module)
        else:
            monkeypatch.delitem(sys.modules, name)
    local = LocalCleanRoomsML()
    jobs = [{"name": name, "model": "churn"} for name in ("june", "july")]
    arns = local.seed({"models": ["churn"], "inference_jobs": jobs})
    warm = arns["trained-model-inference-job/june"]
    arn = warm if seen == "seen before" else arns["trained-model-inference-job/july"]

    async def wait_with(sdk: CleanRoomsML) -> list[str]:
        for _ in range(2):  # whatever loads on first use
            await sdk.inference_jobs.wait(warm)
        if seen == "new":
            handles._kind_in.cache_clear()
            handles._membership_in.cache_clear()
        return await crossed(sdk, arn)

    if over == "a server":
        async with (
            local.serve() as server,
            CleanRoomsML(endpoint_url=server.url, region_name="us-east-1") as sdk,
        ):
            names = await wait_with(sdk)
    else:
        async with local.sdk() as sdk:
            names = await wait_with(sdk)
    files = set(names)
    more = TRACED if traced else 0
    assert len([file for file in files if not file.startswith("wire/")]) <= OF_WAITING + more, files
    assert len(files) <= IN_ALL + more, sorted(files)
    longer = 5 if over == "a server" or seen == "new" else 0
    assert len(names) <= CHANGES + longer + 6 * more, names
