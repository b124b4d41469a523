"""Trained models, their versions, and their export jobs."""

from __future__ import annotations

from collections.abc import Callable

from ..service.failures import Conflict, Denied, Invalid
from ..service.schema import JsonObject
from ..state.kinds import ALGORITHM, ASSOCIATION, EXPORT_JOB, TRAINED_MODEL
from ..state.records import Record
from ..state.state import IN_PROGRESS
from ..state.world import RECEIVE_MODEL, Collaboration, Member
from .call import Call
from .publishing import image_digest

MAX_CHANNELS = 20
_CREATED_MEMBERS = (
    "name",
    "configuredModelAlgorithmAssociationArn",
    "hyperparameters",
    "environment",
    "resourceConfig",
    "stoppingCondition",
    "dataChannels",
    "trainingInputMode",
    "description",
    "kmsKeyArn",
)


def create(call: Call) -> JsonObject:
    room, member = call.membership()
    call.require_query_ability(room)
    state, settings = call.state, call.state.settings
    call.check_tags()
    _check_channels(call)
    association_arn = call["configuredModelAlgorithmAssociationArn"]
    association = call.in_room(room, ASSOCIATION, association_arn)
    algorithm = state.find(ALGORITHM, association.data["configuredModelAlgorithmArn"])
    container = algorithm.data.get("trainingContainerConfig") if algorithm else None
    if container is None:
        raise Invalid(f"The algorithm of {association_arn} has no training container")
    for channel in call["dataChannels"]:
        call.usable_channel(room, channel["mlInputChannelArn"], association_arn)
    parent = _parent(call, room)
    payer = call.payer(room, "mlModelTrainingPayerAccountId", "modelTraining")

    holder = state.holder_of_name(TRAINED_MODEL, room.id, call["name"])
    arn = _existing_model(call, holder, parent, member.membership_id)
    state.check_quotas(
        TRAINED_MODEL, account=call.account, membership=member.membership_id, parent=arn
    )
    is_new = arn is None
    if arn is None:
        arn = state.new_arn(TRAINED_MODEL, call.account, member.membership_id)
    version = state.new_id() if not is_new or settings.base_version == "uuid" else None

    data = call.given(*_CREATED_MEMBERS)
    data.update(
        trainedModelArn=arn,
        membershipIdentifier=member.membership_id,
        collaborationIdentifier=room.id,
        creatorAccountId=call.account,
        mlModelTrainingPayerAccountId=payer,
        trainingContainerImageDigest=image_digest(container["imageUri"]),
        status="CREATE_PENDING",
    )
    shown_version = version or ("NULL" if settings.base_version == "NULL" else None)
    if shown_version is not None:
        data["versionIdentifier"] = shown_version
    if parent is not None:
        data["incrementalTrainingDataChannels"] = [_channel_output(call, parent)]
    record = state.add(
        TRAINED_MODEL,
        arn,
        data,
        owner=call.account,
        membership=member.membership_id,
        collaboration=room.id,
        version=version,
        name_in=room.id if is_new else None,
    )
    if is_new and version is not None:
        state.stand_for_model(record)
    call.put_tags(arn)
    state.begin(record, "create", call.params)
    reply = {"trainedModelArn": arn}
    if shown_version is not None:
        reply["versionIdentifier"] = shown_version
    return reply


def _check_channels(call: Call) -> None:
    incremental = call.params.get("incrementalTrainingDataChannels", [])
    channels = [*call["dataChannels"], *incremental]
    if len(channels) > MAX_CHANNELS:
        raise Invalid(
            "Value at 'dataChannels': dataChannels and incrementalTrainingDataChannels together "
            f"have at most {MAX_CHANNELS} channels"
        )
    names = [channel["channelName"] for channel in channels]
    if len(set(names)) != len(names):
        raise Invalid("Value at 'dataChannels': channel names must be unique in a training job")


