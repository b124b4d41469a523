"""The SDK's session behaves as aiobotocore's for everything that its clients can notice."""

from __future__ import annotations

from typing import Any

import pytest
from aiobotocore.session import AioSession
from botocore import handlers

from crml_sdk import CleanRoomsML, errors
from crml_sdk.wire.fast.opening import make_session

EVENTS = [
    f"{kind}.{service}.{operation}"
    for kind in (
        "creating-client-class",
        "provide-client-params",
        "before-parameter-build",
        "before-endpoint-resolution",
        "before-call",
        "request-created",
        "choose-signer",
        "before-sign",
        "before-send",
        "before-parse",
        "response-received",
        "needs-retry",
        "after-call",
    )
    for service, operation in (
        ("cleanroomsml", "CreateTrainedModel"),
        ("cleanrooms", "ListMemberships"),
        ("sts", "AssumeRoleWithWebIdentity"),
        ("sso", "GetRoleCredentials"),
        ("sso-oidc", "CreateToken"),
    )
]


def handlers_of(session: Any, event: str) -> list[Any]:
    return list(session.get_component("event_emitter")._emitter._handlers.prefix_search(event))


def test_the_same_handlers_are_called_in_the_same_order():
    ours, theirs = make_session(None), AioSession()
    for event in ("choose-service-name", *EVENTS):
        assert handlers_of(ours, event) == handlers_of(theirs, event)


def test_handlers_that_someone_added_for_every_service_are_there(monkeypatch: pytest.MonkeyPatch):
    def before_send(**_: Any) -> None: ...

    added = [
        *handlers.BUILTIN_HANDLERS,
        ("before-send", before_send),
        ("before-send.*", before_send),
    ]
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", added)
    assert handlers_of(
        make_session(None), EVENTS[0].replace("creating-client-class", "before-send")
    )


@pytest.mark.parametrize("order", [handlers.REGISTER_FIRST, handlers.REGISTER_LAST])
def test_their_order_is_kept(order: object, monkeypatch: pytest.MonkeyPatch):
    def first(**_: Any) -> None: ...

    def second(**_: Any) -> None: ...

    added: list[Any] = [("before-call", first), ("before-call", second, order)]
    if order is handlers.REGISTER_LAST:
        added.reverse()
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", added)
    for session in (make_session(None), AioSession()):
        expected = [second, first] if order is handlers.REGISTER_FIRST else [first, second]
        assert handlers_of(session, "before-call.cleanroomsml") == expected


def test_it_takes_the_profile():
    assert make_session("other").profile == "other"


async def test_a_profile_that_is_not_there_is_said_on_opening():
    sdk = CleanRoomsML(profile_name="other", region_name="us-east-1")
    with pytest.raises(errors.ConfigurationError, match="other"):
        await sdk.open()
