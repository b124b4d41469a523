"""The ways to wait that the resource groups offer, on the local Clean Rooms ML."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from crml_sdk import BASE, LATEST_ACTIVE, CleanRoomsML, Handle, errors, models
from crml_sdk.local import Lifecycle, LocalCleanRoomsML, Settings

from ..test_creating_on_local import ME, Studio

HOUR = 3600.0


@pytest.fixture
def local() -> LocalCleanRoomsML:
    """A stand-in whose jobs take an hour; waits pass at once."""
    lifecycle = Lifecycle("clock", pending=60, running=HOUR)
    return LocalCleanRoomsML(settings=Settings(lifecycle=lifecycle))


@pytest.fixture
async def sdk(local: LocalCleanRoomsML) -> AsyncIterator[CleanRoomsML]:
    async with local.sdk(membership=local.world.membership_id) as client:
        yield client


@pytest.fixture
def studio(local: LocalCleanRoomsML, sdk: CleanRoomsML) -> Studio:
    return Studio(local, sdk)


async def test_each_group_waits(sdk: CleanRoomsML, studio: Studio) -> None:
    channel = await studio.channel("c")
    done: Any = await sdk.ml_input_channels.wait(channel.ml_input_channel_arn)
    assert isinstance(done, models.GetMLInputChannelResponse)
    model = await studio.model("m")
    done = await sdk.trained_models.wait(model)
    assert isinstance(done, models.GetTrainedModelResponse)
    audience = await studio.audience_model("a")
    done = await sdk.audience_models.wait(audience)
    assert isinstance(done, models.GetAudienceModelResponse)
    generation = await studio.generation("g")
    done = await sdk.audience_generation_jobs.wait(generation)
    assert isinstance(done, models.GetAudienceGenerationJobResponse)
    assert done.status == "ACTIVE"


async def test_all_kinds_together(
    local: LocalCleanRoomsML, sdk: CleanRoomsML, studio: Studio
) -> None:
    local.jobs.fail_next(kind="audience-model", status_code="NoData", message="empty")
    things = [
        await studio.channel("c"),
        await studio.model("m"),
        await studio.audience_model("a"),
        await studio.inference("i"),
    ]
    changes: list[Any] = []
    outcomes = await sdk.wait_all(things, timeout=2 * HOUR, on_update=changes.append)
    assert [outcome.ok for outcome in outcomes] == [True, True, False, True]
    assert outcomes[2].status == "CREATE_FAILED"
    assert isinstance(outcomes[2].error, errors.ResourceFailed)
    assert outcomes[2].error.status_code == "NoData"
    assert {outcome.handle.arn async for outcome in sdk.as_completed(things)} == {
        Handle.of(thing).arn for thing in things
    }


async def test_versions(sdk: CleanRoomsML, studio: Studio) -> None:
    second = await studio.version("m")
    assert second.version_identifier is not None
    changes = [change.status async for change in sdk.trained_models.watch(second.ref)]
    assert changes[-1] == "ACTIVE"
    arn = second.trained_model_arn
    assert (await sdk.trained_models.wait(arn)).version_identifier == second.version_identifier
    base: Any = await sdk.trained_models.wait(arn, version=BASE)
    assert (base.status, base.version_identifier) == ("ACTIVE", None)
    assert (await sdk.trained_models.wait(f"{arn}@base")).version_identifier is None
    newest = await sdk.trained_models.wait(arn, version=LATEST_ACTIVE)
    assert newest.version_identifier == second.version_identifier
    newest = await sdk.trained_models.wait(f"{arn}@latest-active")
    assert newest.version_identifier == second.version_identifier
    outcomes = await sdk.wait_all([f"{arn}@base", second.ref, arn])
    assert [outcome.result().version_identifier for outcome in outcomes] == [
        None,
        second.version_identifier,
        second.version_identifier,
    ]
    with pytest.raises(ValueError, match="resolve"):
        sdk.trained_models.watch(arn, version=LATEST_ACTIVE)


async def test_cancelling(sdk: CleanRoomsML, studio: Studio, local: LocalCleanRoomsML) -> None:
    job = await studio.inference("i")
    await sdk.inference_jobs.cancel(job.trained_model_inference_job_arn)
    assert (await sdk.inference_jobs.wait_cancelled(job)).status == "INACTIVE"
    model = await studio.model("m")
    await sdk.trained_models.cancel(model.ref)
    done = await sdk.trained_models.wait_cancelled(model.ref, timeout=3 * HOUR)
    assert done.status == "INACTIVE"
    with pytest.raises(errors.ResourceFailed, match="INACTIVE"):
        await sdk.trained_models.wait(model.ref)

    local.jobs.fail_next(name="again", phase="cancel")
    model = await studio.model("again")
    await sdk.trained_models.cancel(model.ref)
    with pytest.raises(errors.ResourceFailed, match="CANCEL_FAILED"):
        await sdk.trained_models.wait_cancelled(model.ref, timeout=3 * HOUR)


async def test_deleting(sdk: CleanRoomsML, studio: Studio) -> None:
    model = await studio.model("m")
    await sdk.trained_models.wait(model)
    await sdk.trained_models.delete_output(model.ref)
    gone = await sdk.trained_models.wait_deleted(model.ref, timeout=3 * HOUR)
    assert gone is None or gone.status == "INACTIVE"
    audience = (await studio.audience_model("a")).audience_model_arn
    await sdk.audience_models.wait(audience)
    await sdk.audience_models.delete(audience)
    assert await sdk.audience_models.wait_deleted(audience, timeout=3 * HOUR) is None


async def test_exports(sdk: CleanRoomsML, studio: Studio, local: LocalCleanRoomsML) -> None:
    model = await studio.model("m")
    await sdk.trained_models.wait(model)
    await sdk.trained_models.export(
        model.ref, name="e", output_configuration={"members": [{"account_id": ME}]}
    )
    handle = sdk.trained_models.export_handle(model.ref, name="e")
    assert (await sdk.wait(str(handle), timeout=2 * HOUR)).name == "e"
    together = sdk.collaboration(local.world.collaboration_id)
    assert (await together.export_jobs.wait(model.ref, name="e")).status == "ACTIVE"


async def test_what_other_members_own(
    sdk: CleanRoomsML, studio: Studio, local: LocalCleanRoomsML
) -> None:
    job = await studio.inference("i")
    arn = (await sdk.trained_models.list().first()).trained_model_arn  # type: ignore[union-attr]
    async with local.sdk("other") as other:
        together = other.collaboration(local.world.collaboration_id)
        model = await together.trained_models.wait(arn)
        assert isinstance(model, models.GetCollaborationTrainedModelResponse)
        row = await together.inference_jobs.wait(job)
        assert isinstance(row, models.CollaborationTrainedModelInferenceJobSummary)
        channel = await together.ml_input_channels.wait(studio.made["channel"])
        assert channel.status == "ACTIVE"
        handles = [together.trained_models.handle(arn), together.inference_jobs.handle(job)]
        outcomes = await other.wait_all(handles, timeout=3 * HOUR)
        assert [outcome.ok for outcome in outcomes] == [True, True]
        assert (await other.wait(str(handles[0]))).status == "ACTIVE"


async def test_a_group_waits_for_its_own_kind(sdk: CleanRoomsML, studio: Studio) -> None:
    job = await studio.inference("i")
    with pytest.raises(errors.ArnError, match="not a trained-model"):
        await sdk.trained_models.wait(job)
    with pytest.raises(errors.ArnError):
        sdk.ml_input_channels.watch("arn:aws:s3:::bucket")


async def test_cancel_on_timeout_of_run(sdk: CleanRoomsML, studio: Studio) -> None:
    await studio.channel("c")
    channel = (await sdk.ml_input_channels.by_name("c")).ml_input_channel_arn
    await sdk.ml_input_channels.wait(channel)
    with pytest.raises(errors.WaitTimeout) as caught:
        await sdk.trained_models.train(
            name="m",
            configured_model_algorithm_association_arn=studio.made["association"],
            resource_config={"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10},
            data_channels=[{"ml_input_channel_arn": channel, "channel_name": "train"}],
            timeout=600,
            cancel_on_timeout=True,
        )
    assert caught.value.cancelled is True
    resumed = caught.value.handle
    with pytest.raises(errors.ResourceFailed, match="INACTIVE"):
        await sdk.wait(resumed, timeout=3 * HOUR)
