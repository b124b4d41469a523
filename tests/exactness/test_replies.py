"""What the SDK reads from a reply is what botocore's own parser reads from the same bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given

from crml_sdk.models import Model

from .calling import call
from .exchange import Exchange
from .service import Entry, entry, snake, surface
from .strategies import EXACTNESS, least, replies
from .violations import sound

ANSWERING = [e for e in surface() if e.model.output_shape is not None]
VERSIONS = ("versionIdentifier", "trainedModelVersionIdentifier")


def compare(shape: Any, theirs: Any, ours: Any, path: str) -> None:
    """Every member of the shape, in both."""
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(ours, Model), path
        for name, inner in shape.members.items():
            where = f"{path}.{name}"
            read = getattr(ours, snake(name))
            if name not in theirs or (name in VERSIONS and theirs[name] == "NULL"):
                assert read is None, where
            else:
                compare(inner, theirs[name], read, where)
    elif kind == "list":
        assert len(ours) == len(theirs), path
        for index, pair in enumerate(zip(theirs, ours, strict=True)):
            compare(shape.member, *pair, f"{path}[{index}]")
    elif kind == "map":
        assert list(ours) == list(theirs), path
        for key in theirs:
            compare(shape.value, theirs[key], ours[key], f"{path}[{key!r}]")
    elif kind == "timestamp":
        assert isinstance(ours, datetime), path
        assert ours.tzinfo is not None, path
        assert (ours, ours.utcoffset()) == (theirs, theirs.utcoffset()), path
    else:
        assert ours == theirs, path
        assert isinstance(ours, bool) is isinstance(theirs, bool), path


def as_sent(shape: Any, payload: Any, ours: Any) -> None:
    """What a dump gives back is the JSON that came, times and the base version normalised."""
    kind = shape.type_name
    if kind == "structure":
        assert set(ours) == set(payload)
        for name, inner in payload.items():
            as_sent(shape.members[name], inner, ours[name])
    elif kind == "list":
        for inner, dumped in zip(payload, ours, strict=True):
            as_sent(shape.member, inner, dumped)
    elif kind == "timestamp":
        if isinstance(payload, str):
            payload = datetime.fromisoformat(payload.replace("Z", "+00:00")).timestamp()
        assert datetime.fromisoformat(ours.replace("Z", "+00:00")).timestamp() == payload
    else:
        assert ours == (None if payload == "NULL" else payload)


def exchanged(exchange: Exchange, operation: Entry, payload: dict[str, Any]) -> tuple[Any, Any]:
    """What botocore and the SDK make of one reply."""
    parameters = sound(operation.model.input_shape)
    exchange.answer(payload)
    theirs = exchange.botocore(operation, parameters)
    theirs.pop("ResponseMetadata")
    ours = exchange.run(call(exchange.sdk, operation, parameters))
    assert exchange.run(call(exchange.unwatched_sdk, operation, parameters)) == ours
    return theirs, ours


@pytest.mark.parametrize("operation", ANSWERING, ids=str)
def test_a_reply_is_read_as_botocore_reads_it(operation: Entry, exchange: Exchange) -> None:
    @EXACTNESS
    @given(replies(operation))
    def check(payload: dict[str, Any]) -> None:
        theirs, ours = exchanged(exchange, operation, payload)
        shape = operation.model.output_shape
        if operation.service == "cleanrooms" and not operation.is_list:
            # AWS Clean Rooms wraps its one answer; the SDK unwraps it.
            ((name, shape),) = shape.members.items()
            theirs, payload = theirs[name], payload[name]
        compare(shape, theirs, ours, operation.name)
        as_sent(shape, payload, ours.model_dump(mode="json", by_alias=True))
        again = type(ours).model_validate(ours.model_dump(by_alias=True))
        assert again == ours
        assert type(ours).model_validate_json(ours.model_dump_json(by_alias=True)) == ours

    check()


def test_what_the_service_adds_tomorrow_is_kept(exchange: Exchange) -> None:
    operation = entry("GetTrainedModel")
    payload = least(operation.model.output_shape)
    payload |= {"status": "SUSPENDED", "carbonFootprint": {"grams": 3}}
    _, ours = exchanged(exchange, operation, payload)
    assert ours.status == "SUSPENDED"
    assert not ours.status.is_known
    assert f"{ours.status}" == "SUSPENDED"
    assert ours.model_extra == {"carbonFootprint": {"grams": 3}}
    assert ours.model_dump(by_alias=True)["carbonFootprint"] == {"grams": 3}
    assert ours.model_dump(mode="json", by_alias=True)["status"] == "SUSPENDED"


def test_a_null_is_a_member_left_out(exchange: Exchange) -> None:
    operation = entry("GetTrainedModel")
    payload = least(operation.model.output_shape) | {"description": None, "versionIdentifier": None}
    theirs, ours = exchanged(exchange, operation, payload)
    assert ours.description is None
    assert ours.is_base
    assert theirs.get("description") is None


def test_the_base_version_is_none_however_it_is_said(exchange: Exchange) -> None:
    operation = entry("GetTrainedModel")
    for said in ({}, {"versionIdentifier": "NULL"}):
        _, ours = exchanged(exchange, operation, least(operation.model.output_shape) | said)
        assert ours.version_identifier is None
        assert ours.is_base


def test_an_unknown_union_member_is_kept_and_said(exchange: Exchange) -> None:
    operation = entry("GetMLInputChannel")
    payload = least(operation.model.output_shape)
    payload["inputChannel"] = {
        "roleArn": "r",
        "dataSource": {"glueJob": {"name": "nightly"}},
    }
    _, ours = exchanged(exchange, operation, payload)
    source = ours.input_channel.data_source
    assert source.protected_query_input_parameters is None
    assert source.member == "glueJob"
    assert not source.is_known
    assert source.model_dump(by_alias=True) == {"glueJob": {"name": "nightly"}}
