"""What public methods say of themselves."""

from __future__ import annotations

import ast
import importlib
import inspect
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import crml_sdk
from crml_sdk.waiting import Completions, Outcomes, Watch

API = Path(crml_sdk.__file__).parent / "api"
NOTHING = {"None", "Self", "NoReturn", "'None'"}


def public_classes() -> Iterator[type[Any]]:
    """The classes that callers meet: those of the package, and every group."""
    yield from (Completions, Outcomes, Watch)
    for name in crml_sdk.__all__:
        if inspect.isclass(given := getattr(crml_sdk, name)):
            yield given
    for folder in ("api", "resources"):
        for file in (API.parent / folder).glob("*.py"):
            module = importlib.import_module(f"crml_sdk.{folder}.{file.stem}")
            for found in vars(module).values():
                if inspect.isclass(found) and found.__module__ == module.__name__:
                    yield found


def methods(owner: type[Any]) -> Iterator[tuple[str, str]]:
    """The public methods written in a class that give something, with what they say."""
    for name, member in vars(owner).items():
        function = getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        if str(function.__annotations__.get("return", "None")) not in NOTHING:
            yield name, inspect.getdoc(function) or ""


CLASSES = sorted(set(public_classes()), key=lambda owner: (owner.__module__, owner.__qualname__))


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__qualname__)
def test_what_gives_something_says_what(owner: type[Any]) -> None:
    silent = [name for name, text in methods(owner) if "\nReturns:\n" not in text]
    assert not silent


def test_every_group_is_looked_at() -> None:
    looked_at = {owner.__name__ for owner in CLASSES}
    groups = importlib.import_module("crml_sdk.api.groups")
    for scope in (groups.MembershipGroups, groups.CollaborationGroups, groups.CallerGroups):
        for name, member in vars(scope).items():
            if not name.startswith("_") and hasattr(member, "func"):
                assert typing.cast("Any", member.func).__annotations__["return"] in looked_at


INTEGRATIONS = [
    *(
        file
        for room in ("airflow", "temporal", "dagster", "fastapi")
        for file in (API.parent / room).glob("*.py")
    ),
    API.parent / "stepfunctions.py",
    API.parent / "orchestration.py",
]


def written(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The public functions of a module and of its public classes, without importing it."""
    for found in ast.iter_child_nodes(node):
        if isinstance(found, ast.ClassDef) and not found.name.startswith("_"):
            yield from written(found)
        elif isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) and found.name[0] != "_":
            yield found


@pytest.mark.parametrize("file", INTEGRATIONS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_an_integration_gives_is_said_too(file: Path) -> None:
    """Read from the source, because the frameworks need not be installed."""
    silent: list[str] = []
    for function in written(ast.parse(file.read_text("utf-8"))):
        text = ast.get_docstring(function) or ""
        gives = function.returns is not None and ast.unparse(function.returns) not in NOTHING
        takes = [
            a.arg
            for a in (*function.args.args, *function.args.kwonlyargs)
            if a.arg not in ("self", "cls")
        ]
        missing = [name for name in takes if f"    {name}: " not in text]
        if (gives and "\nReturns:\n" not in text) or (gives and missing) or not text:
            silent.append(f"{function.name} {missing}")
    assert not silent
