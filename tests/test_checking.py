"""The check before sending, where pydantic-core alone would let something through or say too much."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections import UserDict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic_core import SchemaValidator, ValidationError, core_schema

from crml_sdk import errors, models
from crml_sdk.api.constraints import SHAPES
from crml_sdk.checking import _SAME_CLASS, _schema, check_request, checked

from .exactness.service import pattern_of, service_model
from .exactness.violations import sound

ASSOCIATION = (
    "arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/"
    "11111111-2222-3333-4444-555555555555/configured-model-algorithm-association/x"
)
DATASET = "arn:aws:cleanrooms-ml:us-east-1:111122223333:training-dataset/x"
CONTAINER = {"image_uri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/x"}


def said(shape: str, values: Any) -> list[str]:
    return [str(fault) for fault in check_request(shape, values)]


class Rows(Sequence[str]):
    def __getitem__(self, index: Any) -> Any:
        return ["a", "b"][index]

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize("entries", [["a", "b"], ("a", "b"), Rows(), deque(["a", "b"])])
def test_a_list_is_any_sequence(entries: Any) -> None:
    wire = checked("ContainerConfig", CONTAINER | {"entrypoint": entries})
    assert wire["entrypoint"] == ["a", "b"]
    assert type(wire["entrypoint"]) is list
    assert wire["entrypoint"] is not entries


@pytest.mark.parametrize(
    "entries",
    [{"a": 1}, {"a"}, frozenset("a"), iter("a"), (x for x in "a"), {"a": 1}.keys(), "a", b"a"],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_order_or_one_use_is_no_list(entries: Any) -> None:
    """Found: pydantic-core takes a mapping for a list of its keys, and eats a generator."""
    for shape, values, member in (
        ("ContainerConfig", CONTAINER, "entrypoint"),
        ("UntagResourceRequest", {"resource_arn": DATASET}, "tag_keys"),
    ):
        (fault,) = check_request(shape, {**values, member: entries})
        assert fault.path == member
        assert fault.problem == f"must be a list, not {type(entries).__name__}"


@pytest.mark.parametrize("given", [True, 1.0, "1", Decimal(1), b"1"])
def test_an_integer_is_an_integer(given: Any) -> None:
    """Found: True passed for 1."""
    wrong = {"instance_count": given, "instance_type": "ml.m5.large", "volume_size_in_gb": 1}
    (fault,) = check_request("ResourceConfig", wrong)
    assert (fault.path, fault.given) == ("instance_count", repr(given))
    assert fault.problem == f"must be an integer, not {type(given).__name__}"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (math.nan, "must be finite"),
        (math.inf, "must be finite"),
        (-math.inf, "must be finite"),
        (Decimal("NaN"), "must be finite"),
        (True, "must be a number, not bool"),
        ("1", "must be a number, not str"),
        (0.001, "is out of range"),
        (100.5, "is out of range"),
        (101, "is out of range"),
        (Decimal("100.5"), "is out of range"),
    ],
)
def test_a_number_is_finite_and_within_its_range(given: Any, problem: str) -> None:
    """Found: NaN passed every range, and JSON has no word for it."""
    wrong = {"unit": "GB", "value": given}
    (fault,) = check_request("TrainedModelArtifactMaxSize", wrong)
    shown = float(given) if isinstance(given, Decimal) else given
    assert (fault.path, fault.problem, fault.given) == ("value", problem, repr(shown))
    assert fault.allowed == ("0.01 to 100.0" if problem.startswith(("is", "must be f")) else None)


@pytest.mark.parametrize(("given", "sent"), [(1, "1"), (1.5, "1.5"), (Decimal("1.5"), "1.5")])
def test_numbers_go_out_as_they_were_given(given: Any, sent: str) -> None:
    wire = checked("TrainedModelArtifactMaxSize", {"unit": "GB", "value": given})
    assert repr(wire["value"]) == sent


@pytest.mark.parametrize("shape", [n for n, s in SHAPES.items() if s[0] == "boolean"])
def test_true_and_false_are_the_only_booleans(shape: str) -> None:
    validator = SchemaValidator(_schema(shape))
    assert validator.validate_python(True) is True
    for wrong in (0, 1, "true", "True", None):
        with pytest.raises(ValidationError):
            validator.validate_python(wrong)


def test_times() -> None:
    def request(given: Any) -> dict[str, Any]:
        return {"name": "n", "training_dataset_arn": DATASET, "training_data_start_time": given}

    new_year = datetime(2026, 1, 1, tzinfo=timezone.utc)
    for good in (new_year, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"):
        wire = checked("CreateAudienceModelRequest", request(good))
        assert wire["trainingDataStartTime"] == new_year
    assert said("CreateAudienceModelRequest", request("yesterday")) == [
        "training_data_start_time: is not a time; given 'yesterday';"
        " allowed: a datetime, or ISO 8601 text"
    ]
    assert said("CreateAudienceModelRequest", request(1767225600)) == [
        "training_data_start_time: must be a datetime, not int; given 1767225600"
    ]


def test_a_string_comes_out_as_a_plain_one() -> None:
    class Name(str):
        __slots__ = ()

    wire = checked("CreateAudienceModelRequest", {"name": Name("n"), "trainingDatasetArn": DATASET})
    assert type(wire["name"]) is str
    kind = models.InstanceType("ml.m5.large")
    wire = checked("ResourceConfig", {"instance_type": kind, "volume_size_in_gb": 1})
    assert type(wire["instanceType"]) is str
    unknown = models.InstanceType("ml.m5.lagre")
    (fault,) = check_request("ResourceConfig", {"instance_type": unknown, "volume_size_in_gb": 1})
    assert "did you mean 'ml.m5.large'" in fault.problem
    assert fault.given == "'ml.m5.lagre'"


def test_bytes_are_no_string() -> None:
    request = {"name": b"n", "training_dataset_arn": DATASET}
    assert said("CreateAudienceModelRequest", request) == [
        "name: must be a string, not bytes; given b'n'"
    ]


def test_what_is_required_comes_last() -> None:
    assert said("CreateAudienceModelRequest", {"name": 7}) == [
        "name: must be a string, not int; given 7",
        "training_dataset_arn: is required",
    ]


def test_half_a_surrogate_pair_cannot_be_sent() -> None:
    for shape, values in (
        ("CreateAudienceModelRequest", {"name": "a\ud800", "training_dataset_arn": DATASET}),
        ("TagResourceRequest", {"resource_arn": DATASET, "tags": {"a": "\udfff"}}),
    ):
        (fault,) = check_request(shape, values)
        assert fault.path in ("name", "tags['a']")


def test_characters_are_those_of_the_service() -> None:
    """Found: Python's `\\d` and `\\w` take digits and letters of every script; the service's do not."""
    template = "arn:aws:cleanrooms:us-east-1:{}:membership/m/analysistemplate/{}"
    sql = "ProtectedQuerySQLParameters"
    good = template.format("111122223333", "t")
    assert not check_request(sql, {"analysis_template_arn": good})
    for wrong in (template.format("11112222333\u0663", "t"), template.format("111122223333", "é")):
        (fault,) = check_request(sql, {"analysis_template_arn": wrong})
        assert fault.path == "analysis_template_arn"
    # The other way round for space: a name of wide spaces is not blank to the service.
    request = {"name": "\u2003", "training_dataset_arn": DATASET}
    assert not check_request("CreateAudienceModelRequest", request)
    assert check_request("CreateAudienceModelRequest", request | {"name": " \t"})


def test_a_newline_at_the_end_does_not_pass() -> None:
    for shape, name in (("UUID", "u"), ("AccountId", "a"), ("HyperParametersValueString", "h")):
        validator = SchemaValidator(_schema(shape))
        good = {"u": "11111111-2222-3333-4444-555555555555", "a": "111122223333", "h": "x"}[name]
        assert validator.validate_python(good) == good
        with pytest.raises(ValidationError):
            validator.validate_python(good + "\n")
        with pytest.raises(ValidationError):
            validator.validate_python("\n" + good)


def test_the_shorter_class_is_the_same_characters() -> None:
    large, small = _SAME_CLASS
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert re.findall(large, every) == re.findall(small, every)


ODD = "\n\r\t \x00\x1f\x7f-_/.:&~[]\\^$az09AZé\u0663\u2028\uffff\U0001f600"


def patterns() -> dict[str, str]:
    """A shape for each pattern."""
    return {
        spec[3]: name
        for name, spec in SHAPES.items()
        if spec[0] == "string" and spec[3] and ":" not in name
    }


@pytest.mark.parametrize("name", patterns().values())
def test_patterns_read_as_python_reads_the_service_model(name: str) -> None:
    """Whichever engine runs them: near a good text, every place is tried with every odd character."""
    shape = service_model("cleanroomsml").shape_for(name)
    pattern, good = pattern_of(shape), sound(shape)
    assert pattern is not None
    schema: Any = {k: v for k, v in _schema(name).items() if not k.endswith("_length")}
    validator = SchemaValidator(schema)
    places = range(len(good) + 1) if len(good) < 40 else (0, 4, 9, 40, len(good) - 1, len(good))
    for place in places:
        for odd in ("", *ODD):
            for text in (good[:place] + odd + good[place:], good[:place] + odd + good[place + 1 :]):
                assert validator.isinstance_python(text) == bool(pattern.fullmatch(text)), text


class Tags(Mapping[str, str]):
    def __getitem__(self, key: str) -> str:
        return {"team": "blue"}[key]

    def __iter__(self) -> Any:
        return iter(["team"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("tags", [{"team": "blue"}, Tags(), UserDict({"team": "blue"})])
def test_a_map_is_any_mapping(tags: Any) -> None:
    wire = checked("TagResourceRequest", {"resource_arn": DATASET, "tags": tags})
    assert wire["tags"] == {"team": "blue"}
    assert type(wire["tags"]) is dict
    assert wire["tags"] is not tags


def test_keys_of_aws_are_reserved_in_any_case() -> None:
    assert said(
        "TagResourceRequest", {"resource_arn": DATASET, "tags": {"Aws:x": "1", "awsx": "2"}}
    ) == ["tags['Aws:x']: is reserved; given 'Aws:x'; allowed: keys that do not begin with aws:"]
    assert said("UntagResourceRequest", {"resource_arn": DATASET, "tag_keys": ["a", "AWS:\n"]}) == [
        "tag_keys['AWS:\\n']: is reserved; given 'AWS:\\n'; allowed: keys that do not begin with aws:"
    ]


def test_a_key_that_is_wrong_is_said_to_be_the_key() -> None:
    request = {"resource_arn": DATASET, "tags": {7: "x", "k" * 129: "v" * 257, "": "x"}}
    assert said("TagResourceRequest", request) == [
        "tags[7]: its key must be a string, not int; given 7",
        f"tags['{'k' * 60}']: its key has 129 characters; given '{'k' * 59}... (129 characters);"
        " allowed: 1 to 128 characters",
        f"tags['{'k' * 60}']: has 257 characters; given '{'v' * 59}... (257 characters);"
        " allowed: 0 to 256 characters",
        "tags['']: its key has 0 characters; given ''; allowed: 1 to 128 characters",
    ]


def test_what_is_inside_of_a_wrong_size_is_looked_at_too() -> None:
    many = {f"key-{number}": "v" for number in range(50)} | {"aws:x": "v", "long": "v" * 257}
    assert [
        fault.path
        for fault in check_request("TagResourceRequest", {"resource_arn": DATASET, "tags": many})
    ] == [
        "tags",
        "tags['aws:x']",
        "tags['long']",
    ]
    channels = [{"channel_name": "no space", "ml_input_channel_arn": "x"}] * 21
    faults = check_request("ModelTrainingDataChannels", channels)
    assert (faults[0].path, faults[0].problem) == ("", "has 21 entries")
    assert (faults[0].given, faults[0].allowed) == (None, "1 to 20 entries")
    assert len(faults) == 1 + 2 * 21
    assert faults[-1].path == "[20].channel_name"


def test_a_union_has_exactly_one_member() -> None:
    shape = "ProtectedQueryInputParameters"
    unions = [name for name, (kind, *rest) in SHAPES.items() if kind == "structure" and rest[2]]
    assert unions
    for shape in unions:
        members = SHAPES[shape][1]
        (fault,) = check_request(shape, {})
        assert (fault.problem, fault.path) == ("has 0 members set", "")
        assert fault.allowed == f"exactly one of {', '.join(members)}"
        first, *more = members
        assert check_request(shape, dict.fromkeys(members))[0].problem == "has 0 members set"
        faults = check_request(shape, {first: object(), "nonsense": 1})
        assert [fault.path for fault in faults] == [first, "nonsense"]
        if more:
            both = check_request(shape, {first: object(), members[more[0]][0]: object()})
            assert [fault.path for fault in both] == ["", first, more[0]]
            assert both[0].problem == "has 2 members set"


def test_a_member_given_by_both_of_its_names() -> None:
    both = {"name": "n", "training_dataset_arn": DATASET, "trainingDatasetArn": DATASET}
    assert said("CreateAudienceModelRequest", both) == [
        "training_dataset_arn: is given twice;"
        " allowed: either training_dataset_arn or trainingDatasetArn"
    ]
    assert checked("CreateAudienceModelRequest", both | {"trainingDatasetArn": None}) == {
        "name": "n",
        "trainingDatasetArn": DATASET,
    }


def test_what_is_no_member() -> None:
    request = {"name": "n", "training_dataset_arn": DATASET, "naem": "n", 7: "x"}
    faults = check_request("CreateAudienceModelRequest", request)
    assert [fault.path for fault in faults] == ["naem", "7"]
    assert faults[0].problem.endswith(
        "is not a member of CreateAudienceModelRequest (did you mean 'name'?)"
    )
    assert faults[0].allowed == ", ".join(SHAPES["CreateAudienceModelRequest"][1])


def test_a_model_stands_for_its_structure_and_another_does_not() -> None:
    config = models.ResourceConfig(
        instance_type=models.InstanceType("ml.m5.large"), volume_size_in_gb=1
    )
    assert checked("ResourceConfig", config) == {"instanceType": "ml.m5.large", "volumeSizeInGB": 1}
    assert said("ResourceConfig", models.StoppingCondition()) == [
        "must be a ResourceConfig, not a StoppingCondition"
    ]
    assert said("ResourceConfig", "ml.m5.large") == [
        "must be a ResourceConfig or a dict, not str; given str of length 11 (not shown)"
    ]
    extra = models.StoppingCondition(surprise=1)  # type: ignore[call-arg]
    assert [fault.path for fault in check_request("StoppingCondition", extra)] == ["surprise"]


SECRET = "hunter2-very-secret"


def test_a_class_in_the_place_of_a_secret_has_no_length() -> None:
    """Found: `len(str)` raised a TypeError in the place of the fault."""
    assert said("InferenceEnvironmentMap", {"KEY": str}) == [
        "['KEY']: must be a string, not type; given type (not shown)"
    ]


def test_the_error_of_pydantic_is_nowhere_near_ours() -> None:
    """It holds the values. As the context of ours it would stand in every traceback."""
    with pytest.raises(errors.RequestValidationError) as caught:
        checked("CreateTrainedModelRequest", {"environment": {"KEY": [SECRET]}})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in str(caught.value)


def test_an_arn_of_another_kind_is_named() -> None:
    request = {"name": "n", "training_dataset_arn": ASSOCIATION}
    assert said("CreateAudienceModelRequest", request) == [
        "training_dataset_arn: must be the ARN of a training-dataset, not of a"
        f" configured-model-algorithm-association; given '{ASSOCIATION[:59]}... ({len(ASSOCIATION)} characters)"
    ]
    wrong = {"name": "n", "training_dataset_arn": "arn:aws:s3:::bucket/training-dataset"}
    (fault,) = check_request("CreateAudienceModelRequest", wrong)
    assert fault.problem == "is not the ARN of a training-dataset"
    assert fault.allowed == SHAPES["TrainingDatasetArn"][3]


def test_a_schema_is_built_when_its_operation_is_called() -> None:
    """Importing costs nothing: sixty schemas would be most of a start."""
    code = (
        "import crml_sdk.checking as c\n"
        "assert c._validator.cache_info().currsize == c._schema.cache_info().currsize == 0\n"
        "c.check_request('ListTagsForResourceRequest', {})\n"
        "c.check_request('ListTagsForResourceRequest', {})\n"
        "assert c._validator.cache_info().currsize == 1\n"
        "assert c._schema.cache_info().currsize == 2\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pydantic_core_searches_which_is_why_patterns_are_wrapped() -> None:
    """The day it does not, the wrapping may go."""
    loose = SchemaValidator(core_schema.str_schema(pattern="b", regex_engine="python-re"))
    assert loose.validate_python("abc") == "abc"
