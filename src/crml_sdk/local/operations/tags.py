"""Tags of resources, by the same three operations in both services.

All versions of a trained model share the tags of its ARN. Tags of AWS Clean Rooms are kept by the
identifier at the end of the ARN.
"""

from __future__ import annotations

from collections.abc import Callable

from ..service.failures import Denied, Missing
from ..service.schema import JsonObject
from .call import COLLABORATION, MEMBERSHIP, Call, check_tags
from .collaborations import arn as arn_of

Find = Callable[[Call], str]


def list_tags(find: Find, call: Call) -> JsonObject:
    return {"tags": dict(call.state.tags.get(find(call), {}))}


def tag(find: Find, call: Call) -> JsonObject:
    key = find(call)
    merged = {**call.state.tags.get(key, {}), **call["tags"]}
    check_tags(call["tags"], merged)
    call.state.set_tags(key, merged)
    return {}


def untag(find: Find, call: Call) -> JsonObject:
    key = find(call)
    kept = dict(call.state.tags.get(key, {}))
    for name in call["tagKeys"]:
        kept.pop(name, None)
    call.state.set_tags(key, kept)
    return {}


def _ml_resource(call: Call) -> str:
    """The ARN, if it is there and the caller's own: other accounts do not see tags."""
    arn: str = call["resourceArn"]
    kind = arn.split(":", 5)[5].split("/")
    name = kind[2] if kind[0] == "membership" else kind[0]
    record = call.state.find(name, arn) or call.state.versions(arn).oldest()
    if record is None:
        raise Missing(f"Resource {arn} does not exist")
    if record.owner != call.account:
        raise Denied(f"Account {call.account} has no access to the tags of {arn}")
    return arn


def _rooms_resource(call: Call) -> str:
    """The identifier of a resource of the caller; that of another account is not there for it."""
    arn: str = call["resourceArn"]
    kind, *_, identifier = arn.split(":", 5)[5].split("/")
    world = call.state.world
    room, member = world.collaboration(identifier), world.membership(identifier)
    record = call.state.find(kind, identifier)
    if room is not None and kind == "collaboration":
        found = arn_of(call, room.creator, kind, identifier)
    elif member is not None and kind == "membership":
        found = arn_of(call, member[1].account_id, kind, identifier)
    else:
        found = record.data["arn"] if record else None
    if found != arn or arn.split(":")[4] != call.account:
        types = {"collaboration": COLLABORATION, "membership": MEMBERSHIP}
        table = "CONFIGURED_TABLE_ASSOCIATION" if "association" in kind else "CONFIGURED_TABLE"
        raise call.not_found(f"Resource {arn} does not exist", types.get(kind, table), identifier)
    return identifier


def _handlers(find: Find) -> dict[str, Callable[[Call], JsonObject]]:
    return {
        "ListTagsForResource": lambda call: list_tags(find, call),
        "TagResource": lambda call: tag(find, call),
        "UntagResource": lambda call: untag(find, call),
    }


HANDLERS = _handlers(_ml_resource)
ROOMS_HANDLERS = _handlers(_rooms_resource)
