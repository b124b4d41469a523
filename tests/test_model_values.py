"""Models as values: what has no list or map in it hashes, the rest says what to use instead."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from crml_sdk import models
from crml_sdk.local import LocalCleanRoomsML


def test_a_model_without_lists_and_maps_hashes_by_its_values() -> None:
    def made(size: int) -> models.ResourceConfig:
        return models.ResourceConfig(instance_type="ml.m5.large", volume_size_in_gb=size)

    assert hash(made(10)) == hash(made(10))
    assert {made(10), made(10), made(20)} == {made(10), made(20)}


def test_models_of_two_types_with_the_same_values_differ() -> None:
    one: Any = models.InferenceReceiverMember(account_id="1" * 12)
    other: Any = models.ModelInferenceDataSource(ml_input_channel_arn="1" * 12)
    assert len({one, other}) == 2


async def test_others_name_what_to_use_instead() -> None:
    local = LocalCleanRoomsML()
    arn = local.seed({"models": ["churn"]})["trained-model/churn"]
    async with local.sdk() as sdk:
        model = await sdk.trained_models.get(arn)
        with pytest.raises(TypeError, match=r"GetTrainedModelResponse .* no hash; use its `ref`"):
            hash(model)
        channel = await sdk.ml_input_channels.get(model.data_channels[0].ml_input_channel_arn)
        with pytest.raises(TypeError, match=r"no hash; use its `ml_input_channel_arn`"):
            hash(channel)


def test_assigning_to_a_model_is_refused() -> None:
    config: Any = models.ResourceConfig(instance_type="ml.m5.large", volume_size_in_gb=10)
    with pytest.raises(ValidationError, match="frozen"):
        config.volume_size_in_gb = 20
