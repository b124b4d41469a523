"""What users write: every line must pass pyright strict and mypy --strict."""

from __future__ import annotations

from datetime import datetime, timedelta

from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from typing_extensions import assert_type

from crml_sdk import (
    BASE,
    LATEST,
    LATEST_ACTIVE,
    Arn,
    CleanRoomsML,
    Handle,
    Lineage,
    Outcome,
    Page,
    Paginator,
    StatusChange,
    TrainedModelRef,
    errors,
    models,
)
from crml_sdk.pagination import ItemList
from crml_sdk.types import ModelTrainingDataChannelDict
from crml_sdk.waiting import Outcomes

ARN = "arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/m/trained-model/x"


async def versions(sdk: CleanRoomsML) -> None:
    assert_type(
        sdk.trained_models.versions(ARN),
        Paginator[models.TrainedModelSummary, models.ListTrainedModelVersionsResponse],
    )
    assert_type(await sdk.trained_models.versions(ARN), ItemList[models.TrainedModelSummary])
    async for version in sdk.trained_models.versions(ARN, status="ACTIVE", limit=3):
        assert_type(version, models.TrainedModelSummary)
        assert_type(version.version_identifier, "str | None")
        assert_type(version.is_base, bool)
        assert_type(version.ref, TrainedModelRef)
    async for page in sdk.trained_models.versions(ARN).pages():
        assert_type(page, Page[models.TrainedModelSummary, models.ListTrainedModelVersionsResponse])
        assert_type(page.reply.trained_models, list[models.TrainedModelSummary])
        assert_type(page.next_token, "str | None")
    assert_type(await sdk.trained_models.list().first(), "models.TrainedModelSummary | None")
    newest = await sdk.trained_models.latest_active(ARN)
    assert_type(newest.status, models.TrainedModelStatus)
    assert_type(newest.create_time, datetime)
    assert_type(newest.status.is_known, bool)
    if newest.status == models.TrainedModelStatus.ACTIVE or newest.status == "INACTIVE":
        print(newest.name)
    assert_type(await sdk.trained_models.resolve(ARN, LATEST), TrainedModelRef)
    assert_type(await sdk.trained_models.lineage(ARN), Lineage)


async def one_version(sdk: CleanRoomsML) -> None:
    ref = TrainedModelRef(ARN, LATEST_ACTIVE)
    assert_type(await sdk.trained_models.get(ref), models.GetTrainedModelResponse)
    assert_type(
        await sdk.trained_models.get(ARN, version=BASE),
        models.GetTrainedModelResponse | models.TrainedModelSummary,
    )
    await sdk.trained_models.cancel(ARN, version=BASE)
    await sdk.trained_models.cancel(TrainedModelRef(ARN, BASE))
    await sdk.trained_models.delete_output(ARN, version="11111111-2222-3333-4444-555555555555")


