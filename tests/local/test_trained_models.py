"""Trained models and their versions: which one a call means, and what makes a new one."""

from __future__ import annotations

import pytest

from crml_sdk.local import Lifecycle, LocalCleanRoomsML, Settings

from .local_lab import ME, OTHER, Lab


def test_a_model_moves_through_its_statuses_as_it_is_read(lab: Lab) -> None:
    arn = lab.call("CreateTrainedModel", **lab.model_params(*lab.ready()))["trainedModelArn"]
    seen = [lab.get_model(arn)["status"] for _ in range(4)]
    assert seen == ["CREATE_PENDING", "CREATE_IN_PROGRESS", "ACTIVE", "ACTIVE"]


def test_the_same_name_with_an_incremental_channel_makes_a_version(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    version = lab.version(arn, association, channel)
    shown = lab.get_model(arn)
    assert shown["versionIdentifier"] == version
    assert shown["incrementalTrainingDataChannels"] == [
        {"channelName": "before", "modelName": shown["name"]}
    ]
    later = lab.version(arn, association, channel)
    output = lab.get_model(arn)["incrementalTrainingDataChannels"][0]
    assert output["versionIdentifier"] == version
    rows = lab.call(
        "ListTrainedModelVersions", membershipIdentifier=lab.membership, trainedModelArn=arn
    )["trainedModels"]
    assert [row.get("versionIdentifier") for row in rows] == [later, version, None]


def test_the_same_name_alone_is_a_conflict(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    params = lab.model_params(association, channel, name=lab.get_model(arn)["name"])
    code, message = lab.refusal("CreateTrainedModel", **params)
    assert code == "ConflictException"
    assert params["name"] in message


def test_incremental_training_from_a_model_of_another_name_makes_a_new_model(lab: Lab) -> None:
    association, channel = lab.ready()
    parent = lab.model(association, channel, name="parent")
    version = lab.version(parent, association, channel)
    child = lab.model(
        association,
        channel,
        name="child",
        incrementalTrainingDataChannels=[{"trainedModelArn": parent, "channelName": "before"}],
    )
    assert child != parent
    assert lab.get_model(child)["incrementalTrainingDataChannels"] == [
        {"channelName": "before", "modelName": "parent", "versionIdentifier": version}
    ]


def test_a_version_left_out_means_latest_for_get_and_base_for_cancel_and_delete(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    version = lab.version(arn, association, channel)
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    assert lab.get_model(arn)["versionIdentifier"] == version
    lab.call("DeleteTrainedModelOutput", **place)
    lab.settle()
    rows = lab.call("ListTrainedModelVersions", **place)["trainedModels"]
    assert [row["status"] for row in rows] == ["ACTIVE", "INACTIVE"]
    assert lab.refusal("CancelTrainedModel", **place)[0] == "ConflictException"


def test_cancelling_ends_in_inactive(lab: Lab) -> None:
    arn = lab.call("CreateTrainedModel", **lab.model_params(*lab.ready()))["trainedModelArn"]
    lab.call("CancelTrainedModel", membershipIdentifier=lab.membership, trainedModelArn=arn)
    seen = [lab.get_model(arn)["status"] for _ in range(3)]
    assert seen == ["CANCEL_PENDING", "CANCEL_IN_PROGRESS", "INACTIVE"]


def test_a_planned_failure_shows_its_code_and_message(lab: Lab) -> None:
    association, channel = lab.ready()
    lab.local.jobs.fail_next(kind="trained-model", status_code="OutOfMemory", message="x" * 2000)
    arn = lab.model(association, channel)
    shown = lab.get_model(arn)
    assert shown["status"] == "CREATE_FAILED"
    assert shown["statusDetails"] == {"statusCode": "OutOfMemory", "message": "x" * 1024}


@pytest.mark.parametrize("base", ["absent", "NULL"])
def test_the_base_version_reads_absent_or_null(base: str) -> None:
    lab = Lab(LocalCleanRoomsML(settings=Settings(lifecycle=Lifecycle("at-once"))))
    association, channel = lab.ready()
    lab.local.configure(base_version=base)
    params = lab.model_params(association, channel)
    reply = lab.send("CreateTrainedModel", params)
    assert (b"NULL" in reply.body) == (base == "NULL")


def test_the_collaboration_sees_the_model_but_not_what_is_private(lab: Lab) -> None:
    association, channel = lab.ready()
    private = {
        "hyperparameters": {"depth": "3"},
        "environment": {"TOKEN": "1"},
        "kmsKeyArn": f"arn:aws:kms:us-east-1:{ME}:key/1",
        "tags": {"team": "blue"},
    }
    arn = lab.model(association, channel, **private)
    own = lab.get_model(arn)
    assert {name: own[name] for name in private} == private
    view = lab.call(
        "GetCollaborationTrainedModel",
        "other",
        collaborationIdentifier=lab.collaboration,
        trainedModelArn=arn,
    )
    assert not private.keys() & view.keys()
    assert "dataChannels" not in view
    assert view["creatorAccountId"] == ME
    rows = lab.call(
        "ListCollaborationTrainedModels", "other", collaborationIdentifier=lab.collaboration
    )["collaborationTrainedModels"]
    assert [row["trainedModelArn"] for row in rows] == [arn]


def test_another_members_membership_is_denied(lab: Lab) -> None:
    code, _ = lab.refusal("ListTrainedModels", "other", membershipIdentifier=lab.membership)
    assert code == "AccessDeniedException"


def test_a_list_of_models_has_one_row_a_model_with_its_newest_version(lab: Lab) -> None:
    association, channel = lab.ready()
    arns = [lab.model(association, channel) for _ in range(3)]
    version = lab.version(arns[0], association, channel)
    rows = lab.call("ListTrainedModels", membershipIdentifier=lab.membership)["trainedModels"]
    assert [row["trainedModelArn"] for row in rows] == arns[::-1]
    assert rows[-1]["versionIdentifier"] == version


def test_pages_hold_every_row_once(lab: Lab) -> None:
    association, channel = lab.ready()
    arns = [lab.model(association, channel) for _ in range(7)]
    token: dict[str, str] = {}
    found: list[str] = []
    for _ in range(4):
        page = lab.call(
            "ListTrainedModels", membershipIdentifier=lab.membership, maxResults=2, **token
        )
        found += [row["trainedModelArn"] for row in page["trainedModels"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    assert not token
    assert found == arns[::-1]


def test_a_token_of_another_list_is_refused(lab: Lab) -> None:
    association, channel = lab.ready()
    for _ in range(2):
        lab.model(association, channel)
    page = lab.call("ListTrainedModels", membershipIdentifier=lab.membership, maxResults=1)
    for token in (page["nextToken"], "x", "é", "AAAA"):
        code, message = lab.refusal(
            "ListMLInputChannels", membershipIdentifier=lab.membership, nextToken=token
        )
        assert code == "ValidationException"
        assert "nextToken" in message


def test_an_export_is_found_in_the_collaboration_by_model_and_version(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    version = lab.version(arn, association, channel)
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    output = {"members": [{"accountId": OTHER}]}
    lab.call("StartTrainedModelExportJob", **place, name="one", outputConfiguration=output)
    lab.call(
        "StartTrainedModelExportJob",
        **place,
        name="two",
        outputConfiguration=output,
        trainedModelVersionIdentifier=version,
    )
    where = {"collaborationIdentifier": lab.collaboration, "trainedModelArn": arn}
    member = "collaborationTrainedModelExportJobs"
    rows = lab.call("ListCollaborationTrainedModelExportJobs", **where)[member]
    assert [row["name"] for row in rows] == ["two", "one"]
    rows = lab.call(
        "ListCollaborationTrainedModelExportJobs", **where, trainedModelVersionIdentifier=version
    )[member]
    assert [row["name"] for row in rows] == ["two"]
