"""The activities in Temporal's own environment for activities."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from crml_sdk import CleanRoomsML
from crml_sdk.temporal import CleanRoomsMLActivities, Ended, Job

from .conftest import Shop


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
    for _ in range(600):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within 30 s")


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
