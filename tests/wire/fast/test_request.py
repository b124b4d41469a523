"""The quick serializer writes what botocore's writes, for every operation.

It is the same to the byte.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from crml_sdk.api import operations
from crml_sdk.wire.fast.request import FastSerializer, form_of, quoted

MODELS = {
    service: ServiceModel(Loader().load_service_model(service, "service-2"))
    for service in ("cleanroomsml", "cleanrooms")
}
OPERATIONS = [
    MODELS[operation.service].operation_model(operation.name) for operation in operations.ALL
]
TEXTS = ("plain-1", "a b/ü:%2F?&=+~._", '"\\\n\U0001f600', "")


class Refusing:
    """Stands where botocore's serializer would be asked."""

    def serialize_to_request(self, parameters: Any, operation_model: Any) -> Any:
        raise AssertionError(f"{operation_model.name} went to botocore's serializer")


def sample(shape: Any, text: str, depth: int = 0) -> Any:
    if shape.type_name == "structure":
        members = shape.members.items() if depth < 6 else ()
        return {name: sample(member, text, depth + 1) for name, member in members}
    if shape.type_name == "list":
        return [sample(shape.member, text, depth + 1), sample(shape.member, "2", depth + 1)]
    if shape.type_name == "map":
        return {text: sample(shape.value, text, depth + 1), "k": sample(shape.value, "", depth + 1)}
    if shape.type_name == "timestamp":
        return datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
    values = {"integer": 7, "long": 2**40, "boolean": False, "double": 0.5, "float": 1.5}
    return values.get(shape.type_name, text)


@pytest.mark.parametrize("model", OPERATIONS, ids=lambda model: model.name)
@pytest.mark.parametrize("text", TEXTS)
def test_requests_are_botocores(model: Any, text: str):
    usual = create_serializer("rest-json", include_validation=False)
    parameters = sample(model.input_shape, text)
    ours = FastSerializer(usual).serialize_to_request(parameters, model)
    assert ours == usual.serialize_to_request(parameters, model)


@pytest.mark.parametrize("model", OPERATIONS, ids=lambda model: model.name)
def test_requests_with_required_members_only_are_botocores(model: Any):
    usual = create_serializer("rest-json", include_validation=False)
    whole = sample(model.input_shape, "x")
    parameters = {name: whole[name] for name in model.input_shape.required_members}
    ours = FastSerializer(usual).serialize_to_request(parameters, model)
    assert ours == usual.serialize_to_request(parameters, model)


def test_few_operations_need_botocore():
    left = {model.name for model in OPERATIONS if form_of(model) is None}
    assert left == {
        "CreateAudienceModel",  # times
        "CreateConfiguredModelAlgorithmAssociation",  # fractions
        "UntagResource",  # a list in the query
    }


def test_what_the_form_has_no_place_for_goes_to_botocore():
    serializer = FastSerializer(Refusing())
    model = MODELS["cleanroomsml"].operation_model("GetTrainedModel")
    given: list[dict[str, Any]] = [
        {"membershipIdentifier": "m", "trainedModelArn": "t", "other": 1},
        {"membershipIdentifier": "m"},
        {"membershipIdentifier": "m", "trainedModelArn": 1},
    ]
    for parameters in given:
        with pytest.raises(AssertionError, match="went to botocore"):
            serializer.serialize_to_request(parameters, model)


def test_lone_surrogates_survive():
    serializer = FastSerializer(Refusing())
    model = MODELS["cleanroomsml"].operation_model("PutMLConfiguration")
    request = serializer.serialize_to_request(
        {"membershipIdentifier": "m", "defaultOutputLocation": {"roleArn": "\ud800"}}, model
    )
    assert json.loads(request["body"]) == {"defaultOutputLocation": {"roleArn": "\ud800"}}


@pytest.mark.parametrize("label", [*TEXTS, "arn:aws:x:1:2:membership/3/trained-model/4", "100%"])
def test_labels_are_quoted_as_botocore_does(label: str):
    from botocore.utils import percent_encode

    assert quoted(label) == percent_encode(label)
