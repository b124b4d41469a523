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
from ..waiting import Handle
from .clients import shared_client
from .outcomes import cancel, fault, outcomes_of

LONGEST_KILL: Final = 25.0
"""Seconds for cancelling jobs; Airflow itself allows 30 (`triggerer.on_kill_timeout`)."""


class CleanRoomsMLTrigger(BaseTrigger):
    """Waits until everything in a list has ended, with one event about all of it.

    A triggerer that stops, or is killed, ends the waiting and nothing else: another one goes on
    from the handles. What is waited for is cancelled only when somebody marks or clears the task
    in Airflow and `cancel_on_kill` was asked for; this needs an Airflow that has
    `BaseTrigger.on_kill`.

    Args:
        handles: The texts of handles (`str(handle)`).
        aws_conn_id, region_name, verify, botocore_config: As for `CleanRoomsMLHook`.
        until: The end of the waiting, in seconds since the epoch; None for no end.
        poll: Seconds between two looks; None for the SDK's own pace.
        cancel_on_kill: Cancel trainings and inference jobs when the task is killed by hand.
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
        """The class and what it is made with, all of it plain values."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}", {
            "handles": self.handles,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
            "until": self.until,
            "poll": self.poll,
            "cancel_on_kill": self.cancel_on_kill,
        }

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "config": self.botocore_config,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event, `{"outcomes": [...]}`, with an entry for each handle."""
        self.log.info("Waiting for %s", ", ".join(self.handles))
        left = None if self.until is None else max(self.until - time.time(), 0.0)
        try:
            async with shared_client(self._hook_parameters) as sdk:
                outcomes = await outcomes_of(sdk, self.handles, timeout=left, poll=self.poll)
        except Exception as error:  # the task is told, and may be tried again
            self.log.exception("Waiting ended with an error")
            outcomes = fault(self.handles, error)
        yield TriggerEvent({"outcomes": outcomes})

    async def on_kill(self) -> None:
        """Cancel the jobs, when that was asked for: somebody has marked or cleared the task."""
        if not self.cancel_on_kill:
            self.log.info("The task was killed; its jobs go on (cancel_on_kill is off)")
            return
        # Airflow cancels a trigger that it has cancelled again each second until it has ended. What
        # somebody has asked for is done nevertheless.
        work = asyncio.ensure_future(self._cancel_jobs())
        end = time.monotonic() + LONGEST_KILL
        while not work.done() and time.monotonic() < end:
            with suppress(asyncio.CancelledError):
                await asyncio.wait({work}, timeout=end - time.monotonic())
        if not work.done():
            work.cancel()
            self.log.warning("Cancelling took longer than %s s and was given up", LONGEST_KILL)
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
                    words = "cancelled" if able else "goes on: the service cannot cancel it"
                    self.log.info("%s: %s", handle.describe(), words)
