"""The commands of the pages, run against a local service; what is not run says why."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from crml_sdk.cli import main
from crml_sdk.local import Lifecycle, LocalCleanRoomsML, Settings

from .pages import Page, all_pages

NOT_RUN = {
    r"pip install|python3? -m venv|uv lock": "asks a package registry",
    r"aws |curl .*localhost:8000|airflow|export (ASSOCIATION|AIRFLOW)": (
        "needs AWS or another program; scripts/test-airflow and scripts/test-orchestrators have it"
    ),
    r"crml demo|crml local|python -m crml_sdk\.local": "tests/cli and tests/local have it",
    r"scripts/|python -m codegen": "tools of this repository",
    r"pytest": "runs the page's Python, which test_blocks.py calls",
}
ELSEWHERE = ("docs/local/containers.md", "docs/guides/on-aws.md")
"""Pages with a test of their own."""

TOOLS = ("jq", "curl")
SEED = {
    "models": [{"name": "churn", "versions": 2}, {"name": "trial-churn"}],
    "inference_jobs": [{"name": "july", "model": "churn"}],
}
SEEDS = {"docs/guides/command.md": {"channels": ["june", "july"]}}
"""What a page takes for granted, where it is not `SEED`."""

FILLED_IN = """
name: filled-in
configuredModelAlgorithmAssociationArn: default
resourceConfig: {instanceType: ml.m5.large, volumeSizeInGB: 10}
dataChannels: [{mlInputChannelArn: july, channelName: train}]
"""


def _commands(page: Page) -> Iterator[str]:
    """The commands of a page: lines that end in a backslash, or are in quotes, go on."""
    for block in page.of("sh", "bash", "console"):
        code = block.code
        if block.language == "console":
            told = re.findall(r"^\$ (.*(?:(?<=\\)\n.*|\n {4}.*)*)", code, re.MULTILINE)
        else:
            told = re.findall(r".*(?:(?<=\\)\n.*)*", code)
        yield from (command for command in told if command.strip())


def _is_run(command: str) -> bool:
    return not any(re.match(pattern, command) for pattern in NOT_RUN)


PAGES = [page for page in all_pages() if page.name not in ELSEWHERE]
WITH_COMMANDS = [page for page in PAGES if any(map(_is_run, _commands(page)))]


def _run(command: str, folder: Path) -> None:
    """Run a command: `crml` alone in this process, which is quicker, all else in bash."""
    if command.startswith("crml ") and not re.search(r"[|$>]", command):
        words = shlex.split(command.replace("\\\n", " "), comments=True)
        status, told = main(words[1:]), ""
    else:
        done = subprocess.run(["bash", "-ec", command], cwd=folder, text=True, capture_output=True)
        status, told = done.returncode, done.stdout + done.stderr
    assert status == 0, f"{command}\n{told}"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands are for bash")
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_commands_run_in_order(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = LocalCleanRoomsML(settings=Settings(lifecycle=Lifecycle("at-once")))
    local.seed(SEEDS.get(page.name, SEED))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    missing: set[str] = set()
    with local.serve_in_thread() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        for command in filter(_is_run, _commands(page)):
            lacking = {tool for tool in TOOLS if tool in command and not shutil.which(tool)}
            missing |= lacking
            if not lacking:
                _run(command.replace(":4577", f":{server.port}"), tmp_path)
            if "--skeleton" in command:
                (tmp_path / "train.yaml").write_text(FILLED_IN)
    if missing:
        pytest.skip(f"all but the commands with {', '.join(missing)}")


def test_every_reason_is_needed() -> None:
    commands = [command for page in PAGES for command in _commands(page)]
    for pattern in NOT_RUN:
        assert any(re.match(pattern, command) for command in commands), pattern
