"""Logs, metrics and results: of a local service that ran the job; else, where AWS has them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.cli import main
from crml_sdk.local import (
    Artifact,
    JobView,
    Lifecycle,
    LocalCleanRoomsML,
    Metric,
    Results,
    RunContext,
    Settings,
)

from .conftest import Ran

NASTY = "\x1b]0;title\x07"
ROLE = "arn:aws:iam::111122223333:role/x"
PLACE = {"destination": {"s3Destination": {"s3Uri": "s3://bucket/ml"}}, "roleArn": ROLE}


class Writer:
    """Prints a line, waits until it may end, prints another without a line end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.rest = "the end"

    def runs(self, job: JobView) -> bool:
        return job.name != "simulated"

    def run(self, job: JobView, context: RunContext) -> Results:
        context.log.write_text(f"{job.name} begins {NASTY}\nhalf")
        for loss in (0.5, 0.25):
            context.record(Metric("loss", loss, time=1.0, source="algo-1"))
        self.may_end.wait(60)
        with context.log.open("a") as log:
            log.write(f" a line\n{self.rest}")
        made = context.folder / "part-00000.csv.out"
        made.write_text("0.5\n")
        place = f"s3://bucket/ml/{job.collaboration}/churn/{job.owner}/{job.name}/{made.name}"
        artifacts = [Artifact(made.name, made, 4, place), Artifact("log of x", context.log, 1)]
        return Results(artifacts=artifacts)

    def discard(self, arn: str, version: str | None) -> None: ...

    def close(self) -> None: ...


class Bench:
    """A model and a job that a runner runs, and the command."""

    def __init__(self, local: LocalCleanRoomsML, writer: Writer, run: Callable[..., Ran]) -> None:
        self.local, self.writer, self.run = local, writer, run

    def seed(self, name: str = "churn") -> None:
        self.local.seed({"models": [name]})

    def train(self, name: str = "churn") -> Ran:
        return self.run(
            *("models", "train", name, "--association", "default", "--channel", "train=july"),
            *("--instance-type", "ml.m5.large", "--volume-gb", "1", "--yes"),
        )


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    writer = Writer()
    settings = Settings(lifecycle=Lifecycle("at-once"))
    with LocalCleanRoomsML(executor=writer, settings=settings) as local:
        local.seed({"associations": ["default"], "channels": ["july"]})
        with local.serve_in_thread() as server:
            for name, value in server.environment.items():
                monkeypatch.setenv(name, value)

            def run(*arguments: str) -> Ran:
                capsys.readouterr()
                status = main(arguments)
                return Ran(status, *capsys.readouterr())

            yield Bench(local, writer, run)
            writer.may_end.set()


def test_a_log_is_shown_while_it_grows_in_whole_lines_and_harmless(bench: Bench) -> None:
    assert bench.train().status == 0
    ran = bench.run("models", "logs", "churn")
    assert ran.status == 0, ran.err
    assert ran.out.startswith("churn begins \ufffd")
    assert "\x1b" not in ran.out
    bench.writer.may_end.set()


def test_following_ends_with_the_job(bench: Bench) -> None:
    assert bench.train().status == 0
    threading.Timer(0.3, bench.writer.may_end.set).start()
    ran = bench.run("models", "logs", "churn@latest", "--follow")
    assert ran.status == 0, ran.err
    assert ran.out.splitlines()[1:] == ["half a line", "the end"]


def test_programs_get_lines_as_they_are(bench: Bench) -> None:
    bench.writer.may_end.set()
    assert bench.train().status == 0
    until_ended(bench.local)
    assert bench.run("models", "logs", "churn", "-o", "json").json == {
        "lines": [f"churn begins {NASTY}", "half a line", "the end"]
    }
    lines = bench.run("models", "logs", "churn", "-o", "jsonl").out.splitlines()
    assert lines[1:] == ['{"line": "half a line"}', '{"line": "the end"}']


def until_ended(local: LocalCleanRoomsML) -> None:
    while local.running():
        threading.Event().wait(0.005)


