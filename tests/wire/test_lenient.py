"""Replies that are not quite as documented: read before they are given up, and nothing is lost."""

from __future__ import annotations

import gzip
import json
import logging
import traceback
from datetime import datetime, timezone
from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors

from ..support.canned import CannedServer, reply
from ..support.samples import MODEL, TRAINING, model_reply, model_row

EPOCH = 1767225600
WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("member", "value", "attribute", "expected"),
    [
        ("createTime", EPOCH, "create_time", WHEN),
        ("createTime", EPOCH + 0.5, "create_time", WHEN.replace(microsecond=500000)),
        ("description", "a\ud800b", "description", "a�b"),
        ("description", "a\ud83d\ude00b", "description", "a\U0001f600b"),
        ("stoppingCondition", {"maxRuntimeInSeconds": 3.0}, "stopping_condition", 3),
        ("versionIdentifier", "NULL", "version_identifier", None),
    ],
)
async def test_a_get(
    sdk: CleanRoomsML, canned: CannedServer, member: str, value: Any, attribute: str, expected: Any
) -> None:
    canned.answers = [reply(200, model_reply(**{member: value}))]
    found = getattr(await sdk.trained_models.get(MODEL), attribute)
    assert getattr(found, "max_runtime_in_seconds", found) == expected


@pytest.mark.parametrize(
    "wrap",
    [
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: b"\n \t" + body + b"\n",
        gzip.compress,
        lambda body: body.replace(b'"m"', b'"m\xff"'),
    ],
)
async def test_a_body(sdk: CleanRoomsML, canned: CannedServer, wrap: Any) -> None:
    canned.answers = [reply(200, wrap(json.dumps(model_reply()).encode()))]
    assert (await sdk.trained_models.get(MODEL)).name.startswith("m")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b"[" * 100_000,
        gzip.compress(b"{}", mtime=0)[:-4],
        b"\x1f\x8bnonsense",
        b"{}x",
    ],
)
async def test_what_cannot_be_read_is_carried_whole(
    sdk: CleanRoomsML, canned: CannedServer, body: bytes
) -> None:
    canned.answers = [reply(200, body, x_amzn_RequestId="req-3")]
    with pytest.raises(errors.ResponseShapeError, match="req-3") as caught:
        await sdk.trained_models.create(**TRAINING)
    assert caught.value.payload == body
    assert len(canned.received) == 1


async def test_a_page_is_not_lost_for_one_row(
    sdk: CleanRoomsML, canned: CannedServer, caplog: pytest.LogCaptureFixture
) -> None:
    bad = model_row(name=["sec", "ret"], versionIdentifier="NULL", new="kept")
    del bad["createTime"]
    canned.answers = [
        reply(200, {"trainedModels": [model_row(), bad, None, model_row(name="last")]})
    ]
    with caplog.at_level(logging.WARNING, logger="crml_sdk"):
        rows = await _listed(sdk)
    assert [row.name for row in rows] == ["m", ["sec", "ret"], "last"]
    odd = rows[1]
    assert (odd.create_time, odd.version_identifier) == (None, None)
    assert odd.update_time == WHEN
    assert odd.model_extra == {"new": "kept"}
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("ListTrainedModels: 2 of its rows could not be read whole: ")
    assert "createTime" in line
    assert "sec" not in line


async def test_only_the_faulty_row_is_kept_as_it_came(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    bad = model_row(name=["sec", "ret"])
    canned.answers = [reply(200, {"trainedModels": [model_row(), model_row(), bad]})]
    assert [row.name for row in await _listed(sdk)] == ["m", "m", ["sec", "ret"]]


async def _listed(sdk: CleanRoomsML) -> list[Any]:
    return [
        row
        async for row in sdk.membership(model_row()["membershipIdentifier"]).trained_models.list()
    ]


async def test_a_fault_beside_the_rows_is_an_error(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [reply(200, {"trainedModels": {}})]
    with pytest.raises(errors.ResponseShapeError, match="trainedModels"):
        await _listed(sdk)


SECRET = "hunter2"


async def test_the_payload_is_an_attribute_and_in_no_text(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    odd = model_reply(
        environment={"TOKEN": SECRET}, hyperparameters={"k": SECRET}, status={"s": SECRET}
    )
    canned.answers = [reply(200, odd)]
    with pytest.raises(errors.ResponseShapeError) as caught:
        await sdk.trained_models.get(MODEL)
    shown = "".join(traceback.format_exception(caught.value))
    for text in (str(caught.value), repr(caught.value), shown):
        assert SECRET not in text
    assert SECRET.encode() in caught.value.payload
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None  # Pydantic's error holds the values
    assert caught.value.arns[0] == MODEL
    assert MODEL in str(caught.value)


@pytest.mark.parametrize("way", ["fast", "ordinary", "httpx"])
async def test_no_fault_of_ours_loses_the_reply_to_a_create(
    way: str, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model was made and is being paid for; whatever goes wrong after that names it."""
    if way == "ordinary":
        monkeypatch.setattr("crml_sdk.wire.connection.install", lambda _: "off")
    canned.answers = [reply(200, {"trainedModelArn": MODEL}, x_amzn_RequestId="req-4")]
    backend: Any = "httpx" if way == "httpx" else "aiohttp"
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, http_backend=backend
    ) as sdk:
        for place in ("crml_sdk.wire.parsing.read", "crml_sdk.wire.connection.ResponseMetadata"):
            with monkeypatch.context() as patch:
                patch.setattr(place, _broken)
                with pytest.raises(errors.ResponseShapeError, match="ZeroDivisionError") as caught:
                    await sdk.trained_models.create(**TRAINING)
            assert caught.value.arns == (MODEL,)
            assert caught.value.request_id == "req-4"
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert len(canned.received) == 2


async def test_nor_does_a_handler_that_fails(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [reply(200, {"trainedModelArn": MODEL})]
    sdk.raw.meta.events.register("after-call.cleanroomsml", _broken)
    with pytest.raises(errors.ResponseShapeError, match=MODEL):
        await sdk.trained_models.create(**TRAINING)
    canned.answers = [reply(200, model_reply())]
    with pytest.raises(ZeroDivisionError):
        await sdk.trained_models.get(MODEL)


def _broken(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("a fault of ours")
