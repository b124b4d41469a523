"""Whether a request made a resource: what differs, what counts as a default, what is not shown."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from crml_sdk import models
from crml_sdk.comparison import compare

from .support import samples

JOB: dict[str, Any] = {
    "createTime": "2026-01-01T00:00:00Z",
    "updateTime": "2026-01-01T00:00:00Z",
    "trainedModelInferenceJobArn": samples.JOB,
    "membershipIdentifier": samples.MEMBERSHIP,
    "trainedModelArn": samples.MODEL,
    "status": "ACTIVE",
    "name": "j",
    "resourceConfig": {"instanceType": "ml.m5.large"},
    "outputConfiguration": {"members": [{"accountId": samples.ACCOUNT}]},
    "dataSource": {"mlInputChannelArn": samples.CHANNEL},
}


def model(**members: Any) -> Any:
    body = {**samples.model_reply(), **members}
    return models.GetTrainedModelResponse.model_validate_json(json.dumps(body))


def job(**members: Any) -> Any:
    return models.GetTrainedModelInferenceJobResponse.model_validate_json(json.dumps(JOB | members))


def channels(*names: str) -> dict[str, Any]:
    return {
        "dataChannels": [
            {"mlInputChannelArn": name * 20, "channelName": f"{name}-channel"} for name in names
        ]
    }


MACHINE = {"instanceType": "ml.m5.large", "volumeSizeInGB": 1}


@pytest.mark.parametrize(
    ("sent", "shown", "setting"),
    [
        ({}, {}, None),
        ({"description": "a"}, {"description": "a"}, None),
        ({"description": "a"}, {"description": "b"}, "description"),
        ({"description": ""}, {}, None),
        ({}, {"description": "b"}, "description"),
        ({}, {"kmsKeyArn": "k"}, "kms_key_arn"),
        ({}, {"stoppingCondition": {"maxRuntimeInSeconds": 9}}, None),
        ({"environment": {"A": "1"}}, {"environment": {"A": "1", "B": "2"}}, "environment"),
        ({"environment": {"A": "1"}}, {"environment": {"A": "2"}}, "environment"),
        ({"tags": {"a": "1"}}, {"tags": {"a": "1", "b": "2"}}, None),
        ({"tags": {"a": "1", "b": "2"}}, {"tags": {"a": "1"}}, "tags"),
        ({"resourceConfig": MACHINE}, {"resourceConfig": MACHINE | {"instanceCount": 1}}, None),
        (
            {"resourceConfig": MACHINE},
            {"resourceConfig": MACHINE | {"volumeSizeInGB": 2}},
            "resource_config.volume_size_in_gb",
        ),
        (channels("a", "b"), channels("b", "a"), None),
        (channels("a"), channels("b"), "data_channels"),
        (channels("a", "b"), channels("a"), "data_channels"),
        (channels("a"), channels("a", "b"), "data_channels"),
        (channels("a", "a"), channels("a", "b"), "data_channels"),
        ({"hyperparameters": MACHINE}, {"hyperparameters": {}}, "hyperparameters"),
        # What the service shows by other names, or the search has looked for already.
        (
            {"name": "x", "membershipIdentifier": "x", "incrementalTrainingDataChannels": []},
            {},
            None,
        ),
    ],
)
def test_settings(sent: dict[str, Any], shown: dict[str, Any], setting: str | None) -> None:
    assert compare(sent, model(**shown)) == (setting, ())


def test_what_is_not_shown() -> None:
    """A member that the shape does not have cannot differ; one that is left out may."""
    sent = {"tags": {"a": "1"}, "description": "x", "surprise": 1}
    assert compare(sent, model()) == ("description", ("tags",))
    assert compare(sent, model(), unshown_fits=True) == (None, ("tags", "description", "surprise"))
    assert compare({"surprise": 1}, model()) == (None, ("surprise",))


@pytest.mark.parametrize("unshown_fits", [False, True])
def test_the_version_of_a_job_that_named_none_is_the_services_choice(unshown_fits: bool) -> None:
    def setting(sent: dict[str, Any], shown: dict[str, Any]) -> Any:
        return compare(sent, job(**shown), unshown_fits=unshown_fits)

    name, path = "trainedModelVersionIdentifier", "trained_model_version_identifier"
    one, two = {name: samples.VERSION_1}, {name: samples.VERSION_2}
    assert setting({}, one) == (None, ("version",))
    assert setting(one, {}) == (path, ())
    assert setting(one, two) == (path, ())
    assert setting(one, one) == (None, ())


@pytest.mark.parametrize(
    ("sent", "same"),
    [
        (datetime(2026, 1, 1, 12, tzinfo=timezone.utc), True),
        (datetime.fromisoformat("2026-01-01T13:00:00+01:00"), True),
        (datetime(2026, 1, 1, 12), True),  # without a zone it is sent as UTC
        (datetime(2026, 1, 1, 13, tzinfo=timezone.utc), False),
    ],
)
def test_times_are_compared_as_moments(sent: datetime, same: bool) -> None:
    arn = "arn:aws:cleanrooms-ml:us-east-1:111122223333:"
    body = {
        "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z",
        "audienceModelArn": f"{arn}audience-model/x",
        "name": "a",
        "trainingDatasetArn": f"{arn}training-dataset/x",
        "status": "ACTIVE",
        "trainingDataStartTime": "2026-01-01T12:00:00Z",
    }
    shown = models.GetAudienceModelResponse.model_validate_json(json.dumps(body))
    setting, _ = compare({"trainingDataStartTime": sent}, shown)
    assert setting == (None if same else "training_data_start_time")
