"""The command, run in this process against a local Clean Rooms ML on loopback."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from crml_sdk.cli import main
from crml_sdk.local import LocalCleanRoomsML


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@contextmanager
def interruptible(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that Ctrl-C ends, also where the tests run in the background; gone afterwards."""
    pipe = subprocess.PIPE
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # not inherited as ignored
    try:
        process = subprocess.Popen(
            command, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **environment}
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> Iterator[None]:
    """Found: after a test of `--debug` the log of every later call was written out."""
    logger = logging.getLogger("crml_sdk")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def local() -> LocalCleanRoomsML:
    """A collaboration with a model of three versions, a failed model and two jobs."""
    local = LocalCleanRoomsML()
    local.seed(
        {
            "models": [
                {"name": "churn", "versions": 3, "hyperparameters": {"epochs": "5"}},
                {
                    "name": "broken",
                    "status": "CREATE_FAILED",
                    "statusDetails": {"statusCode": "AlgorithmError", "message": "exit status 1"},
                },
            ],
            "inference_jobs": [
                {"name": "july", "model": "churn"},
                {
                    "name": "august",
                    "model": "churn",
                    "status": "CREATE_FAILED",
                    "statusDetails": {"statusCode": "AlgorithmError", "message": "no column"},
                },
            ],
        }
    )
    return local


@pytest.fixture
def run(
    local: LocalCleanRoomsML,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    with local.serve_in_thread() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)

        def run(*arguments: str) -> Ran:
            capsys.readouterr()
            status = main(arguments)
            out, err = capsys.readouterr()
            return Ran(status, out, err)

        yield run
