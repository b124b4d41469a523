"""Temporal: activities that start something once and wait for it (extra `temporal`).

An activity sends the handle of its job with each heartbeat. If its worker dies, Temporal runs it again
elsewhere, and it continues from that handle. If the worker dies before the first heartbeat, the
activity finds by name what its first attempt created (`resume`). If a worker shuts down, only the wait
ends.
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
from ..orchestration import cancel, text_of
from ..waiting import Handle

HEARTBEAT = 10.0
"""Seconds between two heartbeats. Give the activities a `heartbeat_timeout` of about a minute."""


class Job(BaseModel):
    """The input of an activity that starts something.

    Attributes:
        request: The arguments of the SDK's method by name: `name`, `resource_config` and so on.
        cancel_on_cancel: Whether to cancel the job if the workflow cancels the activity. By default
            only the wait ends.
        poll: Seconds between two polls. None means the default of the SDK.
    """

    request: dict[str, Any] = Field(default_factory=dict)
    cancel_on_cancel: bool = False
    poll: float | None = None


class Ended(BaseModel):
    """The result of an activity.

    Attributes:
        result: `ARN@version` of a trained model, the ARN of a job or channel, or the handle of an
            export. The next activity accepts this.
        handle: The text of the handle.
        status: The status, `ACTIVE`.
        resumed: Whether an earlier attempt created it.
        model: The final Get response as JSON, with the names of the API.
    """

    result: str
    handle: str
    status: str
    resumed: bool = False
    model: dict[str, Any] = Field(default_factory=dict)


class CleanRoomsMLActivities:
    """The activities of one open client. Use `Worker(..., activities=activities.all)`.

    Args:
        sdk: An open client. All activities of the worker share it and its polling rate.
        heartbeat: Seconds between two heartbeats.
    """

    def __init__(self, sdk: CleanRoomsML, *, heartbeat: float = HEARTBEAT) -> None:
        self._sdk = sdk
        self._heartbeat = heartbeat

    @property
    def all(self) -> Sequence[Callable[..., Any]]:
        """All activities, for a worker.

        Returns:
            The activities.
        """
        return (
            self.create_input_channel,
            self.train_model,
            self.run_inference,
            self.export_model,
            self.wait,
        )

    @activity.defn(name="crml_create_input_channel")
    async def create_input_channel(self, job: Job) -> Ended:
        """Create an input channel and wait until its data is ready.

        Args:
            job: What to start.

        Returns:
            What has succeeded.

        Raises:
            ApplicationError: Another attempt would fail for the same reason.
        """
        return await self._run(job, self._sdk.ml_input_channels.create)

    @activity.defn(name="crml_train_model")
    async def train_model(self, job: Job) -> Ended:
        """Train a model, or a further version of one, and wait for it.

        Args:
            job: What to start.

        Returns:
            What has succeeded.

        Raises:
            ApplicationError: Another attempt would fail for the same reason.
        """
        return await self._run(job, self._sdk.trained_models.create)

    @activity.defn(name="crml_run_inference")
    async def run_inference(self, job: Job) -> Ended:
        """Run an inference job and wait for it.

        Args:
            job: What to start.

        Returns:
            What has succeeded.

        Raises:
            ApplicationError: Another attempt would fail for the same reason.
        """
        return await self._run(job, self._sdk.inference_jobs.start)

    @activity.defn(name="crml_export_model")
    async def export_model(self, job: Job) -> Ended:
        """Export a trained model and wait for it. `arn` in the request is the model.

        Args:
            job: What to start.

        Returns:
            What has succeeded.

        Raises:
            ApplicationError: Another attempt would fail for the same reason.
        """
        return await self._run(job, self._sdk.trained_models.start_export)

    @activity.defn(name="crml_wait")
    async def wait(self, what: str) -> Ended:
        """Wait for a resource.

        Args:
            what: Its ARN, `ARN@version` or the text of a handle.

        Returns:
            What has succeeded.

        Raises:
            ApplicationError: Another attempt would fail for the same reason.
        """
        return await self._wait(Handle.of(what), Job(), resumed=False)

    async def _run(self, job: Job, start: Callable[..., Awaitable[Any]]) -> Ended:
        told = activity.info().heartbeat_details
        if told:  # an earlier attempt has started it
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
            # Either the workflow requests this, or the worker stops. Only the first may cancel the job.
            why = activity.cancellation_details()
            if job.cancel_on_cancel and why is not None and why.cancel_requested:
                await asyncio.shield(cancel(self._sdk, handle))
            raise
        finally:
            beating.cancel()
        return Ended(
            result=text_of(handle),
            handle=str(handle),
            status=str(model.status),
            resumed=resumed,
            model=model.model_dump(mode="json", by_alias=True),
        )

    async def _beat(self, handle: str) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            activity.heartbeat(handle)


def _application_error(error: Exception) -> ApplicationError:
    """An error with the service's reason, which Temporal does not retry."""
    return ApplicationError(str(error), type=type(error).__name__, non_retryable=True)


def activity_options(longest: timedelta = timedelta(days=29)) -> dict[str, Any]:
    """Timeouts for these activities: `workflow.execute_activity(..., **activity_options())`.

    Args:
        longest: How long an activity may take in total, with all its attempts.

    Returns:
        Arguments of `execute_activity`.
    """
    return {"schedule_to_close_timeout": longest, "heartbeat_timeout": timedelta(minutes=1)}
