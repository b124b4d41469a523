"""Trainings of programs written for AWS, run as they are."""

from __future__ import annotations

import json
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from .support import ASSOCIATION, CHANNEL, CONTAINERS, MODEL, OTHER, Bench, processes_of, program

LOOK = """
import json, os, sys
found = {"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd(), "tree": {}}
for place, _, names in os.walk("/opt/ml"):
    for name in names:
        path = os.path.join(place, name)
        found["tree"][path] = open(path).read() if os.path.isfile(path) else ""
found["hosts"] = open("/etc/hosts").read()
json.dump(found, open("/opt/ml/model/found.json", "w"))
"""


def member(path: Path, name: str) -> bytes:
    with tarfile.open(path) as archive:
        extracted = archive.extractfile(name)
        assert extracted is not None
        return extracted.read()


def found(bench: Bench, job: Any) -> dict[str, Any]:
    results = bench.run(job)
    return json.loads(member(results.artifacts[0].path, "found.json"))


def test_an_image_trains(tmp_path: Path, kind: str) -> None:
    bench = Bench(tmp_path, train=CONTAINERS / "training", sandbox=kind)
    bench.channel(files=2)
    job = bench.training(hyperparameters={"epochs": "30", "rate": "1.0"})
    results = bench.run(job)
    assert [artifact.name for artifact in results.artifacts] == ["model.tar.gz", "output.tar.gz"]
    weights = json.loads(member(results.artifacts[0].path, "weights.json"))["weights"]
    assert weights[1] > 0
    assert weights[2] > 0
    assert json.loads(member(results.artifacts[1].path, "report.json")) == {"rows": 120}
    losses = [metric.value for metric in results.metrics]
    assert len(losses) == 30
    assert losses == sorted(losses, reverse=True)
    assert results.metrics[0].source == "algo-1"
    log = job[1].log.read_text()
    assert log.startswith("120 rows, format csv\n")
    assert "accuracy=0.9" in log
    assert not (job[1].folder / "containers").exists()
    assert processes_of(tmp_path) == []


