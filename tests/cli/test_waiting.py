"""Waiting from the command line: progress, exit statuses, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

from crml_sdk.local import LocalCleanRoomsML

from .conftest import Run, interruptible


def start(run: Run, name: str) -> str:
    ran = run("jobs", "start", "churn", "--name", name, "--channel", "churn-data")
    assert ran.status == 0, ran.err
    return ran.out.strip()


def test_a_wait_tells_each_status_and_ends_with_the_job(run: Run) -> None:
    arn = start(run, "may")
    ran = run("jobs", "wait", "may", "--poll", "1ms", "-o", "json")
    assert ran.status == 0
    assert ran.json["trainedModelInferenceJobArn"] == arn
    assert [line.split()[-1] for line in ran.err.splitlines()][-1] == "ACTIVE"


def test_a_failed_job_ends_with_status_1_and_its_reason(run: Run, local: LocalCleanRoomsML) -> None:
    local.jobs.fail_next(status_code="AlgorithmError", message="no column spend")
    arn = start(run, "may")
    ran = run("jobs", "wait", "may", "--poll", "1ms")
    assert ran.status == 1
    assert "AlgorithmError: no column spend" in ran.err
    assert f"crml jobs show {arn}" in ran.err


def test_a_wait_that_times_out_ends_with_status_3_and_can_be_taken_up(
    run: Run, local: LocalCleanRoomsML
) -> None:
    local.jobs.stall_next()
    arn = start(run, "may")
    ran = run("jobs", "wait", "may", "--poll", "10ms", "--timeout", "50ms")
    assert ran.status == 3
    assert "the job continues" in ran.err
    handle = ran.err.partition("crml wait '")[2].partition("'")[0]
    local.jobs.finish(arn)
    assert run("wait", handle, "--poll", "1ms", "-o", "json").json["status"] == "ACTIVE"


def test_many_jobs_are_waited_for_at_once(run: Run, local: LocalCleanRoomsML) -> None:
    """With a poll shorter than the polling rate allows, too: lists kept the last gets from being
    made, and the wait never ended."""
    names = [f"job-{number}" for number in range(3)]
    local.jobs.fail_next(name="job-1", message="one of three")
    for name in names:
        start(run, name)
    ran = run("jobs", "wait", *names, "--poll", "1ms")
    assert ran.status == 1
    assert "1 of 3 failed" in ran.err
    assert [line.split()[1] for line in ran.out.splitlines()[1:]] == [
        "ACTIVE",
        "CREATE_FAILED",
        "ACTIVE",
    ]
    assert "one of three" in ran.out


def test_watch_prints_a_line_a_status(run: Run) -> None:
    start(run, "may")
    ran = run("jobs", "watch", "may", "--poll", "1ms", "-o", "jsonl")
    changes = [json.loads(line) for line in ran.out.splitlines()]
    assert changes[-1]["status"] == "ACTIVE"
    assert changes[-1]["previous"] == "CREATE_IN_PROGRESS"


def test_a_version_is_cancelled_and_the_end_waited_for(run: Run, local: LocalCleanRoomsML) -> None:
    arn = local.seed({"models": [{"name": "slow"}]})["trained-model/slow"]
    local.configure(lifecycle={"mode": "manual"})
    association = run("models", "show", arn, "-o", "json").json
    arguments = {
        "name": "slow",
        "configuredModelAlgorithmAssociationArn": association[
            "configuredModelAlgorithmAssociationArn"
        ],
        "resourceConfig": {"instanceType": "ml.m5.xlarge", "volumeSizeInGB": 10},
        "dataChannels": association["dataChannels"],
        "incrementalTrainingDataChannels": [{"trainedModelArn": arn, "channelName": "before"}],
    }
    made = run("call", "CreateTrainedModel", "-a", json.dumps(arguments), "-o", "json").json
    local.configure(lifecycle={"mode": "reads", "reads": 4})
    ran = run("models", "cancel", "slow@latest", "--wait", "--poll", "1ms", "-o", "json")
    assert ran.status == 0, ran.err
    assert ran.json["versionIdentifier"] == made["versionIdentifier"]
    assert ran.json["status"] == "INACTIVE"


def test_ctrl_c_leaves_the_job_running_and_says_how_to_go_on(
    run: Run, local: LocalCleanRoomsML
) -> None:
    local.jobs.stall_next()
    arn = start(run, "may")
    command = (sys.executable, "-m", "crml_sdk.cli", "jobs", "wait", arn, "--poll", "50ms")
    with interruptible(*command) as process:
        assert process.stderr is not None
        first = process.stderr.readline()  # a status was seen: it waits now
        assert "CREATE" in first
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the job continues" in err
    assert "crml wait 'crml-wait:" in err
    assert arn in err
    assert "Traceback" not in err
    assert not local.calls("CancelTrainedModelInferenceJob")


def test_help_comes_quickly_and_loads_no_client() -> None:
    code = (
        "import sys; from crml_sdk.cli import main; main(['--help']);"
        "print([name for name in ('aiobotocore', 'pydantic', 'botocore') if name in sys.modules],"
        " file=sys.stderr)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert time.monotonic() - began < 5  # half a second on an idle machine


def test_colours_stay_out_of_what_is_no_terminal(run: Run) -> None:
    ran = run("models", "versions", "churn")
    assert "\x1b" not in ran.out + ran.err
