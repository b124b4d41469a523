"""The canned replies and the arguments that every contender is measured with."""

import json
from typing import Any

REGION = "us-east-1"
ACCOUNT = "111122223333"
MEMBERSHIP = "0c6bf9e2-54c3-4b62-9a7f-1d53c1f2a001"
STREAM_MEMBERSHIP = "0c6bf9e2-54c3-4b62-9a7f-1d53c1f2a002"
COLLABORATION = "7d1f0a55-8a0e-4f0c-8a58-6a9d3f1b2c03"
PREFIX = f"arn:aws:cleanrooms-ml:{REGION}:{ACCOUNT}:membership/{MEMBERSHIP}"
MODEL_ARN = f"{PREFIX}/trained-model/11111111-2222-4333-8444-555555555555"
ASSOCIATION_ARN = (
    f"{PREFIX}/configured-model-algorithm-association/21111111-2222-4333-8444-555555555555"
)
CHANNEL_ARN = f"{PREFIX}/ml-input-channel/31111111-2222-4333-8444-555555555555"
STREAM_MODEL_ARN = MODEL_ARN.replace(MEMBERSHIP, STREAM_MEMBERSHIP)

PAGE_ITEMS = 100
STREAM_TOKEN_LENGTH = 12
CREATE_BODY_BYTES = 4096
JOB_COUNT = 1000


def version_identifier(number: int) -> str:
    return f"{number:08x}-aaaa-4bbb-8ccc-dddddddddddd"


def job_arn(number: int) -> str:
    identifier = f"{number:08x}-1111-4222-8333-444444444444"
    return f"{PREFIX}/trained-model-inference-job/{identifier}"


def summary(number: int, model_arn: str) -> dict[str, Any]:
    """One row of ListTrainedModelVersions, about 900 bytes, as the service documents it."""
    minute, second = divmod(number, 60)
    return {
        "createTime": f"2025-06-01T10:{minute % 60:02d}:{second:02d}.123Z",
        "updateTime": f"2025-06-01T11:{minute % 60:02d}:{second:02d}.456Z",
        "trainedModelArn": model_arn,
        "versionIdentifier": version_identifier(number),
        "incrementalTrainingDataChannels": [
            {
                "channelName": "previous",
                "versionIdentifier": version_identifier(number + 1),
                "modelName": "churn-propensity",
            }
        ],
        "name": "churn-propensity",
        "description": "Retrained every month.",
        "membershipIdentifier": MEMBERSHIP,
        "collaborationIdentifier": COLLABORATION,
        "status": "ACTIVE",
        "configuredModelAlgorithmAssociationArn": ASSOCIATION_ARN,
        "mlModelTrainingPayerAccountId": ACCOUNT,
    }


def page(model_arn: str = MODEL_ARN) -> dict[str, Any]:
    return {"trainedModels": [summary(number, model_arn) for number in range(PAGE_ITEMS)]}


def model() -> dict[str, Any]:
    """The reply of GetTrainedModel."""
    return {
        **summary(7, MODEL_ARN),
        "statusDetails": {"statusCode": "OK", "message": "Training finished."},
        "resourceConfig": {"instanceCount": 2, "instanceType": "ml.m5.large", "volumeSizeInGB": 50},
        "trainingInputMode": "File",
        "stoppingCondition": {"maxRuntimeInSeconds": 86400},
        "metricsStatus": "PUBLISH_SUCCEEDED",
        "logsStatus": "PUBLISH_SUCCEEDED",
        "trainingContainerImageDigest": "sha256:" + "ab" * 32,
        "hyperparameters": {"epochs": "20", "learning_rate": "0.05", "depth": "6"},
        "environment": {"LOG_LEVEL": "info"},
        "tags": {"team": "audience", "cost-centre": "4711"},
        "dataChannels": [{"mlInputChannelArn": CHANNEL_ARN, "channelName": "train"}],
    }


def created() -> dict[str, Any]:
    return {"trainedModelArn": MODEL_ARN, "versionIdentifier": version_identifier(1)}


def job(number: int, status: str) -> dict[str, Any]:
    """One row of ListTrainedModelInferenceJobs."""
    return {
        "trainedModelInferenceJobArn": job_arn(number),
        "configuredModelAlgorithmAssociationArn": ASSOCIATION_ARN,
        "membershipIdentifier": MEMBERSHIP,
        "trainedModelArn": MODEL_ARN,
        "trainedModelVersionIdentifier": version_identifier(1),
        "collaborationIdentifier": COLLABORATION,
        "status": status,
        "outputConfiguration": {"members": [{"accountId": ACCOUNT}]},
        "name": f"job-{number}",
        "createTime": "2025-06-01T10:00:00.123Z",
        "updateTime": "2025-06-01T11:00:00.456Z",
    }


def job_detail(number: int) -> dict[str, Any]:
    """The reply of GetTrainedModelInferenceJob."""
    detail = job(number, "ACTIVE")
    del detail["collaborationIdentifier"]
    return {
        **detail,
        "resourceConfig": {"instanceType": "ml.m5.large", "instanceCount": 1},
        "dataSource": {"mlInputChannelArn": CHANNEL_ARN},
    }


def create_arguments() -> dict[str, Any]:
    """Arguments of CreateTrainedModel in the service's own names; the JSON body has 4 KB."""
    hyperparameters = {f"parameter_{number:02d}": f"value-{number:02d}-" for number in range(24)}
    arguments: dict[str, Any] = {
        "membershipIdentifier": MEMBERSHIP,
        "name": "churn-propensity",
        "configuredModelAlgorithmAssociationArn": ASSOCIATION_ARN,
        "hyperparameters": hyperparameters,
        "environment": {"LOG_LEVEL": "info", "REGION": REGION},
        "resourceConfig": {"instanceCount": 2, "instanceType": "ml.m5.large", "volumeSizeInGB": 50},
        "stoppingCondition": {"maxRuntimeInSeconds": 86400},
        "dataChannels": [{"mlInputChannelArn": CHANNEL_ARN, "channelName": "train"}],
        "trainingInputMode": "File",
        "description": "Monthly retraining on the joint audience of both members.",
        "tags": {"team": "audience", "cost-centre": "4711"},
    }
    body = {name: value for name, value in arguments.items() if name != "membershipIdentifier"}
    missing = CREATE_BODY_BYTES - len(json.dumps(body))
    each, rest = divmod(missing, len(hyperparameters))
    for name in hyperparameters:
        hyperparameters[name] += "x" * each
    hyperparameters["parameter_00"] += "x" * rest
    return arguments


def snake(value: Any, *, keep: bool = False) -> Any:
    """The same arguments in snake_case, as typed clients take them (map keys stay as they are)."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    maps = {"hyperparameters", "environment", "tags"}
    return {
        name if keep else snake_name(name): snake(item, keep=name in maps)
        for name, item in value.items()
    }


def snake_name(name: str) -> str:
    name = name.replace("InGB", "InGb")
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
