"""The activities in Temporal's own environments: alone, and in a workflow on its test server."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Worker

from crml_sdk import CleanRoomsML

from .conftest import Shop

with workflow.unsafe.imports_passed_through():
    from crml_sdk.temporal import CleanRoomsMLActivities, Ended, Job, activity_options

SERVER = Path(sys.executable).parent / "temporal-test-server"


def environment(**info: Any) -> tuple[ActivityEnvironment, list[Any]]:
    made, beats = ActivityEnvironment(), []
    made.on_heartbeat = lambda *details: beats.append(details)
    made.info = type(made.info)(**{**vars(made.info), **info})
    return made, beats


async def waiting(beats: list[Any]) -> str:
    await until(lambda: bool(beats))
    return beats[0][0]


async def until(check: Callable[[], bool]) -> None:
    """Wait for what other tasks do, or a server's threads: there is nothing to wait on."""
    for _ in range(2400):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within 2 minutes")


async def test_it_says_what_it_waits_for_and_ends_with_the_model(
    shop: Shop, sdk: CleanRoomsML
) -> None:
    made, beats = environment()
    acts = CleanRoomsMLActivities(sdk)
    running = asyncio.ensure_future(made.run(acts.train_model, Job(request=shop.training())))
    handle = await waiting(beats)
    shop.local.jobs.finish_all()
    ended = await running
    assert isinstance(ended, Ended)
    assert ended.handle == handle
    assert ended.status == "ACTIVE"
    assert ended.result.endswith("@base")
    assert ended.model["name"] == "july"
    assert Ended.model_validate_json(ended.model_dump_json()) == ended


async def test_another_try_goes_on_from_the_heartbeat(shop: Shop, sdk: CleanRoomsML) -> None:
    made, beats = environment()
    acts = CleanRoomsMLActivities(sdk)
    job = Job(request=shop.training(), cancel_on_cancel=True)
    first = asyncio.ensure_future(made.run(acts.train_model, job))
    handle = await waiting(beats)
    first.cancel()  # its worker is gone: no reason is given, and nothing is cancelled
    with pytest.raises(asyncio.CancelledError):
        await first
    assert shop.sends("CancelTrainedModel") == 0

    lists = shop.sends("ListTrainedModels")
    again, _ = environment(attempt=2, heartbeat_details=[handle])
    shop.local.jobs.finish_all()
    ended = await again.run(acts.train_model, job)
    assert ended.resumed
    assert shop.sends() == 1
    assert shop.sends("ListTrainedModels") == lists  # it was not looked for by name


async def test_another_try_without_a_heartbeat_finds_it_by_name(
    shop: Shop, sdk: CleanRoomsML
) -> None:
    await sdk.trained_models.create(**shop.training())
    shop.local.jobs.finish_all()
    made, _ = environment(attempt=2)
    ended = await made.run(CleanRoomsMLActivities(sdk).train_model, Job(request=shop.training()))
    assert ended.resumed
    assert shop.sends() == 1


@pytest.mark.parametrize(("asked", "cancels"), [(True, 1), (False, 0)])
async def test_it_is_cancelled_only_when_the_workflow_says_so(
    shop: Shop, sdk: CleanRoomsML, asked: bool, cancels: int
) -> None:
    for number, reason in enumerate(("worker_shutdown", "cancel_requested")):
        made, beats = environment()
        job = Job(request=shop.training(f"m{number}"), cancel_on_cancel=asked)
        running = asyncio.ensure_future(made.run(CleanRoomsMLActivities(sdk).train_model, job))
        await waiting(beats)
        made.cancel(activity.ActivityCancellationDetails(**{reason: True}))
        with pytest.raises(asyncio.CancelledError):
            await running
        expected = cancels if reason == "cancel_requested" else 0
        assert shop.sends("CancelTrainedModel") == expected


async def test_a_failure_has_the_services_reason_and_is_not_tried_again(
    shop: Shop, sdk: CleanRoomsML
) -> None:
    shop.local.jobs.fail_next(message="no such column")
    made, beats = environment()
    running = asyncio.ensure_future(
        made.run(CleanRoomsMLActivities(sdk).train_model, Job(request=shop.training()))
    )
    await waiting(beats)
    shop.local.jobs.finish_all()
    with pytest.raises(ApplicationError, match="no such column") as caught:
        await running
    assert caught.value.non_retryable


@workflow.defn
class Churn:
    """A training and a prediction."""

    @workflow.run
    async def run(self, training: dict[str, Any], inference: dict[str, Any]) -> Ended:
        model: Ended = await workflow.execute_activity_method(
            CleanRoomsMLActivities.train_model, Job(request=training), **activity_options()
        )
        inference = {**inference, "trained_model_arn": model.result}
        return await workflow.execute_activity_method(
            CleanRoomsMLActivities.run_inference, Job(request=inference), **activity_options()
        )


async def test_a_workflow_whose_worker_is_lost(shop: Shop, sdk: CleanRoomsML) -> None:
    """On the test server: the first worker stops in the middle of the training, a second ends it."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(SERVER), data_converter=pydantic_data_converter
    ) as env:
        queue = uuid.uuid4().hex

        def worker() -> Worker:
            return Worker(
                env.client,
                task_queue=queue,
                workflows=[Churn],
                activities=CleanRoomsMLActivities(sdk, heartbeat=0.2).all,
                graceful_shutdown_timeout=timedelta(0),
                # The test server goes on offering a workflow to the worker that has it in its cache.
                max_cached_workflows=0,
            )

        async with worker():
            handle = await env.client.start_workflow(
                Churn.run,
                args=[shop.training(), shop.inference("later")],
                id=queue,
                task_queue=queue,
            )
            await until(lambda: shop.sends() > 0)
        assert shop.sends("CancelTrainedModel") == 0
        async with worker():
            result = asyncio.ensure_future(handle.result())

            def done() -> bool:
                shop.local.jobs.finish_all()
                return result.done()

            await until(done)
        ended = await result
    assert ended.status == "ACTIVE"
    assert shop.sends() == 1
    assert shop.sends("StartTrainedModelInferenceJob") == 1
    assert shop.sends("CancelTrainedModel") == 0