def _parent(call: Call, room: Collaboration) -> Record | None:
    """The version that incremental training starts from."""
    channels = call.params.get("incrementalTrainingDataChannels")
    if not channels:
        return None
    arn, version = channels[0]["trainedModelArn"], channels[0].get("versionIdentifier")
    if version is None and call.state.settings.incremental_version == "latest":
        version = latest_version(call, arn)
    return call.require_usable(call.in_room(room, TRAINED_MODEL, arn, version))


def _existing_model(
    call: Call, holder: str | None, parent: Record | None, membership: str
) -> str | None:
    """The model that the request makes a new version of; None if it makes a new model."""
    rule = call.state.settings.new_version_rule
    if parent is not None and parent.membership == membership:
        if rule == "same-name" and holder == parent.key:
            return parent.key
        if rule == "any-incremental":
            return parent.key
    if holder is not None:
        raise Conflict(
            f"A trained model with the name {call['name']!r} exists already in the collaboration"
        )
    return None


def _channel_output(call: Call, parent: Record) -> JsonObject:
    channel = call["incrementalTrainingDataChannels"][0]
    output = {"channelName": channel["channelName"], "modelName": parent.name}
    if parent.data.get("versionIdentifier") is not None:
        output["versionIdentifier"] = parent.data["versionIdentifier"]
    return output


def latest_version(call: Call, arn: str) -> str | None:
    """The identifier of a model's latest version (None: the base, or no such model)."""
    versions = call.state.versions(arn)
    if call.state.settings.latest_version == "newest-active":
        for record in versions.before(None):
            if record.status == "ACTIVE":
                return record.version
    newest = versions.newest()
    return newest.version if newest else None


def _latest_or(call: Call) -> str | None:
    return call.params.get("versionIdentifier") or latest_version(call, call["trainedModelArn"])


def get(call: Call) -> JsonObject:
    record = call.in_membership(TRAINED_MODEL, call["trainedModelArn"], _latest_or(call))
    return call.shown(record, call.with_tags(record))


def get_in_collaboration(call: Call) -> JsonObject:
    room = call.collaboration()
    record = call.in_room(room, TRAINED_MODEL, call["trainedModelArn"], _latest_or(call))
    return call.shown(record, call.with_published(record))


def list_models(call: Call) -> JsonObject:
    _, member = call.membership()
    return _models(call, "trainedModels", member.membership_id)


def list_in_collaboration(call: Call) -> JsonObject:
    return _models(call, "collaborationTrainedModels", call.collaboration().id)


def _models(call: Call, reply_member: str, place: str) -> JsonObject:
    if call.state.settings.list_rows == "per-version":
        return call.page(reply_member, "model-versions", place)
    rows, token = call.state.paging.page(
        call.state.index(TRAINED_MODEL, place), call.params, operation=call.operation.name
    )
    newest = [call.state.versions(row.key).newest() or row for row in rows]
    return call.listing(reply_member, newest, token)


def list_versions(call: Call) -> JsonObject:
    arn = call["trainedModelArn"]
    call.in_membership(TRAINED_MODEL, arn, latest_version(call, arn))
    status = call.params.get("status")
    keep: Callable[[Record], bool] | None = None
    if status is not None:
        keep = lambda record: record.status == status  # noqa: E731
    size = call.state.settings.version_page_size
    return call.page("trainedModels", "versions", arn, size=size, keep=keep)


def cancel(call: Call) -> JsonObject:
    version = call.params.get("versionIdentifier")
    record = call.in_membership(TRAINED_MODEL, call["trainedModelArn"], version)
    if record.status not in IN_PROGRESS:
        raise Conflict(f"{record.arn} cannot be cancelled: its status is {record.status}")
    call.state.begin(record, "cancel", call.params)
    return {}


def delete_output(call: Call) -> JsonObject:
    room, _ = call.membership()
    version = call.params.get("versionIdentifier")
    record = call.in_room(room, TRAINED_MODEL, call["trainedModelArn"], version)
    delete_data(call, record)
    return {}


