"""The code on the pages: where it stands, where a reader runs it, what it is said to print."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)(?P<info>[^\n]*)$")
_PASTED = "in order into a notebook or `python -m asyncio`"
_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->")


@dataclass
class Block:
    """A fenced block.

    Attributes:
        language: The word behind the fence.
        code: Its text.
        line: The line of the page that the code begins on, from 1.
        not_run: Why it is only compiled, or None.
        prints: What it is said to print (a `text` block titled "Output" right behind it), or None.
    """

    language: str
    info: str
    code: str
    line: int
    not_run: str | None = None
    prints: str | None = None


@dataclass
class Page:
    """A page, and its blocks in order.

    Attributes:
        pasted: Whether it tells the reader to paste its Python into one prompt in which `await` may
            stand outside functions. The Python of other pages is for plain `python`.
    """

    path: Path
    blocks: list[Block] = field(default_factory=list)
    pasted: bool = False

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    def of(self, *languages: str) -> list[Block]:
        return [block for block in self.blocks if block.language in languages]


def script(name: str) -> Any:
    """A script of the project, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_pages() -> list[Page]:
    """README, CONTRIBUTING and every page of the site."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [read_page(path) for path in paths if path.exists()]


def read_page(path: Path) -> Page:
    text = path.read_text("utf-8")
    assert "<!-- setup:" not in text, f"{path}: what a page needs has to be visible"
    return Page(path, _blocks(text), _PASTED in " ".join(text.partition("```python")[0].split()))


def _blocks(text: str) -> list[Block]:
    found: list[Block] = []
    above: str | None = None  # the last line with text between two blocks, when there is just one
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            if line.strip():
                above = line
            continue
        inside: list[str] = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            inside.append(inner[len(fence["indent"]) :])
        code = "\n".join(inside) + "\n"
        reason = _NOT_RUN.search(above or "")
        block = Block(fence["language"], fence["info"].strip(), code, number + 1)
        block.not_run = reason["reason"] if reason else None
        if block.info == 'title="Output"' and found:
            found[-1].prints = code
        found.append(block)
        above = None
    return found
