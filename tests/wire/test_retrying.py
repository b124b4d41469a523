"""The retry rule by itself: what may be sent again, and what is known about the last request."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from crml_sdk.api.operations import GET_TRAINED_MODEL
from crml_sdk.wire.parsing import CALL, Call, note_sending
from crml_sdk.wire.retrying import KNOWN_HANDLERS, register, resend_create, stop_retries

REFUSED = EndpointConnectionError(endpoint_url="https://x.invalid", error=ConnectionError())
REFUSED.kwargs["error"] = type("ConnectError", (Exception,), {})()
CUT = ReadTimeoutError(endpoint_url="https://x.invalid", error=None)


def status(code: int) -> Any:
    return SimpleNamespace(status_code=code), {}


@pytest.fixture
def call() -> Iterator[Call]:
    """A call whose request has left."""
    under_way = Call(GET_TRAINED_MODEL)
    under_way.sent = True
    token = CALL.set(under_way)
    yield under_way
    CALL.reset(token)


@pytest.mark.parametrize(
    ("told", "stops", "left"),
    [
        ({"response": status(200)}, False, True),
        ({"response": status(399)}, False, True),
        ({"response": status(400)}, True, True),
        ({"response": status(428)}, True, True),
        ({"response": status(429)}, False, False),
        ({"response": status(430)}, True, True),
        ({"response": status(500)}, True, True),
        ({"response": status(503)}, True, True),
        ({}, False, True),
        ({"caught_exception": REFUSED}, False, False),
        ({"caught_exception": CUT}, True, True),
        ({"caught_exception": CUT, "response": status(200)}, True, True),
        ({"caught_exception": REFUSED, "response": status(500)}, False, False),
    ],
)
def test_a_create_is_sent_again_only_when_nothing_can_have_happened(
    call: Call, told: dict[str, Any], stops: bool, left: bool
) -> None:
    assert resend_create(**told, operation="CreateTrainedModel") is (False if stops else None)
    assert call.sent is left


def test_a_call_on_the_raw_client_follows_the_same_rule() -> None:
    assert CALL.get() is None
    assert resend_create(response=status(429)) is None
    assert resend_create(response=status(500)) is False
    assert stop_retries() is None


@pytest.mark.parametrize(
    ("once", "closed", "stops"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_what_is_sent_once_or_closed_is_not_sent_again(
    call: Call, once: bool, closed: bool, stops: bool
) -> None:
    call.once, call.is_closed = once, lambda: closed
    assert stop_retries(response=status(500)) is (False if stops else None)


def test_the_rules_come_before_all_others_and_creates_have_one_more() -> None:
    heard: list[tuple[str, Any]] = []
    events = SimpleNamespace(register_first=lambda name, handler: heard.append((name, handler)))
    register(SimpleNamespace(meta=SimpleNamespace(events=events)), "svc", ["MakeOne", "RunOne"])
    assert heard == [
        ("needs-retry.svc", stop_retries),
        ("before-send.svc", note_sending),
        ("needs-retry.svc.MakeOne", resend_create),
        ("needs-retry.svc.RunOne", resend_create),
    ]
    assert set(KNOWN_HANDLERS) == {stop_retries, resend_create}