def delete_data(call: Call, record: Record) -> None:
    """Start the deletion of a model's or channel's data. Deleting twice is allowed."""
    if record.status == "INACTIVE" or record.status.startswith(("DELETE_P", "DELETE_I")):
        return
    busy = record.job is not None
    if busy and call.state.settings.delete_while_running == "conflict":
        raise Conflict(f"{record.arn} cannot be deleted: its status is {record.status}")
    call.state.begin(record, "delete", call.params)


def export(call: Call) -> JsonObject:
    room, member = _export_membership(call)
    call.require_query_ability(room)
    state, settings = call.state, call.state.settings
    arn = call["trainedModelArn"]
    version = call.params.get("trainedModelVersionIdentifier")
    if version is None and settings.export_version == "latest":
        version = latest_version(call, arn)
    model = call.require_usable(call.in_room(room, TRAINED_MODEL, arn, version))
    _require_export_policy(call, model)
    call.require_receivers(room, call["outputConfiguration"]["members"], RECEIVE_MODEL)
    key = f"{EXPORT_JOB}/{state.new_id()}"
    data = call.given("name", "description", "outputConfiguration", "trainedModelArn")
    data.update(
        membershipIdentifier=member.membership_id,
        collaborationIdentifier=room.id,
        creatorAccountId=call.account,
        status="CREATE_PENDING",
    )
    if model.data.get("versionIdentifier") is not None:
        data["trainedModelVersionIdentifier"] = model.data["versionIdentifier"]
    record = state.add(
        EXPORT_JOB,
        key,
        data,
        owner=call.account,
        membership=member.membership_id,
        collaboration=room.id,
        name_in=room.id if settings.duplicate_job_names == "conflict" else None,
        claim=f"{arn}|{call.account}|{call['name']}",
    )
    state.begin(record, "create", call.params)
    return {}


def _export_membership(call: Call) -> tuple[Collaboration, Member]:
    """The membership of an export: the caller's or, as the API reference has it, the receiver's."""
    if call.state.settings.export_membership == "caller":
        return call.membership()
    identifier = call["membershipIdentifier"]
    found = call.state.world.membership(identifier)
    if found is None:
        raise call.not_found(f"Membership {identifier} does not exist")
    room, member = found
    call.require_member(room)
    receivers = [entry["accountId"] for entry in call["outputConfiguration"]["members"]]
    if member.account_id not in receivers:
        raise Invalid(f"Membership {identifier} is not that of a member who receives the export")
    return found


def _require_export_policy(call: Call, model: Record) -> None:
    if call.state.settings.export_without_policy == "allow":
        return
    arn = model.data["configuredModelAlgorithmAssociationArn"]
    association = call.state.find(ASSOCIATION, arn)
    privacy: JsonObject = association.data.get("privacyConfiguration", {}) if association else {}
    if "trainedModelExports" not in privacy.get("policies", {}):
        raise Denied(f"The privacy policies of {arn} allow no exports of trained models")


def list_exports(call: Call) -> JsonObject:
    room = call.collaboration()
    index: list[str | None] = [EXPORT_JOB, room.id, call["trainedModelArn"]]
    if "trainedModelVersionIdentifier" in call.params:
        index.append(call["trainedModelVersionIdentifier"])
    return call.page("collaborationTrainedModelExportJobs", *index)


HANDLERS = {
    "CreateTrainedModel": create,
    "GetTrainedModel": get,
    "ListTrainedModels": list_models,
    "ListTrainedModelVersions": list_versions,
    "CancelTrainedModel": cancel,
    "DeleteTrainedModelOutput": delete_output,
    "StartTrainedModelExportJob": export,
    "GetCollaborationTrainedModel": get_in_collaboration,
    "ListCollaborationTrainedModels": list_in_collaboration,
    "ListCollaborationTrainedModelExportJobs": list_exports,
}
