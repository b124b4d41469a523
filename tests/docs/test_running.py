"""The readers of pages notice what would stop a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pages import ROOT, read_page
from .running import AsyncioPrompt, reading

SAYS = "Paste the examples on this page in order into a notebook or\n`python -m asyncio`:\n\n"
PROGRAM = "import asyncio\n\n\nasync def main(): ...\n\n\nasyncio.run(main())\n"


def _read(above: str, *codes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = ROOT / "docs" / "a-page-of-the-test.md"
    text = above + "\n".join(f"```python\n{code}```\n" for code in codes)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", lambda *_: text)
        page = read_page(path)
    with reading(page, monkeypatch) as reader:
        assert isinstance(reader, AsyncioPrompt) == (above == SAYS)
        for block in page.of("python"):
            reader.paste(block)


@pytest.mark.filterwarnings("ignore:coroutine 'main' was never awaited")
@pytest.mark.parametrize(
    ("above", "codes", "problem"),
    [
        ("", ["import asyncio\nawait asyncio.sleep(0)\n"], "'await' outside function"),
        (SAYS, [PROGRAM], r"page-of-the-test.md:11: .*running event loop"),
        (SAYS, ["if True:\n    a = 1\n\n    b = 2\n"], "8: IndentationError"),
        (SAYS, ["if True:\n    a = 1\nb = 2\n"], "7: SyntaxError"),
        (SAYS, ["print(unknown)\n"], "5: NameError"),
        (
            SAYS,
            ["from crml_sdk.local import LocalCleanRoomsML\nsdk = await LocalCleanRoomsML().sdk().open()\n"],
            "leaves open: sdk",
        ),
        (
            "",
            ["from crml_sdk.local import LocalCleanRoomsML\ns = LocalCleanRoomsML().serve_in_thread().start()\n"],
            "leaves open: s",
        ),
    ],
)  # fmt: skip
def test_what_stops_a_reader(
    above: str, codes: list[str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises((AssertionError, SyntaxError), match=problem):
        _read(above, *codes, monkeypatch=monkeypatch)


def test_what_does_not_stop_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    _read("", PROGRAM, PROGRAM, monkeypatch=monkeypatch)
    _read(
        SAYS,
        "import asyncio\n\nasync def one():\n    return 1\n\nnumber = await one()\n",
        "for _ in range(2):\n    await asyncio.sleep(0)\n    number += 1\n",
        "assert number == 3\n",
        monkeypatch=monkeypatch,
    )
