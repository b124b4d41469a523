"""Runs the Python of a page as a reader would: block after block, in one namespace."""

from __future__ import annotations

import ast
import asyncio
import inspect
import logging
import os
import sys
from code import InteractiveConsole
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any

import pytest

from crml_sdk import CleanRoomsML
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.local.ways_in.server import ThreadedServer

from .pages import Block, Page


def compiled(block: Block, page: Page) -> CodeType:
    """A block with the page's line numbers. `await` may stand outside functions on pasted pages alone."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if page.pasted else 0
    code = "\n" * (block.line - 1) + block.code
    return compile(code, page.name, "exec", flags=flags, dont_inherit=True)


class Reader:
    """Someone at plain `python` with a page: nothing is there but what they see."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.loop = asyncio.new_event_loop()

    def paste(self, block: Block) -> None:
        """Run a block; tests that it defines are called, with the fixtures that they ask for."""
        known = set(self.names)
        exec(compiled(block, self.page), self.names)
        for name in set(self.names) - known:
            if name.startswith("test_") and inspect.isfunction(self.names[name]):
                self._call_test(self.names[name])

    def _call_test(self, function: Any) -> None:
        local = LocalCleanRoomsML()
        wanted = inspect.signature(function).parameters
        with ExitStack() as stack:
            given: dict[str, Any] = {"crml_local": local}
            if "crml_local_server" in wanted:
                given["crml_local_server"] = stack.enter_context(local.serve_in_thread())
            self.loop.run_until_complete(self._call(function, wanted, given))

    async def _call(self, function: Any, wanted: Any, given: dict[str, Any]) -> None:
        async with given["crml_local"].sdk() as given["crml"]:
            result = function(**{name: given[name] for name in wanted})
            if inspect.isawaitable(result):
                await result

    def leave(self) -> list[str]:
        """Close what the page has left open, and name it."""
        left: list[str] = []
        for name, value in self.names.items():
            if isinstance(value, CleanRoomsML) and value._core._open:
                left.append(name)
                self.loop.run_until_complete(value.close())
            elif isinstance(value, ThreadedServer) and value._thread is not None:
                left.append(name)
                value.stop()
        self.loop.close()
        return left


class AsyncioPrompt(Reader, InteractiveConsole):
    """Someone at the prompt of `python -m asyncio`: it reads line by line, and its loop is running."""

    def __init__(self, page: Page) -> None:
        Reader.__init__(self, page)
        InteractiveConsole.__init__(self, self.names, page.name)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def paste(self, block: Block) -> None:
        """Paste a block, and press Enter."""
        for number, line in enumerate([*block.code.splitlines(), ""], block.line):
            try:
                self.push(line)
            except Exception as error:
                raise AssertionError(f"{self.page.name}:{number}: {error!r}") from error

    def runcode(self, code: CodeType) -> None:
        """Run a statement while the loop is running, as the prompt does."""
        self.loop.run_until_complete(self._run(FunctionType(code, self.names)))

    async def _run(self, statement: FunctionType) -> None:
        result = statement()
        if inspect.iscoroutine(result):
            await result

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """Raise what the prompt would only show."""
        raise


@contextmanager
def reading(page: Page, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A reader without credentials and proxies, whose page may change the environment until they leave."""
    environment = os.environ.copy()
    level, handlers = logging.getLogger("crml_sdk").level, logging.root.handlers[:]
    for name in environment:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(sys, "displayhook", lambda _: None)  # "Output" is what a page prints
    reader = AsyncioPrompt(page) if page.pasted else Reader(page)
    try:
        yield reader
    finally:
        left = reader.leave()
        logging.getLogger("crml_sdk").setLevel(level)
        logging.root.handlers[:] = handlers
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update(environment)
    assert not left, f"{page.name} leaves open: {', '.join(left)}"
