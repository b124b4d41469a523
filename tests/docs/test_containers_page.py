"""The guide for model builders, followed: its blocks are pasted into one shell, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from crml_sdk.local.running.pythons import ask
from crml_sdk.local.running.sandbox import choose

from .pages import ROOT, Block, read_page
from .test_blocks import _fits

PAGE = read_page(ROOT / "docs" / "local" / "containers.md")
BLOCKS = [block for block in PAGE.of("sh") if "pip install" not in block.code]


@pytest.mark.skipif(sys.platform != "linux", reason="containers are run on Linux only")
def test_the_page_runs_as_pasted(tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="queries need the extra `local`")
    choice = choose("unshare", ask(Path(sys.executable)))
    if choice.sandbox is None:
        pytest.skip(choice.reason)
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    serving = [block for block in BLOCKS if block.code.startswith("crml local")]
    assert len(serving) == 1
    for block in BLOCKS:
        if block not in serving:
            paste(block, tmp_path, environment)
    assert_it_serves(serving[0], tmp_path, environment)


def paste(block: Block, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-e", "-c", block.code],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, f"{PAGE.name}:{block.line}:\n{done.stdout}{done.stderr}"
    if block.prints is not None:
        assert _fits(done.stdout, block.prints), f"{PAGE.name}:{block.line}:\n{done.stdout}"


def assert_it_serves(block: Block, folder: Path, environment: dict[str, str]) -> None:
    words = [*block.code.split(), "--port", "0"]
    with subprocess.Popen(
        words, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        told = ""
        for line in server.stdout:
            told += line
            if "listens on" in line:
                break
        server.terminate()
    assert "Input channels run their query, on 2 tables" in told
    assert "with 2 images" in told


def test_its_workflow_parses() -> None:
    (block,) = PAGE.of("yaml")
    steps = yaml.safe_load(block.code)["jobs"]["containers"]["steps"]
    assert [step["run"] for step in steps if "run" in step][-1] == "pytest -q"
