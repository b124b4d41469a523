"""Metrics of a training that still runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crml_sdk.local.running import live

from .support import Bench, program

LOSSES = """
import time
from pathlib import Path
print("train_loss=0.5;", flush=True)
print("train_loss=0.25;", flush=True)
for name in ("more", "enough"):
    while not Path("/opt/ml/model", name).exists():
        time.sleep(0.05)
    if name == "more":
        print("train_loss=0.125;", flush=True)
"""
NEVER = [{"name": "loss", "regex": "(a+)+$"}]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def tell(folder: Path, name: str) -> None:
    for model in folder.glob("containers/*/ml/model"):
        (model / name).touch()


@pytest.mark.parametrize("instances", [1, 2])
def test_metrics_are_seen_while_it_runs_and_once(
    tmp_path: Path, any_sandbox: None, monkeypatch: pytest.MonkeyPatch, instances: int
) -> None:
    monkeypatch.setattr(live.shown, "__kwdefaults__", {"every": 0.1})
    bench = Bench(tmp_path, train=program(tmp_path, LOSSES))
    bench.channel()
    resources = {"instanceType": "ml.m5.large", "volumeSizeInGB": 1, "instanceCount": instances}
    job = bench.training(resourceConfig=resources)
    thread, ended = bench.start(job)
    try:
        until(lambda: len(job[1].metrics) >= 2 * instances)
        tell(job[1].folder, "more")
        until(lambda: len(job[1].metrics) >= 3 * instances)
        assert not ended
        seen = sorted((metric.source, metric.value) for metric in job[1].metrics)
        hosts = [f"algo-{number + 1}" for number in range(instances)]
        assert seen == [(host, value) for host in hosts for value in (0.125, 0.25, 0.5)]
    finally:
        tell(job[1].folder, "more")
        tell(job[1].folder, "enough")
        thread.join()
    assert len(ended[0].metrics) == 3 * instances


def test_with_noise_they_come_at_the_end_only(tmp_path: Path, any_sandbox: None) -> None:
    bench = Bench(tmp_path, train=program(tmp_path, "print('train_loss=1;')"), empty_model="allow")
    bench.channel()
    bench.policies["trainedModels"] = {"containerMetrics": {"noiseLevel": "LOW"}}
    job = bench.training()
    assert [metric.value for metric in bench.run(job).metrics] == [1.0]
    assert job[1].metrics == ()


def test_an_expression_that_never_ends_holds_up_no_end(tmp_path: Path) -> None:
    from crml_sdk.local.running.reports import Printed

    (tmp_path / "log").write_text("a" * 60 + "!")
    context = Bench(tmp_path).context(1)
    began, asked = time.monotonic(), threading.Event()

    def printed() -> list[Printed]:
        asked.set()
        return [Printed("algo-1", tmp_path / "log")]

    with live.shown(context, printed, NEVER, every=0.01):
        assert asked.wait(60)
    assert time.monotonic() - began < live.SECONDS
    assert context.metrics == ()
