"""Where logs, metrics and results are, by name."""

from __future__ import annotations

import pytest

from crml_sdk import Arn, TrainedModelRef, errors
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.places import log_group, metric_namespace, results_uri

MEMBERSHIP = "11111111-2222-3333-4444-555555555555"
IN = f"arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/{MEMBERSHIP}"
MODEL, JOB = f"{IN}/trained-model/x", f"{IN}/trained-model-inference-job/y"
ROLE = "arn:aws:iam::111122223333:role/x"


@pytest.mark.parametrize(
    "target",
    [MODEL, f"{MODEL}@latest", f"{MODEL}@{MEMBERSHIP}", Arn.parse(MODEL), TrainedModelRef(MODEL)],
)
def test_a_training_has_its_group_however_it_is_named(target: str) -> None:
    assert log_group(target) == "/aws/cleanroomsml/TrainedModels"
    assert metric_namespace(target) == "/aws/cleanroomsml/TrainedModels"


def test_an_inference_job_has_another() -> None:
    assert log_group(JOB) == metric_namespace(JOB) == "/aws/cleanroomsml/TrainedModelInferenceJobs"


@pytest.mark.parametrize("target", [f"{IN}/ml-input-channel/z", "churn"])
def test_nothing_else_has_logs(target: str) -> None:
    with pytest.raises(errors.ArnError):
        log_group(target)


@pytest.mark.parametrize("place", ["s3://b", "s3://b/", "s3://b/p/q/"])
def test_results_lie_below_the_receivers_place(place: str) -> None:
    uri = results_uri(
        place,
        collaboration_identifier="c",
        trained_model_name="m",
        account_id="a",
        job_name="j",
    )
    assert uri == f"{place.rstrip('/')}/c/m/a/j/"


async def seeded(local: LocalCleanRoomsML) -> str:
    jobs = [{"name": "july", "model": "churn"}]
    return local.seed({"models": ["churn"], "inference_jobs": jobs})[
        "trained-model-inference-job/july"
    ]


def output(uri: str) -> dict[str, object]:
    return {"destination": {"s3_destination": {"s3_uri": uri}}, "role_arn": ROLE}


async def test_a_job_tells_where_it_writes_for_the_caller() -> None:
    local = LocalCleanRoomsML()
    arn = await seeded(local)
    membership, room = local.world.membership_id, local.world.collaboration_id
    async with local.sdk() as sdk:
        with pytest.raises(errors.ResourceNotFoundException):
            await sdk.inference_jobs.results_uri(arn)
        await sdk.ml_configuration.put(
            default_output_location=output("s3://bucket/ml"),  # pyright: ignore
            membership_identifier=membership,
        )
        wanted = f"s3://bucket/ml/{room}/churn/111122223333/july/"
        assert await sdk.inference_jobs.results_uri(arn) == wanted
        assert await sdk.inference_jobs.results_uri(await sdk.inference_jobs.get(arn)) == wanted


async def test_a_job_whose_results_go_to_others_has_no_place_here() -> None:
    local = LocalCleanRoomsML()
    arns = local.seed({"models": ["churn"], "channels": ["july"]})
    async with local.sdk() as sdk:
        job = await sdk.inference_jobs.start(
            arns["trained-model/churn"],
            name="july",
            resource_config={"instance_type": "ml.m5.large"},
            data_source={"ml_input_channel_arn": arns["ml-input-channel/july"]},
            output_configuration={"members": [{"account_id": "444455556666"}]},
        )
        assert await sdk.inference_jobs.results_uri(job.trained_model_inference_job_arn) is None


async def test_the_model_of_a_job_may_be_another_members() -> None:
    """Its name is read through the collaboration: the model's own membership is not the caller's."""
    local = LocalCleanRoomsML()
    theirs = local.seed({"models": ["churn"]})["trained-model/churn"]
    room = next(iter(local.world.collaborations.values()))
    other = next(each for each in room.members.values() if each.account_id != "111122223333")
    async with local.sdk("other") as sdk:
        await sdk.ml_configuration.put(
            default_output_location=output("s3://theirs"),  # pyright: ignore
            membership_identifier=other.membership_id,
        )
        channel = local.seed({"channels": ["august"]})["ml-input-channel/august"]
        job = await sdk.inference_jobs.start(
            theirs,
            name="august",
            membership_identifier=other.membership_id,
            resource_config={"instance_type": "ml.m5.large"},
            data_source={"ml_input_channel_arn": channel},
            output_configuration={"members": [{"account_id": other.account_id}]},
        )
        uri = await sdk.inference_jobs.results_uri(job.trained_model_inference_job_arn)
    assert uri == f"s3://theirs/{room.id}/churn/{other.account_id}/august/"
