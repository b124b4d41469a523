"""Well-formed values for tests."""

from __future__ import annotations

from typing import Any

MEMBERSHIP = "11111111-2222-3333-4444-555555555555"
OTHER_MEMBERSHIP = "99999999-2222-3333-4444-555555555555"
COLLABORATION = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ACCOUNT = "111122223333"
VERSION_1 = "00000000-0000-4000-8000-000000000001"
VERSION_2 = "00000000-0000-4000-8000-000000000002"


def arn(kind: str, name: str = "x", membership: str = MEMBERSHIP) -> str:
    """The ARN of a resource that lives in a membership."""
    return f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:membership/{membership}/{kind}/{name}"


MODEL = arn("trained-model")
JOB = arn("trained-model-inference-job")
CHANNEL = arn("ml-input-channel")
ASSOCIATION = arn("configured-model-algorithm-association")


def model_row(**members: Any) -> dict[str, Any]:
    """A row of a list of versions, by wire names."""
    return {
        "createTime": "2026-01-01T00:00:00Z",
        "updateTime": "2026-01-01T00:00:00Z",
        "trainedModelArn": MODEL,
        "name": "m",
        "membershipIdentifier": MEMBERSHIP,
        "collaborationIdentifier": COLLABORATION,
        "status": "ACTIVE",
        "configuredModelAlgorithmAssociationArn": ASSOCIATION,
        **members,
    }


def model_reply(**members: Any) -> dict[str, Any]:
    """A reply of GetTrainedModel, by wire names."""
    return {**model_row(), "dataChannels": [], **members}


INFERENCE: dict[str, Any] = {
    "name": "july",
    "resource_config": {"instance_type": "ml.m5.large"},
    "output_configuration": {"members": [{"account_id": ACCOUNT}]},
    "data_source": {"ml_input_channel_arn": CHANNEL},
}
"""What `inference_jobs.start` needs beside the model."""

TRAINING: dict[str, Any] = {
    "name": "m",
    "configured_model_algorithm_association_arn": ASSOCIATION,
    "resource_config": {"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
    "data_channels": [{"ml_input_channel_arn": CHANNEL, "channel_name": "train"}],
}
"""What `trained_models.create` needs."""
