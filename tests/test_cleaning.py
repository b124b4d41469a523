"""Clean-up by name: only what has the prefix, in an order in which it can go, shown first."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors
from crml_sdk.cleaning import ORDER, CleanUp, Step, _action, plan_clean_up
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.resource_types import RESOURCE_TYPES
from crml_sdk.waiting import Goal, Handle

from .support.samples import MODEL, VERSION_1


@pytest.fixture
def local() -> LocalCleanRoomsML:
    local = LocalCleanRoomsML()
    local.seed(
        {
            "models": [
                {"name": "test-churn", "versions": 3},
                {"name": "test-broken", "status": "CREATE_FAILED"},
                {"name": "churn"},
            ],
            "channels": ["test-july", "july"],
            "inference_jobs": [{"name": "test-june", "model": "churn"}],
        }
    )
    return local


def writes(local: LocalCleanRoomsML) -> list[str]:
    return [
        call.operation for call in local.calls() if not call.operation.startswith(("Get", "List"))
    ]


def shown(steps: Any) -> list[str]:
    return [f"{step.action} {step.kind} {step.name}" for step in steps]


def sdk_of(local: LocalCleanRoomsML) -> CleanRoomsML:
    return local.sdk(membership=local.world.membership_id)


def test_every_type_that_can_go_is_in_the_order() -> None:
    can_go = {name for name, type_ in RESOURCE_TYPES.items() if type_.delete or type_.cancel}
    assert can_go - {"membership", "collaboration"} == set(ORDER)


PLANNED = [
    *(["delete trained-model test-churn"] * 3),
    "delete trained-model test-broken",
    # Each model of a seed has a channel of its own.
    *(f"delete ml-input-channel test-{name}" for name in ("broken-data", "churn-data", "july")),
]


async def test_a_plan_changes_nothing_and_names_what_has_the_prefix(
    local: LocalCleanRoomsML,
) -> None:
    async with sdk_of(local) as sdk:
        before = len(writes(local))
        plan = await plan_clean_up(sdk, "test-")
        assert len(writes(local)) == before
    assert sorted(shown(plan.steps)) == sorted(PLANNED)
    kinds = [ORDER.index(step.kind) for step in plan.steps]
    assert kinds == sorted(kinds)
    assert shown(plan.left) == ["None trained-model-inference-job test-june"]
    text = str(plan)
    assert "delete trained-model test-churn@base (ACTIVE)" in text
    assert "leave trained-model-inference-job test-june (ACTIVE): it has ended" in text


async def test_what_is_done_is_what_was_shown(local: LocalCleanRoomsML) -> None:
    async with sdk_of(local) as sdk:
        plan = await plan_clean_up(sdk, "test-")
        seen: list[Step] = []
        done = await plan.run(on_step=seen.append)
        assert (tuple(done), [step.error for step in done]) == (plan.steps, [None] * len(PLANNED))
        assert seen == done
        for step in done:
            if step.kind == "trained-model":
                await sdk.trained_models.wait_deleted(step.arn, version=step.version or "base")
        assert (await sdk.trained_models.by_name("churn")).status == "ACTIVE"
        again = await plan_clean_up(sdk, "test-")
        assert [step for step in again.steps if step.kind == "trained-model"] == []


async def test_a_membership_may_be_given_to_a_client_without_one(local: LocalCleanRoomsML) -> None:
    async with local.sdk(find_membership=False) as sdk:
        with pytest.raises(errors.MissingMembership):
            await plan_clean_up(sdk, "test-")
        membership = local.world.membership_id
        plan = await plan_clean_up(sdk, "test-", membership_identifier=membership)
        assert sorted(shown(plan.steps)) == sorted(PLANNED)
        assert [step.error for step in await plan.run()] == [None] * len(PLANNED)


async def test_what_runs_is_cancelled_first_and_waited_for(local: LocalCleanRoomsML) -> None:
    async with sdk_of(local) as sdk:
        churn = await sdk.trained_models.by_name("churn")
        channel = await sdk.ml_input_channels.by_name("july")
        job = await sdk.inference_jobs.start(
            churn.trained_model_arn,
            name="test-running",
            resource_config={"instance_type": "ml.m5.large"},
            output_configuration={"members": [{"account_id": "111122223333"}]},
            data_source={"ml_input_channel_arn": channel.ml_input_channel_arn},
        )
        plan = await plan_clean_up(sdk, "test-")
        assert shown(plan.steps)[0] == "cancel trained-model-inference-job test-running"
        await plan.run()
        found = await sdk.inference_jobs.get(job.trained_model_inference_job_arn)
        assert found.status == "INACTIVE", "cancelled before anything that it uses was deleted"


@pytest.mark.parametrize("version", [VERSION_1, None])
async def test_the_version_that_was_cancelled_is_waited_for(version: str | None) -> None:
    """And not the latest one, for which a handle without a version stands."""
    waited_for: list[Handle] = []

    async def cancel(arn: str, version: str) -> None: ...

    async def wait_all(handles: list[Handle], **options: Any) -> None:
        waited_for.extend(handles)

    view: Any = SimpleNamespace(trained_models=SimpleNamespace(cancel=cancel), wait_all=wait_all)
    step = Step("cancel", "trained-model", "m", MODEL, version)
    assert await CleanUp((step,), (), view).run() == [step]
    handle = Handle("trained-model", MODEL).pinned(version)
    assert waited_for == [handle.with_goal(Goal.CANCELLED)]
    assert waited_for != [Handle("trained-model", MODEL).with_goal(Goal.CANCELLED)]


async def test_cancellations_are_waited_for_although_nothing_is_deleted(
    local: LocalCleanRoomsML,
) -> None:
    async with sdk_of(local) as sdk:
        churn = await sdk.trained_models.by_name("churn")
        channel = await sdk.ml_input_channels.by_name("july")
        job = await sdk.inference_jobs.start(
            churn.trained_model_arn,
            name="trial",
            resource_config={"instance_type": "ml.m5.large"},
            output_configuration={"members": [{"account_id": "111122223333"}]},
            data_source={"ml_input_channel_arn": channel.ml_input_channel_arn},
        )
        plan = await plan_clean_up(sdk, "trial")
        assert shown(plan.steps) == ["cancel trained-model-inference-job trial"]
        await plan.run()
        assert (
            await sdk.inference_jobs.get(job.trained_model_inference_job_arn)
        ).status == "INACTIVE"


async def test_an_error_ends_its_own_step_only(local: LocalCleanRoomsML) -> None:
    async with sdk_of(local) as sdk:
        plan = await plan_clean_up(sdk, "test-")
        local.faults.error(
            "ConflictException", "DeleteTrainedModelOutput", status=409, message="in use"
        )
        done = await plan.run()
    assert isinstance(done[0].error, errors.ConflictException)
    assert "in use" in str(done[0])
    assert [step.error for step in done[1:]] == [None] * (len(PLANNED) - 1)


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("CREATE_PENDING", "cancel"),
        ("CREATE_IN_PROGRESS", "cancel"),
        ("CANCEL_IN_PROGRESS", None),
        ("DELETE_PENDING", None),
        ("INACTIVE", None),
        ("ACTIVE", "delete"),
        ("CREATE_FAILED", "delete"),
        ("DELETE_FAILED", "delete"),
        ("CANCEL_FAILED", "delete"),
        ("OF_NEXT_YEAR", "delete"),
    ],
)
def test_what_a_status_asks_for(status: str, action: str | None) -> None:
    assert _action(RESOURCE_TYPES["trained-model"], status)[0] == action
    channel, reason = _action(RESOURCE_TYPES["ml-input-channel"], status)
    if status.startswith("CREATE_") and status != "CREATE_FAILED":
        assert (channel, reason) == (None, "it is still being made")
    assert _action(RESOURCE_TYPES["training-dataset"], None) == ("delete", None)


async def test_types_and_ages_narrow_it(local: LocalCleanRoomsML) -> None:
    async with sdk_of(local) as sdk:
        only = await plan_clean_up(sdk, "test-", kinds=["ml-input-channel"])
        assert {step.kind for step in only.steps} == {"ml-input-channel"}
        assert len(only.steps) == 3
        old = await plan_clean_up(sdk, "test-", older_than=timedelta(days=1))
        assert old.steps == ()
        assert str(await plan_clean_up(sdk, "nothing-")) == "nothing has that prefix"


@pytest.mark.parametrize("prefix", ["", "a", "ab"])
async def test_a_prefix_that_means_too_much(local: LocalCleanRoomsML, prefix: str) -> None:
    async with sdk_of(local) as sdk:
        with pytest.raises(ValueError, match="3 characters or more"):
            await plan_clean_up(sdk, prefix)


async def test_a_type_that_does_not_exist(local: LocalCleanRoomsML) -> None:
    async with sdk_of(local) as sdk:
        with pytest.raises(ValueError, match="models is none of"):
            await plan_clean_up(sdk, "test-", kinds=["models"])
