"""From a table to a trained model, through the ways in that users have, with a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from crml_sdk import BASE, errors
from crml_sdk.local import LocalCleanRoomsML, Settings

from .local_lab import ROLE
from .running.support import sandbox_fault

URI = "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn"
PROGRAM = """
import json, pathlib, sys, time
settings = json.load(open("/opt/ml/input/config/hyperparameters.json"))
rows = sum(
    len(part.read_text().splitlines())
    for part in pathlib.Path("/opt/ml/input/data/train").iterdir()
)
for epoch in range(3):
    print(f"epoch {epoch} train_loss={1 / (epoch + 1)};", flush=True)
if "sleep" in settings:
    time.sleep(float(settings["sleep"]))
if "fail" in settings:
    pathlib.Path("/opt/ml/output/failure").write_text("no luck")
    sys.exit(3)
pathlib.Path("/opt/ml/model/rows").write_text(str(rows))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    fault = sandbox_fault("auto")
    if fault:
        pytest.skip(fault)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text(PROGRAM)
    rows = "".join(f"{number},{number * 2}\n" for number in range(100))
    (tmp_path / "rows.csv").write_text(f"id,spend\n{rows}")
    file = tmp_path / "workspace.toml"
    file.write_text(
        f'[images."{URI}"]\ncommand = ["python", "train.py"]\ndirectory = "code"\n'
        f'python = "{sys.executable}"\n[tables]\ncustomers = "rows.csv"\n'
    )
    return file


