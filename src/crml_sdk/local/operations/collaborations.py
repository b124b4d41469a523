"""Collaborations of AWS Clean Rooms, and their members."""

from __future__ import annotations

from ..service.failures import Denied, Invalid
from ..service.schema import JsonObject
from ..state.kinds import TABLE_ASSOCIATION
from ..state.paging import page_of_rows
from ..state.world import (
    COLLABORATION_DELETED,
    ML_PAYMENTS,
    PAYMENTS,
    QUERY,
    RUN_JOB,
    Collaboration,
    Member,
)
from .call import MEMBERSHIP, Call

_SETTINGS = (
    "dataEncryptionMetadata",
    "queryLogStatus",
    "jobLogStatus",
    "analyticsEngine",
    "allowedResultRegions",
    "isMetricsEnabled",
)
_CONNECTED = ("INVITED", "ACTIVE")


def create(call: Call) -> JsonObject:
    """The creator is a member too, and joins like the others: by CreateMembership."""
    state, world = call.state, call.state.world
    call.check_tags()
    invited: list[JsonObject] = call["members"]
    accounts = [entry["accountId"] for entry in invited]
    if len(set(accounts)) != len(accounts) or call.account in accounts:
        raise Invalid("Value at 'members': every member is named once, and the creator is not")
    own = [room for room in world.collaborations.values() if room.creator == call.account]
    state.check_quota(
        "Collaborations created per account", sum(not room.deleted for room in own) + 1
    )
    state.check_quota("Members invited per collaboration", len(invited))
    creator = {
        "accountId": call.account,
        "displayName": call["creatorDisplayName"],
        "memberAbilities": call["creatorMemberAbilities"],
        "mlMemberAbilities": call.params.get("creatorMLMemberAbilities"),
        "paymentConfiguration": call.params.get("creatorPaymentConfiguration"),
    }
    moment = state.clock.stamp()
    room = Collaboration(
        state.new_id(),
        call["name"],
        call.account,
        moment,
        moment,
        description=call.params.get("description", ""),
        settings=call.given(*_SETTINGS),
    )
    approved = call.params.get("autoApprovedChangeRequestTypes")
    if approved is not None:
        room.settings["autoApprovedChangeTypes"] = approved
    state.change_world().add_collaboration(room, _members([creator, *invited]))
    call.put_tags(room.id)
    return {"collaboration": _collaboration(call, room)}


def _members(specifications: list[JsonObject]) -> list[Member]:
    """The members as the creator wants them. Where nobody is to pay for something, the member who
    can run it does, as documented."""
    payers: dict[str, list[str]] = {}
    for payment in PAYMENTS:
        runs = RUN_JOB if payment == "jobCompute" else QUERY
        asked = [
            entry["accountId"]
            for entry in specifications
            if is_responsible(entry.get("paymentConfiguration"), payment)
        ]
        payers[payment] = asked or [
            entry["accountId"] for entry in specifications if runs in entry["memberAbilities"]
        ]
    return [
        Member(
            entry["accountId"],
            status="INVITED",
            abilities=list(entry["memberAbilities"]),
            ml_abilities=_given_ml_abilities(entry),
            pays=[payment for payment in PAYMENTS if entry["accountId"] in payers[payment]],
            display_name=entry["displayName"],
        )
        for entry in specifications
    ]


_ML_ABILITIES = "customMLMemberAbilities"


def _given_ml_abilities(specification: JsonObject) -> list[str]:
    given: JsonObject = specification.get("mlMemberAbilities") or {}
    return list(given.get(_ML_ABILITIES, ()))


def is_responsible(configuration: JsonObject | None, payment: str) -> bool | None:
    """What a payment configuration says about a kind of cost; None if nothing."""
    given = configuration or {}
    if payment in ML_PAYMENTS:
        given = given.get("machineLearning", {})
    return given.get(payment, {}).get("isResponsible")


def abilities(member: Member) -> JsonObject:
    """The ML abilities of a member, as replies show them."""
    return {_ML_ABILITIES: member.ml_abilities}


def payment_configuration(member: Member) -> JsonObject:
    """What a member pays for, as replies show it."""
    pays = {payment: {"isResponsible": payment in member.pays} for payment in PAYMENTS}
    return {
        "queryCompute": pays["queryCompute"],
        "machineLearning": {payment: pays[payment] for payment in ML_PAYMENTS},
        "jobCompute": pays["jobCompute"],
    }


def get(call: Call) -> JsonObject:
    return {"collaboration": _collaboration(call, _known(call))}


def list_collaborations(call: Call) -> JsonObject:
    status = call.params.get("memberStatus")
    rows = [
        (room.created, room.id, _collaboration(call, room))
        for room in call.state.world.collaborations.values()
        if _is_known_to(room, call.account) and status in (None, room.members[call.account].status)
    ]
    return page(call, "collaborationList", rows)


