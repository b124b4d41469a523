"""ML input channels and the ML configuration of a membership."""

from __future__ import annotations

from ..service.failures import Invalid
from ..service.schema import JsonObject
from ..state.kinds import ASSOCIATION, INPUT_CHANNEL, ML_CONFIGURATION
from .call import Call
from .trained_models import delete_data

# What a simulated query yields.
RECORDS, FILES, GIGABYTES = 1000, 1, 0.01


def create(call: Call) -> JsonObject:
    room, member = call.membership()
    call.require_query_ability(room)
    state = call.state
    call.check_tags()
    for arn in call["configuredModelAlgorithmAssociations"]:
        call.in_room(room, ASSOCIATION, arn)
    channel = call["inputChannel"]
    call.own_role(channel["roleArn"])
    check_query(channel["dataSource"]["protectedQueryInputParameters"]["sqlParameters"])
    payers = _payers(call)
    state.check_quotas(INPUT_CHANNEL, membership=member.membership_id)
    arn = state.new_arn(INPUT_CHANNEL, call.account, member.membership_id)
    data = call.given(
        "name",
        "description",
        "configuredModelAlgorithmAssociations",
        "inputChannel",
        "retentionInDays",
        "kmsKeyArn",
    )
    data.update(
        mlInputChannelArn=arn,
        membershipIdentifier=member.membership_id,
        collaborationIdentifier=room.id,
        creatorAccountId=call.account,
        protectedQueryIdentifier=state.new_id(),
        status="CREATE_PENDING",
    )
    if payers:
        data["payerConfiguration"] = payers
    record = state.add(
        INPUT_CHANNEL,
        arn,
        data,
        owner=call.account,
        membership=member.membership_id,
        collaboration=room.id,
        name_in=room.id,
        results={"numberOfRecords": RECORDS, "numberOfFiles": FILES, "sizeInGb": GIGABYTES},
    )
    call.put_tags(arn)
    state.begin(record, "create", call.params)
    return {"mlInputChannelArn": arn}


def check_query(parameters: JsonObject) -> None:
    """Raises `Invalid` unless a query is given as exactly one of text and analysis template."""
    if len({"queryString", "analysisTemplateArn"} & parameters.keys()) != 1:
        raise Invalid(
            "Value at 'sqlParameters': exactly one of queryString and analysisTemplateArn must be "
            "set"
        )


def _payers(call: Call) -> JsonObject:
    room, _ = call.membership()
    asked: JsonObject = call.params.get("payerConfiguration", {})
    payers = dict(asked)
    if asked.get("syntheticDataPayerAccountId"):
        name = "payerConfiguration.syntheticDataPayerAccountId"
        call.payer_account(
            room, asked["syntheticDataPayerAccountId"], "syntheticDataGeneration", name
        )
    payers["computePayerAccountId"] = call.payer_account(
        room,
        asked.get("computePayerAccountId"),
        "queryCompute",
        "payerConfiguration.computePayerAccountId",
    )
    return payers


def get(call: Call) -> JsonObject:
    record = call.in_membership(INPUT_CHANNEL, call["mlInputChannelArn"])
    return call.shown(record, call.with_tags(record))


def get_in_collaboration(call: Call) -> JsonObject:
    room = call.collaboration()
    return call.shown(call.in_room(room, INPUT_CHANNEL, call["mlInputChannelArn"]))


def list_channels(call: Call) -> JsonObject:
    _, member = call.membership()
    return call.page("mlInputChannelsList", INPUT_CHANNEL, member.membership_id)


def list_in_collaboration(call: Call) -> JsonObject:
    room = call.collaboration()
    return call.page("collaborationMLInputChannelsList", INPUT_CHANNEL, room.id)


def delete(call: Call) -> JsonObject:
    room, _ = call.membership()
    delete_data(call, call.in_room(room, INPUT_CHANNEL, call["mlInputChannelArn"]))
    return {}


def put_configuration(call: Call) -> JsonObject:
    room, member = call.membership()
    state = call.state
    record = state.find(ML_CONFIGURATION, member.membership_id)
    if record is None:
        data = {
            "membershipIdentifier": member.membership_id,
            "defaultOutputLocation": call["defaultOutputLocation"],
        }
        state.add(
            ML_CONFIGURATION,
            member.membership_id,
            data,
            owner=call.account,
            membership=member.membership_id,
            collaboration=room.id,
        )
    else:
        state.change(record, defaultOutputLocation=call["defaultOutputLocation"])
        state.touch(record)
    return {}


def get_configuration(call: Call) -> JsonObject:
    return call.shown(call.in_membership(ML_CONFIGURATION, call["membershipIdentifier"]))


def delete_configuration(call: Call) -> JsonObject:
    call.state.remove(call.in_membership(ML_CONFIGURATION, call["membershipIdentifier"]))
    return {}


HANDLERS = {
    "CreateMLInputChannel": create,
    "GetMLInputChannel": get,
    "ListMLInputChannels": list_channels,
    "DeleteMLInputChannelData": delete,
    "GetCollaborationMLInputChannel": get_in_collaboration,
    "ListCollaborationMLInputChannels": list_in_collaboration,
    "PutMLConfiguration": put_configuration,
    "GetMLConfiguration": get_configuration,
    "DeleteMLConfiguration": delete_configuration,
}
