"""Jobs that are really run: what a runner is given, and what becomes of what it returns."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local import (
    Artifact,
    JobFailed,
    JobView,
    Lifecycle,
    LocalCleanRoomsML,
    Metric,
    Publish,
    Results,
    RunContext,
    Runner,
    Settings,
)

from .local_lab import ME, OTHER, Lab

PATIENCE = 60.0


class Scripted(Runner):
    """Runs trainings by a function of the test's; `holds` are released by `release`."""

    def __init__(self, work: Callable[[JobView, RunContext], Results] | None = None) -> None:
        self.work = work or self.wait
        self.released = threading.Event()
        self.began = threading.Event()
        self.views: list[JobView] = []
        self.discarded: list[tuple[str, str | None]] = []
        self.reasons: list[str | None] = []
        self.closed = 0

    def runs(self, job: JobView) -> bool:
        return job.kind == "trained-model" and not job.name.startswith("simulated")

    def run(self, job: JobView, context: RunContext) -> Results:
        self.views.append(job)
        self.began.set()
        return self.work(job, context)

    def wait(self, job: JobView, context: RunContext) -> Results:
        """Until it is released or stopped."""
        (context.folder / "made").write_text(job.name)
        while not self.released.wait(0.01):
            if context.stopping.is_set():
                self.reasons.append(context.reason)
                raise JobFailed("Stopped", "by order")
        return Results()

    def discard(self, arn: str, version: str | None) -> None:
        self.discarded.append((arn, version))

    def close(self) -> None:
        self.closed += 1


