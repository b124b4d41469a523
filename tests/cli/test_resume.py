"""`--resume`: the same command again makes nothing twice."""

from __future__ import annotations

import pytest

from crml_sdk.cli import failures
from crml_sdk.cli.app import builders
from crml_sdk.cli.commands import COMMANDS
from crml_sdk.cli.failures import Interrupted, explain
from crml_sdk.local import LocalCleanRoomsML

from .conftest import Run

MACHINE = ("--association", "default", "--instance-type", "ml.m5.xlarge", "--volume-gb", "10")
TRAIN = ("models", "train", "fresh", "--channel", "churn-data", *MACHINE)
START = ("jobs", "start", "churn@base", "--name", "september", "--channel", "churn-data")
EXPORT = ("models", "export", "churn@base", "--name", "files")
CHANNEL = (
    *("channels", "create", "rows", "--association", "default", "--retention-days", "7"),
    *("--role", "arn:aws:iam::111122223333:role/clean-rooms", "--query", "SELECT 1"),
)
STARTS = {
    "CreateTrainedModel": TRAIN,
    "StartTrainedModelInferenceJob": START,
    "StartTrainedModelExportJob": EXPORT,
    "CreateMLInputChannel": CHANNEL,
}


@pytest.mark.parametrize("operation", STARTS)
def test_the_same_command_again_makes_nothing_twice(
    run: Run, local: LocalCleanRoomsML, operation: str
) -> None:
    before = len(local.calls(operation))
    first = run(*STARTS[operation], "--resume")
    second = run(*STARTS[operation], "--resume")
    assert first.status == second.status == 0, first.err + second.err
    assert first.out == second.out
    assert len(local.calls(operation)) == before + 1
    assert "resumed" not in first.err
    if operation != "StartTrainedModelExportJob":
        assert "resumed: created 20" in second.err
    waited = run(*STARTS[operation], "--resume", "--wait", "--poll", "10ms")
    assert waited.status == 0, waited.err
    assert len(local.calls(operation)) == before + 1


def test_without_it_a_conflict_says_that_there_is_such_a_thing(run: Run) -> None:
    assert run(*TRAIN).status == 0
    again = run(*TRAIN)
    assert (again.status, again.err.splitlines()[-1]) == (
        1,
        "next: use --resume to continue with the resource that has this name",
    )


def test_another_setting_under_the_name_is_refused(run: Run) -> None:
    run(*TRAIN)
    ran = run(*TRAIN, "--resume", "--hyperparameter", "epochs=9")
    assert ran.status == 1
    assert "hyperparameters" in ran.err


def test_what_is_older_is_refused_in_the_words_of_the_command(run: Run) -> None:
    run(*TRAIN)
    assert run(*TRAIN, "--resume-since", "1h").status == 0
    ran = run(*TRAIN, "--resume-since", "2126-01-01")
    assert ran.status == 1
    assert "older than --resume-since allows" in ran.err
    bad = run(*TRAIN, "--resume-since", "soon")
    assert (bad.status, bad.err.splitlines()[0]) == (2, "crml: --resume-since 'soon' is not a time")


def test_after_a_failed_try_another_is_made_when_asked_for(
    run: Run, local: LocalCleanRoomsML
) -> None:
    local.jobs.fail_next(kind="trained-model", status_code="AlgorithmError", message="no data")
    assert run(*TRAIN, "--wait", "--poll", "10ms").status == 1
    assert run(*TRAIN, "--resume").status == 1
    again = run(*TRAIN, "--retry-failed")
    assert again.status == 0, again.err
    assert run("models", "show", again.out.strip(), "-o", "json").json["name"] == "fresh-2"


@pytest.mark.parametrize("selector", ["latest", "latest-active"])
def test_a_version_that_will_be_another_one_at_the_next_try_is_refused(
    run: Run, local: LocalCleanRoomsML, selector: str
) -> None:
    ran = run(*TRAIN, "--from", f"churn@{selector}", "--resume")
    assert ran.status == 2
    assert "could be another version" in ran.err
    ref = run("models", "latest", "churn").out.strip()
    assert run(*TRAIN, "--from", ref, "--resume").status == 0


def test_every_command_that_starts_something_has_the_flags() -> None:
    starting = [command.path for command in COMMANDS if command.wait == "finished"]
    assert len(starting) == 7
    for path in starting:
        names = {option.name for option in builders()[path]().params}
        assert {"resume", "resume_since"} <= names, path


def test_an_export_answers_with_what_it_can_be_waited_for_by(run: Run) -> None:
    started = run(*EXPORT)
    assert started.out.startswith("crml-wait:1:trained-model-export-job?arn=arn:aws:")
    assert run("wait", started.out.strip(), "--poll", "10ms", "-o", "json").json["name"] == "files"


def test_ctrl_c_while_it_is_started_says_that_it_may_run() -> None:
    said = explain(Interrupted(sending=True))
    assert said.status == failures.INTERRUPTED
    assert "it may be running" in said.line
    assert "--resume" in str(said.hint)