async def start(sdk: CleanRoomsML, channel: str) -> None:
    with_models = await sdk.inference_jobs.start(
        trained_model_arn=ARN,
        version=LATEST_ACTIVE,
        name="july",
        resource_config=models.InferenceResourceConfig(
            instance_type=models.InferenceInstanceType("ml.m5.large")
        ),
        output_configuration={"members": [{"account_id": "111122223333"}]},
        data_source={"ml_input_channel_arn": channel},
        timeout=30,
    )
    assert_type(with_models.trained_model_inference_job_arn, str)
    channels: list[ModelTrainingDataChannelDict] = [
        {"ml_input_channel_arn": channel, "channel_name": "train"}
    ]
    created = await sdk.trained_models.create(
        name="m",
        configured_model_algorithm_association_arn=ARN,
        resource_config={"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
        data_channels=channels,
        incremental_training_data_channels=[
            {"trained_model_arn": ARN, "version_identifier": LATEST, "channel_name": "before"}
        ],
        hyperparameters={"rate": "0.1"},
        training_input_mode="FastFile",
    )
    assert_type(created.trained_model_arn, str)


async def waits(sdk: CleanRoomsML, ref: TrainedModelRef) -> None:
    jobs = await sdk.inference_jobs.list(limit=3)
    assert_type(await sdk.wait(jobs[0]), models.GetTrainedModelInferenceJobResponse)
    assert_type(await sdk.wait(ref), "models.GetTrainedModelResponse | models.TrainedModelSummary")
    outcomes = await sdk.wait_all(jobs, timeout=timedelta(hours=6))
    assert_type(outcomes, Outcomes[models.GetTrainedModelInferenceJobResponse])
    assert_type(
        outcomes.raise_for_failures()[0].result(), models.GetTrainedModelInferenceJobResponse
    )
    assert_type(outcomes[0].model, "models.GetTrainedModelInferenceJobResponse | None")
    rows = await sdk.wait_all((job for job in jobs), details=False)
    assert_type(rows, Outcomes[models.TrainedModelInferenceJobSummary])
    async for outcome in sdk.as_completed(set(jobs)):
        assert_type(outcome, Outcome[models.GetTrainedModelInferenceJobResponse])
    handle = sdk.inference_jobs.handle(jobs[0])
    assert_type(handle, Handle[models.GetTrainedModelInferenceJobResponse])
    assert_type(await sdk.wait(handle), models.GetTrainedModelInferenceJobResponse)
    assert_type(Handle.of(jobs[0]), Handle[models.GetTrainedModelInferenceJobResponse])
    assert_type(
        await sdk.trained_models.wait(ARN, version=BASE),
        "models.GetTrainedModelResponse | models.TrainedModelSummary",
    )
    assert_type(await sdk.trained_models.wait(ARN), models.GetTrainedModelResponse)
    export = await sdk.trained_models.start_export(
        ref, name="june", output_configuration={"members": [{"account_id": "111122223333"}]}
    )
    assert_type(await sdk.wait(export), models.CollaborationTrainedModelExportJobSummary)
    async for change in sdk.inference_jobs.watch(jobs[0]):
        assert_type(change, StatusChange[models.GetTrainedModelInferenceJobResponse])
    await sdk.wait_all(["crml-wait:1:x", handle, jobs[0]])
    await sdk.wait_all([ARN])


async def requests(sdk: CleanRoomsML, request: models.CreateTrainedModelRequest) -> None:
    assert_type(await sdk.call(request), models.CreateTrainedModelResponse)
    assert_type(
        await sdk.call(models.ListMLInputChannelsRequest(membership_identifier="m")),
        models.ListMLInputChannelsResponse,
    )
    rows = await sdk.memberships()
    assert_type(rows[:2], ItemList[models.MembershipSummary])
    assert_type(rows[0], models.MembershipSummary)


async def scopes(sdk: CleanRoomsML, identifier: str) -> None:
    assert_type(
        await sdk.collaboration(identifier).trained_models.get(ARN),
        models.GetCollaborationTrainedModelResponse,
    )
    assert_type(
        await sdk.membership(identifier).ml_configuration.get(), models.GetMLConfigurationResponse
    )
    assert_type(await sdk.memberships(), ItemList[models.MembershipSummary])
    assert_type(await sdk.memberships.get(identifier), models.Membership)
    assert_type(await sdk.collaborations.by_name("spring"), models.CollaborationSummary)
    assert_type(await sdk.trained_models.by_name("m"), models.TrainedModelSummary)
    await sdk.tags.set(ARN, {"team": "ads"})


async def faults(sdk: CleanRoomsML) -> None:
    try:
        model = await sdk.trained_models.get(ARN)
    except errors.ServiceQuotaExceededException as error:
        assert_type(error.quota_name, "str | None")
        assert_type(error.quota_value, "float | None")
        assert_type(error.status_code, int)
    except errors.RequestValidationError as error:
        print([fault.path for fault in error.faults])
    except errors.TransportError as error:
        assert_type(error.request_sent, "bool | None")
    except ClientError:
        raise
    else:
        metadata = model.response_metadata
        if metadata is not None:
            assert_type(metadata.request_id, "str | None")
            assert_type(metadata.attempts, int)
    assert_type(Arn.parse(ARN, expect="trained-model").membership, "str | None")


async def main() -> None:
    async with CleanRoomsML(region_name="us-east-1", read_timeout=5, http_backend="httpx") as sdk:
        assert_type(sdk, CleanRoomsML)
        await versions(sdk)
    opened = await CleanRoomsML().open()
    await opened.close()
