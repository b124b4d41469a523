"""What integrates with frameworks stays out of the way of those who use none."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "crml_sdk"
FRAMEWORKS = {
    "airflow": "airflow",
    "temporal": "temporalio",
    "dagster": "dagster",
    "fastapi": "fastapi",
}
"""Each package of ours, and the framework that it may import."""


def test_nothing_else_imports_them() -> None:
    for file in SOURCE.rglob("*.py"):
        room = file.relative_to(SOURCE).parts[0]
        others = {*FRAMEWORKS.values()} - {FRAMEWORKS.get(room)}
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                own = room in FRAMEWORKS and node.level < 2
                assert own or not node.level or names[0] not in FRAMEWORKS, (file, names)
                names = [] if node.level else names
            else:
                continue
            assert not others & {name.partition(".")[0] for name in names}, (file, names)


def test_the_sdk_loads_none_of_it() -> None:
    code = (
        "import sys, crml_sdk, crml_sdk.client, crml_sdk.cli.app, crml_sdk.local;"
        "import json; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    ours = {f"crml_sdk.{name}" for name in FRAMEWORKS}
    assert not loaded & (ours | set(FRAMEWORKS.values()))


def test_the_metadata_for_airflow_imports_nothing() -> None:
    """Airflow asks every provider at each start of each of its processes."""
    code = (
        "import sys; from importlib.metadata import entry_points;"
        "(one,) = entry_points(group='apache_airflow_provider', name='provider_info');"
        "info = one.load()();"
        "assert info['package-name'] == 'crml-sdk', info;"
        "print([name for name in sys.modules if name.partition('.')[0] in"
        " ('airflow', 'pydantic', 'aiobotocore', 'botocore', 'aiohttp', 'tenacity')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_metadata_names_what_there_is() -> None:
    from crml_sdk.airflow.get_provider_info import get_provider_info

    info = get_provider_info()
    modules = [
        module
        for kind in ("operators", "sensors", "hooks", "triggers")
        for entry in info[kind]
        for module in entry["python-modules"]
    ]
    for module in [*modules, *(link.rpartition(".")[0] for link in info["extra-links"])]:
        path = SOURCE.parent / Path(*module.split(".")).with_suffix(".py")
        assert path.exists(), module
        assert all(
            link.rpartition(".")[2] in path.read_text("utf-8")
            for link in info["extra-links"]
            if link.startswith(module)
        )
