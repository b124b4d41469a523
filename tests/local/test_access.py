"""Who may do what: memberships, abilities, payers, quotas, conflicts, what is missing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from crml_sdk.local import DEFAULT_QUOTAS, Lifecycle, LocalCleanRoomsML, Settings

from . import rooms
from .local_lab import ME, OTHER, OTHER_ROLE, Lab

STRANGER = "12345678-1234-4234-8234-123456789012"


def test_an_unknown_membership_is_missing_or_denied_as_the_operation_documents(lab: Lab) -> None:
    assert lab.refusal("ListTrainedModels", membershipIdentifier=STRANGER)[0] == (
        "AccessDeniedException"
    )
    arn = lab.model(*lab.ready())
    code, _ = lab.refusal("GetTrainedModel", membershipIdentifier=STRANGER, trainedModelArn=arn)
    assert code == "ResourceNotFoundException"


def test_a_collaboration_is_for_its_members(lab: Lab) -> None:
    lab.local.world.add_account(
        "999900001111", display_name="Nobody", access_key="AKIANOBODY", secret_key="x"
    )
    room = {"collaborationIdentifier": lab.collaboration}
    lab.call("ListCollaborationTrainedModels", "other", **room)
    assert lab.refusal("ListCollaborationTrainedModels", "999900001111", **room)[0] == (
        "AccessDeniedException"
    )
    assert lab.call("ListMemberships", "999900001111")["membershipSummaries"] == []
    assert lab.refusal("GetCollaboration", "999900001111", **room)[0] == "AccessDeniedException"


def test_a_removed_member_may_nothing_any_more(lab: Lab) -> None:
    lab.local.world.member("other").status = "REMOVED"
    room = {"collaborationIdentifier": lab.collaboration}
    code, _ = lab.refusal("ListCollaborationTrainedModels", "other", **room)
    assert code == "AccessDeniedException"
    rows = lab.call("ListMemberships", "other", status="REMOVED")["membershipSummaries"]
    assert [row["id"] for row in rows] == [lab.other_membership]
    assert lab.call("ListMemberships", "other", status="ACTIVE")["membershipSummaries"] == []


def test_members_use_each_others_associations_channels_and_models(lab: Lab) -> None:
    association, channel = lab.ready()
    place = {"membershipIdentifier": lab.other_membership}
    params = lab.model_params(association, channel, **place)
    arn = lab.call("CreateTrainedModel", "other", **params)["trainedModelArn"]
    lab.settle()
    code, _ = lab.refusal(
        "GetTrainedModel", membershipIdentifier=lab.membership, trainedModelArn=arn
    )
    assert code == "AccessDeniedException"
    view = lab.call(
        "GetCollaborationTrainedModel",
        collaborationIdentifier=lab.collaboration,
        trainedModelArn=arn,
    )
    assert view["creatorAccountId"] == OTHER
    job = lab.call("StartTrainedModelInferenceJob", **lab.job_params(arn, channel))
    shown = lab.call(
        "GetTrainedModelInferenceJob",
        membershipIdentifier=lab.membership,
        trainedModelInferenceJobArn=job["trainedModelInferenceJobArn"],
    )
    assert shown["trainedModelArn"] == arn
    rows = lab.call(
        "ListCollaborationTrainedModelInferenceJobs",
        "other",
        collaborationIdentifier=lab.collaboration,
    )["collaborationTrainedModelInferenceJobs"]
    assert [row["creatorAccountId"] for row in rows] == [ME]
    assert not {"environment", "kmsKeyArn", "tags", "dataSource"} & rows[0].keys()


def test_any_member_may_delete_anothers_output_and_channel_data(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    place = {"membershipIdentifier": lab.other_membership}
    lab.call("DeleteTrainedModelOutput", "other", **place, trainedModelArn=arn)
    lab.call("DeleteMLInputChannelData", "other", **place, mlInputChannelArn=channel)
    lab.settle()
    assert lab.get_model(arn)["status"] == "INACTIVE"
    code, _ = lab.refusal("CancelTrainedModel", "other", **place, trainedModelArn=arn)
    assert code == "AccessDeniedException"


def test_another_accounts_algorithm_cannot_be_associated(lab: Lab) -> None:
    code, _ = lab.refusal(
        "CreateConfiguredModelAlgorithmAssociation",
        "other",
        membershipIdentifier=lab.other_membership,
        configuredModelAlgorithmArn=lab.algorithm(),
        name="mine",
    )
    assert code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("receiver", "expected"),
    [("999900001111", "ValidationException"), (OTHER, "AccessDeniedException")],
)
def test_receivers_are_members_with_the_ability(lab: Lab, receiver: str, expected: str) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    lab.local.world.member("other").ml_abilities.clear()
    output = {"members": [{"accountId": receiver}]}
    params = lab.job_params(arn, channel, outputConfiguration=output)
    assert lab.refusal("StartTrainedModelInferenceJob", **params)[0] == expected
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    export = {**place, "name": "e", "outputConfiguration": output}
    assert lab.refusal("StartTrainedModelExportJob", **export)[0] == expected


def test_the_payer_is_the_one_asked_for_the_caller_or_who_is_responsible(lab: Lab) -> None:
    association, channel = lab.ready()

    def payer(**extra: Any) -> str:
        arn = lab.model(association, channel, **extra)
        return lab.get_model(arn)["mlModelTrainingPayerAccountId"]

    assert payer() == ME
    assert payer(mlModelTrainingPayerAccountId=OTHER) == OTHER
    lab.local.world.member().pays.remove("modelTraining")
    assert payer() == OTHER
    params = lab.model_params(association, channel, mlModelTrainingPayerAccountId=ME)
    code, message = lab.refusal("CreateTrainedModel", **params)
    assert code == "ValidationException"
    assert "mlModelTrainingPayerAccountId" in message
    lab.local.world.member("other").pays.clear()
    params = lab.model_params(association, channel)
    assert lab.refusal("CreateTrainedModel", **params)[0] == "AccessDeniedException"


def test_a_channel_has_payers_too(lab: Lab) -> None:
    association = lab.association()
    channel = lab.channel(association, payerConfiguration={"syntheticDataPayerAccountId": OTHER})
    shown = lab.call(
        "GetMLInputChannel", membershipIdentifier=lab.membership, mlInputChannelArn=channel
    )
    assert shown["payerConfiguration"] == {
        "syntheticDataPayerAccountId": OTHER,
        "computePayerAccountId": ME,
    }


def test_a_role_of_another_account_is_denied(lab: Lab) -> None:
    params = lab.channel_params(lab.association())
    params["inputChannel"]["roleArn"] = OTHER_ROLE
    assert lab.refusal("CreateMLInputChannel", **params)[0] == "AccessDeniedException"


def test_a_query_is_a_text_or_a_template(lab: Lab) -> None:
    params = lab.channel_params(lab.association())
    source = params["inputChannel"]["dataSource"]["protectedQueryInputParameters"]
    source["sqlParameters"] = {}
    assert lab.refusal("CreateMLInputChannel", **params)[0] == "ValidationException"


def test_quotas_name_themselves_and_their_value(lab: Lab) -> None:
    association, channel = lab.ready()
    lab.local.configure(lifecycle=Lifecycle("manual"))
    for _ in range(5):
        lab.call("CreateTrainedModel", **lab.model_params(association, channel))
    reply = lab.send("CreateTrainedModel", lab.model_params(association, channel))
    assert reply.status == 402
    assert b'"quotaName": "Pending and in-progress training jobs per membership"' in reply.body
    assert b'"quotaValue": 5' in reply.body
    lab.settle()
    lab.call("CreateTrainedModel", **lab.model_params(association, channel))


@pytest.mark.parametrize("quota", sorted(DEFAULT_QUOTAS))
def test_every_quota_is_enforced_somewhere(quota: str) -> None:
    """Each quota, set to nothing, refuses the operation that it is about."""
    from .test_audiences import audience_model, configured, generation

    local = LocalCleanRoomsML(settings=Settings(quotas=None))
    lab = Lab(local)
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    audience = audience_model(lab)
    job = generation(lab, configured(lab, audienceModelArn=audience))
    dataset = lab.call("GetAudienceModel", audienceModelArn=audience)["trainingDatasetArn"]
    algorithm = lab.algorithm()
    steps = {
        "Pending and in-progress training": lambda: lab.model(association, channel),
        "Pending and in-progress inference": lambda: lab.call(
            "StartTrainedModelInferenceJob", **lab.job_params(arn, channel)
        ),
        "Pending and in-progress audience models": lambda: lab.call(
            "CreateAudienceModel", name="x", trainingDatasetArn=dataset
        ),
        "Pending and in-progress audience generation": lambda: generation(
            lab, configured(lab, audienceModelArn=audience)
        ),
        "Pending and in-progress audience export": lambda: _export(lab, job),
        "Active audience export jobs": lambda: _export(lab, job),
        "Active configured model algorithms": lab.algorithm,
        "Active configured model algorithm associations": lambda: lab.association(
            configuredModelAlgorithmArn=algorithm
        ),
        "Active ML input channels": lambda: lab.channel(association),
        "Active, pending and in-progress versions": lambda: lab.version(arn, association, channel),
        "Collaborations created": lambda: rooms.collaboration(lab),
        "Members invited": lambda: rooms.collaboration(lab),
        "Memberships per account": lambda: rooms.join(lab, rooms.collaboration(lab)),
        "Configured tables": lambda: rooms.table(lab),
        "Columns per configured table": lambda: rooms.table(lab),
    }
    step = max((name for name in steps if quota.startswith(name)), key=len)
    local.configure(quotas={quota: 0})
    with pytest.raises(Exception, match=r"ServiceQuotaExceededException.*of 0 is used up"):
        steps[step]()
    local.configure(quotas=None)
    steps[step]()


def test_failed_versions_use_no_quota(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    lab.local.configure(quotas={"Active, pending and in-progress versions per trained model": 2})
    lab.local.jobs.fail_next(times=3)
    previous = [{"trainedModelArn": arn, "channelName": "before"}]
    lab.local.configure(incremental_version="base")
    name = lab.get_model(arn)["name"]
    params = lab.model_params(
        association, channel, name=name, incrementalTrainingDataChannels=previous
    )
    for _ in range(4):
        lab.call("CreateTrainedModel", **params)
        lab.settle()
    with pytest.raises(Exception, match="ServiceQuotaExceededException"):
        lab.call("CreateTrainedModel", **params)


def _export(lab: Lab, job: str) -> None:
    lab.call(
        "StartAudienceExportJob",
        name=lab.name(),
        audienceGenerationJobArn=job,
        audienceSize={"type": "ABSOLUTE", "value": 10},
    )


def test_channels_in_a_training_are_at_most_twenty_and_differ_in_name(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    many = [{"mlInputChannelArn": channel, "channelName": f"c{n}"} for n in range(20)]
    previous = [{"trainedModelArn": arn, "channelName": "c0"}]
    params = lab.model_params(association, channel, dataChannels=many)
    lab.call("CreateTrainedModel", **params)
    params["incrementalTrainingDataChannels"] = previous
    code, message = lab.refusal("CreateTrainedModel", **params)
    assert (code, "at most 20" in message) == ("ValidationException", True)
    params["dataChannels"] = many[:3]
    code, message = lab.refusal("CreateTrainedModel", **params)
    assert (code, "unique" in message) == ("ValidationException", True)


def test_an_algorithm_needs_the_container_that_a_job_runs_in(lab: Lab) -> None:
    algorithm = lab.algorithm(inferenceContainerConfig=None)
    association = lab.association(configuredModelAlgorithmArn=algorithm)
    channel = lab.channel(association)
    arn = lab.model(association, channel)
    params = lab.job_params(arn, channel)
    assert lab.refusal("StartTrainedModelInferenceJob", **params)[0] == "ValidationException"


def test_what_is_in_use_is_not_deleted(lab: Lab) -> None:
    algorithm = lab.algorithm()
    association = lab.association(configuredModelAlgorithmArn=algorithm)
    channel = lab.channel(association)
    delete = "DeleteConfiguredModelAlgorithm"
    code, _ = lab.refusal(delete, configuredModelAlgorithmArn=algorithm)
    assert code == "ConflictException"
    place = {"membershipIdentifier": lab.membership}
    mine = {**place, "configuredModelAlgorithmAssociationArn": association}
    assert lab.refusal(f"{delete}Association", **mine)[0] == "ConflictException"
    lab.call("DeleteMLInputChannelData", **place, mlInputChannelArn=channel)
    lab.settle()
    lab.call(f"{delete}Association", **mine)
    lab.call(delete, configuredModelAlgorithmArn=algorithm)
    assert lab.refusal(delete, configuredModelAlgorithmArn=algorithm)[0] == (
        "ResourceNotFoundException"
    )
    lab.association(configuredModelAlgorithmArn=lab.algorithm())


def test_a_deleted_algorithms_name_is_free_again(lab: Lab) -> None:
    arn = lab.algorithm(name="again")
    lab.call("DeleteConfiguredModelAlgorithm", configuredModelAlgorithmArn=arn)
    assert lab.algorithm(name="again") != arn


def test_the_ml_configuration_is_put_read_changed_and_deleted(lab: Lab) -> None:
    place = {"membershipIdentifier": lab.membership}
    assert lab.refusal("GetMLConfiguration", **place)[0] == "ResourceNotFoundException"
    location = {
        "roleArn": "arn:aws:iam::111122223333:role/r",
        "destination": {"s3Destination": {"s3Uri": "s3://b/one"}},
    }
    lab.call("PutMLConfiguration", **place, defaultOutputLocation=location)
    first = lab.call("GetMLConfiguration", **place)
    location["destination"]["s3Destination"]["s3Uri"] = "s3://b/two"  # type: ignore[index]
    lab.call("PutMLConfiguration", **place, defaultOutputLocation=location)
    second = lab.call("GetMLConfiguration", **place)
    assert second["defaultOutputLocation"] == location
    assert second["createTime"] == first["createTime"]
    assert second["updateTime"] > first["updateTime"]
    lab.call("DeleteMLConfiguration", **place)
    assert lab.refusal("DeleteMLConfiguration", **place)[0] == "ResourceNotFoundException"


def test_without_credentials_nobody_is_answered(lab: Lab) -> None:
    reply = lab.local.handle("GET", "/training-dataset", {}, b"")
    assert reply.status == 403
    assert reply.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_membership_and_collaboration_tell_the_same_story(lab: Lab) -> None:
    membership = lab.call("GetMembership", membershipIdentifier=lab.membership)["membership"]
    room = lab.call("GetCollaboration", collaborationIdentifier=lab.collaboration)["collaboration"]
    (row,) = lab.call("ListCollaborations", memberStatus="ACTIVE")["collaborationList"]
    assert membership["collaborationId"] == room["id"] == row["id"]
    assert room["membershipId"] == row["membershipId"] == membership["id"]
    assert lab.refusal("GetMembership", membershipIdentifier=STRANGER)[0] == (
        "ResourceNotFoundException"
    )
    code, _ = lab.refusal("GetMembership", "other", membershipIdentifier=lab.membership)
    assert code == "AccessDeniedException"


def test_settings_are_values_and_unknown_ones_are_refused() -> None:
    settings = Settings()
    assert dataclasses.replace(settings, base_version="NULL") != settings
    with pytest.raises(ValueError, match="base_version"):
        dataclasses.replace(settings, base_version="nul")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="warp"):
        Settings.from_json({"warp": 9})
    assert Settings.from_json(settings.to_json()) == settings
