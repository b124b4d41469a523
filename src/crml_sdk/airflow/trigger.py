"""The trigger: waits in the triggerer for anything that has a handle."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, Final

from airflow.triggers.base import BaseTrigger, TriggerEvent

from ..errors import CleanRoomsMLError
from ..orchestration import cancel
from ..waiting import Handle
from .clients import shared_client
from .outcomes import fault, outcomes_of

LONGEST_KILL: Final = 25.0
"""Seconds for cancelling jobs. Airflow itself allows 30 (`triggerer.on_kill_timeout`)."""

CONNECTION: Final = ("aws_conn_id", "region_name", "verify", "botocore_config")
"""The arguments of operators, sensors and triggers that choose the connection."""


class CleanRoomsMLTrigger(BaseTrigger):
    """Waits until all of its handles have ended, and then sends one event.

    If a triggerer stops or is killed, only the wait ends, and another triggerer continues it from
    the handles. Jobs are cancelled only if a user marks or clears the task in Airflow and
    `cancel_on_kill` is set. This needs an Airflow that has `BaseTrigger.on_kill`.

    Args:
        handles: The texts of handles (`str(handle)`).
        aws_conn_id, region_name, verify, botocore_config: As for `CleanRoomsMLHook`.
        until: The end of the wait, in seconds since the epoch. None means no limit.
        poll: Seconds between two polls. None means the default of the SDK.
        cancel_on_kill: Whether to cancel trainings and inference jobs if a user kills the task.
    """

    def __init__(
        self,
        handles: Sequence[str],
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        until: float | None = None,
        poll: float | None = None,
        cancel_on_kill: bool = False,
    ) -> None:
        super().__init__()
        self.handles: list[str] = list(handles)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.until = until
        self.poll = poll
        self.cancel_on_kill = cancel_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The trigger as plain values, for Airflow's database.

        Returns:
            The path of the class, and its arguments.
        """
        kind = type(self)
        names = (*CONNECTION, "handles", "until", "poll", "cancel_on_kill")
        return f"{kind.__module__}.{kind.__qualname__}", {
            name: getattr(self, name) for name in names
        }

    @classmethod
    def of(cls, task: Any, handles: Sequence[str], until: float | None) -> CleanRoomsMLTrigger:
        """The trigger of an operator or a sensor.

        Args:
            task: The operator or sensor, whose connection and options the trigger takes.
            handles: The texts of handles.
            until: The end of the wait, in seconds since the epoch. None means no limit.

        Returns:
            A trigger for `defer`.
        """
        connection = {name: getattr(task, name) for name in CONNECTION}
        options = {"poll": task.poll_interval, "cancel_on_kill": task.cancel_on_kill}
        return cls(handles, until=until, **options, **connection)

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in CONNECTION}
        return {"config": given.pop("botocore_config"), **given}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for all handles.

        Returns:
            An iterator over one event, `{"outcomes": [...]}`, with an entry for each handle.
        """
        self.log.info("Waiting for %s", ", ".join(self.handles))
        left = None if self.until is None else max(self.until - time.time(), 0.0)
        try:
            async with shared_client(self._hook_parameters) as sdk:
                outcomes = await outcomes_of(sdk, self.handles, timeout=left, poll=self.poll)
        except Exception as error:  # the task gets it, and may be retried
            self.log.exception("Waiting ended with an error")
            outcomes = fault(self.handles, error)
        yield TriggerEvent({"outcomes": outcomes})

    async def on_kill(self) -> None:
        """Cancel the jobs, if `cancel_on_kill` is set. Airflow calls this if a user kills the task."""
        if not self.cancel_on_kill:
            self.log.info("The task was killed. Its jobs continue, because cancel_on_kill is off")
            return
        # Airflow cancels a cancelled trigger again each second until it has ended. The jobs are
        # cancelled all the same.
        work = asyncio.ensure_future(self._cancel_jobs())
        end = time.monotonic() + LONGEST_KILL
        while not work.done() and time.monotonic() < end:
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work}, timeout=end - time.monotonic())
        if not work.done():
            work.cancel()
            self.log.warning("Cancelling took longer than %s s and was stopped", LONGEST_KILL)
        elif not work.cancelled() and (error := work.exception()) is not None:
            raise error

    async def _cancel_jobs(self) -> None:
        async with shared_client(self._hook_parameters) as sdk:
            for handle in map(Handle.parse, self.handles):
                try:
                    able = await cancel(sdk, handle)
                except CleanRoomsMLError as error:
                    self.log.warning("%s was not cancelled: %s", handle.describe(), error)
                else:
                    words = "cancelled" if able else "continues, because it cannot be cancelled"
                    self.log.info("%s: %s", handle.describe(), words)
