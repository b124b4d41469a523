"""Pages for the notebooks: their cells, each with what it printed and showed.

Run `.venv/bin/python scripts/docs_notebooks.py` when a notebook or what it shows changes. It runs the
notebooks and keeps the results beside them as `NAME.outputs.json`. The site's build only puts cells
and results together, because running them needs Linux and some seconds.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import os
import pprint
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"


def on_files(files: Any, *, config: Any) -> Any:
    """mkdocs calls this with all files. Each notebook adds its page; the notebook can be downloaded."""
    for notebook in sorted(FOLDER.glob("*.ipynb")):
        uri = f"notebooks/{notebook.stem}.md"
        files.append(File.generated(config, uri, content=page(notebook)))
    for results in [each for each in files if each.src_uri.endswith(".outputs.json")]:
        files.remove(results)
    return files


def page(notebook: Path) -> str:
    """A notebook as Markdown."""
    results = iter(json.loads(results_of(notebook).read_text("utf-8")))
    parts: list[str] = []
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        parts.append(f"```python\n{text}\n```")
        result = next(results)
        if "text" in result:
            parts.append(f'```text title="Output"\n{result["text"].rstrip()}\n```')
        if "html" in result:
            parts.append(f'<div class="picture">{result["html"]}</div>')
    download = f"[Download this notebook]({notebook.name}){{ download= }}}}"
    return "\n\n".join([parts[0], download, *parts[1:]]) + "\n"


def results_of(notebook: Path) -> Path:
    return notebook.with_suffix(".outputs.json")


async def run(cells: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What each code cell printed (`text`) and what its last line showed (`html`, or `text`)."""
    names: dict[str, Any] = {"__name__": "__main__"}
    return [
        await run_cell("".join(cell["source"]), names)
        for cell in cells
        if cell["cell_type"] == "code"
    ]


async def run_cell(source: str, names: dict[str, Any]) -> dict[str, str]:
    tree = ast.parse(source)
    if isinstance(last := tree.body[-1], ast.Expr):
        tree.body[-1] = ast.copy_location(
            ast.Assign([ast.Name("_", ast.Store())], last.value), last
        )
    code = compile(
        ast.fix_missing_locations(tree), "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    )
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        running = eval(code, names)
        if inspect.iscoroutine(running):
            await running
    shown = names.pop("_", None)
    result: dict[str, str] = {}
    if hasattr(shown, "_repr_html_"):
        result["html"] = shown._repr_html_()
    elif shown is not None:
        printed.write(pprint.pformat(shown, width=90, sort_dicts=False) + "\n")
    if printed.getvalue():
        result["text"] = printed.getvalue()
    return result


def main() -> None:
    for notebook in sorted(FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            results = asyncio.run(run(json.loads(notebook.read_text("utf-8"))["cells"]))
            os.chdir(FOLDER)
        text = json.dumps(results, indent=1, ensure_ascii=False)
        results_of(notebook).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
