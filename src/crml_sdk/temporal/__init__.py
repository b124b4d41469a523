"""Temporal: activities that start something once, wait for it, and survive their worker (extra `temporal`).

An activity heartbeats the handle of what it waits for. When its worker dies, Temporal runs it again
elsewhere, and it goes on from that handle; when it died before the first heartbeat, it finds by name
what the first try has made (`resume`). A worker that shuts down ends the waiting and nothing else.
"""

# temporalio may not be installed where this is checked.
# pyright: basic, reportMissingImports=false, reportUntypedFunctionDecorator=false

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field
from temporalio import activity
from temporalio.exceptions import ApplicationError

from ..client import CleanRoomsML
from ..errors import PERMANENT
from ..versions import BASE, TrainedModelRef
from ..waiting import Handle

HEARTBEAT = 10.0
"""Seconds between two heartbeats. Give the activities a `heartbeat_timeout` of a minute or so."""


class Job(BaseModel):
    """What an activity is asked to start.

    Attributes:
        request: The arguments of the SDK's method, by their names: `name`, `resource_config`, ...
        cancel_on_cancel: Cancel the job when the workflow cancels the activity. Off by default:
            then a cancelled activity ends the waiting and nothing else.
        poll: Seconds between two looks; None for the SDK's own pace.
    """

    request: dict[str, Any] = Field(default_factory=dict)
    cancel_on_cancel: bool = False
    poll: float | None = None


class Ended(BaseModel):
    """What has ended well.

    Attributes:
        result: `ARN@version` of a trained model, the ARN of a job or channel, or the handle of an
            export: what the next activity takes.
        handle: The text of its handle.
        status: Its status, `ACTIVE`.
        resumed: Whether an earlier try had made it.
        model: The final Get response, as the documentation's JSON.
    """

    result: str
    handle: str
    status: str
    resumed: bool = False
    model: dict[str, Any] = Field(default_factory=dict)


class CleanRoomsMLActivities:
    """The activities, around one open client: `worker = Worker(..., activities=activities.all)`.

    Args:
        sdk: An open client. All activities of the worker share it, and with it its polling rate.
        heartbeat: Seconds between two heartbeats.
    """

    def __init__(self, sdk: CleanRoomsML, *, heartbeat: float = HEARTBEAT) -> None:
        self._sdk = sdk
        self._heartbeat = heartbeat

    @property
    def all(self) -> Sequence[Callable[..., Any]]:
        """All of them, for a worker."""
        return (
            self.create_input_channel,
            self.train_model,
            self.run_inference,
            self.export_model,
            self.wait,
        )

    @activity.defn(name="crml_create_input_channel")
    async def create_input_channel(self, job: Job) -> Ended:
        """Create an input channel and wait until its data are there."""
        return await self._run(job, self._sdk.ml_input_channels.create)

    @activity.defn(name="crml_train_model")
    async def train_model(self, job: Job) -> Ended:
        """Train a model, or a further version of one, and wait for it."""
        return await self._run(job, self._sdk.trained_models.create)

    @activity.defn(name="crml_run_inference")
    async def run_inference(self, job: Job) -> Ended:
        """Run an inference job and wait for it."""
        return await self._run(job, self._sdk.inference_jobs.start)

    @activity.defn(name="crml_export_model")
    async def export_model(self, job: Job) -> Ended:
        """Export a trained model and wait for it; `arn` in the request is the model."""
        return await self._run(job, self._sdk.trained_models.start_export)

    @activity.defn(name="crml_wait")
    async def wait(self, what: str) -> Ended:
        """Wait for an ARN, `ARN@version` or the text of a handle."""
        return await self._wait(Handle.of(what), Job(), resumed=False)

    async def _run(self, job: Job, start: Callable[..., Awaitable[Any]]) -> Ended:
        told = activity.info().heartbeat_details
        if told:  # an earlier try has started it, and said so
            return await self._wait(Handle.parse(told[0]), job, resumed=True)
        try:
            reply = await start(**{"resume": True, **job.request})
        except PERMANENT as error:
            raise _application_error(error) from error
        activity.heartbeat(str(Handle.of(reply)))
        return await self._wait(
            Handle.of(reply), job, resumed=bool(getattr(reply, "resumed", None))
        )

    async def _wait(self, handle: Handle, job: Job, *, resumed: bool) -> Ended:
        activity.heartbeat(str(handle))
        beating = asyncio.ensure_future(self._beat(str(handle)))
        try:
            model = await self._sdk.wait(handle, timeout=None, poll=job.poll)
        except PERMANENT as error:
            raise _application_error(error) from error
        except asyncio.CancelledError:
            # Asked for by the workflow, or because the worker stops: only the first may cancel.
            why = activity.cancellation_details()
            if job.cancel_on_cancel and why is not None and why.cancel_requested:
                await asyncio.shield(self._cancel(handle))
            raise
        finally:
            beating.cancel()
        return Ended(
            result=_result(handle),
            handle=str(handle),
            status=str(model.status),
            resumed=resumed,
            model=model.model_dump(mode="json", by_alias=True),
        )

    async def _beat(self, handle: str) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            activity.heartbeat(handle)

    async def _cancel(self, handle: Handle) -> None:
        """Cancel the job, where the service can."""
        if handle.kind == "trained-model":
            version = BASE if handle.is_base else handle.version or BASE
            await self._sdk.trained_models.cancel(handle.arn, version=version)
        elif handle.kind == "trained-model-inference-job":
            await self._sdk.inference_jobs.cancel(handle.arn)


def _result(handle: Handle) -> str:
    if handle.kind == "trained-model":
        return str(TrainedModelRef(handle.arn, BASE if handle.is_base else handle.version))
    return str(handle) if handle.name else handle.arn


def _application_error(error: Exception) -> ApplicationError:
    """A failure that another try would only find again, with the service's own reason."""
    return ApplicationError(str(error), type=type(error).__name__, non_retryable=True)


def activity_options(longest: timedelta = timedelta(days=29)) -> dict[str, Any]:
    """Timeouts that fit these activities, for `workflow.execute_activity(..., **activity_options())`.

    Args:
        longest: How long one may last in all, its tries included.
    """
    return {"schedule_to_close_timeout": longest, "heartbeat_timeout": timedelta(minutes=1)}
