"""Memberships of AWS Clean Rooms: an account's part in a collaboration, from joining to leaving."""

from __future__ import annotations

from ..service.failures import Conflict, Denied, Invalid
from ..service.schema import JsonObject
from ..state.kinds import (
    ASSOCIATION,
    INFERENCE_JOB,
    INPUT_CHANNEL,
    TABLE_ASSOCIATION,
    TRAINED_MODEL,
)
from ..state.records import Record
from ..state.state import IN_PROGRESS
from ..state.world import PAYMENTS, QUERY, Collaboration, Member
from .algorithms import is_in_use
from .call import COLLABORATION, MEMBERSHIP, Call
from .collaborations import abilities, arn, is_responsible, page, payment_configuration

_SETTINGS = (
    "queryLogStatus",
    "jobLogStatus",
    "defaultResultConfiguration",
    "defaultJobResultConfiguration",
    "isMetricsEnabled",
)


def create(call: Call) -> JsonObject:
    state, account = call.state, call.account
    call.check_tags()
    identifier = call["collaborationIdentifier"]
    room = state.world.collaboration(identifier)
    if room is None:
        raise call.not_found(
            f"Collaboration {identifier} does not exist", COLLABORATION, identifier
        )
    member = room.members.get(account)
    if member is not None and member.is_active:
        raise Conflict(
            f"Account {account} has joined collaboration {identifier} already",
            members={
                "resourceId": member.membership_id,
                "resourceType": MEMBERSHIP,
                "reason": "ALREADY_EXISTS",
            },
        )
    if member is None or member.status != "INVITED":  # who has left cannot join again
        raise Denied(f"Account {account} is not invited to collaboration {identifier}")
    _check_payments(call, member)
    state.check_quota("Memberships per account", len(state.world.memberships_of(account)) + 1)
    world = state.change_world()
    member.membership_id, member.status = state.new_id(), "ACTIVE"
    member.joined = member.updated = state.clock.stamp()
    member.settings = call.given(*_SETTINGS)
    world.add_member(room.id, member)
    call.put_tags(member.membership_id)
    return {"membership": _membership(call, room, member)}


def _check_payments(call: Call, member: Member) -> None:
    """Raises `Invalid` unless the member accepts exactly the costs that it is responsible for."""
    accepted: JsonObject | None = call.params.get("paymentConfiguration")
    for payment in PAYMENTS:
        said = is_responsible(accepted, payment)
        if said is not None and said != (payment in member.pays):
            responsible = "is" if payment in member.pays else "is not"
            raise Invalid(
                f"Value at 'paymentConfiguration': account {call.account} {responsible} "
                f"responsible for {payment}"
            )
    if accepted is None and member.pays and QUERY not in member.abilities:
        raise Invalid(
            "Value at 'paymentConfiguration': required of a member that cannot query and pays for "
            f"{', '.join(member.pays)}"
        )


def get(call: Call) -> JsonObject:
    return {"membership": _membership(call, *_own(call))}


def list_memberships(call: Call) -> JsonObject:
    status = call.params.get("status")
    rows = [
        (member.joined or room.created, member.membership_id, _membership(call, room, member))
        for room, member in call.state.world.memberships_of(call.account)
        if status in (None, member.status)
    ]
    return page(call, "membershipSummaries", rows)


def delete(call: Call) -> JsonObject:
    """The account leaves the collaboration. What is left in the membership goes with it."""
    _, member = _own(call)
    state, identifier = call.state, member.membership_id
    contents = [record for record in state.records() if record.membership == identifier]
    if member.is_active and state.settings.membership_in_use == "conflict":
        user = next((record for record in contents if _must_go_first(call, record)), None)
        if user is not None:
            raise Conflict(
                f"Membership {identifier} still has {user.data.get('arn', user.arn)}",
                members={
                    "resourceId": identifier,
                    "resourceType": MEMBERSHIP,
                    "reason": "SUBRESOURCES_EXIST",
                },
            )
    for record in contents:
        state.remove(record)
    world = state.change_world()
    if member.is_active:
        member.status, member.updated = "LEFT", state.clock.stamp()
    world.end_membership(identifier)
    state.set_tags(identifier, None)
    return {}


def _must_go_first(call: Call, record: Record) -> bool:
    """True for what has to be deleted before its membership: what can be, and what still runs."""
    if record.kind in (ASSOCIATION, TABLE_ASSOCIATION):
        return True
    if record.kind in (INPUT_CHANNEL, TRAINED_MODEL):
        return is_in_use(call, record)
    return record.kind == INFERENCE_JOB and record.status in IN_PROGRESS


def _own(call: Call) -> tuple[Collaboration, Member]:
    """The membership that the request names, whatever its status."""
    identifier = call["membershipIdentifier"]
    found = call.state.world.membership(identifier)
    if found is None:
        raise call.not_found(f"Membership {identifier} does not exist", MEMBERSHIP, identifier)
    if found[1].account_id != call.account:
        raise Denied(f"Account {call.account} has no access to membership {identifier}")
    return found


def _membership(call: Call, room: Collaboration, member: Member) -> JsonObject:
    return {
        "id": member.membership_id,
        "arn": arn(call, member.account_id, "membership", member.membership_id),
        "collaborationArn": arn(call, room.creator, "collaboration", room.id),
        "collaborationId": room.id,
        "collaborationCreatorAccountId": room.creator,
        "collaborationCreatorDisplayName": call.state.world.display_name(room, room.creator),
        "collaborationName": room.name,
        "createTime": member.joined or room.created,
        "updateTime": member.updated or room.updated,
        "status": member.status,
        "memberAbilities": member.abilities,
        "mlMemberAbilities": abilities(member),
        "queryLogStatus": "DISABLED",
        "jobLogStatus": "DISABLED",
        **member.settings,
        "paymentConfiguration": payment_configuration(member),
    }


HANDLERS = {
    "CreateMembership": create,
    "GetMembership": get,
    "ListMemberships": list_memberships,
    "DeleteMembership": delete,
}
