"""Inference jobs on trained models."""

from __future__ import annotations

from ..service.failures import Conflict, Invalid
from ..service.schema import JsonObject
from ..state.kinds import ALGORITHM, ASSOCIATION, INFERENCE_JOB, TRAINED_MODEL
from ..state.state import IN_PROGRESS
from ..state.world import RECEIVE_INFERENCE
from .call import Call
from .publishing import image_digest
from .trained_models import latest_version

_CREATED_MEMBERS = (
    "name",
    "trainedModelArn",
    "resourceConfig",
    "outputConfiguration",
    "dataSource",
    "description",
    "containerExecutionParameters",
    "environment",
    "kmsKeyArn",
)


def start(call: Call) -> JsonObject:
    room, member = call.membership()
    call.require_query_ability(room)
    state, settings = call.state, call.state.settings
    call.check_tags()
    model_arn = call["trainedModelArn"]
    version = call.params.get("trainedModelVersionIdentifier")
    if version is None and settings.inference_version == "latest":
        version = latest_version(call, model_arn)
    model = call.require_usable(call.in_room(room, TRAINED_MODEL, model_arn, version))
    association_arn = call.params.get(
        "configuredModelAlgorithmAssociationArn",
        model.data["configuredModelAlgorithmAssociationArn"],
    )
    association = call.in_room(room, ASSOCIATION, association_arn)
    algorithm = state.find(ALGORITHM, association.data["configuredModelAlgorithmArn"])
    container = algorithm.data.get("inferenceContainerConfig") if algorithm else None
    if container is None:
        raise Invalid(f"The algorithm of {association_arn} has no inference container")
    call.usable_channel(room, call["dataSource"]["mlInputChannelArn"], association_arn)
    call.require_receivers(room, call["outputConfiguration"]["members"], RECEIVE_INFERENCE)
    payer = call.payer(room, "mlModelInferencePayerAccountId", "modelInference")

    arn = state.new_arn(INFERENCE_JOB, call.account, member.membership_id)
    state.check_quotas(INFERENCE_JOB, account=call.account, membership=member.membership_id)
    data = call.given(*_CREATED_MEMBERS)
    data.update(
        trainedModelInferenceJobArn=arn,
        configuredModelAlgorithmAssociationArn=association_arn,
        membershipIdentifier=member.membership_id,
        collaborationIdentifier=room.id,
        creatorAccountId=call.account,
        mlModelInferencePayerAccountId=payer,
        inferenceContainerImageDigest=image_digest(container["imageUri"]),
        status="CREATE_PENDING",
    )
    if model.data.get("versionIdentifier") is not None:
        data["trainedModelVersionIdentifier"] = model.data["versionIdentifier"]
    record = state.add(
        INFERENCE_JOB,
        arn,
        data,
        owner=call.account,
        membership=member.membership_id,
        collaboration=room.id,
        name_in=member.membership_id if settings.duplicate_job_names == "conflict" else None,
    )
    call.put_tags(arn)
    state.begin(record, "create", call.params)
    return {"trainedModelInferenceJobArn": arn}


def get(call: Call) -> JsonObject:
    record = call.in_membership(INFERENCE_JOB, call["trainedModelInferenceJobArn"])
    return call.shown(record, call.with_tags(record))


def list_jobs(call: Call) -> JsonObject:
    _, member = call.membership()
    return _list(call, "trainedModelInferenceJobs", member.membership_id)


def list_in_collaboration(call: Call) -> JsonObject:
    return _list(call, "collaborationTrainedModelInferenceJobs", call.collaboration().id)


def _list(call: Call, reply_member: str, place: str) -> JsonObject:
    model = call.params.get("trainedModelArn")
    version = call.params.get("trainedModelVersionIdentifier")
    if model is None and version is not None:
        return call.page(
            reply_member,
            INFERENCE_JOB,
            place,
            keep=lambda job: job.data.get("trainedModelVersionIdentifier") == version,
        )
    index: list[str | None] = [INFERENCE_JOB, place]
    if model is not None:
        index.append(model)
        if version is not None:
            index.append(version)
    return call.page(reply_member, *index)


def cancel(call: Call) -> JsonObject:
    record = call.in_membership(INFERENCE_JOB, call["trainedModelInferenceJobArn"])
    if record.status not in IN_PROGRESS:
        raise Conflict(f"{record.arn} cannot be cancelled: its status is {record.status}")
    call.state.begin(record, "cancel", call.params)
    return {}


HANDLERS = {
    "StartTrainedModelInferenceJob": start,
    "GetTrainedModelInferenceJob": get,
    "ListTrainedModelInferenceJobs": list_jobs,
    "CancelTrainedModelInferenceJob": cancel,
    "ListCollaborationTrainedModelInferenceJobs": list_in_collaboration,
}
