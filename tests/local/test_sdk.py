"""The SDK on the stand-in, in the process and over a socket."""

from __future__ import annotations

import pytest

from crml_sdk import CleanRoomsML, errors
from crml_sdk.local import LocalCleanRoomsML, LocalClock


async def test_a_ready_client_trains_a_version_and_finds_it() -> None:
    local = LocalCleanRoomsML()
    arns = local.seed({"models": [{"name": "churn", "versions": 3}]})
    arn = arns["trained-model/churn"]
    async with local.sdk() as sdk:
        assert [membership.id async for membership in sdk.memberships()] == [
            local.world.membership_id
        ]
        versions = await sdk.trained_models.versions(arn)
        assert len(versions) == 3
        assert versions[-1].is_base
        shown = await sdk.trained_models.get(arn)
        assert shown.version_identifier == versions[0].version_identifier
    async with local.sdk("other") as sdk:
        view = await sdk.collaboration(local.world.collaboration_id).trained_models.get(arn)
        assert view.creator_account_id == local.world.account_id
        with pytest.raises(errors.AccessDeniedException) as caught:
            await sdk.trained_models.get(arn)
        assert caught.value.status_code == 403


async def test_the_same_client_over_a_socket() -> None:
    local = LocalCleanRoomsML()
    arn = local.seed({"models": ["churn"]})["trained-model/churn"]
    async with local.serve() as server:
        async with CleanRoomsML(region_name="us-east-1", endpoint_url=server.url) as sdk:
            assert (await sdk.trained_models.get(arn)).name == "churn"


async def test_a_wait_in_the_process_moves_the_local_clock_instead_of_sleeping() -> None:
    local = LocalCleanRoomsML(clock=LocalClock(held=True))
    before = local.clock.now()
    async with local.sdk() as sdk:
        core = sdk.trained_models._core
        await core.sleep(3600)  # type: ignore[attr-defined]
        assert core.clock() == local.clock.now() == before + 3600