def test_each_version_has_its_own(bench: Bench) -> None:
    bench.writer.may_end.set()
    assert bench.train().status == 0
    until_ended(bench.local)
    bench.writer.rest = "the second"
    assert bench.run("models", "train", "churn", "--from", "churn@latest",
                     "--association", "default", "--channel", "train=july",
                     "--instance-type", "ml.m5.large", "--volume-gb", "1", "--yes").status == 0  # fmt: skip
    until_ended(bench.local)
    last = {
        version: bench.run("models", "logs", f"churn{version}").out.splitlines()[-1]
        for version in ("", "@base", "@latest", "@latest-active")
    }
    assert last == {
        "": "the second",
        "@base": "the end",
        "@latest": "the second",
        "@latest-active": "the second",
    }
    assert bench.run("models", "logs", f"churn@{'0' * 8}-0000-4000-8000-{'0' * 12}").status == 2


def test_metrics_are_summed_up_for_people_and_whole_for_programs(bench: Bench) -> None:
    bench.writer.may_end.set()
    assert bench.train().status == 0
    until_ended(bench.local)
    head, line = bench.run("models", "metrics", "churn").out.splitlines()
    assert head.split() == ["metric", "instance", "values", "first", "last", "lowest", "highest"]
    assert line.split() == ["loss", "algo-1", "2", "0.5", "0.25", "0.25", "0.5"]
    values = bench.run("models", "metrics", "churn", "-o", "json").json
    assert values[1] == {"name": "loss", "value": 0.25, "time": 1.0, "source": "algo-1"}


def test_results_name_the_files_of_a_local_service(bench: Bench) -> None:
    import json

    bench.writer.may_end.set()
    bench.seed()
    place = json.dumps({"defaultOutputLocation": PLACE})
    assert bench.run("call", "PutMLConfiguration", "-a", place).status == 0
    started = bench.run("jobs", "start", "churn", "--name", "june", "--channel", "july", "--yes")
    assert started.status == 0, started.err
    until_ended(bench.local)
    ran = bench.run("jobs", "results", "june")
    assert ran.status == 0, ran.err
    assert len(ran.out.splitlines()) == 1, "for `$(...)`"
    path = Path(ran.err.split("  ")[0])
    assert path.read_text() == "0.5\n"
    told: Any = bench.run("jobs", "results", "june", "-o", "json").json
    assert [file["location"] for file in told["files"]] == [ran.out.strip() + path.name]
    assert bench.run("jobs", "logs", "june").out.splitlines()[-1] == "the end"


def test_a_simulated_job_says_so(bench: Bench) -> None:
    assert bench.train("simulated").status == 0
    ran = bench.run("models", "logs", "simulated")
    assert (ran.status, ran.out) == (1, "")
    assert "simulated" in ran.err
    assert "--workspace" in ran.err


def test_on_aws_it_says_where(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no service at all: nothing is asked, and nothing needs to be."""
    for name in list(__import__("os").environ):
        if name.startswith("AWS_ENDPOINT_URL"):
            monkeypatch.delenv(name)
    arn = (
        "arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/"
        "11111111-2222-3333-4444-555555555555/trained-model"
    )
    ran = bench.run("models", "logs", f"{arn}/x")
    assert (ran.status, ran.out) == (1, "")
    assert "log group /aws/cleanroomsml/TrainedModels\n" in ran.err
    assert "aws logs tail /aws/cleanroomsml/TrainedModels --follow --region us-east-1" in ran.err
    ran = bench.run("models", "metrics", f"{arn}/x@latest")
    assert "namespace /aws/cleanroomsml/TrainedModels\n" in ran.err
    ran = bench.run("jobs", "logs", f"{arn}-inference-job/y")
    assert "log group /aws/cleanroomsml/TrainedModelInferenceJobs\n" in ran.err


def test_a_service_that_goes_away_is_said_in_a_line(bench: Bench) -> None:
    import asyncio

    from crml_sdk.cli.failures import Refused
    from crml_sdk.cli.local_service import LocalService

    async def ask() -> None:
        import aiohttp

        async with aiohttp.ClientSession() as http:
            await LocalService(http, "http://127.0.0.1:9").ask("health")

    with pytest.raises(Refused, match=r"http://127.0.0.1:9 does not answer"):
        asyncio.run(ask())
