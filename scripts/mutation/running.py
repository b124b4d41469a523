"""Runs tests on a mutant: in a fork that has imported everything but the package and its tests."""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from .making import Mutant

HEAVY = (
    "pytest", "_pytest.assertion.rewrite", "pytest_asyncio.plugin", "hypothesis.strategies", "trio.testing",
    "aiohttp.web", "botocore.session", "aiobotocore.session", "aiobotocore.httpsession", "pydantic",
    "pydantic_core.core_schema", "tenacity", "opentelemetry.sdk.trace", "boto3",
)  # fmt: skip
"""Imported once, before any fork. Nothing here imports the package."""

OPTIONS = (
    "-x",
    "-q",
    "-n",
    "0",
    "-p",
    "no:cacheprovider",
    "--no-header",
    "--assert=plain",  # why a test fails is not read, and rewriting takes a third of the time
    "-p",
    "no:unraisableexception",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


class _Exchanged(MetaPathFinder, Loader):
    """Imports one module of the package from a mutant's source."""

    def __init__(self, mutant: Mutant) -> None:
        self._path = Path(mutant.path).resolve()
        inside = Path(mutant.path).with_suffix("").parts
        self.name = ".".join(inside[1:] if inside[0] == "src" else inside)
        self._code = mutant.source

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self._path, loader=self)

    def get_code(self, fullname: str) -> Any:
        return compile(self._code, str(self._path), "exec")

    def get_filename(self, fullname: str) -> str:
        return str(self._path)

    def exec_module(self, module: ModuleType) -> None:
        exec(self.get_code(module.__name__), module.__dict__)


def preload() -> None:
    """Import what every test needs and no mutant touches."""
    os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull)
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(Path("src").resolve()))
    for name in HEAVY:
        importlib.import_module(name)
    _load_plugins()
    for name in [name for name in sys.modules if name.partition(".")[0] == "crml_sdk"]:
        del sys.modules[name]  # one of the plugins is the package's own
    gc.freeze()


def _load_plugins() -> None:
    """Have pytest import its plugins, by a run of no tests."""
    import pytest

    with (
        tempfile.TemporaryDirectory() as empty,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        pytest.main([*OPTIONS, "-c", "pyproject.toml", empty])


def _run(tests: Sequence[str], mutant: Mutant | None) -> None:
    """In the child: exits with pytest's code."""
    import pytest

    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    code = 3
    try:
        if mutant is not None:
            exchanged = _Exchanged(mutant)
            sys.meta_path.insert(0, exchanged)
            # Now: pytest, which rewrites what plugins import, would be in front of us later.
            importlib.import_module(exchanged.name)
        code = int(pytest.main([*OPTIONS, *tests]))
    finally:
        os._exit(code)


def _started(tests: Sequence[str], mutant: Mutant | None) -> Any:
    process = multiprocessing.get_context("fork").Process(target=_run, args=(tests, mutant))
    process.start()
    return process


def baseline(tests: Sequence[str]) -> float:
    """Run the tests on the code as it is.

    Returns:
        How long they took, in seconds.

    Raises:
        SystemExit: They fail, so that no mutant could be judged.
    """
    preload()
    began = time.monotonic()
    process = _started(tests, None)
    process.join()
    if process.exitcode != 0:
        raise SystemExit(f"the tests fail without any mutant: pytest {' '.join(tests)}")
    return time.monotonic() - began


def run_all(
    mutants: Sequence[Mutant], tests: Sequence[str], *, jobs: int, limit: float
) -> Iterator[tuple[Mutant, bool]]:
    """Run the tests on each mutant; one that takes longer than `limit` seconds is noticed too."""
    waiting = list(reversed(mutants))
    running: dict[Any, tuple[Mutant, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[_started(tests, mutant)] = (mutant, time.monotonic())
        time.sleep(0.05)
        for process, (mutant, began) in list(running.items()):
            if process.is_alive() and time.monotonic() - began > limit:
                process.kill()
                process.join()
            if not process.is_alive():
                del running[process]
                yield mutant, process.exitcode != 0
