"""Writes by name: what is sent, what is checked before, what a file may hold."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from crml_sdk.api.operations import ALL
from crml_sdk.cli import cost
from crml_sdk.cli.failures import Refused
from crml_sdk.cli.inputs import by_python_names, check, parse_document
from crml_sdk.cli.service import operations
from crml_sdk.cli.skeleton import skeleton
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.operation import Operation

from .conftest import Run

ROLE = "arn:aws:iam::111122223333:role/clean-rooms"
TRAIN = ("models", "train", "fresh", "--channel", "train=churn-data", "--association", "default")
MACHINE = ("--instance-type", "ml.m5.xlarge", "--volume-gb", "10")


def test_a_model_is_trained_from_flags_alone(run: Run) -> None:
    ran = run(
        *TRAIN, *MACHINE, "--hyperparameter", "epochs=3", "--max-runtime", "2h", "--tag", "a=b"
    )
    assert ran.status == 0, ran.err
    shown = run("models", "show", ran.out.strip(), "-o", "json").json
    assert shown["name"] == "fresh"
    assert shown["hyperparameters"] == {"epochs": "3"}
    assert shown["stoppingCondition"] == {"maxRuntimeInSeconds": 7200}
    assert shown["resourceConfig"] == {"instanceType": "ml.m5.xlarge", "volumeSizeInGB": 10}
    assert shown["dataChannels"][0]["channelName"] == "train"


def test_a_dry_run_writes_the_request_with_its_version_pinned_and_sends_nothing(
    run: Run, local: LocalCleanRoomsML
) -> None:
    newest = run("models", "versions", "churn", "-o", "json").json[0]["versionIdentifier"]
    ran = run(*TRAIN, *MACHINE, "--from", "churn@latest", "--dry-run")
    (earlier,) = ran.json["incrementalTrainingDataChannels"]
    assert earlier["versionIdentifier"] == newest
    assert earlier["channelName"] == "previous"
    assert "nothing was sent" in ran.err
    job = run("jobs", "start", "churn", "--name", "n", "--channel", "churn-data", "--dry-run")
    assert job.json["trainedModelVersionIdentifier"] == newest
    assert not local.calls("CreateTrainedModel")
    assert not local.calls("StartTrainedModelInferenceJob")


def test_what_a_dry_run_writes_is_a_file_that_can_be_sent(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(run(*TRAIN, *MACHINE, "--dry-run").out)
    ran = run("models", "train", "-f", str(file))
    assert ran.status == 0, ran.err


def test_flags_count_more_than_the_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "train.yaml"
    file.write_text(
        "name: fresh\nconfiguredModelAlgorithmAssociationArn: default\n"
        "resource_config: {instanceType: ml.m5.large, volume_size_in_gb: 10}\n"
        "dataChannels:\n- {mlInputChannelArn: churn-data, channelName: train}\n"
        "hyperparameters: {epochs: 5, shuffle: true}\n"
    )
    sent = run(
        "models", "train", "other", "-f", str(file), "--instance-type", "ml.m5.xlarge", "--dry-run"
    ).json
    assert sent["name"] == "other"
    assert sent["resourceConfig"] == {"instanceType": "ml.m5.xlarge", "volumeSizeInGB": 10}
    assert sent["hyperparameters"] == {"epochs": "5", "shuffle": "true"}
    assert sent["dataChannels"][0]["mlInputChannelArn"].startswith("arn:")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("models", "train", "x"), "--association: is required"),
        (("models", "train", "x"), "--instance-type, --volume-gb"),
        (
            (*TRAIN, "--instance-type", "ml.m5.xlargee", "--volume-gb", "9"),
            "did you mean 'ml.m5.xlarge'",
        ),
        (
            (*TRAIN, "--instance-type", "ml.m5.xlarge", "--volume-gb", "0"),
            "--volume-gb: is out of range",
        ),
        ((*TRAIN, *MACHINE, "--tag", "a"), "--tag 'a' is not KEY=VALUE"),
        ((*TRAIN, *MACHINE, "--tag", "a=1", "--tag", "a=2"), "given twice"),
        ((*TRAIN, *MACHINE, "--from", "churn"), "give the version"),
        ((*TRAIN, *MACHINE, "--channel", "train=other"), "each channel needs its own name"),
        ((*TRAIN, *MACHINE, "--max-runtime", "long"), "90s"),
        (("models", "train", "-f", "/nowhere/train.yaml"), "/nowhere/train.yaml: No such file"),
        (("models", "cancel", "churn"), "--version"),
        (("call", "ListTrainedModels", "-a", "@/nowhere.json"), "No such file"),
        (("config", "set", "--s3-uri", "http://x", "--role", ROLE), "--s3-uri: does not match"),
    ],
)
def test_faults_are_found_before_a_client_is_opened(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # No region, no credentials, no server: had a client been opened, that would be said.
    from crml_sdk.cli import main

    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "version=" not in err


def test_the_whole_life_of_an_algorithm(run: Run) -> None:
    made = run(
        *("algorithms", "create", "mine", "--role", ROLE, "--training-image", IMAGE),
        *("--inference-image", IMAGE, "--argument", "--fast", "--metric", "loss=loss=(.*)"),
    )
    assert made.status == 0, made.err
    shown = run("algorithms", "show", "mine", "-o", "json").json
    assert shown["trainingContainerConfig"]["metricDefinitions"] == [
        {"name": "loss", "regex": "loss=(.*)"}
    ]
    assert run("associations", "create", "shared", "--algorithm", "mine").status == 0
    assert "shared" in run("associations", "list").out
    assert run("associations", "delete", "shared").out == "deleted shared\n"
    assert run("algorithms", "delete", "mine").out == "deleted mine\n"


IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/train:1"


def test_configuration_and_tags(run: Run) -> None:
    assert run("config", "set", "--s3-uri", "s3://bucket/ml", "--role", ROLE).status == 0
    assert "s3://bucket/ml" in run("config", "show").out
    assert run("config", "delete").status == 0
    assert run("config", "show").status == 1
    assert run("tags", "add", "model/churn", "team=ml", "cost=1").status == 0
    assert run("tags", "set", "model/churn", "team=ml").status == 0
    assert run("tags", "show", "model/churn", "-o", "json").json == {"tags": {"team": "ml"}}
    assert run("tags", "remove", "channel/churn-data", "x").status == 0
    assert run("tags", "show", "nothing").status == 2


def test_a_channel_is_made_and_emptied(run: Run, local: LocalCleanRoomsML, tmp_path: Path) -> None:
    query = tmp_path / "query.sql"
    query.write_text("SELECT 1")
    ran = run(
        *("channels", "create", "july-data", "--association", "default", "--role", ROLE),
        *("--query", f"@{query}", "--retention-days", "7", "-o", "json"),
    )
    assert ran.status == 0, ran.err
    arn = ran.json["mlInputChannelArn"]
    local.clock.advance(3600)
    assert run("channels", "show", arn, "-o", "json").json["name"] == "july-data"
    assert run("channels", "delete", "july-data", "--wait", "--poll", "1ms").status == 0


def test_what_is_not_there_without_having_a_name_says_what_to_do(run: Run) -> None:
    """Found: `config show` said that a membership's identifier does not exist."""
    for verb in ("show", "delete"):
        ran = run("config", verb)
        assert ran.status == 1
        assert ran.err.startswith("crml: the membership has no ML configuration")
    assert "next: crml config set --s3-uri" in run("jobs", "results", "july").err


