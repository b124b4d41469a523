"""Inference jobs and exports: from a trained model to files in the receiver's bucket."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from crml_sdk.local.running.exports import run as run_export

from .support import ACCOUNT, COLLABORATION, CONTAINERS, MODEL, Bench, processes_of
from .test_archives import archive_of
from .test_bad_containers import seed, serving


def test_train_then_predict(tmp_path: Path, kind: str) -> None:
    bench = Bench(
        tmp_path, train=CONTAINERS / "training", infer=CONTAINERS / "inference", sandbox=kind
    )
    bench.channel(rows=200)
    bench.run(bench.training(hyperparameters={"epochs": "200", "rate": "3"}))
    channel = bench.channel("arn:july", text="a,b\n0.9,0.9\n0.1,0.1\n")
    results = bench.run(bench.inference(dataSource={"mlInputChannelArn": channel}))
    place = f"ml/{COLLABORATION}/churn/{ACCOUNT}/july/part-00000.csv.out"
    assert results.artifacts[0].location == f"s3://bucket-{ACCOUNT}/{place}"
    high, low = (bench.results / f"bucket-{ACCOUNT}" / place).read_text().split()
    assert float(high) > 0.9
    assert float(low) < 0.1
    assert processes_of(tmp_path) == []


def test_several_instances_share_the_files(tmp_path: Path, any_sandbox: None) -> None:
    code = "self.answer(200, b''.join(os.environ['HOSTNAME'].encode() + b' ' + line + b'\\n' for line in body.split()))"
    bench = Bench(tmp_path, infer=serving(tmp_path, post=code))
    bench.channel(files=3, rows=2)
    seed(bench, tmp_path)
    job = bench.inference(resourceConfig={"instanceType": "ml.m5.large", "instanceCount": 2})
    results = bench.run(job)
    hosts = [artifact.path.read_text().split()[0] for artifact in results.artifacts]
    assert [artifact.name for artifact in results.artifacts] == [
        f"part-0000{number}.csv.out" for number in range(3)
    ]
    assert hosts == ["algo-1", "algo-2", "algo-1"]


def test_the_model_and_the_variables(tmp_path: Path, any_sandbox: None) -> None:
    code = "self.answer(200, repr([open('/opt/ml/model/weights.json').read(), sys.argv[1:], *[os.environ[n] for n in ('SAGEMAKER_BATCH', 'SAGEMAKER_BATCH_STRATEGY', 'SAGEMAKER_MAX_PAYLOAD_IN_MB', 'MINE')]]).encode())"
    bench = Bench(tmp_path, infer=serving(tmp_path, post=code))
    bench.channel(rows=1)
    seed(bench, tmp_path)
    results = bench.run(
        bench.inference(
            environment={"MINE": "1"}, containerExecutionParameters={"maxPayloadInMB": 9}
        )
    )
    assert results.artifacts[0].path.read_text() == (
        repr(['{"weights": [0, 1, 1]}', ["serve"], "true", "MULTI_RECORD", "9", "1"]) + "\n"
    )


def test_an_archive_that_leads_out(tmp_path: Path, any_sandbox: None) -> None:
    """A seeded model.tar.gz with a link to the host: refused, nothing is written or read."""
    bench = Bench(tmp_path, infer=serving(tmp_path))
    bench.channel()
    bench.training()
    archive_of(tmp_path / "model.tar.gz", ("../../escaped", tarfile.REGTYPE, "", b"x"))
    bench.port.seeded[(MODEL, None)] = tmp_path
    assert "cannot be unpacked" in bench.failure(bench.inference()).message
    assert not list(tmp_path.rglob("escaped"))


def test_exports(bench: Bench) -> None:
    trained = bench.run(bench.training(hyperparameters={"epochs": "1"}))
    request = {
        "name": "to-me",
        "trainedModelArn": MODEL,
        "outputConfiguration": {"members": [{"accountId": ACCOUNT}]},
    }
    view, context = bench.view("trained-model-export-job", "export/1", request, {})
    results = bench.runner.run(view, context)
    assert [artifact.name for artifact in results.artifacts] == ["model.tar.gz", "output.tar.gz"]
    assert results.artifacts[0].path.read_bytes() == trained.artifacts[0].path.read_bytes()
    bench.policies["trainedModelExports"] = {
        "filesToExport": ["OUTPUT"],
        "maxSize": {"unit": "GB", "value": 0.00000001},
    }
    view, context = bench.view("trained-model-export-job", "export/2", request, {})
    assert "maxSize allows only 10" in bench.failure((view, context)).message
    del bench.policies["trainedModelExports"]["maxSize"]
    view, context = bench.view("trained-model-export-job", "export/3", request, {})
    store = bench.runner._store(context)
    assert [artifact.name for artifact in run_export(view, context, store).artifacts] == [
        "output.tar.gz"
    ]


def test_where_results_go_cannot_be_led_out(bench: Bench) -> None:
    bench.put(
        "ml-configuration",
        "m-1",
        {"defaultOutputLocation": {"destination": {"s3Destination": {"s3Uri": "s3://b/../../x"}}}},
    )
    bench.run(bench.training(hyperparameters={"epochs": "1"}))
    fault = bench.failure(bench.inference())
    assert "has '..' in it" in fault.message


def test_a_report_says_what_runs(bench: Bench) -> None:
    assert json.dumps(bench.runner.report)
    assert any(
        "simulated, because the workspace has no tables" in line for line in bench.runner.report
    )
