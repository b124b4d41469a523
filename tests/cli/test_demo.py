"""The demo: it really runs, it is quick, and what it shows can be copied and run."""

from __future__ import annotations

import ast
import io
import os
import re
import signal
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from rich.console import Console

from crml_sdk.cli import demo_world
from crml_sdk.cli.demo import Story, run
from crml_sdk.cli.demo_world import open_world, profiles
from crml_sdk.cli.failures import Refused
from crml_sdk.local import LocalCleanRoomsML, write_example_workspace

from .conftest import interruptible

MESSAGE = "ValueError: epochs must be a whole number, not 'a few'"


@pytest.fixture(scope="module")
def _can_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_world(write_example_workspace(tmp_path_factory.mktemp("tried")).parent) as world:
        if world.why_simulated is not None:
            pytest.skip(world.why_simulated)


def a_story() -> Story:
    return Story(Console(file=io.StringIO(), width=200))


def text_of(story: Story) -> str:
    file: Any = story.console.file
    return file.getvalue()


@pytest.fixture(scope="module")
def told(_can_run: None, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A whole run, whose files are kept."""
    before = dict(os.environ)
    story = a_story()
    assert run(story, keep=tmp_path_factory.mktemp("kept") / "demo") == 0
    assert dict(os.environ) == before
    return story


def test_accuracy_rises_from_version_to_version(told: Story) -> None:
    table = re.findall(r"^(\S+) +ACTIVE +([0-9.]+)", text_of(told), re.MULTILINE)
    newest, second, base = (float(accuracy) for _, accuracy in table)
    assert table[-1][0] == "base"
    assert base < second < newest


def test_predictions_lie_at_the_place_that_the_sdk_computes(told: Story) -> None:
    """The local service writes them; where, is written down there a second time."""
    text = text_of(told)
    address = re.search(r"^s3://our-bucket/clean-rooms/(\S+)/$", text, re.MULTILINE)
    assert address is not None
    assert address[1].split("/")[1:] == ["churn", "111122223333", "july"]
    shown = re.findall(r"^    ((?:stays|leaves),0\.[0-9]{3})$", text, re.MULTILINE)
    assert len(shown) == 3
    assert "... 40 in all" in text


def test_a_container_that_fails_says_why_in_its_own_words(told: Story) -> None:
    assert f"AlgorithmError: {MESSAGE}" in text_of(told)


def test_what_is_kept_can_be_served(told: Story) -> None:
    workspace = re.search(r"crml local --workspace (\S+)", text_of(told))
    assert workspace is not None
    with LocalCleanRoomsML(workspace=workspace[1]) as local:
        assert local.runner is not None


async def test_what_it_shows_is_a_script_that_runs(tmp_path: Path, told: Story) -> None:
    shown = "\n".join(told.shown)
    address = shown.partition('url = "')[2].partition('"')[0]
    kept = shown.partition('s3 = Path("')[2].partition('"')[0]
    folder = write_example_workspace(tmp_path / "again").parent
    with open_world(folder) as world, profiles(folder):
        async with world.local.serve() as server:
            code = compile(
                shown.replace(address, server.url).replace(kept, str(world.s3)),
                "shown",
                "exec",
                flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            )
            assert isinstance(code, CodeType)
            names: dict[str, Any] = {}
            await eval(code, names)
    assert names["done"].status == "ACTIVE"
    assert len(names["versions"]) == 2
    assert len(names["predictions"]) == 40
    assert names["failure"].status_message == MESSAGE


def test_where_nothing_can_be_run_it_says_so_and_simulates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_world, "NEEDED", ("not_a_module",))
    story = a_story()
    assert run(story) == 0
    text = text_of(story)
    assert "Jobs are simulated here." in text
    for expected in ("CREATE_IN_PROGRESS", "july is ACTIVE", "└── churn", "/churn/111122223333/"):
        assert expected in text
    assert f"AlgorithmError: {MESSAGE}" in text
    assert "accuracy " not in text


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(Refused, match="the folder is not empty"):
        run(a_story(), keep=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.usefixtures("_can_run")
def test_interrupted_in_the_middle_it_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crml_sdk.cli", "demo"]
    with interruptible(*command, TMPDIR=str(tmp_path), PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        trains = False
        for line in process.stdout:
            trains = trains or line.startswith("4. Train")
            if trains and "CREATE_IN_PROGRESS" in line:
                break
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert "crml: interrupted" in process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert list(tmp_path.iterdir()) == []
    assert not left_of(tmp_path)


def left_of(folder: Path) -> list[str]:
    """Processes, and mounts in any of them, that name a folder."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "mountinfo").read_bytes()
        except OSError:
            continue
        if process.name != str(os.getpid()) and str(folder).encode() in words:
            found.append(process.name)
    return found


def test_code_is_not_cut_at_the_edge_of_a_narrow_terminal() -> None:
    """It was, at 80 columns, so what was copied did not run."""
    story = Story(Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None))
    line = f"name = {'x' * 100!r}"
    story.show(line)
    assert text_of(story) == f"    {line}\n"
