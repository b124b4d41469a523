"""Handlers that answer in place of the service: dicts become models, errors the SDK's."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.stub import Stubber

from crml_sdk import BASE, CleanRoomsML, errors, models

from ..support.canned import CannedServer
from ..support.samples import CHANNEL, MEMBERSHIP, MODEL, TRAINING, model_reply, model_row

CHANNELS = [{"mlInputChannelArn": CHANNEL, "channelName": "train"}]
WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def parsed(members: dict[str, Any]) -> dict[str, Any]:
    """As botocore gives it: times are times."""
    return {**members, "createTime": WHEN, "updateTime": WHEN}


async def test_botocores_stubber(sdk: CleanRoomsML, canned: CannedServer) -> None:
    with Stubber(sdk.raw) as stubber:
        expected = {"trainedModelArn": MODEL, "membershipIdentifier": MEMBERSHIP}
        stubber.add_response(
            "get_trained_model", parsed(model_reply(dataChannels=CHANNELS)), expected
        )
        stubber.add_response("create_trained_model", {"trainedModelArn": MODEL})
        stubber.add_response(
            "list_trained_model_versions", {"trainedModels": [parsed(model_row())]}
        )
        stubber.add_response("cancel_trained_model", {})
        stubber.add_client_error("get_trained_model", "ConflictException", "told to", 409)
        model = await sdk.trained_models.get(MODEL)
        assert type(model) is models.GetTrainedModelResponse
        assert (model.name, model.create_time, model.status) == ("m", WHEN, "ACTIVE")
        assert model.response_metadata is not None
        assert model.response_metadata.http_status == 200
        assert (await sdk.trained_models.create(**TRAINING)).trained_model_arn == MODEL
        (row,) = await sdk.trained_models.versions(MODEL)
        assert type(row) is models.TrainedModelSummary
        assert await sdk.trained_models.cancel(MODEL, version=BASE) is None  # type: ignore[func-returns-value]
        with pytest.raises(errors.ConflictException, match="told to"):
            await sdk.trained_models.get(MODEL)
        stubber.assert_no_pending_responses()
    assert canned.received == []


async def test_an_answer_without_metadata_and_with_less(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    answers = [{"trainedModelArn": MODEL}, {"other": "x"}]

    def answer(**_: Any) -> Any:
        return AWSResponse("http://x", 200, {}, None), answers.pop(0)

    sdk.raw.meta.events.register("before-call.cleanroomsml.CreateTrainedModel", answer)
    created = await sdk.trained_models.create(**TRAINING)
    assert created.trained_model_arn == MODEL
    assert created.response_metadata is not None
    assert (created.response_metadata.request_id, created.response_metadata.attempts) == (None, 1)
    with pytest.raises(errors.ResponseShapeError, match="a handler answered otherwise"):
        await sdk.trained_models.create(**TRAINING)
    assert canned.received == []
