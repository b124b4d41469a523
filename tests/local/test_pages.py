"""The pages for people, and what they show of jobs that were really run."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from crml_sdk.local import (
    Artifact,
    JobFailed,
    JobView,
    Lifecycle,
    LocalCleanRoomsML,
    LocalClock,
    Metric,
    Results,
    RunContext,
    Settings,
)
from crml_sdk.local.jobs.report import read_log
from crml_sdk.local.pages.chart import charts

from .local_lab import Lab

NASTY = "<script>alert(1)</script> \x1b]0;title\x07 \u202egnp.exe \x9b2J"


class Writer:
    """Writes a log, metrics and an artifact, and goes on until it is told to end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def runs(self, job: JobView) -> bool:
        return job.kind == "trained-model"

    def run(self, job: JobView, context: RunContext) -> Results:
        context.log.write_text(f"first line\n{NASTY}\n")
        for step in range(3):
            context.record(Metric("loss <b>", 1 / (step + 1), source="algo-1"))
        self.may_end.wait(60)
        (context.folder / "model.tar.gz").write_bytes(b"12345")
        made = Artifact("model.tar.gz", context.folder / "model.tar.gz", 5, "s3://b/<k>")
        if job.name == "fails":
            raise JobFailed("AlgorithmError", NASTY, results=Results(artifacts=[made]))
        return Results(artifacts=[made])

    def discard(self, arn: str, version: str | None) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Lab, Writer]]:
    writer = Writer()
    settings = Settings(lifecycle=Lifecycle("at-once"))
    with LocalCleanRoomsML(executor=writer, settings=settings) as local:
        yield Lab(local), writer
        writer.may_end.set()


def start(lab: Lab, name: str) -> int:
    association, channel = lab.ready()
    params = lab.model_params(association, channel, name=name)
    arn = lab.call("CreateTrainedModel", **params)["trainedModelArn"]
    (record,) = lab.local.versions(arn)
    return record.number


def get(lab: Lab, target: str) -> tuple[int, str]:
    reply = lab.local._control.answer("GET", target, {}, b"")
    return reply.status, reply.body.decode()


def until_ended(lab: Lab, number: int) -> None:
    deadline = time.monotonic() + 60
    while not told(lab, number, "log")["ended"] or lab.local.running():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def told(lab: Lab, number: int, what: str) -> dict[str, Any]:
    status, text = get(lab, f"/_local/jobs/{number}/{what}")
    assert status == 200, text
    return json.loads(text)


def until_it_has_written(lab: Lab, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(told(lab, number, "metrics")["metrics"]) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_job_is_shown_while_it_runs_and_after(written: tuple[Lab, Writer]) -> None:
    lab, writer = written
    number = start(lab, "fails")
    until_it_has_written(lab, number)
    status, page = get(lab, f"/jobs/{number}")
    assert status == 200
    assert "CREATE_IN_PROGRESS" in page
    assert "first line" in page
    assert "<svg" in page
    assert "model.tar.gz" not in page
    assert f'href="/jobs/{number}"' in get(lab, "/")[1]
    writer.may_end.set()
    until_ended(lab, number)
    _, page = get(lab, f"/jobs/{number}")
    assert "CREATE_FAILED" in page
    assert "AlgorithmError" in page
    assert "model.tar.gz" in page
    assert "s3://b/&lt;k&gt;" in page
    for unsafe in ("<script", "<b>", "\x1b", "\x07", "\u202e", "\x9b"):
        assert unsafe not in page
    artifacts = told(lab, number, "artifacts")["artifacts"]
    assert [(entry["name"], entry["size"]) for entry in artifacts] == [("model.tar.gz", 5)]
    assert [metric["value"] for metric in told(lab, number, "metrics")["metrics"]] == [
        1.0,
        1 / 2,
        1 / 3,
    ]


def test_a_log_is_followed_from_where_it_was_left(written: tuple[Lab, Writer]) -> None:
    lab, writer = written
    number = start(lab, "good")
    until_it_has_written(lab, number)
    first = told(lab, number, "log")
    assert first["text"] == f"first line\n{NASTY}\n"  # JSON stays exact
    assert not first["ended"]
    assert told(lab, number, f"log?from={first['next']}")["text"] == ""
    assert told(lab, number, "log?from=6")["text"].startswith("line\n")
    assert told(lab, number, "log?from=999999")["text"] == ""
    for wrong in ("-1", "x"):
        assert get(lab, f"/_local/jobs/{number}/log?from={wrong}")[0] == 400
    writer.may_end.set()
    until_ended(lab, number)
    assert told(lab, number, "log")["ended"]


@pytest.mark.parametrize("number", ["0", "999", "x", "9" * 40, "1/2", "-1"])
def test_a_job_that_is_not_there_is_a_404(lab: Lab, number: str) -> None:
    status, page = get(lab, f"/jobs/{number}")
    assert status == 404
    assert "There is no job" in page
    assert get(lab, f"/_local/jobs/{number}/log")[0] == 404


def test_a_simulated_job_says_so(lab: Lab) -> None:
    number = start(lab, "simulated")
    assert "simulated" in get(lab, f"/jobs/{number}")[1]
    assert told(lab, number, "metrics") == {"metrics": []}
    assert told(lab, number, "log")["text"] == ""


def test_a_page_shows_what_time_has_done() -> None:
    settings = Settings(lifecycle=Lifecycle("clock", pending=1, running=1))
    lab = Lab(LocalCleanRoomsML(settings=settings, clock=LocalClock(held=True)))
    number = start(lab, "due")
    for target in ("/", f"/jobs/{number}"):
        assert "CREATE_PENDING" in get(lab, target)[1]
    lab.local.clock.advance(1.5)
    for target in ("/", f"/jobs/{number}"):
        assert "CREATE_IN_PROGRESS" in get(lab, target)[1]


@pytest.mark.parametrize(
    "values",
    [
        [1.0],
        [1.0, 1.0],
        [0.0, 1e308, -1e308],
        [float("nan"), 2.0],
        list(range(5000)),
        [5e-324, 0.0],
    ],
)
def test_a_chart_is_well_formed_whatever_the_values(values: list[float]) -> None:
    drawn = charts([Metric('a"<&', value) for value in values])
    figure = ElementTree.fromstring(drawn)
    for line in figure.iter("polyline"):
        points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
        assert len(points) <= 400
        assert all(0 <= x <= 260 and 0 <= y <= 80 for x, y in points)


def test_a_chart_says_its_scale_and_is_drawn_in_the_colour_of_the_text(
    written: tuple[Lab, Writer],
) -> None:
    """A single value was a black dot on a dark page; a line had no scale."""
    assert "loss: 0.25 after 3 values from 0.25 to 1<" in charts(
        [Metric("loss", value) for value in (1.0, 0.5, 0.25)]
    )
    assert "loss: 1<" in charts([Metric("loss", 1.0)])
    style = get(written[0], "/")[1]
    assert "circle { fill: currentColor; }" in style
    assert "stroke: currentColor" in style


def test_a_part_of_a_log_ends_with_a_whole_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("äöü\n" * 10, encoding="utf-8")
    part = read_log(file, 0, 10)
    assert (part.text, part.end) == ("äöü\n", 7)
    assert read_log(file, part.end, 1000).text == "äöü\n" * 9
    assert read_log(file, None, 7).text == "äöü\n"
    assert read_log(tmp_path / "none", 0, 5).text == ""
