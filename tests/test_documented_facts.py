"""What the service's documentation says stands in the generated models and signatures.

The facts in `data/documented_shapes.json` were taken from pages about the service, not from
botocore, so they also tell when a page and the service model part ways.
"""

from __future__ import annotations

import inspect
import json
import types
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest

from crml_sdk import models
from crml_sdk.api import operations
from crml_sdk.api.constraints import SHAPES
from crml_sdk.operation import Operation
from crml_sdk.types import literals

from .exactness.service import entry, snake

FACTS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "documented_shapes.json").read_text("utf-8")
)
SPELLED = {"".join(op.name.lower()): op for op in operations.ALL}
SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "double": (float,),
    "timestamp": (datetime,),
}


def operation_of(fact: dict[str, Any]) -> Operation:
    return SPELLED[fact["operation"].replace("_", "")]


def plain(annotation: Any) -> Any:
    """A type without its `| None` and its metadata."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        (inner,) = [arg for arg in get_args(annotation) if arg is not type(None)]
        return plain(inner)
    return annotation


def compare_output(documented: Any, annotation: Any, path: str) -> None:
    annotation = plain(annotation)
    if isinstance(documented, str):
        assert annotation in SCALARS[documented], path
    elif "enum" in documented:
        values = {member.value for member in annotation}
        assert set(documented["enum"]) <= values, path
    elif "list" in documented:
        assert get_origin(annotation) is list, path
        compare_output(documented["list"], get_args(annotation)[0], f"{path}[]")
    elif "map" in documented:
        assert get_origin(annotation) is dict, path
    else:
        compare_members(documented["structure"], annotation, path)


def compare_members(documented: dict[str, Any], model: type[models.Model], path: str) -> None:
    model.model_rebuild()
    aliases = {field.alias: field for field in model.model_fields.values()}
    for name, fact in documented.items():
        assert name in aliases, f"{path}.{name}"
        compare_output(fact, aliases[name].annotation, f"{path}.{name}")


def compare_input(documented: Any, shape: str, path: str) -> None:
    kind, *rest = SHAPES[shape]
    if isinstance(documented, str):
        wanted = {"double": "number"}.get(documented, documented)
        # An enum is written as a string on some pages.
        assert kind == wanted or (kind, wanted) == ("enum", "string"), path
    elif "enum" in documented:
        assert kind == "enum", path
        assert set(documented["enum"]) <= set(get_args(getattr(literals, f"{rest[0]}Literal"))), (
            path
        )
    elif "list" in documented:
        assert kind == "list", path
        compare_input(documented["list"], rest[0], f"{path}[]")
    elif "map" in documented:
        assert kind == "map", path
    else:
        assert kind == "structure", path
        members = dict(rest[0].values())
        for name, fact in documented["structure"].items():
            assert name in members, f"{path}.{name}"
            compare_input(fact, members[name], f"{path}.{name}")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["operation"])
def test_requests_are_as_documented(fact: dict[str, Any]) -> None:
    operation = operation_of(fact)
    compare_input({"structure": fact["request"]}, operation.input, operation.name)
    required = set(SHAPES[operation.input][2])
    assert set(fact["required"]) <= required, operation.name


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["operation"])
def test_replies_are_as_documented(fact: dict[str, Any]) -> None:
    operation = operation_of(fact)
    if operation.output is None:
        assert not fact["response"]
        return
    compare_members(fact["response"], getattr(models, operation.output), operation.name)


PLACED = {
    "nextToken": "starting_token",
    "versionIdentifier": "version",
    "trainedModelVersionIdentifier": "version",
}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["operation"])
def test_signatures_have_every_documented_member(fact: dict[str, Any]) -> None:
    place = entry(operation_of(fact).name)
    signature = inspect.signature(_method(place.scope, place.group, place.method))
    for name in fact["request"]:
        if name == "collaborationIdentifier" and place.scope == "collaboration":
            continue  # the scope itself: sdk.collaboration(id)
        parameter = signature.parameters.get(PLACED.get(name, snake(name)))
        assert parameter is not None, f"{place.name}.{name}"
        found_otherwise = name == "membershipIdentifier"
        if name in fact["required"] and not found_otherwise:
            assert parameter.default is inspect.Parameter.empty, f"{place.name}.{name}"
    assert all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values())


def _method(scope: str, group: str, method: str) -> Any:
    from crml_sdk.client import CleanRoomsML, CollaborationScope

    owner: Any = CollaborationScope if scope == "collaboration" else CleanRoomsML
    core: Any = types.SimpleNamespace()
    view = owner.__new__(owner)
    vars(view).update(_core=core, collaboration_identifier="x")
    return getattr(getattr(view, group), method)