def test_a_collaboration_left_out_is_the_only_one(run: Run) -> None:
    shown = run("collaborations", "show", "-o", "json").json
    assert shown == run("collaborations", "show", shown["name"], "-o", "json").json
    assert run("collaborations", "list", "--status", "invited", "-o", "json").json == []
    assert len(run("collaborations", "list", "--status", "ACTIVE", "-o", "json").json) == 1


def test_an_export_is_started_on_the_newest_version_that_works(run: Run) -> None:
    newest = run("models", "versions", "churn", "-o", "json").json[0]["versionIdentifier"]
    assert "&name=e" in run("models", "export", "churn", "--name", "e").out
    (row,) = run("models", "exports", "churn", "-o", "json").json
    assert row["trainedModelVersionIdentifier"] == newest


def test_collaborations_are_named(run: Run) -> None:
    rows = run("models", "list", "--collaboration", "Local collaboration", "-o", "json").json
    assert {row["name"] for row in rows} == {"churn", "broken"}
    assert run("collaborations", "show", "Local collaboration").status == 0
    arguments = json.dumps({"collaborationIdentifier": "Local collaboration"})
    ran = run("call", "list-collaboration-trained-models", "-a", arguments)
    assert ran.status == 0, ran.err


def test_call_shows_the_members_of_an_operation(run: Run) -> None:
    out = run("call", "create-trained-model", "--help").out
    for expected in (
        "resourceConfig",
        "volumeSizeInGB  (required; integer of 1 to 8,192)",
        "hyperparameters",
    ):
        assert expected in out


def test_yaml_aliases_are_refused() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\n"
    with pytest.raises(Refused, match="aliases"):
        parse_document(bomb, "-f x")
    with pytest.raises(Refused, match="not YAML in line 1"):
        parse_document("a: [", "-f x")
    with pytest.raises(Refused, match="mapping"):
        parse_document("- a\n", "-f x")
    assert parse_document("at: 2026-01-01T00:00:00Z", "x") == {"at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("operation", [each.name for each in ALL])
def test_a_skeleton_is_yaml_that_holds_what_is_required_and_can_be_filled_in(
    operation: str,
) -> None:
    found = operations()[operation]
    text = skeleton(found, "call")
    document = yaml.safe_load(text) or {}
    values = by_python_names(found.input, document)
    said = faults_of(found, values)
    # Empty values are refused; nothing is missing or unknown.
    assert "is required" not in said
    assert "is not a member" not in said


def faults_of(operation: Operation, values: dict[str, Any]) -> str:
    try:
        check(operation, values, {})
    except Refused as refused:
        return refused.problem
    return ""


def test_the_cost_is_told_at_most() -> None:
    operation = operations()["CreateTrainedModel"]
    values: dict[str, Any] = {
        "resource_config": {"instance_type": "ml.m5.xlarge", "instance_count": 2}
    }
    assert "1,344 instance hours" in cost.at_most(operation, values)
    values["stopping_condition"] = {"max_runtime_in_seconds": 5400}
    assert "2 x ml.m5.xlarge for at most 1.5 h, so up to 3 instance hours" in cost.at_most(
        operation, values
    )


@pytest.mark.parametrize(("answer", "starts"), [("y\n", True), ("\n", False), ("", False)])
def test_a_terminal_is_asked_before_a_paid_start(
    monkeypatch: pytest.MonkeyPatch, answer: str, starts: bool
) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    err = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    monkeypatch.setattr(sys, "stderr", err)
    operation = operations()["StartTrainedModelInferenceJob"]
    values = {"resource_config": {"instance_type": "ml.m5.large"}}
    if starts:
        cost.confirm(operation, values)
    else:
        with pytest.raises(Refused, match="nothing was started"):
            cost.confirm(operation, values)
    assert cost.PRICES in err.getvalue()
