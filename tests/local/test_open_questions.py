"""What the documents leave open: every switch changes what it says, and nothing is left untested."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_origin, get_type_hints

import pytest

from crml_sdk.local import LocalCleanRoomsML, Settings

from .local_lab import ME, OTHER, Lab
from .test_audiences import configured, generation


def switch(lab: Lab, **changes: Any) -> None:
    lab.local.configure(**changes)


def test_new_version_rule(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel, name="m")
    previous = [{"trainedModelArn": arn, "channelName": "before"}]
    params = lab.model_params(
        association, channel, name="m", incrementalTrainingDataChannels=previous
    )
    switch(lab, new_version_rule="never")
    assert lab.refusal("CreateTrainedModel", **params)[0] == "ConflictException"
    switch(lab, new_version_rule="any-incremental")
    reply = lab.call("CreateTrainedModel", **{**params, "name": "another"})
    assert reply["trainedModelArn"] == arn


def test_duplicate_job_names(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    params = lab.job_params(arn, channel)
    lab.call("StartTrainedModelInferenceJob", **params)
    assert lab.refusal("StartTrainedModelInferenceJob", **params)[0] == "ConflictException"
    switch(lab, duplicate_job_names="allow")
    lab.call("StartTrainedModelInferenceJob", **params)


def test_base_version(lab: Lab) -> None:
    association, channel = lab.ready()
    switch(lab, base_version="NULL")
    reply = lab.send("CreateTrainedModel", lab.model_params(association, channel))
    assert b'"versionIdentifier":"NULL"' in reply.body


def test_list_order_and_rows(lab: Lab) -> None:
    association, channel = lab.ready()
    first, second = lab.model(association, channel), lab.model(association, channel)
    lab.version(first, association, channel)

    def rows() -> list[str]:
        reply = lab.call("ListTrainedModels", membershipIdentifier=lab.membership)
        return [row["trainedModelArn"] for row in reply["trainedModels"]]

    assert rows() == [second, first]
    switch(lab, list_order="oldest-first")
    assert rows() == [first, second]
    switch(lab, list_rows="per-version")
    assert rows() == [first, second, first]


def test_latest_version(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    lab.local.jobs.fail_next()
    failed = lab.version(arn, association, channel)
    assert lab.get_model(arn)["versionIdentifier"] == failed
    switch(lab, latest_version="newest-active")
    assert "versionIdentifier" not in lab.get_model(arn)


@pytest.mark.parametrize("what", ["inference_version", "export_version", "incremental_version"])
def test_versions_left_out(lab: Lab, what: str) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    version = lab.version(arn, association, channel)

    def used() -> str | None:
        if what == "inference_version":
            lab.call("StartTrainedModelInferenceJob", **lab.job_params(arn, channel))
            place = {"membershipIdentifier": lab.membership}
            jobs = lab.call("ListTrainedModelInferenceJobs", **place)
            return jobs["trainedModelInferenceJobs"][0].get("trainedModelVersionIdentifier")
        if what == "export_version":
            output = {"members": [{"accountId": "111122223333"}]}
            place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
            export = {"name": lab.name(), "outputConfiguration": output}
            lab.call("StartTrainedModelExportJob", **place, **export)
            jobs = lab.call(
                "ListCollaborationTrainedModelExportJobs",
                collaborationIdentifier=lab.collaboration,
                trainedModelArn=arn,
            )["collaborationTrainedModelExportJobs"]
            return jobs[0].get("trainedModelVersionIdentifier")
        child = lab.model(
            association,
            channel,
            incrementalTrainingDataChannels=[{"trainedModelArn": arn, "channelName": "before"}],
        )
        return lab.get_model(child)["incrementalTrainingDataChannels"][0].get("versionIdentifier")

    default = getattr(Settings(), what)
    other = {"base": "latest", "latest": "base"}[default]
    expected = {"base": None, "latest": version}
    assert used() == expected[default]
    switch(lab, **{what: other})
    assert used() == expected[other]


def test_cancelled_status(lab: Lab) -> None:
    switch(lab, cancelled_status="CREATE_FAILED")
    arn = lab.call("CreateTrainedModel", **lab.model_params(*lab.ready()))["trainedModelArn"]
    lab.call("CancelTrainedModel", membershipIdentifier=lab.membership, trainedModelArn=arn)
    lab.settle()
    assert lab.get_model(arn)["status"] == "CREATE_FAILED"


def test_deleted_output(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel, name="gone", tags={"a": "1"})
    version = lab.version(arn, association, channel)
    switch(lab, deleted_output="gone")
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    lab.call("DeleteTrainedModelOutput", **place)
    lab.settle()
    (row,) = lab.call("ListTrainedModels", membershipIdentifier=lab.membership)["trainedModels"]
    assert row["versionIdentifier"] == version
    lab.call("DeleteTrainedModelOutput", **place, versionIdentifier=version)
    lab.settle()
    assert lab.refusal("GetTrainedModel", **place)[0] == "ResourceNotFoundException"
    assert lab.refusal("ListTagsForResource", resourceArn=arn)[0] == "ResourceNotFoundException"
    assert lab.model(association, channel, name="gone") != arn


def test_delete_while_running(lab: Lab) -> None:
    arn = lab.call("CreateTrainedModel", **lab.model_params(*lab.ready()))["trainedModelArn"]
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    assert lab.refusal("DeleteTrainedModelOutput", **place)[0] == "ConflictException"
    switch(lab, delete_while_running="allow")
    lab.call("DeleteTrainedModelOutput", **place)
    lab.settle()
    assert lab.get_model(arn)["status"] == "INACTIVE"
    lab.call("DeleteTrainedModelOutput", **place)


def test_unusable_input(lab: Lab) -> None:
    association = lab.association()
    channel = lab.call("CreateMLInputChannel", **lab.channel_params(association))
    params = lab.model_params(association, channel["mlInputChannelArn"])
    assert lab.refusal("CreateTrainedModel", **params)[0] == "ConflictException"
    switch(lab, unusable_input="validation")
    assert lab.refusal("CreateTrainedModel", **params)[0] == "ValidationException"
    switch(lab, unusable_input="allow")
    lab.call("CreateTrainedModel", **params)


def test_association_in_use(lab: Lab) -> None:
    association, _ = lab.ready()
    place = {
        "membershipIdentifier": lab.membership,
        "configuredModelAlgorithmAssociationArn": association,
    }
    delete = "DeleteConfiguredModelAlgorithmAssociation"
    assert lab.refusal(delete, **place)[0] == "ConflictException"
    switch(lab, association_in_use="allow")
    lab.call(delete, **place)


def test_channel_must_match_association(lab: Lab) -> None:
    _, channel = lab.ready()
    params = lab.model_params(lab.association(), channel)
    assert lab.refusal("CreateTrainedModel", **params)[0] == "ValidationException"
    switch(lab, channel_must_match_association=False)
    lab.call("CreateTrainedModel", **params)


def test_ml_configuration_required(lab: Lab) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    switch(lab, ml_configuration_required=True)
    params = lab.job_params(arn, channel)
    assert lab.refusal("StartTrainedModelInferenceJob", **params)[0] == "ValidationException"
    location = {"roleArn": "arn:aws:iam::111122223333:role/r"}
    lab.call(
        "PutMLConfiguration", membershipIdentifier=lab.membership, defaultOutputLocation=location
    )
    lab.call("StartTrainedModelInferenceJob", **params)


@pytest.mark.parametrize("rule", ["always", "never"])
def test_publish_status(lab: Lab, rule: str) -> None:
    switch(lab, publish_status=rule)
    shown = lab.get_model(lab.model(*lab.ready()))
    assert ("logsStatus" in shown) == (rule == "always")


def test_expired_channel(lab: Lab) -> None:
    switch(lab, expired_channel="keep")
    _, channel = lab.ready()
    lab.local.clock.advance(1e8)
    place = {"membershipIdentifier": lab.membership, "mlInputChannelArn": channel}
    assert lab.call("GetMLInputChannel", **place)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("rule", "shown"), [("others", False), ("starter", True), ("everyone", True)]
)
def test_seed_audience_shown_to(lab: Lab, rule: str, shown: bool) -> None:
    switch(lab, seed_audience_shown_to=rule)
    job = generation(lab, configured(lab))
    reply = lab.call("GetAudienceGenerationJob", audienceGenerationJobArn=job)
    assert ("seedAudience" in reply) == shown


def test_page_sizes(lab: Lab) -> None:
    switch(lab, default_page_size=2, version_page_size=1)
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    lab.version(arn, association, channel)
    for _ in range(2):
        lab.model(association, channel)
    place = {"membershipIdentifier": lab.membership}
    assert len(lab.call("ListTrainedModels", **place)["trainedModels"]) == 2
    rows = lab.call("ListTrainedModelVersions", **place, trainedModelArn=arn)
    assert len(rows["trainedModels"]) == 1
    assert "nextToken" in rows


def test_every_switch_is_documented() -> None:
    from pathlib import Path

    page = Path(__file__).parents[2] / "docs" / "local" / "settings.md"
    text = page.read_text()
    for entry in dataclasses.fields(Settings):
        assert f"`{entry.name}`" in text, entry.name


def test_every_closed_choice_is_covered_here() -> None:
    hints = get_type_hints(Settings)
    choices = {name for name, hint in hints.items() if get_origin(hint) is Literal}
    source = __import__("pathlib").Path(__file__).read_text()
    assert {name for name in choices if name not in source} == set()


def test_a_base_version_with_an_identifier(lab: Lab) -> None:
    switch(lab, base_version="uuid")
    association, channel = lab.ready()
    params = lab.model_params(association, channel, name="m")
    reply = lab.call("CreateTrainedModel", **params)
    arn, base = reply["trainedModelArn"], reply["versionIdentifier"]
    lab.settle()
    later = lab.version(arn, association, channel)
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    rows = lab.call("ListTrainedModelVersions", **place)["trainedModels"]
    assert [row["versionIdentifier"] for row in rows] == [later, base]
    (row,) = lab.call("ListTrainedModels", membershipIdentifier=lab.membership)["trainedModels"]
    assert row["versionIdentifier"] == later
    assert lab.get_model(arn)["versionIdentifier"] == later
    assert lab.get_model(arn, versionIdentifier=base)["versionIdentifier"] == base
    # A version left out means the base where it did.
    job = lab.call("StartTrainedModelInferenceJob", **lab.job_params(arn, channel))
    shown = lab.call("GetTrainedModelInferenceJob", membershipIdentifier=lab.membership, **job)
    assert shown["trainedModelVersionIdentifier"] == base
    lab.call("DeleteTrainedModelOutput", **place)
    lab.local.jobs.finish(arn)
    assert lab.get_model(arn, versionIdentifier=base)["status"] == "INACTIVE"
    assert lab.get_model(arn)["status"] == "ACTIVE"
    saved = lab.local.to_json()
    again = Lab(LocalCleanRoomsML().from_json(saved))
    assert again.get_model(arn, versionIdentifier=base)["status"] == "INACTIVE"


def test_a_seed_makes_bases_with_identifiers(lab: Lab) -> None:
    seed = {
        "settings": {"base_version": "uuid"},
        "models": [{"name": "m", "versions": 3, "status": "CREATE_FAILED"}],
        "inference_jobs": [{"name": "j", "model": "m"}],
    }
    arn = lab.local.seed(seed)["trained-model/m"]
    rows = lab.local.versions(arn)
    assert len({row.data["versionIdentifier"] for row in rows}) == 3
    assert {row.status for row in rows} == {"CREATE_FAILED"}


@pytest.mark.parametrize("operation", ["channel", "training", "inference", "export"])
def test_who_may_run(lab: Lab, operation: str) -> None:
    association, channel = lab.ready()
    arn = lab.model(association, channel)
    export = {
        "membershipIdentifier": lab.membership,
        "name": "e",
        "trainedModelArn": arn,
        "outputConfiguration": {"members": [{"accountId": ME}]},
    }
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "channel": ("CreateMLInputChannel", lab.channel_params(association)),
        "training": ("CreateTrainedModel", lab.model_params(association, channel)),
        "inference": ("StartTrainedModelInferenceJob", lab.job_params(arn, channel)),
        "export": ("StartTrainedModelExportJob", export),
    }
    name, params = calls[operation]
    lab.local.world.member().abilities.remove("CAN_QUERY")
    code, message = lab.refusal(name, **params)
    assert (code, "CAN_QUERY" in message) == ("AccessDeniedException", True)
    switch(lab, query_ability_required=False)
    lab.call(name, **params)


def test_exports_without_a_policy_and_their_membership(lab: Lab) -> None:
    policy = {"maxSize": {"unit": "GB", "value": 1.0}, "filesToExport": ["MODEL"]}
    allowed = {"policies": {"trainedModelExports": policy}}
    for privacy, expected in (({}, 403), ({"privacyConfiguration": allowed}, 200)):
        association = lab.association(**privacy)
        channel = lab.channel(association)
        params = {
            "membershipIdentifier": lab.membership,
            "name": "e",
            "trainedModelArn": lab.model(association, channel),
            "outputConfiguration": {"members": [{"accountId": OTHER}]},
        }
        switch(lab, export_without_policy="deny", export_membership="caller")
        assert lab.send("StartTrainedModelExportJob", params).status == expected
        switch(lab, export_without_policy="allow")
        other = {**params, "name": "e2", "membershipIdentifier": lab.other_membership}
        assert lab.send("StartTrainedModelExportJob", other).status == 403
        switch(lab, export_membership="receiver")
        assert lab.send("StartTrainedModelExportJob", other).status == 200
        mine = {**params, "name": "e3"}
        assert lab.refusal("StartTrainedModelExportJob", **mine)[0] == "ValidationException"
        nobody = {**other, "membershipIdentifier": "0" * 8 + lab.membership[8:]}
        assert lab.send("StartTrainedModelExportJob", nobody).status in (403, 404)
        (job,) = lab.call(
            "ListCollaborationTrainedModelExportJobs",
            collaborationIdentifier=lab.collaboration,
            trainedModelArn=params["trainedModelArn"],
            maxResults=1,
        )["collaborationTrainedModelExportJobs"]
        assert job["creatorAccountId"] == ME
        assert job["membershipIdentifier"] == lab.other_membership


def test_deletions_under_way_can_be_waited_for(lab: Lab) -> None:
    switch(lab, deletion_under_way="in-use")
    association, channel = lab.ready()
    place = {"membershipIdentifier": lab.membership}
    lab.call("DeleteMLInputChannelData", **place, mlInputChannelArn=channel)
    arn = {**place, "configuredModelAlgorithmAssociationArn": association}
    assert lab.refusal("DeleteConfiguredModelAlgorithmAssociation", **arn)[0] == "ConflictException"
    switch(lab, deletion_under_way="unused", membership_in_use="allow")
    lab.call("DeleteConfiguredModelAlgorithmAssociation", **arn)
    lab.association()
    lab.call("DeleteMembership", **place)
    assert lab.local.world.membership(place["membershipIdentifier"]) is None
