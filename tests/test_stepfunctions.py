"""State machines for Step Functions: names that botocore knows, every status, a pace that fits."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest

from crml_sdk.stepfunctions import (
    EVENTS_A_ROUND,
    FIRST_PAUSE,
    LONGEST,
    MOST_EVENTS,
    SHARE,
    pace,
    render,
    state_machine,
)
from crml_sdk.waiting.statuses import STATUSES, Phase

KINDS = {
    "train": ("CreateTrainedModel", "GetTrainedModel", "TrainedModelStatus"),
    "infer": (
        "StartTrainedModelInferenceJob",
        "GetTrainedModelInferenceJob",
        "TrainedModelInferenceJobStatus",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_those_of_the_service_model(kind: Any) -> None:
    start, get, statuses = KINDS[kind]
    states = state_machine(kind, partition="aws-cn")["States"]
    for state, operation in (("Start", start), ("Poll", get)):
        method = operation[0].lower() + operation[1:]
        assert states[state]["Resource"] == f"arn:aws-cn:states:::aws-sdk:cleanroomsml:{method}"
    model = botocore.session.get_session().get_service_model("cleanroomsml")
    asked = model.operation_model(get).input_shape.members  # pyright: ignore
    read = states["Pin the job"]["Parameters"]
    assert {name.removesuffix(".$") for name in read} <= {m[0].upper() + m[1:] for m in asked}
    named = [error for retry in states["Poll"]["Retry"] for error in retry["ErrorEquals"]]
    named += states["Start"]["Retry"][0]["ErrorEquals"]
    known = {f"CleanRoomsMl.{shape.name}" for shape in model.error_shapes}
    assert set(named) - known == {"States.ALL"}
    # Only after a refusal for the pace is a start sent again.
    assert [retry["ErrorEquals"] for retry in states["Start"]["Retry"]] == [
        ["CleanRoomsMl.ThrottlingException"]
    ]
    assert [retry["MaxAttempts"] for retry in states["Poll"]["Retry"]] == [0, 10]
    ends = {each["StringEquals"]: each["Next"] for each in states["What is its status?"]["Choices"]}
    for status, phase in STATUSES[statuses].items():
        final = "Succeeded" if phase is Phase.SUCCESS else "Failed"
        assert ends.get(status) == (None if phase is Phase.IN_PROGRESS else final)


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_leads_to_another(kind: Any) -> None:
    machine = state_machine(kind)
    assert json.loads(render(kind)) == machine
    text = json.dumps(machine)
    for name, state in machine["States"].items():
        assert f'"Next": "{name}"' in text or f'"Default": "{name}"' in text or name == "Start"
        assert state.get("Next", name) in machine["States"]


@pytest.mark.parametrize("seconds", [0, 1, 16, 3_600, 86_400, LONGEST, 10 * LONGEST])
def test_the_pace_is_the_quickest_that_fits(seconds: int) -> None:
    most = int(MOST_EVENTS * SHARE) // EVENTS_A_ROUND

    def looks(step: int) -> int:
        number = waited = 0
        while waited < seconds:
            waited += FIRST_PAUSE + number * step
            number += 1
        return number

    step, number = pace(seconds)
    assert number == looks(step) <= most
    assert step == 0 or looks(step - 1) > most


def test_another_kind() -> None:
    with pytest.raises(ValueError, match="one of train, infer, not 'predict'"):
        state_machine("predict")  # type: ignore[arg-type]
