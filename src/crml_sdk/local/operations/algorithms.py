"""Configured model algorithms and their associations with collaborations."""

from __future__ import annotations

from ..service.failures import Conflict, Invalid
from ..service.schema import JsonObject
from ..state.kinds import ALGORITHM, ASSOCIATION
from ..state.records import Record
from ..state.state import ENDED
from .call import Call


def create(call: Call) -> JsonObject:
    state = call.state
    call.check_tags()
    if not {"trainingContainerConfig", "inferenceContainerConfig"} & call.params.keys():
        raise Invalid("At least one of the training and inference containers must be configured")
    state.check_quotas(ALGORITHM, account=call.account)
    arn = state.new_arn(ALGORITHM, call.account)
    data = call.given(
        "name",
        "description",
        "roleArn",
        "trainingContainerConfig",
        "inferenceContainerConfig",
        "kmsKeyArn",
    )
    data["configuredModelAlgorithmArn"] = arn
    state.add(ALGORITHM, arn, data, owner=call.account, name_in=call.account)
    call.put_tags(arn)
    return {"configuredModelAlgorithmArn": arn}


def get(call: Call) -> JsonObject:
    record = call.owned(ALGORITHM, call["configuredModelAlgorithmArn"])
    return call.shown(record, call.with_tags(record))


def list_algorithms(call: Call) -> JsonObject:
    return call.page("configuredModelAlgorithms", ALGORITHM, call.account)


def delete(call: Call) -> JsonObject:
    record = call.owned(ALGORITHM, call["configuredModelAlgorithmArn"])
    if len(call.state.index(ASSOCIATION, "of", record.arn)):
        raise Conflict(f"{record.arn} still has associations")
    call.state.remove(record)
    return {}


def associate(call: Call) -> JsonObject:
    room, member = call.membership()
    state = call.state
    call.check_tags()
    algorithm = call.owned(ALGORITHM, call["configuredModelAlgorithmArn"])
    _check_policies(call)
    state.check_quotas(ASSOCIATION, membership=member.membership_id)
    arn = state.new_arn(ASSOCIATION, call.account, member.membership_id)
    data = call.given("name", "description", "privacyConfiguration")
    data.update(
        configuredModelAlgorithmAssociationArn=arn,
        configuredModelAlgorithmArn=algorithm.arn,
        membershipIdentifier=member.membership_id,
        collaborationIdentifier=room.id,
        creatorAccountId=call.account,
    )
    state.add(
        ASSOCIATION,
        arn,
        data,
        owner=call.account,
        membership=member.membership_id,
        collaboration=room.id,
        name_in=room.id,
    )
    call.put_tags(arn)
    return {"configuredModelAlgorithmAssociationArn": arn}


def _check_policies(call: Call) -> None:
    policies: JsonObject = call.params.get("privacyConfiguration", {}).get("policies", {})
    for name in ("trainedModels", "trainedModelInferenceJobs"):
        for log in policies.get(name, {}).get("containerLogs", ()):
            redaction: JsonObject = log.get("logRedactionConfiguration", {})
            if "CUSTOM" in redaction.get("entitiesToRedact", ()) and not redaction.get(
                "customEntityConfig"
            ):
                raise Invalid(
                    f"Value at 'privacyConfiguration.policies.{name}.containerLogs': redacting "
                    "CUSTOM entities needs a customEntityConfig"
                )


def get_association(call: Call) -> JsonObject:
    record = call.in_membership(ASSOCIATION, call["configuredModelAlgorithmAssociationArn"])
    return call.shown(record, call.with_tags(record))


def get_association_in_collaboration(call: Call) -> JsonObject:
    room = call.collaboration()
    return call.shown(
        call.in_room(room, ASSOCIATION, call["configuredModelAlgorithmAssociationArn"])
    )


def list_associations(call: Call) -> JsonObject:
    _, member = call.membership()
    return call.page("configuredModelAlgorithmAssociations", ASSOCIATION, member.membership_id)


def list_associations_in_collaboration(call: Call) -> JsonObject:
    room = call.collaboration()
    return call.page("collaborationConfiguredModelAlgorithmAssociations", ASSOCIATION, room.id)


def delete_association(call: Call) -> JsonObject:
    record = call.in_membership(ASSOCIATION, call["configuredModelAlgorithmAssociationArn"])
    state = call.state
    if state.settings.association_in_use == "conflict":
        for user in state.index("uses", record.arn):
            if is_in_use(call, user):
                raise Conflict(f"{record.arn} is used by {user.arn}")
    state.remove(record)
    return {}


def is_in_use(call: Call, record: Record) -> bool:
    """False for what has ended, and for what is being deleted (not documented; assumed, a setting)."""
    if record.status in ("DELETE_PENDING", "DELETE_IN_PROGRESS"):
        return call.state.settings.deletion_under_way == "in-use"
    return record.status not in ENDED


HANDLERS = {
    "CreateConfiguredModelAlgorithm": create,
    "GetConfiguredModelAlgorithm": get,
    "ListConfiguredModelAlgorithms": list_algorithms,
    "DeleteConfiguredModelAlgorithm": delete,
    "CreateConfiguredModelAlgorithmAssociation": associate,
    "GetConfiguredModelAlgorithmAssociation": get_association,
    "ListConfiguredModelAlgorithmAssociations": list_associations,
    "DeleteConfiguredModelAlgorithmAssociation": delete_association,
    "GetCollaborationConfiguredModelAlgorithmAssociation": get_association_in_collaboration,
    "ListCollaborationConfiguredModelAlgorithmAssociations": list_associations_in_collaboration,
}
