"""References in incremental channels are written out into ARN and version, however they are given."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import BASE, LATEST, TrainedModelRef, errors, models
from crml_sdk.resources.pinning import _refuse_selectors, take_channel_selectors

from ..support.samples import MODEL, VERSION_1

KEY = "incremental_training_data_channels"


@pytest.mark.parametrize(
    ("given", "written", "taken"),
    [
        (
            {"trained_model_arn": f"{MODEL}@latest", "channel_name": "c"},
            {"trained_model_arn": MODEL, "channel_name": "c"},
            {0: LATEST},
        ),
        (
            {"trainedModelArn": f"{MODEL}@latest", "channelName": "c"},
            {"trainedModelArn": MODEL, "channelName": "c"},
            {0: LATEST},
        ),
        (
            {"trainedModelArn": f"{MODEL}@{VERSION_1}", "versionIdentifier": None},
            {"trainedModelArn": MODEL, "version_identifier": VERSION_1},
            {},
        ),
        (
            {"trained_model_arn": TrainedModelRef(MODEL, VERSION_1)},
            {"trained_model_arn": MODEL, "version_identifier": VERSION_1},
            {},
        ),
        (
            {"trainedModelArn": MODEL, "versionIdentifier": VERSION_1},
            {"trainedModelArn": MODEL, "versionIdentifier": VERSION_1},
            {},
        ),
        (
            models.IncrementalTrainingDataChannel(
                trained_model_arn=f"{MODEL}@base", channel_name="c"
            ),
            {"trained_model_arn": MODEL, "channel_name": "c"},
            {0: BASE},
        ),
    ],
)
def test_a_channel(given: Any, written: dict[str, Any], taken: dict[int, Any]) -> None:
    values: dict[str, Any] = {KEY: (given,)}
    assert take_channel_selectors(values) == taken
    (found,) = values[KEY]
    spelling = (
        {"versionIdentifier": "version_identifier"} if "versionIdentifier" not in written else {}
    )
    assert {spelling.get(name, name): value for name, value in found.items()} == written


def test_a_typed_channel_without_a_reference_stays_as_it_is() -> None:
    channel = models.IncrementalTrainingDataChannel(trained_model_arn=MODEL, channel_name="c")
    values: dict[str, Any] = {KEY: [channel, 3]}
    assert take_channel_selectors(values) == {}
    assert values[KEY][0] is channel


def test_with_resume_a_version_has_to_be_pinned() -> None:
    with pytest.raises(errors.RequestValidationError) as caught:
        _refuse_selectors({0: BASE, 2: LATEST})
    (fault,) = caught.value.faults
    assert fault.path == f"{KEY}[2].version_identifier"
    _refuse_selectors({0: BASE})
