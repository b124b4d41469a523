"""The neighbour service's operations that say which memberships and collaborations there are."""

from __future__ import annotations

from ..service.failures import Denied, Invalid, Missing
from ..service.schema import JsonObject
from ..state.world import Collaboration, Member
from .call import Call

_PAYING = {
    "modelTraining": "modelTraining",
    "modelInference": "modelInference",
    "syntheticDataGeneration": "syntheticDataGeneration",
}


def list_memberships(call: Call) -> JsonObject:
    status = call.params.get("status")
    pairs = [
        pair
        for pair in call.state.world.memberships_of(call.account)
        if status in (None, pair[1].status)
    ]
    rows = [_membership(call, room, member) for room, member in pairs]
    return _page(call, "membershipSummaries", rows)


def get_membership(call: Call) -> JsonObject:
    identifier = call["membershipIdentifier"]
    found = call.state.world.membership(identifier)
    if found is None:
        raise Missing(
            f"Membership {identifier} does not exist",
            members={"resourceId": identifier, "resourceType": "MEMBERSHIP"},
        )
    room, member = found
    if member.account_id != call.account:
        raise Denied(f"Account {call.account} has no access to membership {identifier}")
    return {"membership": _membership(call, room, member)}


def list_collaborations(call: Call) -> JsonObject:
    status = call.params.get("memberStatus")
    rows = [
        _collaboration(call, room, member)
        for room, member in call.state.world.memberships_of(call.account)
        if status in (None, member.status)
    ]
    return _page(call, "collaborationList", rows)


def get_collaboration(call: Call) -> JsonObject:
    identifier = call["collaborationIdentifier"]
    room = call.state.world.collaborations.get(identifier)
    member = room.members.get(call.account) if room else None
    if room is None or member is None:
        raise Denied(f"Account {call.account} has no access to collaboration {identifier}")
    return {"collaboration": _collaboration(call, room, member)}


def _arn(call: Call, account: str, kind: str, identifier: str) -> str:
    return f"arn:aws:cleanrooms:{call.state.world.region}:{account}:{kind}/{identifier}"


def _creator_name(call: Call, room: Collaboration) -> str:
    account = call.state.world.accounts.get(room.creator)
    return account.display_name if account else room.creator


def _membership(call: Call, room: Collaboration, member: Member) -> JsonObject:
    return {
        "id": member.membership_id,
        "arn": _arn(call, member.account_id, "membership", member.membership_id),
        "collaborationArn": _arn(call, room.creator, "collaboration", room.id),
        "collaborationId": room.id,
        "collaborationCreatorAccountId": room.creator,
        "collaborationCreatorDisplayName": _creator_name(call, room),
        "collaborationName": room.name,
        "createTime": room.created,
        "updateTime": room.updated,
        "status": member.status,
        "memberAbilities": member.abilities,
        "mlMemberAbilities": {"customMLMemberAbilities": member.ml_abilities},
        "queryLogStatus": "DISABLED",
        "jobLogStatus": "DISABLED",
        "paymentConfiguration": {
            "queryCompute": {"isResponsible": "queryCompute" in member.pays},
            "machineLearning": {
                name: {"isResponsible": payment in member.pays} for name, payment in _PAYING.items()
            },
        },
    }


def _collaboration(call: Call, room: Collaboration, member: Member) -> JsonObject:
    row = {
        "id": room.id,
        "arn": _arn(call, room.creator, "collaboration", room.id),
        "name": room.name,
        "creatorAccountId": room.creator,
        "creatorDisplayName": _creator_name(call, room),
        "createTime": room.created,
        "updateTime": room.updated,
        "memberStatus": member.status if member.is_active else "REMOVED",
        "membershipId": member.membership_id,
        "membershipArn": _arn(call, member.account_id, "membership", member.membership_id),
        "queryLogStatus": "DISABLED",
        "jobLogStatus": "DISABLED",
        "analyticsEngine": "SPARK",
    }
    if room.description:
        row["description"] = room.description
    return row


def _page(call: Call, reply_member: str, rows: list[JsonObject]) -> JsonObject:
    size = call.params.get("maxResults", call.state.settings.default_page_size)
    token = call.params.get("nextToken") or "0"
    if not (token.isdecimal() and token.isascii() and len(token) < 10):
        raise Invalid("Value at 'nextToken' is not a token of this list")
    start = int(token)
    reply: JsonObject = {reply_member: rows[start : start + size]}
    if start + size < len(rows):
        reply["nextToken"] = str(start + size)
    return reply


HANDLERS = {
    "ListMemberships": list_memberships,
    "GetMembership": get_membership,
    "ListCollaborations": list_collaborations,
    "GetCollaboration": get_collaboration,
}
