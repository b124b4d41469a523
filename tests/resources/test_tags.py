"""Tags: the documented rules, and setting and removing without harm in doing it twice."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import CleanRoomsML, TrainedModelRef, errors
from crml_sdk.versions import BASE

from ..support.canned import CannedServer, Received, error, reply
from ..support.samples import MODEL


@pytest.fixture
def store(canned: CannedServer) -> dict[str, str]:
    """The tags of the one resource that the server has; at most 50 of the user's own."""
    tags: dict[str, str] = {}

    def answer(request: Received) -> Any:
        if request.method == "GET":
            return reply(200, {"tags": tags})
        if request.method == "POST":
            merged = tags | request.json["tags"]
            if sum(not key.startswith("aws:") for key in merged) > 50:
                return error("ValidationException", 400, "too many tags")
            tags.update(merged)
        else:
            for key in request.query["tagKeys"]:
                tags.pop(key, None)
        return reply(200, {})

    canned.handler = answer
    return tags


def verbs(canned: CannedServer) -> list[str]:
    done = [request.method for request in canned.received]
    canned.received.clear()
    return done


async def test_add_and_remove_do_no_harm_twice(
    sdk: CleanRoomsML, canned: CannedServer, store: dict[str, str]
) -> None:
    for _ in range(2):
        await sdk.tags.add(MODEL, tags={"team": "ads", "empty": ""})
    assert store == {"team": "ads", "empty": ""}
    for _ in range(2):
        await sdk.tags.remove(MODEL, tag_keys=["team", "never there"])
    assert store == {"empty": ""}
    assert (await sdk.tags.list(MODEL)).tags == {"empty": ""}


async def test_set_makes_it_so_with_as_few_calls_as_it_takes(
    sdk: CleanRoomsML, canned: CannedServer, store: dict[str, str]
) -> None:
    store.update({"aws:cloudformation:stack-name": "s", "old": "1", "same": "2", "changes": "3"})
    canned.received.clear()
    wanted = {"same": "2", "changes": "4", "new": "5"}
    await sdk.tags.set(MODEL, wanted)
    assert store == {"aws:cloudformation:stack-name": "s"} | wanted
    assert verbs(canned) == ["GET", "DELETE", "POST"]
    await sdk.tags.set(MODEL, wanted)
    assert verbs(canned) == ["GET"]
    await sdk.tags.set(MODEL, {})
    assert verbs(canned) == ["GET", "DELETE"]
    assert store == {"aws:cloudformation:stack-name": "s"}


async def test_fifty_can_be_exchanged_for_fifty_others(
    sdk: CleanRoomsML, store: dict[str, str]
) -> None:
    """What goes is removed first, so that the resource never has more than it may."""
    await sdk.tags.set(MODEL, {f"a{n}": "" for n in range(50)})
    await sdk.tags.set(MODEL, {f"b{n}": "" for n in range(50)})
    assert len(store) == 50


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({f"k{n}": "" for n in range(51)}, "has 51 entries; allowed: 0 to 50"),
        ({"": "v"}, "tags[''].*key has 0 characters"),
        ({"k" * 129: "v"}, "key has 129 characters"),
        ({"k": "v" * 257}, "has 257 characters"),
        ({"aws:mine": "v"}, "is reserved"),
        ({"AWS:mine": "v"}, "is reserved"),
        ({"k": None}, "must be a string"),
        ({"k": 1}, "must be a string"),
        (["k"], "must be a mapping"),
    ],
)
async def test_the_documented_rules(
    sdk: CleanRoomsML, canned: CannedServer, tags: Any, said: str
) -> None:
    for call in (sdk.tags.add(MODEL, tags=tags), sdk.tags.set(MODEL, tags)):
        with pytest.raises(errors.RequestValidationError, match=said.replace("[''].", r"\[''\].")):
            await call
    assert not canned.received


@pytest.mark.parametrize(
    ("keys", "said"),
    [([], "has 0 entries"), (["aws:x"], "is reserved"), (["x" * 129], "129"), ("key", "a list")],
)
async def test_the_rules_of_removal(
    sdk: CleanRoomsML, canned: CannedServer, keys: Any, said: str
) -> None:
    with pytest.raises(errors.RequestValidationError, match=said):
        await sdk.tags.remove(MODEL, tag_keys=keys)
    assert not canned.received


async def test_keys_of_any_characters_travel_whole(
    sdk: CleanRoomsML, canned: CannedServer, store: dict[str, str]
) -> None:
    odd = {"a&b=c": "1", "ü ?#+%": "2", "a/b": "3"}
    await sdk.tags.set(MODEL, odd)
    assert store == odd
    await sdk.tags.set(MODEL, {})
    assert store == {}


async def test_a_reference_names_the_model(sdk: CleanRoomsML, store: dict[str, str]) -> None:
    await sdk.tags.set(TrainedModelRef(MODEL, BASE), {"a": "b"})
    await sdk.tags.add(TrainedModelRef(MODEL, BASE), tags={"c": "d"})
    assert store == {"a": "b", "c": "d"}
