"""The SDK on the stand-in, in the process and over a socket."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from crml_sdk import CleanRoomsML, errors
from crml_sdk.local import Lifecycle, LocalCleanRoomsML, LocalClock


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


def inference(local: LocalCleanRoomsML, arn: str, name: str) -> dict[str, Any]:
    channel = local.versions(arn)[0].data["dataChannels"][0]["mlInputChannelArn"]
    return {
        "trained_model_arn": arn,
        "name": name,
        "resource_config": {"instance_type": "ml.m6i.xlarge"},
        "output_configuration": {"members": [{"account_id": local.world.account_id}]},
        "data_source": {"ml_input_channel_arn": channel},
    }


async def test_waiting_for_hours_takes_no_time() -> None:
    local = LocalCleanRoomsML()
    arn = local.seed({"models": ["churn"]})["trained-model/churn"]
    local.configure(lifecycle=Lifecycle("clock", pending=600, running=7200))
    async with local.sdk() as sdk:
        job = await sdk.inference_jobs.start(**inference(local, arn, "july"))
        with pytest.raises(errors.WaitTimeout):
            await sdk.inference_jobs.wait(job.trained_model_inference_job_arn, timeout=3600)
        done = await sdk.inference_jobs.wait(job.trained_model_inference_job_arn, timeout=86400)
        assert done.status == "ACTIVE"
        local.jobs.fail_next(status_code="AlgorithmError", message="no data")
        job = await sdk.inference_jobs.start(**inference(local, arn, "august"))
        with pytest.raises(errors.ResourceFailed, match="no data"):
            await sdk.inference_jobs.wait(job.trained_model_inference_job_arn, timeout=86400)


def test_the_in_process_client_runs_on_trio() -> None:
    local = LocalCleanRoomsML()
    arn = local.seed({"models": ["churn"]})["trained-model/churn"]

    async def main() -> None:
        async with local.sdk(http_backend="httpx") as sdk:
            job = await sdk.inference_jobs.start(**inference(local, arn, "july"))
            done = await sdk.inference_jobs.wait(job.trained_model_inference_job_arn, timeout=600)
            assert done.status == "ACTIVE"

    trio.run(main)


async def test_a_wait_in_the_process_moves_the_local_clock_instead_of_sleeping() -> None:
    local = LocalCleanRoomsML(clock=LocalClock(held=True))
    before = local.clock.now()
    async with local.sdk() as sdk:
        core = sdk.trained_models._core
        await core.sleep(3600)
        assert core.clock() == local.clock.now() == before + 3600
