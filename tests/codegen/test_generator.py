"""The generator: its check, the lock on its source, the names, the words."""

from __future__ import annotations

import ast
import copy
import re
from typing import Any

import botocore.loaders
import pytest
from botocore import xform_name

from codegen import __main__ as generator
from codegen import describing
from codegen.methods import render as render_methods
from codegen.naming import enum_member, python_name
from codegen.source import SERVICES, load_service, load_toml, lock_problems
from crml_sdk.naming import IRREGULAR, to_wire

Json = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> list[Any]:
    return [load_service(name) for name in SERVICES]


def test_the_tree_is_what_the_generator_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert generator.main(["--check"]) == 0, capsys.readouterr().out


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Json:
    """The service model as botocore's loader will give it from now on: change it as you like."""
    usual = botocore.loaders.Loader.load_service_model
    raw = copy.deepcopy(usual(botocore.loaders.Loader(), "cleanroomsml", "service-2"))

    def load(self: Any, name: str, kind: str, *rest: Any, **options: Any) -> Any:
        if (name, kind) == ("cleanroomsml", "service-2"):
            return raw
        return usual(self, name, kind, *rest, **options)

    monkeypatch.setattr(botocore.loaders.Loader, "load_service_model", load)
    return raw


def check(capsys: pytest.CaptureFixture[str]) -> str:
    assert generator.main(["--check"]) == 1
    return capsys.readouterr().out


