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

# Nine levels of nine aliases: a few hundred bytes that stand for 400 million strings.
BOMB = b"l0: &l0 [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"l%d: &l%d [%s]\n" % (level, level, b", ".join([b"*l%d" % (level - 1)] * 9))
    for level in range(1, 9)
)


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
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout, process.stderr:
        process.send_signal(signal.SIGTERM)
        # `start` has read ahead; what it took and did not use is lost to `communicate`.
        output, errors = process.stdout.read(), process.stderr.read()
        process.wait(timeout=20)
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
    seed, state = tmp_path / "seed.json", tmp_path / "state.crml"
    seed.write_text('{"models": ["churn"]}')
    process, url = start("--seed", str(seed), "--state", str(state))
    try:
        assert url.startswith("http://127.0.0.1:")
        post(url, "seed", {"models": ["later"]})
    finally:
        stop(process)
    exported = tmp_path / "exported.json"
    assert main(["--state", str(state), "--export", str(exported)]) == 0
    names = {
        record["data"]["name"]
        for record in json.loads(exported.read_text())["records"]
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


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_default_account_and_the_region_can_be_chosen() -> None:
    process, url = start("--account", "123456789012", "--region", "eu-west-1")
    try:
        post(url, "reset", {})
        with urllib.request.urlopen(f"{url}/_local/world", timeout=10) as answer:
            world = json.load(answer)
    finally:
        output = stop(process)
    assert (world["region"], world["default_account_id"]) == ("eu-west-1", "123456789012")
    assert world["collaborations"][0]["creator"] == "123456789012"
    assert "AWS_REGION=eu-west-1" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed", "/does/not/exist.json"], "exist"),
        (["--state", __file__], "not a state"),
        (["--state", "/does/not/exist/s.crml"], "opened"),
        (["--export", "/x.json", "--state", "/does/not/exist"], "exist"),
        (["--host", "256.0.0.1"], ""),
        (["--account", "12"], "twelve digits"),
        (["--account", "444455556666"], "other member"),
        (["--region", "Mars"], "not a region"),
    ],
)
def test_what_it_cannot_do_is_one_line_on_stderr(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", "0", *arguments]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("seed.json", b"\x00\xff\xfe binary", "text"),
        ("seed.json", b"{", "JSON"),
        ("seed.json", b"[" * 100_000, "JSON"),
        ("seed.json", b"[]", "object"),
        ("seed.json", b'{"models": 5}', "list"),
        ("seed.json", b'{"models": "ab"}', "list"),
        ("seed.json", b'{"models": [5]}', "name"),
        ("seed.json", b'{"models": [{"name": "a", "versions": ["x"]}]}', "models[0]"),
        ("seed.json", b'{"settings": {"warp": 9}}', "warp"),
        ("seed.json", b'{"settings": 9}', "settings"),
        ("seed.json", b'{"world": {"accounts": 9}}', "world"),
        ("seed.json", b'{"workspace": 5}', "workspace"),
        ("seed.json", b'{"workspace": "none.toml"}', "none.toml"),
        ("seed.yaml", b"a: [", "YAML"),
        ("seed.yaml", b"a: \x01", "YAML"),
        ("seed.yaml", b"[" * 500_000, "YAML that is nested more than 100 levels"),
        ("seed.yaml", BOMB, "aliases"),
    ],
)
def test_a_garbled_seed_gets_one_line(
    name: str, content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert main(["--port", "0", "--seed", str(file)]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speed", "nan"],
        ["--speed", "inf"],
        ["--speed", "0"],
        ["--port", "x"],
        ["--lifecycle", "warp"],
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
