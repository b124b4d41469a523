"""Memberships and collaborations, from the neighbouring service."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from crml_sdk import CleanRoomsML, errors

from .support.canned import CannedServer, reply
from .support.samples import ACCOUNT, COLLABORATION, MEMBERSHIP


def row(name: str, identifier: str = COLLABORATION) -> dict[str, object]:
    return {
        "id": identifier,
        "arn": f"arn:aws:cleanrooms:us-east-1:{ACCOUNT}:collaboration/{identifier}",
        "name": name,
        "creatorAccountId": ACCOUNT,
        "creatorDisplayName": "us",
        "createTime": 1767225600.5,
        "updateTime": 1767225600,
        "memberStatus": "ACTIVE",
    }


async def test_times_in_seconds_since_the_epoch_are_read(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, {"collaborationList": [row("spring")]})]
    (found,) = await sdk.collaborations()
    assert found.create_time == datetime(2026, 1, 1, 0, 0, 0, 500000, tzinfo=timezone.utc)
    assert canned.received[0].path == "/collaborations"


async def test_by_name_wants_the_exact_name_on_any_page(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    pages = [
        reply(200, {"collaborationList": [row("spring campaign", MEMBERSHIP)], "nextToken": "2"}),
        reply(200, {"collaborationList": [row("spring")]}),
    ]
    canned.answers = [*pages]
    assert (await sdk.collaborations.by_name("spring")).id == COLLABORATION
    canned.answers = [*pages]
    with pytest.raises(errors.NoSuchName, match="spring campaign"):
        await sdk.collaborations.by_name("spring campaing")
    canned.answers = [reply(200, {"collaborationList": [row("spring"), row("spring", MEMBERSHIP)]})]
    with pytest.raises(errors.AmbiguousName, match=MEMBERSHIP):
        await sdk.collaborations.by_name("spring")