def test_what_a_container_is_given(tmp_path: Path, any_sandbox: None, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("OF_THE_SERVER", "1")
    bench = Bench(tmp_path, train=program(tmp_path, LOOK))
    bench.channel()
    bench.channel("arn:other", text="x\n9\n")
    seen = found(
        bench,
        bench.training(
            hyperparameters={"epochs": "3", "layers": "[1, 2]"},
            environment={"EXTRA": "yes", "SM_LOG_LEVEL": "10"},
            dataChannels=[
                {"mlInputChannelArn": CHANNEL, "channelName": "training"},
                {"mlInputChannelArn": "arn:other", "channelName": "check.1"},
            ],
        ),
    )
    env, tree = seen["env"], seen["tree"]
    assert seen["argv"] == ["train"]
    assert env["EXTRA"] == "yes"
    assert env["SM_LOG_LEVEL"] == "10"
    assert env["FILE_FORMAT"] == "csv"
    assert env["SM_MODEL_DIR"] == "/opt/ml/model"
    assert env["SM_OUTPUT_DIR"] == "/opt/ml/output/data"
    assert env["SM_CHANNEL_TRAINING"] == "/opt/ml/input/data/training"
    assert env["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/training"
    assert env["SM_CHANNEL_CHECK.1"] == "/opt/ml/input/data/check.1"
    assert json.loads(env["SM_HPS"]) == {"epochs": 3, "layers": [1, 2]}
    assert env["SM_HP_EPOCHS"] == "3"
    assert env["TRAINING_JOB_NAME"] == "churn"
    assert json.loads(env["SM_HOSTS"]) == ["algo-1"]
    assert not [name for name in env if name.startswith("AWS_") or name == "OF_THE_SERVER"]
    assert tree["/opt/ml/input/data/check.1/part-00000.csv"] == "9\n"  # without its header
    configuration = "/opt/ml/input/config/{}.json"
    assert json.loads(tree[configuration.format("hyperparameters")])["layers"] == "[1, 2]"
    assert json.loads(tree[configuration.format("resourceconfig")])["current_host"] == "algo-1"
    inputs = json.loads(tree[configuration.format("inputdataconfig")])
    assert inputs["training"]["TrainingInputMode"] == "File"


@pytest.mark.parametrize(
    ("entrypoint", "arguments", "expected"),
    [
        (None, ["--a", "1"], ["--a", "1"]),
        (["python3", "/opt/ml/code/main.py"], None, []),
        (["/usr/bin/python3", "/opt/ml/code/main.py", "x"], ["y"], ["x", "y"]),
        (["sh", "-c", "exec python /opt/ml/code/main.py $0"], ["z"], ["z"]),
    ],
)
def test_the_command_of_the_request(
    tmp_path: Path, any_sandbox: None, entrypoint: Any, arguments: Any, expected: list[str]
) -> None:
    bench = Bench(tmp_path, train=program(tmp_path, LOOK))
    bench.channel()
    container = bench.algorithm["trainingContainerConfig"]
    container.update({"entrypoint": entrypoint} if entrypoint else {})
    container.update({"arguments": arguments} if arguments else {})
    assert found(bench, bench.training())["argv"] == expected


def test_an_image_of_the_training_toolkit(tmp_path: Path, any_sandbox: None) -> None:
    context = program(tmp_path, LOOK)
    (context / "Dockerfile").write_text(
        "FROM pytorch-training\nCOPY main.py /opt/ml/code/\nENV SAGEMAKER_PROGRAM=main.py\n"
    )
    bench = Bench(tmp_path, train=context)
    bench.channel()
    seen = found(bench, bench.training(hyperparameters={"rate": "0.1", "epochs": "2"}))
    assert seen["argv"] == ["--epochs", "2", "--rate", "0.1"]


def test_several_instances(tmp_path: Path, kind: str) -> None:
    """They know each other by name, share a network, and each has its part of the files."""
    code = """
import json, os, socket
here = os.environ["SM_CURRENT_HOST"]
rank = json.loads(os.environ["SM_HOSTS"]).index(here)
assert socket.gethostname() == here
rows = [open(f"/opt/ml/input/data/train/{n}").read() for n in sorted(os.listdir("/opt/ml/input/data/train"))]
if rank == 0:
    with socket.create_server(("algo-1", 29500)) as server:
        for _ in range(2):
            server.accept()[0].close()
else:
    for _ in range(200):
        try:
            socket.create_connection(("algo-1", 29500)).close()
            break
        except OSError:
            import time; time.sleep(0.05)
    else:
        raise SystemExit("algo-1 was not there")
json.dump(len(rows), open(f"/opt/ml/model/{here}", "w"))
print("value=%d;" % rank)
"""
    bench = Bench(tmp_path, train=program(tmp_path, code), sandbox=kind)
    bench.channel(files=4)
    bench.algorithm["trainingContainerConfig"]["metricDefinitions"] = [
        {"name": "rank", "regex": "^value=([0-9]+);"}
    ]
    resources = {"instanceType": "ml.m5.large", "volumeSizeInGB": 1, "instanceCount": 3}
    sharded = {"mlInputChannelArn": CHANNEL, "channelName": "train"}
    job = bench.training(
        resourceConfig=resources,
        dataChannels=[{**sharded, "s3DataDistributionType": "ShardedByS3Key"}],
    )
    results = bench.run(job)
    model = results.artifacts[0].path
    assert [member(model, f"algo-{number}") for number in (1, 2, 3)] == [b"2", b"1", b"1"]
    assert {metric.source: metric.value for metric in results.metrics} == {
        "algo-1": 0, "algo-2": 1, "algo-3": 2,
    }  # fmt: skip
    assert "[algo-2] value=1;" in job[1].log.read_text()
    assert processes_of(tmp_path) == []


def test_one_bad_instance_ends_the_others(tmp_path: Path, any_sandbox: None) -> None:
    code = """
import os, sys, time
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    sys.exit(3)
time.sleep(600)
"""
    bench = Bench(tmp_path, train=program(tmp_path, code))
    bench.channel()
    resources = {"instanceType": "ml.m5.large", "volumeSizeInGB": 1, "instanceCount": 2}
    fault = bench.failure(bench.training(resourceConfig=resources))
    assert "exited with status 3" in fault.message
    assert "algo-2" in fault.message


def test_pipe_mode_feeds_each_epoch(tmp_path: Path, any_sandbox: None) -> None:
    code = """
counts = []
for epoch in range(3):
    with open(f"/opt/ml/input/data/train_{epoch}") as pipe:
        counts.append(sum(1 for _ in pipe))
open("/opt/ml/model/counts", "w").write(repr(counts))
"""
    bench = Bench(tmp_path, train=program(tmp_path, code))
    bench.channel(files=2, rows=5000)
    results = bench.run(bench.training(trainingInputMode="Pipe"))
    assert member(results.artifacts[0].path, "counts") == b"[10000, 10000, 10000]"


@pytest.mark.parametrize("artifacts", ["unpacked", "archive"])
def test_incremental_training(tmp_path: Path, any_sandbox: None, artifacts: str) -> None:
    bench = Bench(tmp_path, train=CONTAINERS / "training", incremental_artifacts=artifacts)
    bench.channel()
    channel = [{"trainedModelArn": MODEL, "channelName": "previous"}]
    first = bench.run(bench.training(hyperparameters={"epochs": "3"}))
    job = bench.training(
        version="v-2", hyperparameters={"epochs": "3"}, incrementalTrainingDataChannels=channel
    )
    second = bench.run(job)
    goes_on = second.metrics[0].value < first.metrics[-1].value
    assert goes_on == (artifacts == "unpacked")
    assert not (job[1].folder / "incremental").exists()


def test_incremental_training_of_a_simulated_model(bench: Bench) -> None:
    channel = [{"trainedModelArn": "arn:simulated", "channelName": "previous"}]
    fault = bench.failure(bench.training(incrementalTrainingDataChannels=channel))
    assert "arn:simulated has no artifacts, because its training was simulated" in fault.message


def test_a_channel_that_was_simulated(bench: Bench) -> None:
    channels = [{"mlInputChannelArn": "arn:none", "channelName": "train"}]
    fault = bench.failure(bench.training(dataChannels=channels))
    assert fault.message.startswith("The input channel arn:none has no data")


def test_artifacts_over_the_limit(tmp_path: Path, any_sandbox: None) -> None:
    code = "open('/opt/ml/model/m', 'wb').write(b'x' * 12_000_000)"
    bench = Bench(tmp_path, train=program(tmp_path, code))
    bench.channel()
    bench.policies["trainedModels"] = {"maxArtifactSize": {"unit": "GB", "value": 0.01}}
    fault = bench.failure(bench.training())
    assert fault.status_code == "ArtifactSizeExceeded"
    assert (
        fault.message
        == "The artifacts have 12,000,000 bytes, but maxArtifactSize allows only 10,000,000."
    )


def test_the_maximum_run_time(tmp_path: Path, any_sandbox: None) -> None:
    code = "import time\nprint('begun')\ntime.sleep(600)"
    bench = Bench(tmp_path, train=program(tmp_path, code))
    bench.channel()
    begin = time.monotonic()
    fault = bench.failure(bench.training(stoppingCondition={"maxRuntimeInSeconds": 1}))
    assert fault.status_code == "MaxRuntimeExceeded"
    assert "maximum run time of 1 seconds" in fault.message
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("stubborn", [False, True], ids=["goes", "ignores SIGTERM"])
def test_cancelling(tmp_path: Path, any_sandbox: None, stubborn: bool) -> None:
    code = f"""
import signal, sys, time
def stop(*_):
    print("asked to stop", flush=True)
    {"" if stubborn else "sys.exit(0)"}
signal.signal(signal.SIGTERM, stop)
print("begun", flush=True)
while True:
    time.sleep(0.1)
"""
    bench = Bench(tmp_path, train=program(tmp_path, code), seconds_to_stop=1)
    bench.channel()
    job = bench.training()
    thread, ended = bench.start(job)
    deadline = time.monotonic() + 30
    while "begun" not in (job[1].log.read_text() if job[1].log.exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    job[1].reason = "cancel"
    job[1].stopping.set()
    thread.join(30)
    assert "was stopped" in str(ended[0])
    assert "asked to stop" in job[1].log.read_text()
    assert processes_of(tmp_path) == []


def test_members_logs(tmp_path: Path, any_sandbox: None) -> None:
    code = """
print("starting up")
print("INFO card 4111 1111 1111 1111 of ann@example.com, row 77, id AB-12")
open("/opt/ml/model/m", "w").write("1")
"""
    bench = Bench(tmp_path, train=program(tmp_path, code))
    bench.channel()
    bench.configure(OTHER, "m-2")
    redaction = {
        "entitiesToRedact": ["ALL_PERSONALLY_IDENTIFIABLE_INFORMATION", "CUSTOM", "NUMBERS"],
        "customEntityConfig": {"customDataIdentifiers": ["[A-Z]{2}-[0-9]+"]},
    }
    bench.policies["trainedModels"] = {
        "containerLogs": [
            {"allowedAccountIds": ["111122223333"]},
            {
                "allowedAccountIds": [OTHER, "777788889999"],
                "filterPattern": "INFO",
                "logRedactionConfiguration": redaction,
            },
        ]
    }
    job = bench.training()
    results = bench.run(job)
    logs = {path.stem: path.read_text() for path in (job[1].folder / "logs").iterdir()}
    assert sorted(logs) == ["111122223333", OTHER]
    assert "4111 1111" in logs["111122223333"]
    assert logs[OTHER] == "INFO card ***** of *****, row *****, id *****\n"
    assert results.publish == {}


def test_an_expression_without_end_does_not_hold_up_anybody(
    tmp_path: Path, any_sandbox: None, monkeypatch: Any
) -> None:
    """Found while planned: expressions are users' and `re` lets no other thread run meanwhile."""
    from crml_sdk.local.running import reports

    monkeypatch.setattr(
        reports.read, "__kwdefaults__", {**reports.read.__kwdefaults__, "seconds": 1.0}
    )
    code = "print('a' * 60 + 'b')\nopen('/opt/ml/model/m', 'w').write('1')"
    bench = Bench(tmp_path, train=program(tmp_path, code))
    bench.channel()
    bench.policies["trainedModels"] = {"containerLogs": [{"allowedAccountIds": ["111122223333"]}]}
    bench.algorithm["trainingContainerConfig"]["metricDefinitions"] = [
        {"name": "slow", "regex": "(a+)+$"}
    ]
    results = bench.run(bench.training())
    assert results.publish["111122223333"].logs_status == "PUBLISH_FAILED"
    assert "took longer than 1 seconds" in (results.publish["111122223333"].logs_details or "")
    assert results.metrics == ()


def test_the_association_is_gone(bench: Bench) -> None:
    job = bench.training()
    del bench.port.resources[("configured-model-algorithm-association", ASSOCIATION, None)]
    assert "The algorithm no longer exists" in bench.failure(job).message
