"""What type checkers say about users' code: nothing where it is right, the fault where it is not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local import LocalCleanRoomsML

from .snippets import program

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SNIPPETS = HERE / "snippets"
RIGHT = ("good.py", "program.py")
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
    path.write_text("\n".join(["# pyright: basic", *lines]) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def pyrights(public_names: Path) -> Any:
    """What pyright says about the snippets and the public names, in one run: each costs seconds."""
    settings = json.loads((HERE / "pyrightconfig.json").read_text("utf-8"))
    settings["include"] = ["."]
    project = public_names.with_name("pyrightconfig.json")
    shutil.copytree(SNIPPETS, public_names.with_name("snippets"))
    project.write_text(json.dumps(settings), "utf-8")
    return pyright("-p", str(project), "--pythonpath", sys.executable)


def marked(name: str = "wrong.py") -> set[tuple[str, int]]:
    return {(name, line) for line in expected(name)}


def refused(output: str, pattern: str) -> set[tuple[str, int]]:
    """Files and lines in what a checker prints."""
    found = (re.search(pattern, line) for line in output.splitlines())
    return {(Path(one[1]).name, int(one[2])) for one in found if one}


def test_pyright_accepts_what_is_right_and_refuses_what_is_wrong(pyrights: Any) -> None:
    found: dict[str, dict[int, set[str]]] = {}
    for one in pyrights["generalDiagnostics"]:
        if one["severity"] == "error":
            lines = found.setdefault(Path(one["file"]).name, {})
            lines.setdefault(one["range"]["start"]["line"] + 1, set()).add(one["rule"])
    for name in RIGHT:
        assert name not in found, found[name]
    wanted = expected("wrong.py")
    assert len(wanted) >= 55
    assert set(found["wrong.py"]) == set(wanted)
    for line, rules in found["wrong.py"].items():
        assert rules <= wanted[line], line


def test_mypy_agrees_line_by_line(public_names: Path) -> None:
    options = ("--strict", "--no-pretty", "--no-error-summary")
    done = run("mypy", *options, str(SNIPPETS), str(public_names))
    assert refused(done.stdout, r"(.+?\.py):(\d+): error:") == marked(), done.stdout


def test_pyrefly_agrees_line_by_line(public_names: Path, tmp_path: Path) -> None:
    settings = tmp_path / "pyrefly.toml"  # not those of a project around this one
    settings.write_text(f"python-interpreter-path = {json.dumps(sys.executable)}\n", "utf-8")
    given = (str(SNIPPETS / "*.py"), str(public_names))
    done = run("pyrefly", "check", "-c", str(settings), "--output-format", "min-text", *given)
    assert refused(done.stdout, r"ERROR (.+?\.py):(\d+):") == marked(), done.stdout + done.stderr


def test_ty_agrees_line_by_line(public_names: Path) -> None:
    given = ("--python", sys.prefix, "--output-format", "concise", str(SNIPPETS), str(public_names))
    done = run("ty", "check", *given)
    assert refused(done.stdout, r"(.+?\.py):(\d+):\d+: error") == marked(), done.stdout


async def test_the_program_does_what_the_checkers_were_told() -> None:
    local = LocalCleanRoomsML()
    arns = local.seed(
        {"associations": ["forest"], "channels": [{"name": "people", "association": "forest"}]}
    )
    plan = program.Plan(
        association=arns["configured-model-algorithm-association/forest"],
        channels={"train": arns["ml-input-channel/people"]},
        regions=["eu", "us", "broken"],
        receiver=local.world.account_id,
    )
    local.jobs.fail_next(name="score-broken", message="out of memory")
    async with local.sdk() as sdk:
        lines, stored = await program.main(sdk, plan, "night")
        model = await sdk.trained_models.by_name("night")
    assert lines[0].startswith(f"night {model.ref} in ")
    assert sorted(lines[1:]) == [
        "score-broken: OUT OF MEMORY",
        *(f"score-{region}: ACTIVE on ml.m5.large" for region in ("eu", "us")),
    ]
    assert json.loads(stored) == str(model.ref)


def test_pyright_knows_every_public_name(pyrights: Any, public_names: Path) -> None:
    faults = [d for d in pyrights["generalDiagnostics"] if d["severity"] == "error"]
    assert [d for d in faults if Path(d["file"]).name == public_names.name] == []
    assert pyrights["summary"]["filesAnalyzed"] == len(list(SNIPPETS.glob("*.py"))) + 1


def test_every_type_is_known() -> None:
    """All but classes whose bases have no types: botocore's, and Airflow's and Dagster's, not here."""
    report = pyright("--verifytypes", "crml_sdk", "--ignoreexternal")
    completeness = report["typeCompleteness"]
    counts = completeness["exportedSymbolCounts"]
    assert counts["withKnownType"] > 7000
    assert counts["withAmbiguousType"] == 0
    unknown = [each for each in completeness["symbols"] if not each["isTypeKnown"]]
    for each in unknown:
        assert each["category"] == "class", each
        assert re.match(r"crml_sdk\.(airflow|dagster|wire\.fast)\.", each["name"]), each
        for said in each["diagnostics"]:
            assert re.match(r"Type of (metaclass|base class)\b.* unknown", said["message"]), each
    assert counts["withUnknownType"] == len(unknown)
