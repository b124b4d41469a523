"""The processes of a run: the canned service, the workers, and fresh ones for what happens once."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def environment() -> dict[str, str]:
    """Dummy credentials, no configuration files, and compiled modules kept between processes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


@contextmanager
def service(stream_items: int) -> Iterator[str]:
    """The canned service's URL; the process ends with the block."""
    pages = str(max(1, stream_items // 100))
    process = subprocess.Popen(
        command("benchmarks.server", pages),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait(10)


def requests_made(url: str) -> dict[str, float]:
    """How many requests for jobs the service has had since it was last asked."""
    with urllib.request.urlopen(f"{url}/requests") as answer:
        return json.load(answer)


class Worker:
    """A contender's process (see worker.py): `ask` runs one command there and waits for it."""

    def __init__(self, name: str, url: str) -> None:
        self._process = subprocess.Popen(
            command("benchmarks.worker", name, url),
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def ask(self, **message: Any) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended early")
        return json.loads(line)

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


MODULES = {"crml_sdk": "crml_sdk", "aiobotocore": "aiobotocore.session", "bare": "sys"}
IMPORT = """
import {module}, time
at = time.monotonic()
from benchmarks import memory
print('{{"at": %r, "bytes": %d}}' % (at, memory.resident_bytes()))
"""


def program(what: str, name: str, url: str) -> list[str]:
    if what == "imported":
        return [sys.executable, "-c", IMPORT.format(module=MODULES[name])]
    return command("benchmarks.child", what, name, url)


def fresh(what: str, name: str, url: str) -> dict[str, float]:
    """One fresh process; `seconds` from its start where it tells a time of day."""
    start = time.monotonic()  # the same clock in every process on Linux and macOS
    done = subprocess.run(
        program(what, name, url),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    outcome = json.loads(done.stdout)
    if "at" in outcome:
        outcome["seconds"] = outcome.pop("at") - start
    return outcome
