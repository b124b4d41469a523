"""The demo: it runs, it is quick, and what it shows can be copied and run."""

from __future__ import annotations

import ast
import io
import os
import time
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from rich.console import Console

from crml_sdk.cli.demo import Story, profiles, run
from crml_sdk.local import Lifecycle, LocalCleanRoomsML, Settings


@pytest.fixture
def told() -> Story:
    story = Story(Console(file=io.StringIO(), width=200))
    assert run(story) == 0
    return story


def text_of(story: Story) -> str:
    file: Any = story.console.file
    return file.getvalue()


def test_it_tells_the_whole_way_quickly_and_leaves_the_environment_alone() -> None:
    before, began = dict(os.environ), time.monotonic()
    story = Story(Console(file=io.StringIO(), width=200))
    assert run(story) == 0
    assert time.monotonic() - began < 20
    assert dict(os.environ) == before
    text = text_of(story)
    for expected in ("CREATE_IN_PROGRESS", "july is ACTIVE", "ResourceFailed", "└── churn"):
        assert expected in text


async def test_what_it_shows_is_a_script_that_runs(tmp_path: Path, told: Story) -> None:
    code = compile("\n".join(told.shown), "shown", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(code, CodeType)
    local = LocalCleanRoomsML(settings=Settings(lifecycle=Lifecycle("at-once")))
    with profiles(tmp_path):
        async with local.serve() as server:
            shown = "\n".join(told.shown)
            address = shown.partition('url = "')[2].partition('"')[0]
            code = compile(
                shown.replace(address, server.url),
                "shown",
                "exec",
                flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            )
            names: dict[str, Any] = {}
            running = eval(code, names)
            await running
    assert names["done"].status == "ACTIVE"
    assert len(names["versions"]) == 2


def test_code_is_not_cut_at_the_edge_of_a_narrow_terminal() -> None:
    """It was, at 80 columns, so what was copied did not run."""
    story = Story(Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None))
    line = f"name = {'x' * 100!r}"
    story.show(line)
    assert text_of(story) == f"    {line}\n"
