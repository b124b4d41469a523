"""What the SDK sends for an operation is what botocore itself serialises for the same parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .calling import call
from .exchange import Exchange
from .service import Entry, entry, surface
from .strategies import EXACTNESS, arguments, least

ACCOUNT = "arn:aws:cleanrooms-ml:us-east-1:111122223333:"


@pytest.mark.parametrize("operation", surface(), ids=str)
@EXACTNESS
@given(data=st.data())
def test_a_request_is_botocores(operation: Entry, exchange: Exchange, data: st.DataObject) -> None:
    parameters = data.draw(arguments(operation), "parameters")
    output = operation.model.output_shape
    exchange.answer(least(output) if output is not None else b"")
    exchange.forget()
    # Nothing asked for, a list asks for the most: the service's own default is ten for some.
    exchange.botocore(
        operation, {"maxResults": 100} | parameters if operation.is_list else parameters
    )
    for sdk in (exchange.sdk, exchange.unwatched_sdk):
        exchange.run(call(sdk, operation, parameters, lambda: data.draw(st.booleans())))
    assert exchange.ours == exchange.theirs
    assert exchange.unwatched == exchange.theirs


def test_all_operations_have_one_place() -> None:
    counts = {
        service: sum(e.service == service for e in surface())
        for service in ("cleanroomsml", "cleanrooms")
    }
    assert counts == {"cleanroomsml": 59, "cleanrooms": 5}
    places = [(e.scope == "collaboration", e.group, e.method) for e in surface()]
    assert len(set(places)) == len(places)


def sent_by(exchange: Exchange, name: str, parameters: dict[str, Any], as_model: bool) -> Any:
    operation = entry(name)
    output = operation.model.output_shape
    exchange.answer(least(output) if output is not None else b"")
    exchange.ours.clear()
    exchange.run(call(exchange.sdk, operation, parameters, lambda: as_model))
    return exchange.ours[-1]


@pytest.mark.parametrize("as_model", [False, True])
def test_false_zero_and_empty_survive(exchange: Exchange, as_model: bool) -> None:
    """Only unset values are left out of a request."""
    privacy: dict[str, Any] = {"policies": {"trainedModels": {}}}
    membership = "11111111-2222-3333-4444-555555555555"
    base = f"arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/{membership}"
    sent = sent_by(
        exchange,
        "CreateConfiguredModelAlgorithmAssociation",
        {
            "membershipIdentifier": membership,
            "configuredModelAlgorithmArn": f"{ACCOUNT}configured-model-algorithm/x",
            "name": "n",
            "description": "",
            "privacyConfiguration": privacy,
            "tags": {},
        },
        as_model,
    )
    assert sent.body["description"] == ""
    assert sent.body["privacyConfiguration"] == privacy
    assert sent.body["tags"] == {}
    sent = sent_by(
        exchange,
        "StartAudienceGenerationJob",
        {
            "name": "n",
            "configuredAudienceModelArn": f"{ACCOUNT}configured-audience-model/x",
            "seedAudience": {"roleArn": "arn:aws:iam::111122223333:role/r"},
            "includeSeedInOutput": False,
            "tags": {"empty": ""},
        },
        as_model,
    )
    assert sent.body["includeSeedInOutput"] is False
    assert sent.body["tags"] == {"empty": ""}
    sent = sent_by(
        exchange,
        "CreateTrainedModel",
        {
            "membershipIdentifier": membership,
            "name": "n",
            "configuredModelAlgorithmAssociationArn": f"{base}/configured-model-algorithm-association/x",
            "resourceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGB": 1},
            "dataChannels": [
                {"mlInputChannelArn": f"{base}/ml-input-channel/x", "channelName": "c"}
            ],
            "hyperparameters": {},
            "environment": {},
            "stoppingCondition": {},
        },
        as_model,
    )
    assert sent.body["hyperparameters"] == {}
    assert sent.body["environment"] == {}
    assert sent.body["stoppingCondition"] == {}
    assert "kmsKeyArn" not in sent.body


def test_arns_are_escaped_in_the_path(exchange: Exchange) -> None:
    model = (
        "arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/"
        "11111111-2222-3333-4444-555555555555/trained-model/x"
    )
    sent = sent_by(
        exchange,
        "GetTrainedModel",
        {
            "membershipIdentifier": "11111111-2222-3333-4444-555555555555",
            "trainedModelArn": model,
        },
        False,
    )
    assert sent.path == (
        "/memberships/11111111-2222-3333-4444-555555555555/trained-models/"
        + model.replace(":", "%3A").replace("/", "%2F")
    )


def test_the_content_type_is_json(exchange: Exchange) -> None:
    sent = sent_by(
        exchange,
        "TagResource",
        {
            "resourceArn": f"{ACCOUNT}audience-model/x",
            "tags": {"Größe": "𝄞"},
        },
        False,
    )
    assert sent.content_type == "application/json"
    assert sent.body == {"tags": {"Größe": "𝄞"}}
