"""Write docs/assets/demo.svg: a part of what `crml demo` prints in a terminal.

Run `.venv/bin/python scripts/docs_demo.py` when the demo's output changes. It is not part of the
site's build, because the demo needs Linux and about ten seconds.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "assets" / "demo.svg"
COLUMNS = 92
PARTS = (("5. Which versions", "6. Predict"), ("    job = await", "7. What happens"))
"""The first line of each part that is shown, and the line that ends it."""


def printed() -> bytes:
    """What the demo prints in a terminal of its own."""
    ours, theirs = pty.openpty()
    command = f"stty cols {COLUMNS} rows 50; exec {sys.executable} -m crml_sdk.cli demo"
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        ["sh", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as demo:
        os.close(theirs)
        read: list[bytes] = []
        while True:
            try:
                read.append(os.read(ours, 65536))
            except OSError:  # the terminal is closed
                break
    if demo.returncode:
        raise SystemExit(demo.returncode)
    return b"".join(read)


def screen(text: str) -> list[str]:
    """The lines that remain visible: progress is drawn over itself."""
    lines = [""]
    for token in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\n|[^\x1b\n]+|\x1b", text):
        if token == "\n":
            lines.append("")
        elif token == "\x1b[1A":
            lines.pop()
        elif token == "\x1b[2K":
            lines[-1] = ""
        elif not token.startswith("\x1b") or token.endswith("m"):
            lines[-1] += token.replace("\r", "")
    return lines


def chosen(lines: list[str]) -> list[Text]:
    """The lines of the parts, with the command above them."""
    plain = list(Text.from_ansi("\n".join(lines)).split(allow_blank=True))
    shown = [Text("$ crml demo", "bold"), Text("...", "dim")]
    for first, end in PARTS:
        start = next(number for number, line in enumerate(plain) if line.plain.startswith(first))
        stop = next(number for number, line in enumerate(plain) if line.plain.startswith(end))
        shown += [*plain[start:stop], Text("...", "dim"), Text()]
    return shown[:-1]


def main() -> None:
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    for line in chosen(screen(printed().decode())):
        console.print(line, soft_wrap=True)
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    fonts = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    picture = console.export_svg(
        title="crml demo",
        unique_id="demo",
        code_format=without_fonts.replace("Fira Code, monospace", fonts),
    )
    PICTURE.write_text(re.sub(r"[ \t]+$", "", picture, flags=re.MULTILINE), "utf-8")


if __name__ == "__main__":
    main()
