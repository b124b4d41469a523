"""What type checkers say about users' code: nothing where it is right, the fault where it is not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SNIPPETS = HERE / "snippets"
ON_FRAMEWORKS = ("crml_sdk.airflow.", "crml_sdk.dagster.")
"""Their classes have bases of a framework that is not installed beside the tests."""
EXPECTED = re.compile(r"# expect: ([\w,]+)")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    # `pyright --verifytypes` asks the `python` on PATH where packages are.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )


def pyright(*arguments: str) -> Any:
    done = run("pyright", "--outputjson", *arguments)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return json.loads(done.stdout)


def expected(name: str) -> dict[int, set[str]]:
    """Line numbers with the rules that may refuse them."""
    return {
        number: set(found[1].split(","))
        for number, line in enumerate((SNIPPETS / name).read_text("utf-8").splitlines(), 1)
        if (found := EXPECTED.search(line))
    }


@pytest.fixture(scope="module")
def public_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that uses every public name."""
    names = (HERE.parent / "data" / "public_names.txt").read_text("utf-8").split()
    modules = sorted({name.rpartition(".")[0] for name in names})
    lines = [f"import {module}" for module in modules] + [f"print({name})" for name in names]
    path = tmp_path_factory.mktemp("names") / "public_names.py"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_pyright_accepts_what_is_right_and_refuses_what_is_wrong(public_names: Path) -> None:
    report = pyright("-p", str(HERE), "--pythonpath", sys.executable)
    found: dict[str, dict[int, set[str]]] = {}
    for one in report["generalDiagnostics"]:
        if one["severity"] == "error":
            lines = found.setdefault(Path(one["file"]).name, {})
            lines.setdefault(one["range"]["start"]["line"] + 1, set()).add(one["rule"])
    assert "good.py" not in found, found["good.py"]
    wanted = expected("wrong.py")
    assert len(wanted) >= 25
    assert set(found["wrong.py"]) == set(wanted)
    for line, rules in found["wrong.py"].items():
        assert rules <= wanted[line], line


def test_mypy_agrees_line_by_line(public_names: Path) -> None:
    files = [str(SNIPPETS / "good.py"), str(SNIPPETS / "wrong.py"), str(public_names)]
    done = run("mypy", "--strict", "--no-pretty", "--no-error-summary", *files)
    refused = {
        (Path(found[1]).name, int(found[2]))
        for line in done.stdout.splitlines()
        if (found := re.match(r"(.+?\.py):(\d+): error:", line))
    }
    assert refused == {("wrong.py", line) for line in expected("wrong.py")}, done.stdout


def test_pyright_knows_every_public_name(public_names: Path) -> None:
    report = pyright("--pythonpath", sys.executable, str(public_names))
    assert [d for d in report["generalDiagnostics"] if d["severity"] == "error"] == []
    assert report["summary"]["filesAnalyzed"] == 1


def test_every_type_is_known() -> None:
    report = pyright("--verifytypes", "crml_sdk", "--ignoreexternal")
    completeness = report["typeCompleteness"]
    unknown = [symbol["name"] for symbol in completeness["symbols"] if not symbol["isTypeKnown"]]
    assert completeness["exportedSymbolCounts"]["withKnownType"] > 5000
    assert [name for name in unknown if not name.startswith(ON_FRAMEWORKS)] == []