class Room:
    """A collaboration's member, by boto3: set up once, then trainings by name."""

    def __init__(self, server: Any) -> None:
        self.client: Any = boto3.client(
            "cleanroomsml",
            endpoint_url=server["AWS_ENDPOINT_URL_CLEANROOMSML"],
            region_name="us-east-1",
            aws_access_key_id=server["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=server["AWS_SECRET_ACCESS_KEY"],
        )
        rooms: Any = boto3.client(
            "cleanrooms",
            endpoint_url=server["AWS_ENDPOINT_URL_CLEANROOMSML"],
            region_name="us-east-1",
            aws_access_key_id=server["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=server["AWS_SECRET_ACCESS_KEY"],
        )
        (membership,) = rooms.list_memberships()["membershipSummaries"]
        self.place = {"membershipIdentifier": membership["id"]}

    def set_up(self) -> None:
        loss = {"name": "loss", "regex": "train_loss=([0-9.]+);"}
        container = {"imageUri": f"{URI}:1", "metricDefinitions": [loss]}
        algorithm = self.client.create_configured_model_algorithm(
            name="churn", roleArn=ROLE, trainingContainerConfig=container
        )
        del algorithm["ResponseMetadata"]
        self.association = self.client.create_configured_model_algorithm_association(
            **self.place, **algorithm, name="churn"
        )["configuredModelAlgorithmAssociationArn"]
        query = {"sqlParameters": {"queryString": "SELECT spend FROM customers"}}
        source = {"protectedQueryInputParameters": query}
        self.channel = self.client.create_ml_input_channel(
            **self.place,
            name="rows",
            configuredModelAlgorithmAssociations=[self.association],
            retentionInDays=5,
            inputChannel={"roleArn": ROLE, "dataSource": source},
        )
        del self.channel["ResponseMetadata"]
        self.shown_channel = self.until(
            lambda: self.client.get_ml_input_channel(**self.place, **self.channel)
        )

    def train(self, name: str, **hyperparameters: str) -> str:
        return self.client.create_trained_model(
            **self.place,
            name=name,
            configuredModelAlgorithmAssociationArn=self.association,
            resourceConfig={"instanceType": "ml.m5.large", "volumeSizeInGB": 1},
            dataChannels=[{"channelName": "train", **self.channel}],
            hyperparameters={"epochs": "3", **hyperparameters},
        )["trainedModelArn"]

    def model(self, arn: str) -> Any:
        return self.client.get_trained_model(**self.place, trainedModelArn=arn)

    def until(self, get: Any, *statuses: str) -> Any:
        deadline = time.monotonic() + 90
        while True:
            shown = get()
            wanted = statuses or ("ACTIVE", "CREATE_FAILED", "INACTIVE")
            if shown["status"] in wanted:
                return shown
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)


def processes_of(folder: Path) -> list[str]:
    """The command lines of processes that work in or below a folder."""
    found: list[str] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


def test_boto3_trains_for_real(workspace: Path, tmp_path: Path) -> None:
    # Life cycles at rest: whatever moves is really run.
    settings = Settings()
    file = tmp_path / "state.crml"
    with (
        LocalCleanRoomsML(workspace=workspace, state_file=file, settings=settings) as local,
        local.serve_in_thread() as server,
    ):
        room = Room(server.environment)
        room.set_up()
        assert room.shown_channel["status"] == "ACTIVE", room.shown_channel
        assert room.shown_channel["numberOfRecords"] == 100
        good, bad = room.train("good"), room.train("bad", fail="1")
        assert room.until(lambda: room.model(good))["status"] == "ACTIVE"
        failed = room.until(lambda: room.model(bad))
        assert failed["statusDetails"] == {"statusCode": "AlgorithmError", "message": "no luck"}
        (record,) = local.versions(good)
        report = local.report_of(record.number)
        assert report is not None
        assert "epoch 2" in report.log.read_text()
        assert [round(metric.value, 2) for metric in report.metrics] == [1.0, 0.5, 0.33]
        assert "model.tar.gz" in [artifact.name for artifact in report.artifacts]
        long = room.train("long", sleep="600")
        room.until(lambda: room.model(long), "CREATE_IN_PROGRESS")
        room.client.cancel_trained_model(**room.place, trainedModelArn=long)
        assert room.until(lambda: room.model(long))["status"] == "INACTIVE"
        last = room.train("last", sleep="600")
        room.until(lambda: room.model(last), "CREATE_IN_PROGRESS")
    assert processes_of(tmp_path) == []
    with LocalCleanRoomsML(state_file=file) as again:
        statuses = {
            r.name: r.status for r in again.records("trained-model", again.world.membership_id)
        }
    assert statuses == {
        "good": "ACTIVE",
        "bad": "CREATE_FAILED",
        "long": "INACTIVE",
        "last": "CREATE_FAILED",
    }


async def test_the_sdk_waits_for_what_is_really_run(workspace: Path) -> None:
    async with LocalCleanRoomsML(workspace=workspace) as local:
        with local.serve_in_thread() as server:
            room = Room(server.environment)
            room.set_up()
            arns = room.train("good"), room.train("bad", fail="1"), room.train("long", sleep="600")
        async with local.sdk() as sdk:
            good, bad, long = arns
            assert (await sdk.trained_models.wait(good, timeout=60)).status == "ACTIVE"
            with pytest.raises(errors.ResourceFailed, match="no luck"):
                await sdk.trained_models.wait(bad, timeout=60)
            with pytest.raises(errors.WaitTimeout):
                await sdk.trained_models.wait(long, timeout=1.0)
            await sdk.trained_models.cancel(long, version=BASE)
            shown = await sdk.trained_models.get(long)
            assert shown.status in ("CANCEL_PENDING", "CANCEL_IN_PROGRESS", "INACTIVE")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_kill_in_the_middle_of_a_training_leaves_no_process(
    workspace: Path, tmp_path: Path
) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(f'{{"workspace": "{workspace.name}"}}')
    arguments = ["--port", "0", "--seed", str(seed), "--state", str(tmp_path / "s.crml")]

    def start() -> tuple[subprocess.Popen[str], Room]:
        command = [sys.executable, "-m", "crml_sdk.local", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        environment: dict[str, str] = {}
        for line in process.stdout:
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                environment[name] = value
            if "AWS_DEFAULT_REGION" in environment:
                break
        return process, Room(environment)

    process, room = start()
    room.set_up()
    arn = room.train("killed", sleep="600")
    room.until(lambda: room.model(arn), "CREATE_IN_PROGRESS")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while left := processes_of(tmp_path):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    process, again = start()
    try:
        details = again.model(arn)["statusDetails"]
        assert details["message"] == "The local service stopped while it ran"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