def until(condition: Callable[[], Any]) -> None:
    """Waits for another thread."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def labs() -> Iterator[Callable[..., Lab]]:
    made: list[LocalCleanRoomsML] = []

    def make(runner: Runner, **options: Any) -> Lab:
        options.setdefault("settings", Settings(lifecycle=Lifecycle("at-once")))
        made.append(LocalCleanRoomsML(executor=runner, **options))
        return Lab(made[-1])

    yield make
    for local in made:
        local.close()
        assert local.running() == []
    assert not [t.name for t in threading.enumerate() if t.name.startswith("crml-job")]


def start(lab: Lab, **extra: Any) -> str:
    association, channel = lab.ready()
    params = lab.model_params(association, channel, **extra)
    return lab.call("CreateTrainedModel", **params)["trainedModelArn"]


def status(lab: Lab, arn: str) -> str:
    return lab.get_model(arn)["status"]


def cancel(lab: Lab, arn: str) -> None:
    lab.call("CancelTrainedModel", membershipIdentifier=lab.membership, trainedModelArn=arn)


def test_what_a_run_returns_is_shown(labs: Callable[..., Lab]) -> None:
    def work(job: JobView, context: RunContext) -> Results:
        context.log.write_text("epoch 1\n")
        context.record(Metric("loss", 0.5))
        (context.folder / "model.tar.gz").write_bytes(b"123")
        (channel,) = job.request["dataChannels"]
        found = context.get("ml-input-channel", channel["mlInputChannelArn"])
        assert found["name"].startswith("channel")
        members = context.members(job.collaboration or "")
        assert {member.account_id for member in members} == {ME, OTHER}
        with pytest.raises(LookupError):
            context.get("trained-model", "arn:aws:cleanrooms-ml:us-east-1:1:trained-model/x")
        assert not context.folder_of(channel["mlInputChannelArn"]).exists()
        artifact = Artifact("model.tar.gz", context.folder / "model.tar.gz", 3)
        return Results(
            members={"trainingContainerImageDigest": "sha256:of the run"},
            publish={ME: Publish("PUBLISH_FAILED", "the disk was full")},
            artifacts=[artifact],
        )

    lab = labs(Scripted(work))
    arn = start(lab, hyperparameters={"epochs": "1"})
    until(lambda: status(lab, arn) == "ACTIVE")
    shown = lab.get_model(arn)
    assert shown["trainingContainerImageDigest"] == "sha256:of the run"
    assert (shown["logsStatus"], shown["logsStatusDetails"]) == (
        "PUBLISH_FAILED",
        "the disk was full",
    )
    (record,) = lab.local.versions(arn)
    report = lab.local.report_of(record.number)
    assert report is not None
    assert report.log.read_text() == "epoch 1\n"
    assert [(metric.name, metric.value) for metric in report.metrics] == [("loss", 0.5)]
    assert [artifact.name for artifact in report.artifacts] == ["model.tar.gz"]


def raising(error: Exception) -> Callable[[JobView, RunContext], Results]:
    def work(job: JobView, context: RunContext) -> Results:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (JobFailed("AlgorithmError", "x" * 2000), "AlgorithmError", "x" * 1024),
        (RuntimeError("out of luck"), "InternalError", "out of luck"),
    ],
)
def test_what_a_run_raises_is_its_failure(
    labs: Callable[..., Lab], error: Exception, code: str, words: str
) -> None:
    lab = labs(Scripted(raising(error)))
    arn = start(lab)
    until(lambda: status(lab, arn) == "CREATE_FAILED")
    details = lab.get_model(arn)["statusDetails"]
    assert details["statusCode"] == code
    assert words in details["message"]
    assert len(details["message"]) <= 1024


def test_a_runner_that_cannot_even_look_at_a_job_leaves_no_half_made_resource(
    labs: Callable[..., Lab],
) -> None:
    class Broken(Scripted):
        def runs(self, job: JobView) -> bool:
            raise OSError("the workspace is gone")

    lab = labs(Broken())
    association = lab.association()
    params = lab.channel_params(association)
    arn = lab.call("CreateMLInputChannel", **params)["mlInputChannelArn"]
    place = {"membershipIdentifier": lab.membership, "mlInputChannelArn": arn}
    shown = lab.call("GetMLInputChannel", **place)
    assert shown["status"] == "CREATE_FAILED"
    assert "the workspace is gone" in shown["statusDetails"]["message"]
    assert lab.local.jobs.under_way() == []


def test_what_is_not_run_is_simulated(labs: Callable[..., Lab]) -> None:
    runner = Scripted()
    lab = labs(runner)
    assert status(lab, start(lab, name="simulated one")) == "ACTIVE"
    lab.local.jobs.fail_next(kind="trained-model", status_code="Ordered")
    assert status(lab, start(lab, name="ordered")) == "CREATE_FAILED"
    assert runner.views == []


def test_a_cancel_stops_the_run_and_ends_when_it_does(labs: Callable[..., Lab]) -> None:
    runner = Scripted()
    stopped = threading.Event()

    def slow_to_stop(job: JobView, context: RunContext) -> Results:
        context.stopping.wait(PATIENCE)
        runner.reasons.append(context.reason)
        stopped.wait(PATIENCE)
        return Results(members={"description": "too late"})

    runner.work = slow_to_stop
    lab = labs(runner)
    arn = start(lab)
    until(runner.began.is_set)
    assert status(lab, arn) == "CREATE_IN_PROGRESS"
    cancel(lab, arn)
    assert status(lab, arn) == "CANCEL_IN_PROGRESS"
    stopped.set()
    until(lambda: status(lab, arn) == "INACTIVE")
    assert runner.reasons == ["cancel"]
    assert "description" not in lab.get_model(arn)


def test_a_job_moved_by_hand_stops_its_run(labs: Callable[..., Lab]) -> None:
    runner = Scripted()
    lab = labs(runner)
    arn = start(lab)
    until(runner.began.is_set)
    lab.local.jobs.finish(arn)
    assert status(lab, arn) == "ACTIVE"
    until(lambda: runner.reasons == ["cancel"])
    assert status(lab, arn) == "ACTIVE"


def test_only_so_many_run_at_once_and_the_rest_is_pending() -> None:
    from crml_sdk.local.jobs.simulated import SimulatedExecutor
    from crml_sdk.local.jobs.worker import WorkerExecutor

    runner = Scripted()
    others = SimulatedExecutor(Lifecycle("at-once"), time.time)
    lab = Lab(LocalCleanRoomsML(executor=WorkerExecutor(runner, others, at_once=1)))
    lab.local._state.executor._others.lifecycle = Lifecycle("at-once")  # type: ignore[union-attr]
    association, channel = lab.ready()
    arns = []
    for _ in range(3):
        params = lab.model_params(association, channel)
        arns.append(lab.call("CreateTrainedModel", **params)["trainedModelArn"])
    until(runner.began.is_set)
    statuses = sorted(status(lab, arn) for arn in arns)
    assert statuses == ["CREATE_IN_PROGRESS", "CREATE_PENDING", "CREATE_PENDING"]
    waiting = next(arn for arn in arns if status(lab, arn) == "CREATE_PENDING")
    cancel(lab, waiting)
    until(lambda: status(lab, waiting) == "INACTIVE")
    runner.released.set()
    until(lambda: sorted(status(lab, arn) for arn in arns) == ["ACTIVE", "ACTIVE", "INACTIVE"])
    assert len(runner.views) == 2
    lab.local.close()


def test_deleted_data_is_discarded_with_its_folder(labs: Callable[..., Lab]) -> None:
    runner = Scripted()
    runner.released.set()
    lab = labs(runner)
    arn = start(lab)
    until(lambda: status(lab, arn) == "ACTIVE")
    (record,) = lab.local.versions(arn)
    folder = lab.local._state.executor.folder_of(record.number)  # type: ignore[union-attr]
    assert (folder / "made").exists()
    place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
    lab.call("DeleteTrainedModelOutput", **place)
    until(lambda: not folder.exists())
    assert runner.discarded == [(arn, None)]


@pytest.mark.parametrize("way", ["reset", "load"])
def test_what_runs_is_ended_before_its_state_is_replaced(
    labs: Callable[..., Lab], way: str
) -> None:
    runner = Scripted()
    lab = labs(runner)
    start(lab)
    until(runner.began.is_set)
    if way == "reset":
        lab.local.reset()
    else:
        lab.local.from_json(LocalCleanRoomsML().to_json())
    assert runner.reasons == ["forget"]
    assert lab.local.running() == []
    assert lab.local.jobs.under_way() == []


def test_a_reset_through_the_control_path_does_not_wait_under_the_lock(
    labs: Callable[..., Lab],
) -> None:
    runner = Scripted()
    lab = labs(runner)
    start(lab)
    until(runner.began.is_set)
    began = time.monotonic()
    headers = {"Content-Type": "application/json"}
    assert lab.local._control.answer("POST", "/_local/reset", headers, b"{}").status == 200
    assert time.monotonic() - began < 20
    assert runner.reasons == ["forget"]


def test_after_a_restart_what_ran_has_failed_and_what_waited_runs(tmp_path: Path) -> None:
    from crml_sdk.local.jobs.simulated import SimulatedExecutor
    from crml_sdk.local.jobs.worker import WorkerExecutor

    file = tmp_path / "state.crml"
    first = Scripted()
    settings = Settings(lifecycle=Lifecycle("at-once"))
    others = SimulatedExecutor(settings.lifecycle, time.time)
    worker = WorkerExecutor(first, others, folder=tmp_path / "jobs", at_once=1)
    lab = Lab(LocalCleanRoomsML(executor=worker, state_file=file, settings=settings))
    association, channel = lab.ready()
    arns = []
    for name in ("runs", "waits"):
        params = lab.model_params(association, channel, name=name)
        arns.append(lab.call("CreateTrainedModel", **params)["trainedModelArn"])
        until(first.began.is_set)
    # As if the process had been killed here: the file is let go of, the rest is not told.
    lab.local._state.store.close()
    second = Scripted()
    second.released.set()
    again = Lab(LocalCleanRoomsML(executor=second, state_file=file, settings=settings))
    shown = again.get_model(arns[0])
    assert shown["status"] == "CREATE_FAILED"
    assert shown["statusDetails"] == {
        "statusCode": "InternalError",
        "message": "The local service stopped while it ran",
    }
    until(lambda: status(again, arns[1]) == "ACTIVE")
    assert [view.name for view in second.views] == ["waits"]
    again.local.close()
    first.released.set()
    worker.close()


def test_closing_ends_what_runs_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "state.crml"
    runner = Scripted()
    settings = Settings(lifecycle=Lifecycle("at-once"))
    lab = Lab(LocalCleanRoomsML(executor=runner, state_file=file, settings=settings))
    arn = start(lab)
    until(runner.began.is_set)
    lab.local.close()
    lab.local.close()
    assert (runner.reasons, runner.closed) == (["close"], 1)
    with LocalCleanRoomsML(state_file=file) as again:
        shown = Lab(again).get_model(arn)
        assert shown["statusDetails"]["message"] == "The local service stopped while it ran"


def test_an_end_that_cannot_be_saved_is_saved_later(tmp_path: Path) -> None:
    runner = Scripted()
    settings = Settings(lifecycle=Lifecycle("at-once"))
    file = tmp_path / "state.crml"
    with LocalCleanRoomsML(executor=runner, state_file=file, settings=settings) as local:
        lab = Lab(local)
        arn = start(lab)
        until(runner.began.is_set)
        database = local._state.store._db  # type: ignore[attr-defined]
        until(lambda: status(lab, arn) == "CREATE_IN_PROGRESS")
        with local.lock:
            database.execute(
                "CREATE TEMP TRIGGER no BEFORE UPDATE ON record BEGIN "
                "SELECT RAISE(ABORT, 'full'); END"
            )
        runner.released.set()
        time.sleep(0.1)
        assert status(lab, arn) == "CREATE_IN_PROGRESS"
        with local.lock:
            database.execute("DROP TRIGGER no")
        until(lambda: status(lab, arn) == "ACTIVE")


@pytest.mark.parametrize("held", [False, True])
def test_a_wait_lasts_as_long_as_the_work(labs: Callable[..., Lab], held: bool) -> None:
    from crml_sdk import errors

    def work(job: JobView, context: RunContext) -> Results:
        context.stopping.wait(0.4 if job.name == "short" else PATIENCE)
        return Results()

    runner = Scripted(work)
    lab = labs(runner, settings=Settings())
    if held:
        lab.local.clock.hold()

    async def wait(arn: str, timeout: float) -> str:
        async with lab.local.sdk() as sdk:
            return (await sdk.trained_models.wait(arn, timeout=timeout)).status

    before = lab.local.clock.now()
    began = time.monotonic()
    assert asyncio.run(wait(start(lab, name="short"), PATIENCE)) == "ACTIVE"
    assert 0.35 < time.monotonic() - began < PATIENCE / 2
    # The local clock has not run away: channels do not expire while something real is waited for.
    assert lab.local.clock.now() - before < PATIENCE
    long = start(lab, name="long")
    began = time.monotonic()
    with pytest.raises(errors.WaitTimeout):
        asyncio.run(wait(long, 0.5))
    assert time.monotonic() - began >= 0.45
    cancel(lab, long)
    until(lambda: status(lab, long) == "INACTIVE")


def test_twenty_jobs_cancelled_at_random_leave_nothing(labs: Callable[..., Lab]) -> None:
    def work(job: JobView, context: RunContext) -> Results:
        if context.stopping.wait(chance.random() / 20):
            raise JobFailed("Stopped", "by order")
        return Results()

    chance = random.Random(7)
    lab = labs(Scripted(work), settings=Settings(quotas=None, lifecycle=Lifecycle("at-once")))
    association, channel = lab.ready()
    arns = []
    for _ in range(20):
        params = lab.model_params(association, channel)
        arns.append(lab.call("CreateTrainedModel", **params)["trainedModelArn"])
        arn = chance.choice(arns)
        place = {"membershipIdentifier": lab.membership, "trainedModelArn": arn}
        assert lab.send("CancelTrainedModel", place).status in (200, 409)  # 409: it has ended
    until(lambda: not lab.local.jobs.under_way())
    assert {status(lab, arn) for arn in arns} <= {"ACTIVE", "INACTIVE"}
    until(lambda: lab.local.running() == [])


def test_others_cannot_reach_a_server_that_runs_programs(labs: Callable[..., Lab]) -> None:
    lab = labs(Scripted())
    with pytest.raises(ValueError, match="--allow-remote-run"):
        lab.local.serve(host="0.0.0.0")
    lab.local.serve(host="0.0.0.0", allow_remote_run=True)
    lab.local.serve(host="::1")
    LocalCleanRoomsML().serve(host="0.0.0.0")


def test_an_executor_that_is_neither_is_refused() -> None:
    with pytest.raises(TypeError, match="Runner"):
        LocalCleanRoomsML(executor=object())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="both"):
        LocalCleanRoomsML(executor=Scripted(), workspace="w.toml")
