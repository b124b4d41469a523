"""A user's program, as one writes it: a night's training, predictions for each region, a report."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from crml_sdk import (
    LATEST_ACTIVE,
    CleanRoomsML,
    Handle,
    Paginator,
    StatusChange,
    TrainedModelRef,
    errors,
)
from crml_sdk.models import (
    CreateTrainedModelRequest,
    GetTrainedModelInferenceJobResponse,
    GetTrainedModelResponse,
    InferenceResourceConfig,
    MLInputChannelSummary,
    ResourceConfig,
    StoppingCondition,
    TrainedModelInferenceJobSummary,
    TrainedModelStatus,
    TrainedModelSummary,
)
from crml_sdk.types import ModelTrainingDataChannelDict

log = logging.getLogger(__name__)


class Plan(BaseModel):
    """What the night is to do; read from JSON."""

    association: str
    channels: dict[str, str]
    regions: list[str]
    receiver: str
    resources: ResourceConfig = ResourceConfig(instance_type="ml.m5.large", volume_size_in_gb=30)
    champion: TrainedModelRef | None = None
    longest: timedelta = timedelta(hours=6)


@dataclass
class Report:
    """What came of it."""

    model: GetTrainedModelResponse
    done: list[GetTrainedModelInferenceJobResponse] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    open: list[Handle[GetTrainedModelInferenceJobResponse]] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        spent = self.model.update_time - self.model.create_time
        yield f"{self.model.name} {self.model.ref} in {spent.total_seconds():.0f} s"
        for job in self.done:
            machine = job.resource_config.instance_type
            known = "" if machine.is_known else " (newer than this program)"
            yield f"{job.name}: {job.status.value} on {machine}{known}"
        for name, reason in self.failed.items():
            yield f"{name}: {reason.upper()}"
        yield from (f"still running: {handle}" for handle in self.open)


def note(change: StatusChange[object]) -> None:
    log.info("%s is %s after %.0f s", change.handle.arn, change.status, change.elapsed)


async def fresh(
    rows: Paginator[MLInputChannelSummary], newest: datetime
) -> AsyncIterator[MLInputChannelSummary]:
    async for row in rows:
        if row.create_time <= newest and row.status == "ACTIVE":
            yield row


async def train(sdk: CleanRoomsML, plan: Plan, name: str) -> GetTrainedModelResponse:
    known = {row.ml_input_channel_arn async for row in fresh(sdk.ml_input_channels.list(), now())}
    missing = set(plan.channels.values()) - known
    if missing:
        raise SystemExit(f"not ready: {', '.join(sorted(missing))}")
    channels: list[ModelTrainingDataChannelDict] = [
        {"ml_input_channel_arn": arn, "channel_name": channel}
        for channel, arn in plan.channels.items()
    ]
    request = CreateTrainedModelRequest(
        membership_identifier=(await sdk.memberships())[0].id,
        name=name,
        configured_model_algorithm_association_arn=plan.association,
        resource_config=plan.resources,
        data_channels=channels,
        stopping_condition=StoppingCondition(max_runtime_in_seconds=3_600),
        hyperparameters={"depth": "4"},
    )
    created = await sdk.call(request, timeout=timedelta(seconds=30))
    model = await sdk.wait(created, timeout=plan.longest, on_update=note)
    if model.status is not TrainedModelStatus.ACTIVE:
        raise AssertionError(model.status)
    return model


async def start(sdk: CleanRoomsML, plan: Plan, model: TrainedModelRef, region: str) -> Handle:
    channel = next(iter(plan.channels.values()))
    job = await sdk.inference_jobs.start(
        model,
        name=f"score-{region}",
        version=LATEST_ACTIVE if model.version is None else None,
        resource_config=InferenceResourceConfig(instance_type="ml.m5.large"),
        output_configuration={"members": [{"account_id": plan.receiver}]},
        data_source={"ml_input_channel_arn": channel},
        environment={"REGION": region},
    )
    return Handle.of(job)


async def night(sdk: CleanRoomsML, plan: Plan, name: str) -> Report:
    report = Report(await train(sdk, plan, name))
    await asyncio.gather(*(start(sdk, plan, report.model.ref, region) for region in plan.regions))
    jobs = await sdk.inference_jobs.list(trained_model_arn=report.model.trained_model_arn)
    names: dict[str, TrainedModelInferenceJobSummary] = {
        job.trained_model_inference_job_arn: job for job in jobs
    }
    async for outcome in sdk.as_completed(jobs, timeout=plan.longest, poll=timedelta(seconds=20)):
        job = names[outcome.handle.arn]
        try:
            report.done.append(outcome.result())
        except errors.ResourceFailed as error:
            report.failed[job.name] = error.status_message or "no reason given"
        except errors.WaitTimeout:
            report.open.append(sdk.inference_jobs.handle(job))
    return report


async def best(sdk: CleanRoomsML, plan: Plan, model: GetTrainedModelResponse) -> TrainedModelRef:
    """The newest usable version, or what the plan names."""
    try:
        newest: TrainedModelSummary = await sdk.trained_models.latest_active(
            model.trained_model_arn
        )
    except errors.NoSuchVersion:
        return plan.champion or model.ref
    async for page in sdk.trained_models.versions(newest.trained_model_arn).pages():
        log.info("%d versions, more: %s", len(page.reply.trained_models), bool(page.next_token))
    return newest.ref


def now() -> datetime:
    return datetime.now(timezone.utc) + timedelta(days=3650)


async def main(sdk: CleanRoomsML, plan: Plan, name: str) -> tuple[list[str], str]:
    report = await night(sdk, plan, name)
    champion = await best(sdk, plan, report.model)
    stored = TypeAdapter(TrainedModelRef).dump_json(champion).decode()
    return list(report.lines()), stored


async def command(arguments: argparse.Namespace, plan: Plan) -> None:
    async with CleanRoomsML(region_name=arguments.region, max_connections=32) as sdk:
        lines, champion = await main(sdk, plan, arguments.name)
        print(*lines, champion, sep="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("name")
    given = parser.parse_args()
    asyncio.run(command(given, Plan.model_validate_json(given.plan.read_text("utf-8"))))
