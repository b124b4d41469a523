"""The status tables against the service model: a status that AWS adds fails here, not at a user's."""

from __future__ import annotations

import botocore.session
import pytest

from crml_sdk.resource_types import RESOURCE_TYPES
from crml_sdk.waiting.statuses import STATUSES, VERDICTS, Goal, Phase, Verdict, judge, phase

PUBLISHING = {"MetricsStatus", "LogsStatus"}  # of a job's by-products, not of the job


def documented() -> dict[str, set[str]]:
    model = botocore.session.get_session().get_service_model("cleanroomsml")
    shapes = (model.shape_for(name) for name in model.shape_names if name.endswith("Status"))
    return {shape.name: set(getattr(shape, "enum", ())) for shape in shapes}


def test_every_status_of_the_service_model_has_a_meaning() -> None:
    tables = {name: set(table) for name, table in STATUSES.items()}
    assert tables == {
        name: values for name, values in documented().items() if name not in PUBLISHING
    }


def test_every_kind_has_a_table() -> None:
    assert {t.statuses for t in RESOURCE_TYPES.values() if t.statuses} <= STATUSES.keys()


def test_nothing_is_called_completed_or_cancelled() -> None:
    for table in STATUSES.values():
        assert table["ACTIVE"] is Phase.SUCCESS
        assert not {"COMPLETED", "CANCELLED"} & table.keys()


def test_an_unknown_status_is_waited_on() -> None:
    assert phase("TrainedModelStatus", "RESTING") is Phase.UNKNOWN
    for goal in Goal:
        assert judge("TrainedModelStatus", goal, "RESTING") is Verdict.PENDING


@pytest.mark.parametrize(
    ("goal", "status", "verdict"),
    [
        (Goal.FINISHED, "CREATE_PENDING", Verdict.PENDING),
        (Goal.FINISHED, "CANCEL_IN_PROGRESS", Verdict.PENDING),
        (Goal.FINISHED, "DELETE_IN_PROGRESS", Verdict.PENDING),
        (Goal.FINISHED, "ACTIVE", Verdict.REACHED),
        (Goal.FINISHED, "CREATE_FAILED", Verdict.FAILED),
        (Goal.FINISHED, "DELETE_FAILED", Verdict.FAILED),
        (Goal.FINISHED, "INACTIVE", Verdict.FAILED),
        (Goal.FINISHED, "CANCEL_FAILED", Verdict.DOUBTFUL),
        (Goal.DELETED, "ACTIVE", Verdict.PENDING),
        (Goal.DELETED, "DELETE_PENDING", Verdict.PENDING),
        (Goal.DELETED, "INACTIVE", Verdict.REACHED),
        (Goal.DELETED, "DELETE_FAILED", Verdict.DOUBTFUL),
        (Goal.CANCELLED, "CREATE_IN_PROGRESS", Verdict.PENDING),
        (Goal.CANCELLED, "CANCEL_PENDING", Verdict.PENDING),
        (Goal.CANCELLED, "INACTIVE", Verdict.REACHED),
        (Goal.CANCELLED, "ACTIVE", Verdict.REACHED),
        (Goal.CANCELLED, "CREATE_FAILED", Verdict.REACHED),
        (Goal.CANCELLED, "CANCEL_FAILED", Verdict.DOUBTFUL),
        (Goal.CANCELLED, "DELETE_FAILED", Verdict.FAILED),
    ],
)
def test_what_a_status_means_depends_on_what_is_waited_for(
    goal: Goal, status: str, verdict: Verdict
) -> None:
    assert judge("TrainedModelStatus", goal, status) is verdict


@pytest.mark.parametrize(("table", "status"), [(t, s) for t in STATUSES for s in STATUSES[t]])
@pytest.mark.parametrize("goal", Goal)
def test_the_table_of_verdicts_says_what_the_rules_say(table: str, goal: Goal, status: str) -> None:
    assert VERDICTS[table, goal][status] is judge(table, goal, status)


def test_every_table_has_a_verdict_for_every_goal() -> None:
    assert set(VERDICTS) == {(table, goal) for table in STATUSES for goal in Goal}
    assert all(set(VERDICTS[table, goal]) == set(STATUSES[table]) for table, goal in VERDICTS)


@pytest.mark.parametrize("one", [*Phase, *Goal, *Verdict], ids=repr)
def test_each_is_text_that_reads_like_its_name(one: Phase | Goal | Verdict) -> None:
    """The text of a goal stands in handles, which outlive their process."""
    assert one.value == one.name.lower().replace("_", " ")
