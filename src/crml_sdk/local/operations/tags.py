"""Tags of resources. All versions of a trained model share the tags of its ARN."""

from __future__ import annotations

from ..service.failures import Denied, Missing
from ..service.schema import JsonObject
from .call import Call, check_tags


def list_tags(call: Call) -> JsonObject:
    return {"tags": dict(call.state.tags.get(_resource(call), {}))}


def tag(call: Call) -> JsonObject:
    arn = _resource(call)
    merged = {**call.state.tags.get(arn, {}), **call["tags"]}
    check_tags(call["tags"], merged)
    call.state.set_tags(arn, merged)
    return {}


def untag(call: Call) -> JsonObject:
    arn = _resource(call)
    kept = dict(call.state.tags.get(arn, {}))
    for key in call["tagKeys"]:
        kept.pop(key, None)
    call.state.set_tags(arn, kept)
    return {}


def _resource(call: Call) -> str:
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


HANDLERS = {
    "ListTagsForResource": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
}
