"""What runs inside a sandbox is written for Python 3.8 and the standard library."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from crml_sdk.local.running.sandbox import INIT, PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_the_sandbox_are_old_python(name: str) -> None:
    """The formatter once put parentheses around a `with` of two parts: a fault in Python 3.8."""
    text = INIT.with_name(name).read_text()
    tree = ast.parse(text, feature_version=(3, 8))
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            assert not text.splitlines()[node.lineno - 1].strip().startswith("with ("), node.lineno
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            own = f"{module}.py" in PROGRAMS
            assert own or module.split(".")[0] in sys.stdlib_module_names


def test_the_programs_are_all_there() -> None:
    folder = Path(INIT).parent
    assert {path.name for path in folder.glob("*.py")} == {*PROGRAMS, "extract.py", "query.py"}
