"""The steps of `crml demo`, one function each.

The body of each function is printed before it runs, so that readers see what happens. All bodies
together are a script that can be copied and run, which a test does. `poll=` is short because the
local service is quick. Omit it on AWS. `local.write_example_workspace` writes the tables and the
containers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crml_sdk import LATEST_ACTIVE, CleanRoomsML, errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from crml_sdk import Lineage
    from crml_sdk.models import (
        CollaborationConfiguredModelAlgorithmAssociationSummary,
        CreateMLInputChannelResponse,
        CreateTrainedModelResponse,
        GetTrainedModelInferenceJobResponse,
        MembershipSummary,
        StartTrainedModelInferenceJobResponse,
        TrainedModelSummary,
    )

    Room = MembershipSummary
    Offer = CollaborationConfiguredModelAlgorithmAssociationSummary
    Channel = CreateMLInputChannelResponse
    Model = CreateTrainedModelResponse
    Job = StartTrainedModelInferenceJobResponse
    Report = Callable[[Any], None]


async def connect(url: str) -> tuple[CleanRoomsML, CleanRoomsML]:
    sdk = await CleanRoomsML(profile_name="member-one", endpoint_url=url).open()
    partner = await CleanRoomsML(profile_name="member-two", endpoint_url=url).open()
    return sdk, partner


async def offer_algorithm(partner: CleanRoomsML) -> None:
    registry = "444455556666.dkr.ecr.us-east-1.amazonaws.com"
    algorithm = await partner.configured_model_algorithms.create(
        name="churn",
        role_arn="arn:aws:iam::444455556666:role/clean-rooms-ml",
        training_container_config={
            "image_uri": f"{registry}/churn-train:1",
            "metric_definitions": [{"name": "accuracy", "regex": "accuracy=([0-9.]+)"}],
        },
        inference_container_config={"image_uri": f"{registry}/churn-infer:1"},
    )
    theirs = await partner.memberships.by_name("Local collaboration")
    await partner.configured_model_algorithm_associations.create(
        name="churn-for-all",
        configured_model_algorithm_arn=algorithm.configured_model_algorithm_arn,
        membership_identifier=theirs.id,
    )


async def look_around(sdk: CleanRoomsML) -> tuple[Room, Offer]:
    room = await sdk.memberships.by_name("Local collaboration")
    offers = sdk.collaboration(room.collaboration_id).configured_model_algorithm_associations
    offer = await offers.by_name("churn-for-all")
    return room, offer


async def say_where_results_go(sdk: CleanRoomsML, room: Room) -> None:
    await sdk.ml_configuration.put(
        default_output_location={
            "destination": {"s3_destination": {"s3_uri": "s3://our-bucket/clean-rooms"}},
            "role_arn": "arn:aws:iam::111122223333:role/clean-rooms-ml",
        },
        membership_identifier=room.id,
    )


async def join_data(sdk: CleanRoomsML, room: Room, offer: Offer, progress: Report) -> Channel:
    known = """
        SELECT visits, spend, months, left_us
        FROM customers JOIN contracts USING (customer_id)
        WHERE left_us IS NOT NULL
    """
    channel = await sdk.ml_input_channels.create(
        name="known",
        configured_model_algorithm_associations=[offer.configured_model_algorithm_association_arn],
        input_channel={
            "role_arn": "arn:aws:iam::111122223333:role/clean-rooms-ml",
            "data_source": {
                "protected_query_input_parameters": {"sql_parameters": {"query_string": known}}
            },
        },
        retention_in_days=7,
        membership_identifier=room.id,
    )
    await sdk.ml_input_channels.wait(channel, timeout=60, poll=0.2, on_update=progress)
    return channel


async def join_more(sdk: CleanRoomsML, room: Room, offer: Offer, progress: Report) -> Channel:
    unknown = """
        SELECT visits, spend, months
        FROM customers JOIN contracts USING (customer_id)
        WHERE left_us IS NULL ORDER BY customer_id
    """
    july = await sdk.ml_input_channels.create(
        name="july",
        configured_model_algorithm_associations=[offer.configured_model_algorithm_association_arn],
        input_channel={
            "role_arn": "arn:aws:iam::111122223333:role/clean-rooms-ml",
            "data_source": {
                "protected_query_input_parameters": {"sql_parameters": {"query_string": unknown}}
            },
        },
        retention_in_days=7,
        membership_identifier=room.id,
    )
    await sdk.ml_input_channels.wait(july, timeout=60, poll=0.2, on_update=progress)
    return july


async def train_base(
    sdk: CleanRoomsML, room: Room, offer: Offer, channel: Channel, progress: Report
) -> Model:
    model = await sdk.trained_models.create(
        name="churn",
        configured_model_algorithm_association_arn=offer.configured_model_algorithm_association_arn,
        resource_config={"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10},
        data_channels=[
            {"ml_input_channel_arn": channel.ml_input_channel_arn, "channel_name": "train"}
        ],
        hyperparameters={"epochs": "3"},
        membership_identifier=room.id,
    )
    await sdk.trained_models.wait(model, timeout=60, poll=0.2, on_update=progress)
    return model


async def train_on(
    sdk: CleanRoomsML,
    room: Room,
    offer: Offer,
    channel: Channel,
    model: Model,
    progress: Report,
) -> Model:
    version = await sdk.trained_models.create(
        name="churn",
        configured_model_algorithm_association_arn=offer.configured_model_algorithm_association_arn,
        resource_config={"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10},
        data_channels=[
            {"ml_input_channel_arn": channel.ml_input_channel_arn, "channel_name": "train"}
        ],
        incremental_training_data_channels=[
            {"trained_model_arn": f"{model.trained_model_arn}@latest", "channel_name": "before"}
        ],
        hyperparameters={"epochs": "3"},
        membership_identifier=room.id,
    )
    await sdk.trained_models.wait(version, timeout=60, poll=0.2, on_update=progress)
    return version


async def read_versions(
    sdk: CleanRoomsML, model: Model
) -> tuple[list[TrainedModelSummary], TrainedModelSummary]:
    versions = await sdk.trained_models.versions(model.trained_model_arn)
    newest = await sdk.trained_models.latest_active(model.trained_model_arn)
    return versions, newest


async def read_lineage(sdk: CleanRoomsML, model: Model) -> Lineage:
    lineage = await sdk.trained_models.lineage(model.trained_model_arn)
    return lineage


async def start_inference(sdk: CleanRoomsML, model: Model, july: Channel) -> Job:
    job = await sdk.inference_jobs.start(
        model.trained_model_arn,
        version=LATEST_ACTIVE,
        name="july",
        resource_config={"instance_type": "ml.m5.large"},
        data_source={"ml_input_channel_arn": july.ml_input_channel_arn},
        output_configuration={"members": [{"account_id": "111122223333"}]},
    )
    return job


async def wait_for_inference(
    sdk: CleanRoomsML, job: Job, progress: Report
) -> GetTrainedModelInferenceJobResponse:
    done = await sdk.inference_jobs.wait(job, timeout=60, poll=0.2, on_update=progress)
    return done


async def find_results(sdk: CleanRoomsML, done: GetTrainedModelInferenceJobResponse) -> str:
    address = await sdk.inference_jobs.results_uri(done)
    return str(address)


async def read_predictions(s3: Path, address: str) -> list[str]:
    files = sorted((s3 / address.removeprefix("s3://")).iterdir())
    predictions = files[0].read_text().splitlines()
    return predictions


async def start_wrongly(sdk: CleanRoomsML, room: Room, offer: Offer, channel: Channel) -> Model:
    wrong = await sdk.trained_models.create(
        name="churn-in-a-hurry",
        configured_model_algorithm_association_arn=offer.configured_model_algorithm_association_arn,
        resource_config={"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10},
        data_channels=[
            {"ml_input_channel_arn": channel.ml_input_channel_arn, "channel_name": "train"}
        ],
        hyperparameters={"epochs": "a few"},
        membership_identifier=room.id,
    )
    return wrong


async def see_it_fail(
    sdk: CleanRoomsML, wrong: Model, progress: Report
) -> errors.ResourceFailed | None:
    failure = None
    try:
        await sdk.trained_models.wait(wrong, timeout=60, poll=0.2, on_update=progress)
    except errors.ResourceFailed as failed:
        failure = failed
    return failure


async def look_as_partner(partner: CleanRoomsML, room: Room) -> list[str]:
    models = await partner.collaboration(room.collaboration_id).trained_models.list()
    return [f"{row.name}: {row.status}, created by {row.creator_account_id}" for row in models]


async def disconnect(sdk: CleanRoomsML, partner: CleanRoomsML) -> None:
    await sdk.close()
    await partner.close()
