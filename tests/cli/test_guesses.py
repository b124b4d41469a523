"""Wrong guesses of commands, flags and statuses are answered with what was meant."""

from __future__ import annotations

import pytest

from crml_sdk.cli.app import builders
from crml_sdk.cli.commands import LISTINGS
from crml_sdk.cli.guesses import no_command
from crml_sdk.cli.listing import statuses_of
from crml_sdk.cli.table import Listing
from crml_sdk.local import LocalCleanRoomsML

from .conftest import Run


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("models ls", "crml models list?"),
        ("models get", "crml models show?"),
        ("models create", "crml models train?"),
        ("jobs run", "crml jobs start?"),
        ("jobs stop", "crml jobs cancel?"),
        ("tags rm", "crml tags remove?"),
        ("jobs reslts", "crml jobs results?"),
        ("train", "crml models train?"),
        ("modles", "crml models?"),
        ("list-trained-models", "crml models list?"),
        ("ListCollaborationTrainedModels", "crml models list --collaboration?"),
        ("list", "crml models list or crml jobs list or "),
    ],
)
def test_a_word_that_is_no_command_is_answered_with_those_that_were_meant(
    typed: str, meant: str
) -> None:
    *above, word = typed.split()
    error = no_command(" ".join(above), word, [], builders())
    assert str(error.hint).startswith(f"did you mean {meant}")


@pytest.mark.parametrize("words", [("model", "list"), ("trained-models", "ls")])
def test_a_group_by_another_name_is_understood_with_the_word_behind_it(
    run: Run, words: tuple[str, ...]
) -> None:
    ran = run(*words)
    assert ran.status == 2
    assert (
        ran.err == f"crml: there is no command '{words[0]}'\nnext: did you mean crml models list?\n"
    )


def test_a_word_like_nothing_is_answered_with_the_help(run: Run) -> None:
    assert run("bogus").err.endswith("next: crml --help\n")
    assert run("models", "qqqq").err.endswith("next: crml models --help\n")


def test_members_are_understood_by_the_names_that_the_aws_cli_gives_them(run: Run) -> None:
    sent = run(
        *("models", "train", "--name=fresh", "--channel", "churn-data", "--dry-run"),
        *("--configured-model-algorithm-association-arn", "default"),
        *("--instance-type", "ml.m5.xlarge", "--volume-size-in-gb", "10"),
        "--max-runtime-in-seconds=3600",
    ).json
    assert sent["name"] == "fresh"
    assert sent["stoppingCondition"] == {"maxRuntimeInSeconds": 3600}
    by_member = run("models", "show", "--trained-model-arn", "churn", "-o", "json")
    assert by_member.json == run("models", "show", "churn", "-o", "json").json
    rows = run("jobs", "list", "--trained-model-arn", "churn", "--max-results", "1", "-o", "json")
    assert len(rows.json) == 1


def test_what_stands_behind_two_dashes_is_no_option(run: Run) -> None:
    assert run("models", "show", "--", "--name").err.startswith(
        "crml: no trained model has exactly the name '--name'"
    )


def test_options_of_other_command_lines_are_answered_with_ours(run: Run) -> None:
    assert run("models", "list", "--query", "x").err.endswith(
        "next: there is -o json, and a pipe into jq\n"
    )
    called = run("call", "get-trained-model", "--trained-model-arn", "churn")
    assert called.status == 2
    assert "takes members as JSON" in called.err


@pytest.mark.parametrize("given", ["FAILED", "failed", "create-fialed"])
def test_a_status_that_is_none_is_refused_before_anything_is_asked(
    run: Run, local: LocalCleanRoomsML, given: str
) -> None:
    before = len(local.calls())
    ran = run("models", "list", "--status", given)
    assert ran.status == 2
    assert "CREATE_FAILED" in ran.err
    assert len(local.calls()) == before
    assert (
        run("models", "list", "--status", "create-failed", "-o", "json").json[0]["name"] == "broken"
    )


def test_a_status_that_other_services_have_is_answered_with_those_there_are(run: Run) -> None:
    assert "ACTIVE means success" in run("jobs", "list", "--status", "COMPLETED").err


@pytest.mark.parametrize(
    "listing", [each for each in LISTINGS if "status" in each.columns], ids=lambda one: one.path
)
def test_every_list_that_filters_by_status_knows_its_statuses(listing: Listing) -> None:
    assert "ACTIVE" in statuses_of(listing)


def test_what_is_required_names_the_flags_that_are_and_no_others(run: Run) -> None:
    """Found: `--instance-count` was called required together with the two that are."""
    err = run("models", "train", "fresh").err
    assert "--instance-type, --volume-gb (resourceConfig): is required" in err
