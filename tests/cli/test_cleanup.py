"""`crml cleanup` and `crml policy`."""

from __future__ import annotations

import json

import pytest

from crml_sdk.local import LocalCleanRoomsML

from .conftest import Run


def test_cleanup_shows_before_it_does(run: Run, local: LocalCleanRoomsML) -> None:
    shown = run("cleanup", "churn", "--only", "models")
    assert shown.status == 0
    assert shown.out.count("delete  trained-model") == 3
    assert "nothing has been done. Add --yes" in shown.err
    assert not local.calls("DeleteTrainedModelOutput")

    done = run("cleanup", "churn", "--only", "models", "--yes", "-o", "json")
    assert [row["done"] for row in done.json] == [True] * 3
    assert len(local.calls("DeleteTrainedModelOutput")) == 3


def test_cleanup_tells_what_could_not_be_done(run: Run, local: LocalCleanRoomsML) -> None:
    local.faults.error("ConflictException", "DeleteTrainedModelOutput", status=409, message="used")
    ran = run("cleanup", "churn", "--only", "models", "--yes")
    assert ran.status == 1
    assert "1 of 3 steps failed" in ran.err
    assert "used" in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cleanup", "ch"], "3 characters or more"),
        (["cleanup", "churn", "--older-than", "long"], "not a length of time"),
        (["policy", "caller", "Nothing"], "no operation is named"),
        (["policy", "role", "ml-configuration"], "needs --region, --account, --bucket"),
        (
            [
                "policy",
                "role",
                "ml-input-channel",
                "--region",
                "r",
                "--account",
                "1",
                "--membership",
                "m",
                "--bucket",
                "b",
            ],
            "does not take --bucket",
        ),
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str], told: str) -> None:
    ran = run(*arguments)
    assert ran.status == 2
    assert told in ran.err


def test_policies_are_json(run: Run) -> None:
    role = ["policy", "role", "configured-model-algorithm", "--region", "us-east-1"]
    role += ["--account", "111122223333", "--repository", "train", "--repository", "infer"]
    (statement,) = json.loads(run(*role).out)["Statement"]
    assert len(statement["Resource"]) == 2
    (trust,) = json.loads(run(*role, "--trust").out)["Statement"]
    assert trust["Action"] == "sts:AssumeRole"
    caller = json.loads(run("policy", "caller", "PutMLConfiguration", "--role", "results").out)
    assert caller["Statement"][1]["Resource"] == ["arn:aws:iam::*:role/results"]
