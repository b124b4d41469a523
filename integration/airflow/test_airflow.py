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


def looked_at(running: Airflow, held: Local, dag: str, run: str) -> None:
    """A run whose training is waited for in the triggerer."""
    running.run("dags", "trigger", dag, "--run-id", run)
    until("the training is waited for", lambda: running.waited_for(run, "train"))
    looks = len(held.requests())
    until("the triggerer looks at it", lambda: len(held.requests()) > looks)


def test_a_triggerer_that_is_stopped_cancels_nothing_although_a_kill_would(
    running: Airflow, held: Local
) -> None:
    looked_at(running, held, "stoppable", "stop")
    running.end("triggerer")
    looks = len(held.requests())
    running.start("triggerer")
    until("the new triggerer looks at it", lambda: len(held.requests()) > looks)
    assert not held.sent("Cancel")


def test_a_training_is_cancelled_when_somebody_marks_its_task(
    running: Airflow, held: Local
) -> None:
    running.set_state("stoppable", "stop", "train", "failed")
    until("the training is cancelled", lambda: held.sent("Cancel"))
    assert held.sent("Cancel") == ["CancelTrainedModel"]


def test_a_training_is_cancelled_when_somebody_clears_its_task(
    running: Airflow, held: Local
) -> None:
    looked_at(running, held, "stoppable", "clear")
    running.run("tasks", "clear", "stoppable", "-y", "-t", "train")
    until("the training is cancelled", lambda: len(held.sent("Cancel")) == 2)


def test_without_being_asked_a_marked_task_cancels_nothing(running: Airflow, held: Local) -> None:
    looked_at(running, held, "kept", "kept")
    before = held.sent("Cancel")
    running.set_state("kept", "kept", "train", "failed")
    until("the trigger hears of it", lambda: "Its jobs continue" in running.task_log("kept"))
    assert held.sent("Cancel") == before


SEVERAL = """
import asyncio, os
from datetime import datetime
from crml_sdk import CleanRoomsML
from crml_sdk.airflow import CleanRoomsMLHook, CleanRoomsMLTrigger

RESOURCES = {"instance_type": "ml.m5.large", "volume_size_in_gb": 10}
DATA = [{"ml_input_channel_arn": os.environ["CHANNEL"], "channel_name": "train"}]

async def main():
    client = CleanRoomsMLHook().sdk()
    async with client as sdk:
        def train(name):
            return sdk.trained_models.create(
                name=name, configured_model_algorithm_association_arn=os.environ["ASSOCIATION"],
                resource_config=RESOURCES, data_channels=DATA)
        model = os.environ["MODEL"]
        training = await train("several")
        job = await sdk.inference_jobs.start(
            model, name="several", resource_config={"instance_type": "ml.m5.large"},
            output_configuration={"members": [{"account_id": "111122223333"}]},
            data_source={"ml_input_channel_arn": os.environ["CHANNEL"]})
        export = await sdk.trained_models.start_export(
            model, name="several",
            output_configuration={"members": [{"account_id": "111122223333"}]})
        from crml_sdk import Handle
        handles = [str(Handle.of(model)), str(Handle.of(training)), str(export), str(Handle.of(job))]
    trigger = CleanRoomsMLTrigger(handles, cancel_on_kill=True)
    killing = asyncio.ensure_future(trigger.on_kill())
    for _ in range(3):  # as Airflow does each second, as long as it has not ended
        await asyncio.sleep(0.01)
        killing.cancel()
    await asyncio.wait({killing})

asyncio.run(main())
"""


def test_of_several_jobs_those_are_cancelled_that_can_be(running: Airflow, held: Local) -> None:
    """One that has ended and one that cannot be cancelled keep nobody from cancelling the rest.

    Found: Airflow cancels a trigger again each second, so that on a busy machine nothing was cancelled.
    """
    before = len(held.sent("Cancel"))
    running.environment["MODEL"] = running.xcom(RUN, "train")
    running.python(SEVERAL)
    assert held.sent("Cancel")[before:].count("CancelTrainedModelInferenceJob") == 1
    jobs = json.loads(held.control("jobs"))["jobs"]
    statuses = {job["kind"]: job["status"] for job in jobs if job["name"] == "several"}
    assert statuses["trained-model"].startswith("CANCEL_")
    assert statuses["trained-model-inference-job"].startswith("CANCEL_")
    assert statuses["trained-model-export-job"].startswith("CREATE_")
