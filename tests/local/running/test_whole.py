"""From two tables to predictions, through the local service, with boto3."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local import LocalCleanRoomsML

from .support import ACCOUNT, COLLABORATION, CONTAINERS, INFER, TRAIN, processes_of

pytest.importorskip("duckdb", reason="queries need the extra `local`")
boto3: Any = pytest.importorskip("boto3")

WORKSPACE = f"""
[images."{TRAIN}"]
context = "{CONTAINERS}/training"
[images."{INFER}"]
context = "{CONTAINERS}/inference"
[tables]
customers = "customers.csv"
churn = "churn.csv"
[results]
directory = "results"
"""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/x"


@pytest.fixture
def workspace(tmp_path: Path, any_sandbox: None) -> Path:
    (tmp_path / "workspace.toml").write_text(WORKSPACE)
    pairs = [(n, n % 10 / 10, n % 7 / 7) for n in range(300)]
    customers = "".join(f"{n},{a},{b}\n" for n, a, b in pairs)
    churn = "".join(f"{n},{int(a + b > 1)}\n" for n, a, b in pairs)
    (tmp_path / "customers.csv").write_text(f"id,a,b\n{customers}")
    (tmp_path / "churn.csv").write_text(f"id,label\n{churn}")
    return tmp_path / "workspace.toml"


def ended(get: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while True:
        shown = get()
        if not shown["status"].endswith(("PENDING", "IN_PROGRESS")):
            return shown
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_from_tables_to_predictions(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a state file by a relative path, whose jobs' folder once was not found by queries."""
    monkeypatch.chdir(workspace.parent)
    with (
        LocalCleanRoomsML(workspace="workspace.toml", state_file="state.crml") as local,
        local.serve_in_thread() as server,
    ):
        world = local.world
        client: Any = boto3.client(
            "cleanroomsml",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=world.access_key,
            aws_secret_access_key=world.secret_key,
        )
        place = {"membershipIdentifier": world.membership_id}
        location = {"destination": {"s3Destination": {"s3Uri": "s3://mine/ml"}}, "roleArn": ROLE}
        client.put_ml_configuration(**place, defaultOutputLocation=location)
        algorithm = client.create_configured_model_algorithm(
            name="churn",
            roleArn=ROLE,
            trainingContainerConfig={"imageUri": f"{TRAIN}:1"},
            inferenceContainerConfig={"imageUri": f"{INFER}:1"},
        )["configuredModelAlgorithmArn"]
        association = client.create_configured_model_algorithm_association(
            **place, configuredModelAlgorithmArn=algorithm, name="churn"
        )["configuredModelAlgorithmAssociationArn"]

        def channel(name: str, query: str) -> tuple[str, dict[str, Any]]:
            asked = {"sqlParameters": {"queryString": query}, "resultFormat": "CSV"}
            source = {"protectedQueryInputParameters": asked}
            arn = client.create_ml_input_channel(
                **place,
                configuredModelAlgorithmAssociations=[association],
                name=name,
                retentionInDays=1,
                inputChannel={"roleArn": ROLE, "dataSource": source},
            )["mlInputChannelArn"]
            get = client.get_ml_input_channel
            return arn, ended(lambda: get(**place, mlInputChannelArn=arn))

        train, shown = channel("train", "SELECT a, b, label FROM customers JOIN churn USING (id)")
        assert (shown["status"], shown["numberOfRecords"]) == ("ACTIVE", 300)
        _, shown = channel("bad", "SELECT nothing FROM customers")
        assert shown["status"] == "CREATE_FAILED"
        assert '"nothing" not found' in shown["statusDetails"]["message"]
        model = client.create_trained_model(
            **place,
            name="churn",
            configuredModelAlgorithmAssociationArn=association,
            hyperparameters={"epochs": "60", "rate": "3"},
            resourceConfig={"instanceType": "ml.m5.large", "volumeSizeInGB": 1},
            dataChannels=[{"mlInputChannelArn": train, "channelName": "train"}],
        )["trainedModelArn"]
        shown = ended(lambda: client.get_trained_model(**place, trainedModelArn=model))
        assert shown["status"] == "ACTIVE", shown.get("statusDetails")
        july, _ = channel("july", "SELECT a, b FROM customers ORDER BY a + b LIMIT 5")
        job = client.start_trained_model_inference_job(
            **place,
            name="july",
            trainedModelArn=model,
            resourceConfig={"instanceType": "ml.m5.large"},
            outputConfiguration={"members": [{"accountId": ACCOUNT}]},
            dataSource={"mlInputChannelArn": july},
        )["trainedModelInferenceJobArn"]
        get = client.get_trained_model_inference_job
        shown = ended(lambda: get(**place, trainedModelInferenceJobArn=job))
        assert shown["status"] == "ACTIVE", shown.get("statusDetails")
        client.close()
    predictions = workspace.parent / "results" / "mine" / "ml" / COLLABORATION / "churn" / ACCOUNT
    lines = (predictions / "july" / "part-00000.csv.out").read_text().split()
    assert len(lines) == 5
    assert all(float(line) < 0.2 for line in lines)
    assert processes_of(workspace.parent) == []