def test_a_changed_service_model_fails_and_names_what_changed(
    model: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = model["shapes"]
    shapes["GetTrainedModelResponse"]["members"]["carbonFootprint"] = {"shape": "UUID"}
    shapes["TrainedModelStatus"]["enum"].remove("INACTIVE")
    shapes["CreateTrainedModelRequest"]["required"].append("kmsKeyArn")
    shapes["NameString"]["max"] = 64
    said = check(capsys)
    for line in (
        "added    member GetTrainedModelResponse.carbonFootprint: UUID optional in body",
        "removed  value TrainedModelStatus: INACTIVE",
        "added    member CreateTrainedModelRequest.kmsKeyArn: KmsKeyArn required in body",
        "removed  member CreateTrainedModelRequest.kmsKeyArn: KmsKeyArn optional in body",
    ):
        assert line in said
    assert re.search(r'added +shape NameString: string .*"max": 64', said)
    assert re.search(r'removed +shape NameString: string .*"max": 63', said)
    assert len([line for line in said.splitlines() if line.startswith("  ")]) == 6


def test_a_new_operation_has_to_be_placed(model: Json) -> None:
    model["operations"]["PaintTrainedModel"] = model["operations"]["GetTrainedModel"]
    with pytest.raises(SystemExit, match="PaintTrainedModel"):
        load_service("cleanroomsml")


def test_an_operation_that_is_gone_is_named(model: Json) -> None:
    del model["operations"]["GetTrainedModel"]
    with pytest.raises(SystemExit, match="GetTrainedModel"):
        load_service("cleanroomsml")


def test_documentation_alone_changes_nothing(model: Json) -> None:
    for shape in model["shapes"].values():
        shape["documentation"] = "other words"
    assert lock_problems([load_service("cleanroomsml")]) == []


@pytest.mark.parametrize(
    ("shape", "file", "methods"),
    [
        ("CreateTrainedModelRequest", "trained_models", ("create", "train")),
        ("StartTrainedModelInferenceJobRequest", "inference_jobs", ("start", "run")),
    ],
)
def test_a_new_member_arrives_in_the_method_that_also_waits(
    model: Json, shape: str, file: str, methods: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    model["shapes"][shape]["members"]["sampleSize"] = {"shape": "TagKey"}
    usual = describing.Words.member
    monkeypatch.setattr(
        describing.Words,
        "member",
        lambda self, of, name: "How many." if name == "sampleSize" else usual(self, of, name),
    )
    written = render_methods([load_service("cleanroomsml")])[f"api/{file}.py"]
    (group,) = (node for node in ast.parse(written).body if isinstance(node, ast.ClassDef))
    found = {node.name: node for node in group.body if isinstance(node, ast.AsyncFunctionDef)}
    for method in methods:
        (argument,) = (a for a in found[method].args.kwonlyargs if a.arg == "sample_size")
        assert ast.unparse(argument) == "sample_size: str | None"
        assert "sample_size: How many." in (ast.get_docstring(found[method]) or "")
        sent = next(node for node in ast.walk(found[method]) if isinstance(node, ast.Dict))
        assert "'sample_size': sample_size" in ast.unparse(sent)
        assert found[method].args.kwarg is None


def test_a_hand_edit_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = generator.present

    def edited() -> dict[str, str]:
        files = usual()
        files["models/tag.py"] = files["models/tag.py"].replace("tags:", "labels:")
        return files

    monkeypatch.setattr(generator, "present", edited)
    said = check(capsys)
    assert "models/tag.py is not what the generator writes" in said
    assert "-    labels:" in said
    assert "+    tags:" in said


def test_names_lead_there_and_back(services: list[Any]) -> None:
    for service in services:
        for shape in service.shapes.values():
            names = list(shape.get("members", ()))
            python = [python_name(name) for name in names]
            assert [to_wire(name) for name in python] == names
            assert len(set(python)) == len(python)
            assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in python)
            values = [enum_member(value) for value in shape.get("enum", ())]
            assert len(set(values)) == len(values)
            assert all(value.isidentifier() for value in values)


def test_the_irregular_names_are_all_needed(services: list[Any]) -> None:
    members = {m for s in services for shape in s.shapes.values() for m in shape.get("members", ())}
    for python, wire in IRREGULAR.items():
        assert wire in members, f"{wire} is not a member of anything any more"
        # By rule it would come out wrong, or mean something else on a model.
        rule = python.split("_")
        by_rule = rule[0] + "".join(part.capitalize() for part in rule[1:])
        assert by_rule != wire or wire == "schema"
        assert python == xform_name(wire) or wire == "schema"


def test_a_name_that_does_not_survive_is_refused() -> None:
    with pytest.raises(SystemExit, match="IRREGULAR"):
        python_name("maxSizeInTB")
    with pytest.raises(SystemExit, match="keyword"):
        python_name("class")


def glossary_texts() -> list[str]:
    texts: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            for inner in value.values():
                walk(inner)

    walk(load_toml("glossary.toml"))
    return texts


def test_the_glossary_is_complete_and_has_nothing_left_over(services: list[Any]) -> None:
    glossary = load_toml("glossary.toml")
    for service in services:
        tables = glossary if service.name == "cleanroomsml" else glossary[service.name]
        members = {m for shape in service.shapes.values() for m in shape.get("members", ())}
        described = set(tables["members"]) - {"overrides"}
        errors = {n for n, s in service.shapes.items() if s.get("exception")}
        of_errors = {m for n in errors for m in service.shapes[n].get("members", ())}
        assert members - of_errors <= described
        assert described <= members
        assert {op.name for op in service.operations} == set(tables["operations"])
        for place in tables["members"].get("overrides", {}):
            shape, _, member = place.partition(".")
            assert member in service.shapes[shape]["members"], place


def test_descriptions_are_sentences_of_a_readable_length() -> None:
    for text in glossary_texts():
        assert text[0].isupper(), text
        assert text.rstrip().endswith((".", "?", ")")), text
        assert len(text) <= 240, text


RUN = 7
"""Words in a row that must not stand in AWS's documentation as well."""


def runs(text: str) -> set[tuple[str, ...]]:
    text = re.sub(r"<[^>]+>", " ", text)
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[n : n + RUN]) for n in range(len(words) - RUN + 1)}


def test_no_sentence_is_awss() -> None:
    theirs: set[tuple[str, ...]] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "documentation" and isinstance(inner, str):
                    theirs.update(runs(inner))
                else:
                    walk(inner)

    loader = botocore.loaders.Loader()
    for name in SERVICES:
        walk(loader.load_service_model(name, "service-2"))
    assert len(theirs) > 5000
    shared = {" ".join(run) for text in glossary_texts() for run in runs(text) & theirs}
    assert not shared


def test_every_generated_file_says_so() -> None:
    files = generator.present()
    assert len(files) > 50
    for text in files.values():
        first = text.splitlines()[0]
        assert "Generated by `python -m codegen`" in first
        assert "Do not edit" in first
