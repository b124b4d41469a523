"""Every constraint of every input: what breaks it is refused, and the message names the member."""

from __future__ import annotations

import json
from typing import Any

import botocore.model
import botocore.validate
import pytest

from .local_lab import CLEANROOMS, Lab, operation_model, service_model, signed_for
from .samples import Violation, valid, violations, wrong_types

OPERATIONS = sorted(service_model("cleanroomsml").operation_names) + sorted(CLEANROOMS)


def refused(lab: Lab, operation: str, params: dict[str, Any]) -> str:
    reply = lab.send(operation, params)
    assert reply.status == 400, reply
    assert reply.headers["x-amzn-ErrorType"] == "ValidationException"
    return json.loads(reply.body)["message"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_single_broken_constraint_is_refused_by_name(lab: Lab, operation: str) -> None:
    for violation in violations(operation_model(operation)):
        message = refused(lab, operation, violation.params)
        assert message.startswith("1 validation error detected"), (str(violation), message)
        assert f"'{violation.member}" in message, (str(violation), message)


def test_there_are_as_many_violations_as_the_model_has_constraints() -> None:
    models = [operation_model(name) for name in OPERATIONS]
    found = [v for model in models for v in (*violations(model), *wrong_types(model))]
    assert len({str(v) for v in found}) == len(found)
    assert len(found) >= 1900
    assert {v.constraint for v in found} >= {"required", "too short", "too long", "pattern", "enum"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_valid_parameters_pass_the_checks(lab: Lab, operation: str) -> None:
    params = valid(operation_model(operation).input_shape)
    reply = lab.send(operation, params)
    assert b"failed to satisfy constraint: Member" not in reply.body


@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_botocore_refuses_is_refused(lab: Lab, operation: str) -> None:
    """botocore's own validator is the weaker judge: it must never be stricter."""
    model = operation_model(operation)
    validator = botocore.validate.ParamValidator()
    for violation in violations(model):
        if _judge(validator, violation, model):
            refused(lab, operation, violation.params)


def _judge(
    validator: botocore.validate.ParamValidator,
    violation: Violation,
    model: botocore.model.OperationModel,
) -> bool:
    return validator.validate(violation.params, model.input_shape).has_errors()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_wrong_json_types_are_refused_by_name(lab: Lab, operation: str) -> None:
    for violation in wrong_types(operation_model(operation)):
        message = _refused_body(lab, operation, violation.params)
        assert message.startswith("1 validation error detected"), (str(violation), message)
        assert f"'{violation.member}" in message, (str(violation), message)


@pytest.mark.parametrize("wrong", [1.5, True, "1", [], {}, 2**31, 10**30])
def test_whole_numbers_are_whole_numbers(lab: Lab, wrong: Any) -> None:
    sample = valid(operation_model("CreateMLInputChannel").input_shape)
    sample.pop("membershipIdentifier")
    message = _refused_body(lab, "CreateMLInputChannel", {**sample, "retentionInDays": wrong})
    assert "'retentionInDays'" in message


@pytest.mark.parametrize("wrong", ["yesterday", True, [], 1e300, "2026-13-01T00:00:00Z", ""])
def test_dates_are_dates(lab: Lab, wrong: Any) -> None:
    sample = valid(operation_model("CreateAudienceModel").input_shape)
    body = {**sample, "trainingDataStartTime": wrong}
    assert "'trainingDataStartTime'" in _refused_body(lab, "CreateAudienceModel", body)


def _refused_body(lab: Lab, operation: str, body: Any) -> str:
    model = operation_model(operation)
    uri = model.http["requestUri"]
    sound = valid(model.input_shape)
    for name, value in sound.items():
        uri = uri.replace("{" + name + "}", str(value).replace("/", "%2F"))
    reply = lab.local.handle(
        model.http["method"],
        uri,
        signed_for(operation),
        json.dumps(body).encode(),
    )
    assert reply.status == 400, reply
    return json.loads(reply.body)["message"]


def test_unknown_members_are_ignored_and_nulls_count_as_left_out(lab: Lab) -> None:
    body = {"name": "n", "roleArn": "arn:aws:iam::111122223333:role/r", "nobodyKnows": 1}
    body |= {"description": None, "trainingContainerConfig": {"imageUri": "i", "extra": [1]}}
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=x/y/z"}
    reply = lab.local.handle(
        "POST", "/configured-model-algorithms", headers, json.dumps(body).encode()
    )
    assert reply.status == 200
    arn = json.loads(reply.body)["configuredModelAlgorithmArn"]
    shown = lab.call("GetConfiguredModelAlgorithm", configuredModelAlgorithmArn=arn)
    assert shown["trainingContainerConfig"] == {"imageUri": "i"}
    assert "description" not in shown


def test_all_faults_are_named_at_once(lab: Lab) -> None:
    code, message = lab.refusal(
        "ListTrainedModelVersions",
        membershipIdentifier="short",
        trainedModelArn="x" * 30,
        status="ON_FIRE",
    )
    assert code == "ValidationException"
    assert message.startswith("3 validation errors detected")
    for name in ("membershipIdentifier", "trainedModelArn", "status"):
        assert f"'{name}'" in message


@pytest.mark.parametrize("name", ["\U0001f600 model", "\t x", "ä" * 63])
def test_names_may_hold_any_character_of_the_pattern(lab: Lab, name: str) -> None:
    """The models write "beyond the basic plane" in Java's dialect."""
    arn = lab.algorithm(name=name)
    shown = lab.call("GetConfiguredModelAlgorithm", configuredModelAlgorithmArn=arn)
    assert shown["name"] == name


@pytest.mark.parametrize("name", ["   ", "\t", "a\x7f\x00", "\ud800", "a\n"])
def test_blank_or_unprintable_names_are_refused(lab: Lab, name: str) -> None:
    body = {"name": name, "roleArn": "arn:aws:iam::111122223333:role/r"}
    assert "'name'" in _refused_body(lab, "CreateConfiguredModelAlgorithm", body)


@pytest.mark.parametrize("text", ["1.0", "+5", " 5", "5_0", "\u0665", "", "1e1", "9" * 30])
def test_a_page_size_is_plain_digits(lab: Lab, text: str) -> None:
    reply = lab.local.handle(
        "GET",
        f"/training-dataset?maxResults={text}",
        {"authorization": "AWS4-HMAC-SHA256 Credential=x/y/z"},
        b"",
    )
    assert reply.status == 400
    assert b"maxResults" in reply.body


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"x"', b"\xff\xfe", b'{"name": NaN}', b"[" * 100_000, b"1" * 5000]
)
def test_a_body_that_is_no_json_object_is_refused(lab: Lab, body: bytes) -> None:
    reply = lab.local.handle(
        "POST",
        "/training-dataset",
        {"authorization": "AWS4-HMAC-SHA256 Credential=x/y/z"},
        body,
    )
    assert reply.status == 400
    assert reply.headers["x-amzn-ErrorType"] == "ValidationException"
