"""Finding by the exact name, in every group that lists things with names."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors

from ..exactness.service import surface
from ..exactness.strategies import least
from ..support.canned import CannedServer, reply
from ..support.samples import COLLABORATION, MEMBERSHIP, MODEL

LISTS = {
    (e.scope == "collaboration", e.group): e
    for e in surface()
    if e.is_list and e.method == "list" and e.group != "members"  # who have accounts, not names
}


def group_of(sdk: CleanRoomsML, key: tuple[bool, str]) -> Any:
    return getattr(sdk.collaboration(COLLABORATION) if key[0] else sdk, key[1])


def rows_of(key: tuple[bool, str], names: list[str]) -> Any:
    """A page with rows of these names, each another resource."""
    output = LISTS[key].model.output_shape
    (member,) = (n for n, s in output.members.items() if s.type_name == "list")
    row = output.members[member].member
    called = "collaborationName" if key[1] == "memberships" else "name"
    rows = []
    for number, name in enumerate(names):
        made = {
            field: f"{value}{number}" if field.endswith(("Arn", "arn")) or field == "id" else value
            for field, value in least(row).items()
        }
        rows.append(made | {called: name, "createTime": made["createTime"]})
        if "Z" in str(rows[-1]["createTime"]):
            rows[-1]["createTime"] = f"2026-01-01T00:00:0{number}Z"
    return {member: rows}


async def found(sdk: CleanRoomsML, key: tuple[bool, str], name: str) -> Any:
    group = group_of(sdk, key)
    if key[1] == "export_jobs":
        return await group.by_name(MODEL, name)
    return await group.by_name(name)


@pytest.fixture
async def sdk(canned: CannedServer) -> Any:
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, membership=MEMBERSHIP
    ) as client:
        yield client


def test_every_listed_group_finds_by_name() -> None:
    assert len(LISTS) == 17  # 18 lists; the versions of a model share its name


@pytest.mark.parametrize("key", LISTS, ids=lambda key: f"{'c-' if key[0] else ''}{key[1]}")
async def test_the_exact_name_on_any_page(
    sdk: CleanRoomsML, canned: CannedServer, key: tuple[bool, str]
) -> None:
    pages = [
        reply(200, rows_of(key, ["spring sale", "Spring"]) | {"nextToken": "2"}),
        reply(200, {**rows_of(key, []), "nextToken": "3"}),
        reply(200, rows_of(key, ["spring"])),
    ]
    canned.answers = list(pages)
    row = await found(sdk, key, "spring")
    assert (getattr(row, "name", None) or row.collaboration_name) == "spring"
    assert len(canned.received) == 3
    assert all(request.query["maxResults"] == ["100"] for request in canned.received)
    canned.answers = list(pages)
    with pytest.raises(errors.NoSuchName, match="'spring sale'"):
        await found(sdk, key, "spring sales")
    canned.answers = [reply(200, rows_of(key, ["spring", "spring"]))]
    with pytest.raises(errors.AmbiguousName, match=r"2 \w.*s have the name 'spring'") as caught:
        await found(sdk, key, "spring")
    assert len(caught.value.found) == 2
