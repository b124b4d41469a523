"""The state machines: by the language's own rules, and run by moto's interpreter."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from crml_sdk.naming import to_wire
from crml_sdk.stepfunctions import (
    EVENTS_A_ROUND,
    FIRST_PAUSE,
    LONGEST,
    MOST_EVENTS,
    pace,
    render,
    state_machine,
)
from crml_sdk.waiting.statuses import STATUSES, Phase

from .conftest import Shop

KINDS: Any = ["train", "infer"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_the_rules_of_the_language(kind: Any, tmp_path: Path) -> None:
    definition = tmp_path / "machine.json"
    definition.write_text(render(kind), "utf-8")
    lint = Path(sys.executable).parent / "statelint"
    done = subprocess.run([str(lint), str(definition)], capture_output=True, text=True)
    assert (done.stdout + done.stderr).strip() == ""


def test_the_picture_in_the_documentation_shows_every_state() -> None:
    picture = Path(__file__).parents[2] / "docs" / "assets" / "step-functions.svg"
    shown = set(re.findall("<title>([^<&]+)</title>", picture.read_text("utf-8")))
    assert shown - {"m", "__s"} == set(state_machine("train")["States"])


def test_four_weeks_fit_into_the_history() -> None:
    step, looks = pace()
    assert looks * EVENTS_A_ROUND < MOST_EVENTS * 0.8
    assert sum(FIRST_PAUSE + step * n for n in range(looks)) >= LONGEST
    fewer = sum(
        FIRST_PAUSE + (step - 1) * n for n in range(MOST_EVENTS * 8 // 10 // EVENTS_A_ROUND)
    )
    assert fewer < LONGEST  # a smaller step would not do


@pytest.mark.parametrize(
    ("kind", "table"),
    [("train", "TrainedModelStatus"), ("infer", "TrainedModelInferenceJobStatus")],
)
def test_every_final_status_ends_it(kind: Any, table: str) -> None:
    choice = state_machine(kind)["States"]["What is its status?"]
    ends = {one["StringEquals"]: one["Next"] for one in choice["Choices"]}
    for status, phase in STATUSES[table].items():
        expected = None if phase is Phase.IN_PROGRESS else "Failed"
        assert ends.get(status) == ("Succeeded" if status == "ACTIVE" else expected)
    assert choice["Default"] == "Slow down"


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="train, infer"):
        state_machine("export")  # type: ignore[arg-type]


@pytest.fixture(params=["reads"])
def machines(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Shop, Any]]:
    shop = Shop(request.param)
    with shop.local.serve_in_thread() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        settings: Any = {
            "stepfunctions": {"execute_state_machine": True},
            "core": {
                "mock_credentials": False,
                "passthrough": {"urls": [rf".*{re.escape(server.url[7:])}.*"]},
            },
        }
        with mock_aws(config=settings):
            yield shop, boto3.client("stepfunctions", region_name="us-east-1")


WORDS = (
    "MembershipIdentifier",
    "TrainedModelInferenceJobArn",
    "TrainedModelArn",
    "VersionIdentifier",
    "Status",
)


def documented(value: Any) -> Any:
    """The arguments of the SDK by the documentation's names."""
    if isinstance(value, dict):
        return {to_wire(key): documented(one) for key, one in value.items()}
    return [documented(one) for one in value] if isinstance(value, list) else value


def as_moto_takes_it(machine: dict[str, Any]) -> dict[str, Any]:
    """moto hands the members of requests and replies through as boto3 has them, in camelCase,
    where the real service has them in PascalCase."""
    text = json.dumps(machine)
    for word in WORDS:
        text = re.sub(rf'([".]){word}(?=[".)])', rf"\1{word[0].lower()}{word[1:]}", text)
    return json.loads(text)


def run(sfn: Any, machine: dict[str, Any], request: dict[str, Any], *shown: str) -> Any:
    """Run a machine, of whose looks only `shown` is kept: moto cannot pass times on.

    moto takes a task's arguments from `Parameters` only, where the real service takes its input,
    so these are written out; and the pause is one second.
    """
    machine = as_moto_takes_it(machine)
    states = machine["States"]
    states["Start"]["Parameters"] = {f"{key}.$": f"$.{key}" for key in request}
    read = {**states["Pin the job"]["Parameters"]}
    states["Poll"]["Parameters"] = {key: f"$.{key[:-2]}" for key in read}
    states["Poll"]["ResultSelector"] = {f"{name}.$": f"$.{name}" for name in ("status", *shown)}
    states["First pause"]["Result"] = {"Seconds": 1}
    states["Slow down"]["Parameters"] = {"Seconds.$": "States.MathAdd($.Pause.Seconds, 0)"}
    arn = sfn.create_state_machine(
        name=f"m{time.monotonic_ns()}",
        definition=json.dumps(machine),
        roleArn="arn:aws:iam::111122223333:role/states",
    )["stateMachineArn"]
    execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps({"Request": request}))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        shown = sfn.describe_execution(executionArn=execution["executionArn"])
        if shown["status"] != "RUNNING":
            return shown
        time.sleep(0.2)
    raise AssertionError(sfn.get_execution_history(executionArn=execution["executionArn"]))


def test_a_training_and_a_prediction_are_run(machines: tuple[Shop, Any]) -> None:
    shop, sfn = machines
    member = {"membershipIdentifier": shop.local.world.membership_id}
    trained = run(
        sfn, state_machine("train"), {**member, **documented(shop.training())}, "trainedModelArn"
    )
    assert trained["status"] == "SUCCEEDED", trained
    model = json.loads(trained["output"])
    assert model["status"] == "ACTIVE"
    arn = model["trainedModelArn"]
    scored = run(
        sfn,
        state_machine("infer"),
        {**member, **documented(shop.inference(arn))},
        "trainedModelInferenceJobArn",
    )
    assert scored["status"] == "SUCCEEDED", scored
    assert json.loads(scored["output"])["trainedModelInferenceJobArn"]
    assert (shop.sends(), shop.sends("StartTrainedModelInferenceJob")) == (1, 1)


@pytest.mark.parametrize("machines", ["at-once"], indirect=True)
def test_a_failure_has_the_status_and_the_reason(machines: tuple[Shop, Any]) -> None:
    shop, sfn = machines
    shop.local.jobs.fail_next(message="no such column")
    member = {"membershipIdentifier": shop.local.world.membership_id}
    ended = run(
        sfn, state_machine("train"), {**member, **documented(shop.training())}, "statusDetails"
    )
    assert ended["status"] == "FAILED"
    assert ended["error"] == "CREATE_FAILED"
    assert "no such column" in ended["cause"]
