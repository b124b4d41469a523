"""Calls through the public methods, from parameters by wire names: what a user would write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crml_sdk import BASE, CleanRoomsML, models

from .service import Entry, snake

VERSION = ("versionIdentifier", "trainedModelVersionIdentifier")
AsModel = Callable[[], bool]


def spoken(shape: Any, given: Any, as_model: AsModel = lambda: False) -> Any:
    """A value by Python names; structures as dicts, or as models where `as_model` says so."""
    kind = shape.type_name
    if kind == "structure" and isinstance(given, dict):
        members = {
            snake(name): spoken(shape.members[name], inner, as_model)
            if name in shape.members
            else inner
            for name, inner in given.items()
        }
        return getattr(models, shape.name)(**members) if as_model() else members
    if kind == "list" and isinstance(given, list):
        return [spoken(shape.member, inner, as_model) for inner in given]
    if kind == "map" and isinstance(given, dict):
        return {key: spoken(shape.value, inner, as_model) for key, inner in given.items()}
    return given


def keywords(entry: Entry, parameters: dict[str, Any], as_model: AsModel = lambda: False) -> Any:
    """The keyword arguments of the public method for wire-named parameters."""
    found: dict[str, Any] = {}
    for name, given in parameters.items():
        if name == "nextToken":
            found["starting_token"] = given
        elif name in VERSION:
            found["version"] = given
        elif entry.scope != "collaboration" or name != "collaborationIdentifier":
            found[snake(name)] = spoken(entry.members[name], given, as_model)
    if entry.method in ("cancel", "delete_output") and "TrainedModelInference" not in entry.name:
        # These two will not act without a version; BASE is what the service does without one.
        found.setdefault("version", BASE)
    return found


def method(sdk: CleanRoomsML, entry: Entry, parameters: dict[str, Any]) -> Callable[..., Any]:
    """The public method of an operation."""
    owner: Any = sdk
    if entry.scope == "collaboration":
        owner = sdk.collaboration(parameters["collaborationIdentifier"])
    return getattr(getattr(owner, entry.group), entry.method)


async def call(
    sdk: CleanRoomsML,
    entry: Entry,
    parameters: dict[str, Any],
    as_model: AsModel = lambda: False,
) -> Any:
    """Call an operation once, and give the reply's model (the first page's for a list)."""
    pending = method(sdk, entry, parameters)(**keywords(entry, parameters, as_model))
    if entry.is_list:
        async for page in pending.pages():
            return page.reply
    return await pending
