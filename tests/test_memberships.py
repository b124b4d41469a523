"""Memberships and collaborations, which are AWS Clean Rooms' own."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from crml_sdk import CleanRoomsML, errors
from crml_sdk.local import LocalCleanRoomsML, Member
from crml_sdk.models import MemberStatus

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


async def test_members_are_listed_with_those_who_have_not_joined() -> None:
    local = LocalCleanRoomsML()
    room = local.world.collaboration_id
    invited = Member("999900001111", status="INVITED", display_name="Guest", abilities=[], pays=[])
    local.world.add_member(room, invited)
    async with local.sdk() as client:
        rows = await client.collaboration(room).members()
        assert [row.account_id for row in rows] == ["111122223333", "444455556666", "999900001111"]
        assert [row.display_name for row in rows] == ["Member one", "Member two", "Guest"]
        assert rows[0].membership_id == local.world.membership_id
        assert (rows[2].status, rows[2].membership_id) == (MemberStatus.INVITED, None)
        assert rows[0].payment_configuration.query_compute.is_responsible
        machine_learning = rows[2].payment_configuration.machine_learning
        assert machine_learning is not None
        assert machine_learning.model_training is not None
        assert not machine_learning.model_training.is_responsible
        pages = [
            page async for page in client.collaboration(room).members.list(max_results=2).pages()
        ]
        assert [len(page.items) for page in pages] == [2, 1]
        with pytest.raises(errors.ResourceNotFoundException) as caught:
            await client.collaboration(MEMBERSHIP).members()
        assert caught.value.operation == "ListMembers"
