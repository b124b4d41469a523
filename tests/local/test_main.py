"""The stand-in as a program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from crml_sdk.local.main import main


def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The running program and its address."""
    command = [sys.executable, "-W", "error", "-m", "crml_sdk.local", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("export AWS_ENDPOINT_URL_CLEANROOMSML="):
            return process, line.strip().split("=", 1)[1]
    assert process.stderr is not None
    raise AssertionError("".join(seen) + process.stderr.read())


def stop(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert errors == ""
    return output


def post(url: str, path: str, body: object) -> None:
    request = urllib.request.Request(
        f"{url}/_local/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_seeds_saves_and_goes_on(tmp_path: Path) -> None:
    seed, state = tmp_path / "seed.json", tmp_path / "state.json"
    seed.write_text('{"models": ["churn"]}')
    process, url = start("--seed", str(seed), "--state", str(state))
    try:
        assert url.startswith("http://127.0.0.1:")
        post(url, "seed", {"models": ["later"]})
    finally:
        output = stop(process)
    assert str(state) in output
    names = {
        record["data"]["name"]
        for record in json.loads(state.read_text())["records"]
        if record["kind"] == "trained-model"
    }
    assert names == {"churn", "later"}
    began = time.monotonic()
    process, url = start("--seed", str(seed), "--state", str(state))
    try:
        with urllib.request.urlopen(f"{url}/", timeout=10) as page:
            assert b"later" in page.read()
    finally:
        stop(process)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed", "/does/not/exist.json"], "exist"),
        (["--state", __file__], "JSON"),
        (["--host", "256.0.0.1"], ""),
    ],
)
def test_what_it_cannot_do_is_one_line_on_stderr(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", "0", *arguments]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--speed", "0"], ["--port", "x"], ["--lifecycle", "warp"]])
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
