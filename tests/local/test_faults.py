"""Faults on request: each does what it says to the requests it was meant for, and to no others."""

from __future__ import annotations

import json

import pytest

from crml_sdk.local import LocalCleanRoomsML

from .local_lab import OTHER, Lab

LIST = "ListConfiguredModelAlgorithms"


def test_throttling_lasts_as_long_as_told_and_leaves_others_alone(lab: Lab) -> None:
    lab.local.faults.throttle(LIST, times=2, retry_after=7)
    lab.call("ListTrainingDatasets")
    reply = lab.send(LIST, {})
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert lab.refusal(LIST)[0] == "ThrottlingException"
    lab.call(LIST)


def test_a_fault_can_be_for_one_account_and_after_some_requests(lab: Lab) -> None:
    lab.local.faults.throttle(LIST, account=OTHER, skip=1)
    lab.call(LIST)
    lab.call(LIST, "other")
    assert lab.refusal(LIST, "other")[0] == "ThrottlingException"


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_5xx_comes_before_or_after_the_change(lab: Lab, when: str, made: int) -> None:
    lab.local.faults.error(operation="CreateConfiguredModelAlgorithm", when=when)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="InternalServiceException"):
        lab.algorithm()
    assert len(lab.call(LIST)["configuredModelAlgorithms"]) == made


def test_any_error_can_be_ordered(lab: Lab) -> None:
    lab.local.faults.error("ServiceUnavailableException", LIST, members={"extra": 1})
    reply = lab.send(LIST, {})
    assert reply.status == 503
    assert json.loads(reply.body)["extra"] == 1
    lab.local.faults.error("Oddity", status=418)
    assert lab.send(LIST, {}).status == 418


def test_next_year_has_unknown_values_and_members(lab: Lab) -> None:
    arn = lab.model(*lab.ready())
    lab.local.faults.next_year("GetTrainedModel")
    params = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    shown = json.loads(lab.send("GetTrainedModel", params).body)
    assert shown["status"] == "HIBERNATING"
    assert shown["memberOfNextYear"] == {"isNew": True}
    assert lab.get_model(arn)["status"] == "ACTIVE"


def test_raw_bytes_can_be_the_reply(lab: Lab) -> None:
    lab.local.faults.reply(b"<html>", LIST, status=502, headers={"Content-Type": "text/html"})
    reply = lab.send(LIST, {})
    assert (reply.status, reply.body) == (502, b"<html>")


def pages(lab: Lab, *, faults: int = 1) -> list[list[str]]:
    found: list[list[str]] = []
    token: dict[str, str] = {}
    for _ in range(10):
        page = lab.call(LIST, maxResults=2, **token)
        found.append([row["name"] for row in page["configuredModelAlgorithms"]])
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}
    return found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("repeat-row", [["5", "4"], ["4", "3"], ["2", "1"]]),
        ("skip-row", [["5", "4"], ["2", "1"]]),
        ("empty", [["5", "4"], [], ["3", "2"], ["1"]]),
    ],
)
def test_rows_move_between_pages(lab: Lab, kind: str, expected: list[list[str]]) -> None:
    for number in range(1, 6):
        lab.algorithm(name=str(number))
    lab.local.faults.pages(kind, LIST)
    assert pages(lab) == expected
    assert pages(lab) == [["5", "4"], ["3", "2"], ["1"]]


def test_a_token_can_repeat_itself(lab: Lab) -> None:
    for number in range(5):
        lab.algorithm(name=str(number))
    lab.local.faults.pages("repeat-token", LIST, times=100)
    token = lab.call(LIST, maxResults=2)["nextToken"]
    assert lab.call(LIST, maxResults=2, nextToken=token)["nextToken"] == token


@pytest.mark.parametrize("order", ["oldest-first", "scrambled"])
def test_pages_hold_every_row_once_in_any_order(lab: Lab, order: str) -> None:
    names = {lab.name() for _ in range(9)}
    for name in sorted(names):
        lab.algorithm(name=name)
    lab.local.configure(list_order=order)
    rows = [name for page in pages(lab) for name in page]
    assert set(rows) == names
    assert len(rows) == 9


def test_a_row_deleted_between_two_pages_moves_no_other(lab: Lab) -> None:
    arns = [lab.algorithm(name=str(number)) for number in range(4)]
    page = lab.call(LIST, maxResults=2)
    lab.call("DeleteConfiguredModelAlgorithm", configuredModelAlgorithmArn=arns[2])
    rest = lab.call(LIST, maxResults=2, nextToken=page["nextToken"])
    assert [row["name"] for row in rest["configuredModelAlgorithms"]] == ["1", "0"]


def test_what_cannot_happen_is_not_ordered(lab: Lab) -> None:
    faults = lab.local.faults
    with pytest.raises(ValueError, match="NoSuchOperation"):
        faults.throttle("NoSuchOperation")
    with pytest.raises(ValueError, match="when"):
        faults.cut("during")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="repeat-row"):
        faults.pages("vanish")
    faults.throttle(times=None)
    assert lab.refusal(LIST)[0] == "ThrottlingException"
    assert len(faults.pending) == 1
    faults.clear()
    lab.call(LIST)


async def test_a_slow_reply_is_held_back() -> None:
    local = LocalCleanRoomsML()
    local.faults.slow(0.05)
    import asyncio

    loop = asyncio.get_running_loop()
    async with local.session().create_client("cleanroomsml") as client:
        start = loop.time()
        await client.list_training_datasets()
        assert loop.time() - start >= 0.04
