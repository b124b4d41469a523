"""Every create and start, its reply lost after the change was made, on the local Clean Rooms ML."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.resource_types import RESOURCE_TYPES

ROLE = "arn:aws:iam::111122223333:role/clean-rooms"
ME = "111122223333"


class Studio:
    """Makes one of everything, each through the call that is tested."""

    def __init__(self, local: LocalCleanRoomsML, sdk: CleanRoomsML) -> None:
        self.local = local
        self.sdk = sdk
        self.made: dict[str, Any] = {}

    async def algorithm(self, name: str) -> Any:
        return await self.sdk.configured_model_algorithms.create(
            name=name,
            role_arn=ROLE,
            training_container_config={"image_uri": "repository/train:1"},
            inference_container_config={"image_uri": "repository/infer:1"},
            tags={"made": "here"},
        )

    async def association(self, name: str) -> Any:
        arn = (await self.algorithm(f"{name}-algorithm")).configured_model_algorithm_arn
        return await self.sdk.configured_model_algorithm_associations.create(
            name=name, configured_model_algorithm_arn=arn
        )

    async def channel(self, name: str) -> Any:
        association = await self.association(f"{name}-association")
        self.made["association"] = association.configured_model_algorithm_association_arn
        return await self.sdk.ml_input_channels.create(
            name=name,
            configured_model_algorithm_associations=[self.made["association"]],
            retention_in_days=3,
            input_channel={
                "role_arn": ROLE,
                "data_source": {
                    "protected_query_input_parameters": {
                        "sql_parameters": {"query_string": "SELECT 1"}
                    }
                },
            },
        )

    async def model(self, name: str) -> Any:
        channel = (await self.channel(f"{name}-channel")).ml_input_channel_arn
        self.made["channel"] = channel
        await self.sdk.ml_input_channels.wait(channel)
        return await self.sdk.trained_models.create(
            name=name,
            configured_model_algorithm_association_arn=self.made["association"],
            resource_config={"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10},
            data_channels=[{"ml_input_channel_arn": channel, "channel_name": "train"}],
            hyperparameters={"epochs": "3"},
        )

    async def version(self, name: str) -> Any:
        """A further version of a model that is older than the call."""
        first = await self.model(name)
        await self.sdk.trained_models.wait(first)
        self.local.clock.advance(3600)
        return await self.sdk.trained_models.create(
            name=name,
            configured_model_algorithm_association_arn=self.made["association"],
            resource_config={"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10},
            data_channels=[{"ml_input_channel_arn": self.made["channel"], "channel_name": "train"}],
            incremental_training_data_channels=[
                {"trained_model_arn": first.trained_model_arn, "channel_name": "before"}
            ],
        )

    async def inference(self, name: str) -> Any:
        model = await self.model(f"{name}-model")
        await self.sdk.trained_models.wait(model)
        return await self.sdk.inference_jobs.start(
            model.trained_model_arn,
            name=name,
            resource_config={"instance_type": "ml.m6i.xlarge"},
            output_configuration={"members": [{"account_id": ME}]},
            data_source={"ml_input_channel_arn": self.made["channel"]},
        )

    async def export(self, name: str) -> Any:
        model = await self.model(f"{name}-model")
        await self.sdk.trained_models.wait(model)
        await self.sdk.trained_models.export(
            model.trained_model_arn,
            name=name,
            output_configuration={"members": [{"account_id": ME}]},
        )
        row = await self.sdk.trained_models.wait_export(model.trained_model_arn, name=name)
        assert row.status == "ACTIVE"

    async def dataset(self, name: str) -> Any:
        columns = [
            {"column_name": "user", "column_types": ["USER_ID"]},
            {"column_name": "item", "column_types": ["ITEM_ID"]},
            {"column_name": "time", "column_types": ["TIMESTAMP"]},
        ]
        return await self.sdk.training_datasets.create(
            name=name,
            role_arn=ROLE,
            training_data=[
                {
                    "type": "INTERACTIONS",
                    "input_config": {
                        "schema": columns,
                        "data_source": {
                            "glue_data_source": {"table_name": "t", "database_name": "d"}
                        },
                    },
                }
            ],
        )

    async def audience_model(self, name: str) -> Any:
        dataset = (await self.dataset(f"{name}-dataset")).training_dataset_arn
        return await self.sdk.audience_models.create(name=name, training_dataset_arn=dataset)

    async def configured_audience_model(self, name: str) -> Any:
        model = (await self.audience_model(f"{name}-model")).audience_model_arn
        await self.sdk.audience_models.wait(model)
        return await self.sdk.configured_audience_models.create(
            name=name,
            audience_model_arn=model,
            output_config={
                "destination": {"s3_destination": {"s3_uri": "s3://bucket/prefix"}},
                "role_arn": ROLE,
            },
            shared_audience_metrics=["ALL"],
            audience_size_config={
                "audience_size_type": "ABSOLUTE",
                "audience_size_bins": [100, 200],
            },
        )

    async def generation(self, name: str) -> Any:
        configured = await self.configured_audience_model(f"{name}-configured")
        return await self.sdk.audience_generation_jobs.start(
            configured_audience_model_arn=configured.configured_audience_model_arn,
            name=name,
            seed_audience={
                "role_arn": ROLE,
                "data_source": {"s3_uri": "s3://bucket/seed"},
            },
        )

    async def audience_export(self, name: str) -> Any:
        job = (await self.generation(f"{name}-job")).audience_generation_job_arn
        await self.sdk.audience_generation_jobs.wait(job)
        await self.sdk.audience_export_jobs.start(
            job, name=name, audience_size={"type": "ABSOLUTE", "value": 100}
        )
        row = await self.sdk.audience_export_jobs.wait(job, name=name)
        assert row.status == "ACTIVE"


MAKERS: dict[str, tuple[str, Callable[[Studio, str], Awaitable[Any]]]] = {
    "algorithm": ("CreateConfiguredModelAlgorithm", Studio.algorithm),
    "association": ("CreateConfiguredModelAlgorithmAssociation", Studio.association),
    "channel": ("CreateMLInputChannel", Studio.channel),
    "model": ("CreateTrainedModel", Studio.model),
    "inference": ("StartTrainedModelInferenceJob", Studio.inference),
    "export": ("StartTrainedModelExportJob", Studio.export),
    "dataset": ("CreateTrainingDataset", Studio.dataset),
    "audience model": ("CreateAudienceModel", Studio.audience_model),
    "configured": ("CreateConfiguredAudienceModel", Studio.configured_audience_model),
    "generation": ("StartAudienceGenerationJob", Studio.generation),
    "audience export": ("StartAudienceExportJob", Studio.audience_export),
}


def test_all_of_them_are_here() -> None:
    creates = {type_.create.name for type_ in RESOURCE_TYPES.values() if type_.create}
    assert {operation for operation, _ in MAKERS.values()} == creates


def sends(local: LocalCleanRoomsML, operation: str) -> int:
    return sum(request.operation == operation for request in local.requests)


@pytest.mark.parametrize(("operation", "make"), MAKERS.values(), ids=MAKERS)
async def test_a_lost_reply_costs_nothing(operation: str, make: Any) -> None:
    local = LocalCleanRoomsML()
    async with local.sdk(membership=local.world.membership_id) as sdk:
        local.faults.cut("after", operation)
        made = await make(Studio(local, sdk), "once")
        assert sends(local, operation) == 1
        if made is not None:
            (arn,) = (
                getattr(made, name) for name in type(made).model_fields if name.endswith("_arn")
            )
            assert arn.startswith("arn:aws:cleanrooms-ml:")


@pytest.mark.parametrize(("operation", "make"), MAKERS.values(), ids=MAKERS)
async def test_nothing_is_sent_again_though_nothing_was_made(operation: str, make: Any) -> None:
    local = LocalCleanRoomsML()
    async with local.sdk(membership=local.world.membership_id) as sdk:
        local.faults.error("InternalServiceException", operation, when="before")
        with pytest.raises(errors.OutcomeUnknown):
            await make(Studio(local, sdk), "once")
        assert sends(local, operation) == 1


async def test_a_further_version_is_found_by_its_own_time() -> None:
    local = LocalCleanRoomsML()
    async with local.sdk(membership=local.world.membership_id) as sdk:
        local.faults.silence("after", "CreateTrainedModel", skip=1)
        made = await Studio(local, sdk).version("again")
        assert sends(local, "CreateTrainedModel") == 2
        assert made.version_identifier is not None


async def test_train_and_run_start_once_and_wait() -> None:
    local = LocalCleanRoomsML()
    async with local.sdk(membership=local.world.membership_id) as sdk:
        studio = Studio(local, sdk)
        await studio.channel("c")
        channel = (await sdk.ml_input_channels.by_name("c")).ml_input_channel_arn
        await sdk.ml_input_channels.wait(channel)
        local.faults.cut("after", "CreateTrainedModel")
        local.faults.cut("after", "StartTrainedModelInferenceJob")
        model = await sdk.trained_models.train(
            name="m",
            configured_model_algorithm_association_arn=studio.made["association"],
            resource_config={"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10},
            data_channels=[{"ml_input_channel_arn": channel, "channel_name": "train"}],
            timeout=86_400,
        )
        assert model.status == "ACTIVE"
        job = await sdk.inference_jobs.run(
            model.ref,
            name="july",
            resource_config={"instance_type": "ml.m6i.xlarge"},
            output_configuration={"members": [{"account_id": ME}]},
            data_source={"ml_input_channel_arn": channel},
            timeout=86_400,
        )
        assert job.status == "ACTIVE"
        assert (
            sends(local, "CreateTrainedModel") == sends(local, "StartTrainedModelInferenceJob") == 1
        )
