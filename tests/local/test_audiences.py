"""Lookalike modelling: datasets, audience models, configured models, policies, generation, export."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .local_lab import ME, OTHER, OTHER_ROLE, ROLE, Lab

SIZES = {"audienceSizeType": "PERCENTAGE", "audienceSizeBins": [1, 20, 100]}


def dataset(lab: Lab, **extra: Any) -> str:
    schema = [{"columnName": "user", "columnTypes": ["USER_ID"]}]
    source = {"glueDataSource": {"tableName": "t", "databaseName": "d"}}
    params = {
        "name": lab.name("dataset"),
        "roleArn": ROLE,
        "trainingData": [
            {"type": "INTERACTIONS", "inputConfig": {"schema": schema, "dataSource": source}}
        ],
    }
    return lab.call("CreateTrainingDataset", **{**params, **extra})["trainingDatasetArn"]


def audience_model(lab: Lab, **extra: Any) -> str:
    params = {"name": lab.name("audience"), "trainingDatasetArn": dataset(lab), **extra}
    arn = lab.call("CreateAudienceModel", **params)["audienceModelArn"]
    lab.settle()
    return arn


def configured(lab: Lab, **extra: Any) -> str:
    place = {"s3Destination": {"s3Uri": "s3://bucket/audiences/"}}
    params = {
        "name": lab.name("configured"),
        "audienceModelArn": extra.get("audienceModelArn") or audience_model(lab),
        "outputConfig": {"destination": place, "roleArn": ROLE},
        "sharedAudienceMetrics": ["ALL"],
        **extra,
    }
    return lab.call("CreateConfiguredAudienceModel", **params)["configuredAudienceModelArn"]


def seed(role: str = ROLE) -> dict[str, Any]:
    return {"roleArn": role, "dataSource": {"s3Uri": "s3://bucket/seed"}}


def generation(lab: Lab, model: str, **extra: Any) -> str:
    params = {
        "name": lab.name("generation"),
        "configuredAudienceModelArn": model,
        "seedAudience": seed(),
        **extra,
    }
    arn = lab.call("StartAudienceGenerationJob", **params)["audienceGenerationJobArn"]
    lab.settle()
    return arn


def test_a_lookalike_model_from_dataset_to_export(lab: Lab) -> None:
    model = configured(lab, audienceSizeConfig=SIZES)
    shown = lab.call("GetConfiguredAudienceModel", configuredAudienceModelArn=model)
    assert shown["minMatchingSeedSize"] == 500
    assert shown["status"] == "ACTIVE"
    job = generation(lab, model)
    metrics = lab.call("GetAudienceGenerationJob", audienceGenerationJobArn=job)["metrics"]
    assert [row["audienceSize"]["value"] for row in metrics["relevanceMetrics"]] == [1, 20, 100]
    size = {"type": "PERCENTAGE", "value": 20}
    lab.call("StartAudienceExportJob", name="e", audienceGenerationJobArn=job, audienceSize=size)
    lab.settle()
    (row,) = lab.call("ListAudienceExportJobs", audienceGenerationJobArn=job)["audienceExportJobs"]
    assert row["status"] == "ACTIVE"
    assert row["outputLocation"].startswith("s3://bucket/audiences/")
    assert lab.call("ListAudienceExportJobs")["audienceExportJobs"] == [row]


def test_what_others_depend_on_cannot_be_deleted(lab: Lab) -> None:
    model = configured(lab)
    audience = lab.call("GetConfiguredAudienceModel", configuredAudienceModelArn=model)[
        "audienceModelArn"
    ]
    data = lab.call("GetAudienceModel", audienceModelArn=audience)["trainingDatasetArn"]
    job = generation(lab, model)
    steps = [
        ("DeleteTrainingDataset", {"trainingDatasetArn": data}),
        ("DeleteAudienceModel", {"audienceModelArn": audience}),
        ("DeleteConfiguredAudienceModel", {"configuredAudienceModelArn": model}),
    ]
    for operation, params in steps:
        assert lab.refusal(operation, **params)[0] == "ConflictException"
    lab.call("DeleteAudienceGenerationJob", audienceGenerationJobArn=job)
    lab.settle()
    for operation, params in reversed(steps):
        lab.call(operation, **params)
        lab.settle()
        assert lab.refusal(operation, **params)[0] == "ResourceNotFoundException"


def test_deleting_an_audience_model_is_a_job_and_then_it_is_gone(lab: Lab) -> None:
    arn = audience_model(lab)
    lab.call("DeleteAudienceModel", audienceModelArn=arn)
    seen = [lab.call("GetAudienceModel", audienceModelArn=arn)["status"] for _ in range(2)]
    assert seen == ["DELETE_PENDING", "DELETE_IN_PROGRESS"]
    code, _ = lab.refusal("GetAudienceModel", audienceModelArn=arn)
    assert code == "ResourceNotFoundException"


def test_a_configured_model_is_updated_and_listed_under_its_new_audience_model(lab: Lab) -> None:
    first, second = audience_model(lab), audience_model(lab)
    model = configured(lab, audienceModelArn=first)
    lab.call(
        "UpdateConfiguredAudienceModel",
        configuredAudienceModelArn=model,
        audienceModelArn=second,
        description="new",
        minMatchingSeedSize=30,
    )
    shown = lab.call("GetConfiguredAudienceModel", configuredAudienceModelArn=model)
    assert (shown["audienceModelArn"], shown["minMatchingSeedSize"]) == (second, 30)
    assert shown["updateTime"] > shown["createTime"]
    lab.call("DeleteAudienceModel", audienceModelArn=first)
    assert lab.refusal("DeleteAudienceModel", audienceModelArn=second)[0] == "ConflictException"


def test_sizes_must_be_ones_that_were_configured(lab: Lab) -> None:
    bad = {"audienceSizeType": "PERCENTAGE", "audienceSizeBins": [101]}
    model = configured(lab, audienceSizeConfig=SIZES)
    arn = {"configuredAudienceModelArn": model}
    code, message = lab.refusal("UpdateConfiguredAudienceModel", **arn, audienceSizeConfig=bad)
    assert code == "ValidationException"
    assert "audienceSizeBins" in message
    job = generation(lab, model)
    for kind, value in (("PERCENTAGE", 2), ("ABSOLUTE", 20), ("PERCENTAGE", 101)):
        code, message = lab.refusal(
            "StartAudienceExportJob",
            name="e",
            audienceGenerationJobArn=job,
            audienceSize={"type": kind, "value": value},
        )
        assert code == "ValidationException"
        assert "audienceSize" in message


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"sqlParameters": {"queryString": "SELECT 1"}, "dataSource": {"s3Uri": "s3://b/k"}},
        {"sqlParameters": {}},
    ],
)
def test_a_seed_is_data_or_a_query(lab: Lab, extra: dict[str, Any]) -> None:
    model = configured(lab)
    code, _ = lab.refusal(
        "StartAudienceGenerationJob",
        name="g",
        configuredAudienceModelArn=model,
        seedAudience={"roleArn": ROLE, **extra},
    )
    assert code == "ValidationException"


def policy(**changes: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": ["cleanrooms-ml:StartAudienceGenerationJob", "cleanrooms-ml:Get*"],
        "Resource": "*",
        **changes,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_policy_has_a_hash_and_conditions(lab: Lab) -> None:
    arn = {"configuredAudienceModelArn": configured(lab)}
    put = "PutConfiguredAudienceModelPolicy"
    assert lab.refusal("GetConfiguredAudienceModelPolicy", **arn)[0] == "ResourceNotFoundException"
    first = {"configuredAudienceModelPolicy": policy()}
    must = "policyExistenceCondition"
    assert lab.refusal(put, **arn, **first, **{must: "POLICY_MUST_EXIST"})[0] == (
        "ValidationException"
    )
    made = lab.call(put, **arn, **first, **{must: "POLICY_MUST_NOT_EXIST"})
    assert lab.refusal(put, **arn, **first, **{must: "POLICY_MUST_NOT_EXIST"})[0] == (
        "ValidationException"
    )
    shown = lab.call("GetConfiguredAudienceModelPolicy", **arn)
    assert shown["policyHash"] == made["policyHash"]
    assert shown["configuredAudienceModelPolicy"] == policy()
    second = {"configuredAudienceModelPolicy": policy(Effect="Deny")}
    assert lab.refusal(put, **arn, **second, previousPolicyHash="0" * 64)[0] == (
        "ValidationException"
    )
    changed = lab.call(put, **arn, **second, previousPolicyHash=made["policyHash"])
    assert changed["policyHash"] != made["policyHash"]
    lab.call("DeleteConfiguredAudienceModelPolicy", **arn)
    assert lab.refusal("DeleteConfiguredAudienceModelPolicy", **arn)[0] == (
        "ResourceNotFoundException"
    )


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"Statement": [1]}', policy(Effect="Maybe")])
def test_a_policy_that_is_none_is_refused(lab: Lab, text: str) -> None:
    code, message = lab.refusal(
        "PutConfiguredAudienceModelPolicy",
        configuredAudienceModelArn=configured(lab),
        configuredAudienceModelPolicy=text,
    )
    assert code == "ValidationException"
    assert "configuredAudienceModelPolicy" in message


def test_another_account_needs_the_policy_and_the_collaboration(lab: Lab) -> None:
    model = configured(lab, sharedAudienceMetrics=["NONE"], tags={"team": "blue"})
    arn = {"configuredAudienceModelArn": model}
    params = {
        "name": "g",
        **arn,
        "seedAudience": seed(OTHER_ROLE),
        "collaborationId": lab.collaboration,
        "tags": {"mine": "no"},
    }
    start = "StartAudienceGenerationJob"
    assert lab.refusal(start, "other", **params)[0] == "AccessDeniedException"
    in_room = {"StringEquals": {"cleanrooms-ml:CollaborationId": lab.collaboration}}
    put = {"configuredAudienceModelPolicy": policy(Condition=in_room)}
    lab.call("PutConfiguredAudienceModelPolicy", **arn, **put)
    outside = {key: value for key, value in params.items() if key != "collaborationId"}
    assert lab.refusal(start, "other", **outside)[0] == "AccessDeniedException"
    job = lab.call(start, "other", **params)["audienceGenerationJobArn"]
    lab.settle()
    owner = lab.call("GetAudienceGenerationJob", audienceGenerationJobArn=job)
    starter = lab.call("GetAudienceGenerationJob", "other", audienceGenerationJobArn=job)
    assert owner["startedBy"] == starter["startedBy"] == OTHER
    assert "seedAudience" in owner
    assert "seedAudience" not in starter
    assert "metrics" in owner
    assert "metrics" not in starter
    assert starter["tags"] == {"team": "blue"}
    assert "tags" not in owner
    listed = lab.call("ListAudienceGenerationJobs", configuredAudienceModelArn=model)
    assert [row["audienceGenerationJobArn"] for row in listed["audienceGenerationJobs"]] == [job]
    assert ME != OTHER


def test_children_inherit_tags_unless_told_otherwise(lab: Lab) -> None:
    for rule, expected in (("FROM_PARENT_RESOURCE", {"a": "1", "b": "2"}), ("NONE", {"b": "2"})):
        model = configured(lab, tags={"a": "1"}, childResourceTagOnCreatePolicy=rule)
        job = generation(lab, model, tags={"b": "2"})
        assert lab.call("ListTagsForResource", resourceArn=job)["tags"] == expected


def test_a_role_of_another_account_is_denied(lab: Lab) -> None:
    params = {
        "name": "n",
        "roleArn": OTHER_ROLE,
        "trainingData": [
            {
                "type": "INTERACTIONS",
                "inputConfig": {
                    "schema": [{"columnName": "user", "columnTypes": ["USER_ID"]}],
                    "dataSource": {
                        "glueDataSource": {"tableName": "t", "databaseName": "d"},
                    },
                },
            }
        ],
    }
    assert lab.refusal("CreateTrainingDataset", **params)[0] == "AccessDeniedException"
