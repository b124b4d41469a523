"""Every notebook runs from its first cell to its last, and is kept without outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .pages import ROOT, script

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def code_cells(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["kernelspec"]["name"]) == (4, "python3")
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_is_one() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
async def test_its_cells_run_in_order_and_what_they_end_with_shows_itself(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("duckdb", reason="queries need the extra `local`")
    names: dict[str, Any] = {"__name__": "__main__"}
    pictures: list[str] = []
    run_cell = script("docs_notebooks").run_cell
    for cell in code_cells(path):
        shown = await run_cell("".join(cell["source"]), names)
        if "html" in shown:
            pictures.append(shown["html"])
    assert [html[:4] for html in pictures] == ["<tab", "<svg"]
    assert names["done"].status == "ACTIVE"
    assert names["failure"].status_code == "AlgorithmError"
    assert names["failure"].status_message.startswith("ValueError: epochs must be")
    assert sorted(names["accuracies"]) == names["accuracies"]
    assert len(names["predictions"]) == 40


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_kept_without_outputs(path: Path) -> None:
    cells = code_cells(path)
    assert not [cell for cell in cells if cell["outputs"] or cell["execution_count"]]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_its_page_has_a_result_for_each_cell(path: Path) -> None:
    """`scripts/docs_notebooks.py` writes them."""
    results = json.loads(path.with_suffix(".outputs.json").read_text("utf-8"))
    assert len(results) == len(code_cells(path))
    assert [result["html"][:4] for result in results if "html" in result] == ["<tab", "<svg"]
