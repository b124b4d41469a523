"""Every Python block of README and docs is run where its page says; what cannot run says why, and is compiled."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import Any

import click
import pytest

from .pages import ROOT, Block, Page, all_pages
from .running import compiled, reading

PAGES = all_pages()
WITH_PYTHON = [page for page in PAGES if page.of("python")]
SHELL = ("sh", "bash", "console")
NOT_RUN_AT_MOST = 1
"""How many blocks are only compiled. A new one needs a reason beside it, and a thought about it."""

ELSEWHERE = "docs/orchestrators/"
"""Pages whose blocks need another framework: `scripts/test-airflow` and `scripts/test-orchestrators`
have them."""


def _fits(printed: str, said: str) -> bool:
    """Whether the output is what the page says; `...` stands for any text."""
    pattern = re.escape(said.strip()).replace(re.escape("..."), ".*?")
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_blocks_run_in_order_as_read(
    page: Page,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("reader"))
    with reading(page, monkeypatch) as reader:
        for block in page.of("python"):
            if block.not_run:
                compiled(block, page)
                continue
            capsys.readouterr()
            reader.paste(block)
            printed = capsys.readouterr().out
            if block.prints is not None:
                assert _fits(printed, block.prints), f"{page.name}:{block.line} prints:\n{printed}"


def test_what_is_not_run_is_little_and_has_reasons() -> None:
    skipped = [
        (page.name, block.line, block.not_run)
        for page in PAGES
        for block in page.of("python")
        if block.not_run and not page.name.startswith(ELSEWHERE)
    ]
    assert len(skipped) <= NOT_RUN_AT_MOST, skipped


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_json_parses(page: Page) -> None:
    for block in page.of("json"):
        json.loads(block.code)


def _commands() -> list[tuple[Page, Block, str]]:
    found: list[tuple[Page, Block, str]] = []
    for page in PAGES:
        for block in page.of(*SHELL):
            for line in block.code.splitlines():
                plain = line.strip().removeprefix("$ ").split("#")[0].strip()
                found.append((page, block, plain))
    return found


def test_scripts_in_shell_blocks_exist() -> None:
    for page, block, line in _commands():
        for script in re.findall(r"(?<![\w/])scripts/[\w-]+", line):
            path = ROOT / script
            assert os.access(path, os.X_OK), f"{page.name}:{block.line}: {script}"


def test_crml_commands_in_shell_blocks_exist() -> None:
    from crml_sdk.cli.app import root

    command = root()
    seen = 0
    for page, block, line in _commands():
        words = shlex.split(line.replace("\\", " "), comments=True) if "crml " in line else []
        if words[:1] != ["crml"]:
            continue
        if "|" in words:
            words = words[: words.index("|")]
        problem = _unknown(command, words[1:])
        assert problem is None, f"{page.name}:{block.line}: {line}: {problem}"
        seen += 1
    assert seen > 0


def _unknown(command: Any, words: list[str]) -> str | None:
    """The command or option in the words that the command line does not know."""
    options = set(_options(command))
    for word in words:
        is_group = hasattr(command, "list_commands")
        if word.startswith("-"):
            if word.partition("=")[0] not in options:
                return word
        elif is_group:
            command = command.get_command(click.Context(command), word)
            if command is None:
                return word
            options |= set(_options(command))
    return None


def _options(command: Any) -> list[str]:
    own = [name for parameter in command.params for name in parameter.opts]
    return ["--help", "-h", *own]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_pages_outside_the_site_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^):#]+)(?:#[\w-]+)?\)", (ROOT / name).read_text("utf-8")):
        assert (ROOT / target).exists(), (name, target)
