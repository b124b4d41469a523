"""The pages about the stand-in: what they show works, what they list is all there is."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from crml_sdk.local import Faults, JobControl, LocalCleanRoomsML
from crml_sdk.local.control import ControlPath

from .local_lab import Lab

PAGES = Path(__file__).parents[2] / "docs" / "local"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("block", blocks("seeds.md", "json"))
def test_every_seed_shown_can_be_followed(lab: Lab, block: str) -> None:
    lab.local.seed(json.loads(block))


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_every_python_example_compiles_and_every_json_parses(page: str) -> None:
    for block in blocks(page, "python"):
        source = block if "async with" not in block else f"async def shown():\n{_indented(block)}"
        compile(source, page, "exec")
    for block in blocks(page, "json"):
        json.loads(block)


def _indented(block: str) -> str:
    return "".join(f"    {line}\n" for line in block.splitlines()) + "    pass\n"


def test_every_fault_job_control_and_control_path_is_listed() -> None:
    text = (PAGES / "faults.md").read_text()
    cycles = (PAGES / "life-cycles.md").read_text()
    for name, _ in inspect.getmembers(Faults, inspect.isfunction):
        if not name.startswith("_") and name != "take":
            assert re.search(rf"\b{name}\(", text), name
    for name, _ in inspect.getmembers(JobControl, inspect.isfunction):
        if not name.startswith("_") and name not in ("plan_for", "of"):
            assert re.search(rf"\b{name}\b", text + cycles), name
    for _, path in ControlPath(LocalCleanRoomsML())._routes:
        assert f"/_local/{path}" in text, path


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+\.md)", page.read_text()):
            assert (PAGES / target).exists(), (page.name, target)
