"""Finished request models, sent by `sdk.call`."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors, models
from crml_sdk.api.operations import ALL
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.model import RequestModel

from ..support.canned import CannedServer, error, reply
from ..support.samples import INFERENCE, MEMBERSHIP, MODEL, TRAINING, VERSION_1, model_reply


async def test_a_request_is_made_stored_and_sent() -> None:
    local = LocalCleanRoomsML()
    arns = local.seed(
        {"associations": ["forest"], "channels": [{"name": "people", "association": "forest"}]}
    )
    request = models.CreateTrainedModelRequest(
        membership_identifier=local.world.membership_id,
        name="m",
        configured_model_algorithm_association_arn=arns[
            "configured-model-algorithm-association/forest"
        ],
        resource_config={"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
        data_channels=[
            {"ml_input_channel_arn": arns["ml-input-channel/people"], "channel_name": "train"}
        ],
    )
    text = request.model_dump_json(by_alias=True)
    async with local.sdk() as sdk:
        made = await sdk.call(models.CreateTrainedModelRequest.model_validate_json(text))
        assert isinstance(made, models.CreateTrainedModelResponse)
        model = await sdk.wait(made)
        assert model.resource_config.volume_size_in_gb == 10
        page = await sdk.call(
            models.ListTrainedModelsRequest(
                membership_identifier=local.world.membership_id, max_results=5
            )
        )
        assert [row.name for row in page.trained_models] == ["m"]
        found = await sdk.call(
            models.GetMembershipInput(membership_identifier=local.world.membership_id)
        )
        assert found.membership.id == local.world.membership_id


async def test_what_is_sent_is_what_the_method_sends(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, {"trainedModelInferenceJobArn": MODEL})]
    await sdk.inference_jobs.start(MODEL, **INFERENCE)
    request = models.StartTrainedModelInferenceJobRequest(
        membership_identifier=MEMBERSHIP, trained_model_arn=MODEL, **INFERENCE
    )
    await sdk.call(request, timeout=5)
    one, other = canned.received
    assert (one.method, one.target, one.json) == (other.method, other.target, other.json)


async def test_a_create_is_looked_for_when_its_reply_is_lost(canned: CannedServer) -> None:
    canned.answers = ["cut", error("AccessDeniedException", 403)]
    request = models.CreateTrainedModelRequest(membership_identifier=MEMBERSHIP, **TRAINING)

    async def sleep(seconds: float) -> None:
        pass

    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url, sleep=sleep) as sdk:
        with pytest.raises(errors.OutcomeUnknown):
            await sdk.call(request)
    assert [each.method for each in canned.received].count("POST") == 1


async def test_a_request_that_was_changed_unchecked_is_checked(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    request = models.CreateTrainedModelRequest(membership_identifier=MEMBERSHIP, **TRAINING)
    with pytest.raises(errors.RequestValidationError, match="name"):
        await sdk.call(request.model_copy(update={"name": ""}))
    assert not canned.received


async def test_no_base_version_by_accident(sdk: CleanRoomsML, canned: CannedServer) -> None:
    named: Any = {"membership_identifier": MEMBERSHIP, "trained_model_arn": MODEL}
    for kind in (models.CancelTrainedModelRequest, models.DeleteTrainedModelOutputRequest):
        with pytest.raises(errors.VersionRequired, match=r"sdk.trained_models.*version=BASE"):
            await sdk.call(kind(**named))
    assert not canned.received
    canned.answers = [reply(200)]
    assert (
        await sdk.call(models.CancelTrainedModelRequest(**named, version_identifier=VERSION_1))
        is None
    )


@pytest.mark.parametrize(
    "other", [model_reply(), "CreateTrainedModel", models.CreateTrainedModelRequest]
)
async def test_other_things_are_refused(sdk: CleanRoomsML, other: Any) -> None:
    with pytest.raises(TypeError, match="takes a request model, such as"):
        await sdk.call(other)


class Nightly(models.CreateTrainedModelRequest, frozen=True):
    """A request of the user's own."""


async def test_a_class_of_the_users_own_is_sent_as_what_it_extends(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, {"trainedModelArn": MODEL})]
    made = await sdk.call(Nightly(membership_identifier=MEMBERSHIP, **TRAINING))
    assert made.trained_model_arn == MODEL


def test_every_operation_has_a_request_model() -> None:
    for operation in ALL:
        request = getattr(models, operation.input.rpartition(":")[2])
        assert issubclass(request, RequestModel), operation.name
