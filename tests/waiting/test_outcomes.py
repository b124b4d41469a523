"""What waiting tells: how one of many ended, and the errors that waits end with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crml_sdk import errors, models
from crml_sdk.waiting import Handle, Outcome, Outcomes

from ..support import samples
from .stage import job, job_row, reset

JOB = Handle.of(samples.JOB)
SUMMARY = models.TrainedModelInferenceJobSummary
RESPONSE = models.GetTrainedModelInferenceJobResponse


def reply(kind: Any, body: dict[str, Any]) -> Any:
    return kind.model_validate_json(json.dumps(body))


ROW = reply(SUMMARY, job_row("ACTIVE"))
MODEL = reply(RESPONSE, job("CREATE_IN_PROGRESS"))


def failure(status: str | None, model: Any = None) -> errors.ResourceFailed:
    return errors.ResourceFailed(JOB, status=status, elapsed=3.0, model=model)


FAILURE = failure("CREATE_FAILED", ROW)


@pytest.mark.parametrize(
    ("model", "row", "result", "status"),
    [
        (None, None, None, None),
        (None, ROW, ROW, "ACTIVE"),
        (MODEL, None, MODEL, "CREATE_IN_PROGRESS"),
        (MODEL, ROW, MODEL, "CREATE_IN_PROGRESS"),
    ],
)
def test_the_get_response_counts_more_than_the_row(
    model: Any, row: Any, result: Any, status: str | None
) -> None:
    outcome: Outcome[Any] = Outcome(JOB, model, None, 1.0, row)
    assert outcome.ok
    assert outcome.result() is result
    assert outcome.status == status


def test_a_failure_is_raised_whatever_there_is_to_show() -> None:
    for model, row in ((None, None), (MODEL, ROW)):
        outcome: Outcome[Any] = Outcome(JOB, model, FAILURE, 1.0, row)
        assert not outcome.ok
        with pytest.raises(errors.ResourceFailed) as caught:
            outcome.result()
        assert caught.value is FAILURE
    alone: Outcome[Any] = Outcome(JOB, None, FAILURE, 1.0)
    assert alone.row is None
    assert alone.status == "CREATE_FAILED", "as its error says"
    assert Outcome(JOB, None, reset(), 1.0).status is None


def test_raise_for_failures_counts_and_names_the_first() -> None:
    well: Any = Outcome(JOB, MODEL, None, 1.0)
    other = failure(None)
    badly: list[Any] = [Outcome(JOB, None, error, 1.0) for error in (FAILURE, other)]
    all_well = Outcomes([well, well])
    assert all_well.raise_for_failures() is all_well
    with pytest.raises(errors.WaitsFailed) as caught:
        Outcomes([well, *badly, well]).raise_for_failures()
    assert list(caught.value.failures) == badly
    assert caught.value.total == 4
    assert caught.value.__cause__ is FAILURE
    with pytest.raises(errors.WaitsFailed) as caught:
        Outcomes([badly[1]]).raise_for_failures()
    assert caught.value.__cause__ is other


def test_a_failure_has_the_reason_that_the_reply_gives() -> None:
    details = {"statusDetails": {"statusCode": "AlgorithmError", "message": "exit code 1"}}
    last = reply(RESPONSE, job("CREATE_FAILED", **details))
    error = failure("CREATE_FAILED", last)
    assert (error.handle, error.status, error.elapsed) == (JOB, "CREATE_FAILED", 3.0)
    assert (error.status_code, error.status_message) == ("AlgorithmError", "exit code 1")
    assert error.model is last
    assert (FAILURE.status_code, FAILURE.status_message) == (None, None), "a row has no reason"
    assert failure("CREATE_FAILED").status_code is None