def delete(call: Call) -> JsonObject:
    """Memberships outlive their collaboration, with what is in them."""
    room = _created_by_caller(call)
    world = call.state.change_world()
    room.deleted = True
    for member in list(room.members.values()):
        if member.membership_id:
            member.status, member.updated = COLLABORATION_DELETED, call.state.clock.stamp()
        else:
            del room.members[member.account_id]
    world.forget_if_empty(room)
    call.state.set_tags(room.id, None)
    return {}


def list_members(call: Call) -> JsonObject:
    identifier = call["collaborationIdentifier"]
    room = call.state.world.collaboration(identifier)
    if room is None:
        raise call.not_found(
            f"Collaboration {identifier} does not exist", "COLLABORATION", identifier
        )
    if not _is_known_to(room, call.account):
        raise Denied(f"Account {call.account} has no access to collaboration {identifier}")
    rows = [(0.0, account, _member(call, room, member)) for account, member in room.members.items()]
    return page(call, "memberSummaries", rows)


def remove_member(call: Call) -> JsonObject:
    """The member's tables leave the collaboration; the membership stays, as REMOVED."""
    room = _created_by_caller(call)
    account = call["accountId"]
    if account == room.creator:
        raise Invalid("Value at 'accountId': the creator of a collaboration cannot be removed")
    member = room.members.get(account)
    if member is None:
        raise call.not_found(f"Account {account} is not a member of {room.id}", MEMBERSHIP, account)
    if member.status in _CONNECTED:
        call.state.change_world()
        member.status, member.updated = "REMOVED", call.state.clock.stamp()
        for record in list(call.state.index(TABLE_ASSOCIATION, member.membership_id)):
            call.state.remove(record)
    return {}


def _created_by_caller(call: Call) -> Collaboration:
    identifier = call["collaborationIdentifier"]
    room = call.state.world.collaboration(identifier)
    if room is None or room.creator != call.account:
        raise Denied(f"Account {call.account} has not created a collaboration {identifier}")
    return room


def _known(call: Call) -> Collaboration:
    identifier = call["collaborationIdentifier"]
    room = call.state.world.collaboration(identifier)
    if room is None or not _is_known_to(room, call.account):
        raise Denied(f"Account {call.account} has no access to collaboration {identifier}")
    return room


def _is_known_to(room: Collaboration, account: str) -> bool:
    """True for its creator, and for who is or may become a member."""
    member = room.members.get(account)
    if room.deleted or member is None:
        return False
    return account == room.creator or member.status in _CONNECTED


# Replies


def arn(call: Call, account: str, kind: str, identifier: str) -> str:
    """An ARN of AWS Clean Rooms."""
    return f"arn:aws:cleanrooms:{call.state.world.region}:{account}:{kind}/{identifier}"


def _collaboration(call: Call, room: Collaboration) -> JsonObject:
    member = room.members[call.account]
    row = {
        "id": room.id,
        "arn": arn(call, room.creator, "collaboration", room.id),
        "name": room.name,
        "creatorAccountId": room.creator,
        "creatorDisplayName": call.state.world.display_name(room, room.creator),
        "createTime": room.created,
        "updateTime": room.updated,
        "memberStatus": member.status,
        "queryLogStatus": "DISABLED",
        "jobLogStatus": "DISABLED",
        "analyticsEngine": "SPARK",
        **room.settings,
    }
    if room.description:
        row["description"] = room.description
    return {**row, **_membership_of(call, member)}


def _member(call: Call, room: Collaboration, member: Member) -> JsonObject:
    return {
        "accountId": member.account_id,
        "status": member.status,
        "displayName": call.state.world.display_name(room, member.account_id),
        "abilities": member.abilities,
        "mlAbilities": abilities(member),
        "createTime": room.created,
        "updateTime": member.updated or room.updated,
        "paymentConfiguration": payment_configuration(member),
        **_membership_of(call, member),
    }


def _membership_of(call: Call, member: Member) -> JsonObject:
    if not member.membership_id:
        return {}
    return {
        "membershipId": member.membership_id,
        "membershipArn": arn(call, member.account_id, "membership", member.membership_id),
    }


def page(call: Call, reply_member: str, rows: list[tuple[float, str, JsonObject]]) -> JsonObject:
    """One page of rows that are no records, as a reply."""
    found, token = page_of_rows(
        rows,
        call.params,
        operation=call.operation.name,
        size=call.state.settings.default_page_size,
    )
    reply: JsonObject = {reply_member: found}
    if token is not None:
        reply["nextToken"] = token
    return reply


HANDLERS = {
    "CreateCollaboration": create,
    "GetCollaboration": get,
    "ListCollaborations": list_collaborations,
    "DeleteCollaboration": delete,
    "ListMembers": list_members,
    "DeleteMember": remove_member,
}
