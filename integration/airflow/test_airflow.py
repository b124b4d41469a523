"""The pipeline of the documentation in a real Airflow.

Run by scripts/test-airflow, in an environment of its own. The tests build on each other, in order.
"""

from __future__ import annotations

import json

from .conftest import Airflow, Local, until

RUN = "nightly"
MADE = [
    "CreateMLInputChannel",
    "CreateTrainedModel",
    "StartTrainedModelExportJob",
    "StartTrainedModelInferenceJob",
]


def creations(local: Local) -> list[str]:
    names = [request["operation"] or "" for request in local.requests()[local.forget :]]
    return sorted(name for name in names if name.startswith(("Create", "Start")))


def test_the_provider_is_known(airflow: Airflow) -> None:
    listed = json.loads(
        airflow.run("providers", "list", "-o", "json").partition("[{")[2].join(["[{", ""])
    )
    assert "crml-sdk" in {row["package_name"] for row in listed}


def test_a_triggers_client_has_read_its_models_beforehand(airflow: Airflow, quick: Local) -> None:
    airflow.use(quick)
    program = (
        "from crml_sdk.airflow import CleanRoomsMLHook\n"
        "CleanRoomsMLHook().sdk(warm=True)\n"
        "from crml_sdk import models\n"
        "print(*sorted(name for name in vars(models) if name.endswith('Response')))"
    )
    read = airflow.python(program).split()
    assert {"GetTrainedModelResponse", "ListTrainedModelInferenceJobsResponse"} <= set(read)


def test_the_whole_pipeline_in_one_process(airflow: Airflow, quick: Local) -> None:
    airflow.use(quick)
    said = airflow.run("dags", "test", "churn", "2026-11-20")
    assert "state=success" in said
    assert creations(quick) == MADE
    assert not quick.sent("Cancel")


def test_a_triggerer_that_is_killed_costs_nothing(running: Airflow, held: Local) -> None:
    running.run("dags", "trigger", "churn", "--run-id", RUN, "--logical-date", "2026-11-21")

    until("the channel is waited for", lambda: running.waited_for(RUN, "rows"))
    held.finish()
    until("the training is waited for", lambda: running.waited_for(RUN, "train"))
    looks = len(held.requests())
    until("the triggerer looks at it", lambda: len(held.requests()) > looks)

    running.kill("triggerer")
    assert running.states(RUN)["train"] == "deferred"
    looks = len(held.requests())
    running.start("triggerer")
    until("the new triggerer looks at it", lambda: len(held.requests()) > looks)
    assert not held.sent("Cancel")
    held.finish()
    until("the rest is waited for", lambda: running.waited_for(RUN, "done"))
    held.finish()
    until("the run ends", lambda: set(running.states(RUN).values()) == {"success"})
    assert creations(held) == MADE
    assert not held.sent("Cancel")


def test_xcom_holds_plain_text_and_the_links_lead_somewhere(running: Airflow) -> None:
    model = running.xcom(RUN, "train")
    assert model.startswith("arn:aws:cleanrooms-ml:")
    assert model.endswith("@base")
    assert running.xcom(RUN, "train", "handle").startswith("crml-wait:1:trained-model?arn=")
    assert running.xcom(RUN, "export").startswith("crml-wait:1:trained-model-export-job?arn=")
    region = "console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/"
    links = dict(
        running.query("select key, value from xcom where run_id = ? and task_id = 'train'", RUN)
    )
    shown = " ".join(map(str, links.values()))
    assert f"{region}$252Faws$252Fcleanroomsml$252FTrainedModels" in shown
    assert "/cleanrooms/home?region=us-east-1#/memberships/3e3b0000-" in shown


def test_a_task_that_is_cleared_and_run_again_makes_nothing_twice(
    running: Airflow, held: Local
) -> None:
    before = {task: running.xcom(RUN, task) for task in ("rows", "train", "predict", "export")}
    tries = dict(
        running.query("select task_id, try_number from task_instance where run_id = ?", RUN)
    )
    running.run("tasks", "clear", "churn", "-y", "-s", "2026-11-21", "-e", "2026-11-21")
    until("it runs again", lambda: set(running.states(RUN).values()) != {"success"})
    until("it ends again", lambda: set(running.states(RUN).values()) == {"success"})
    again = dict(
        running.query("select task_id, try_number from task_instance where run_id = ?", RUN)
    )
    assert all(again[task] > tries[task] for task in tries)
    assert {task: running.xcom(RUN, task) for task in before} == before
    assert creations(held) == MADE


def test_a_training_is_cancelled_when_somebody_marks_its_task(
    running: Airflow, held: Local
) -> None:
    running.run("dags", "trigger", "stoppable", "--run-id", "stop")
    until("the training is waited for", lambda: running.waited_for("stop", "train"))
    looks = len(held.requests())
    until("the triggerer looks at it", lambda: len(held.requests()) > looks)
    assert not held.sent("Cancel")
    running.set_state("stoppable", "stop", "train", "failed")
    until("the training is cancelled", lambda: held.sent("Cancel"))
    assert held.sent("Cancel") == ["CancelTrainedModel"]
