"""The sensor: waits for handles that another task or another system has created."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import conf

from ..waiting import Handle
from .hook import CleanRoomsMLHook
from .outcomes import poll_once, texts_or_raise
from .trigger import CleanRoomsMLTrigger

if TYPE_CHECKING:
    from ..client import CleanRoomsML


class CleanRoomsMLSensor(AwsBaseSensor[CleanRoomsMLHook]):
    """Waits until everything that it is given has succeeded, in one trigger.

    Args:
        handles: One or several ARNs, `ARN@version` or texts of handles, as the operators put them
            into XCom.
        deferrable: Whether to wait in the triggerer. By default Airflow's
            `operators.default_deferrable`.
        poll_interval: Seconds between two polls in the triggerer. None means the default of the SDK.
            Without a triggerer, `poke_interval` applies.
        cancel_on_kill: Whether to cancel trainings and inference jobs if a user marks or clears the
            deferred task.
        aws_conn_id, region_name, verify, botocore_config: As for `CleanRoomsMLHook`.
    """

    aws_hook_class: type[CleanRoomsMLHook] = CleanRoomsMLHook
    template_fields: Sequence[str] = aws_template_fields("handles")
    ui_color = "#cfe8d5"

    def __init__(
        self,
        *,
        handles: str | Sequence[str],
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        cancel_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.handles = handles
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.cancel_on_kill = cancel_on_kill

    def _texts(self) -> list[str]:
        given = [self.handles] if isinstance(self.handles, str) else list(self.handles)
        return [str(Handle.of(one)) for one in given]

    def execute(self, context: Any) -> Any:
        """Wait, in the triggerer if the sensor is deferrable.

        Args:
            context: Airflow's context.

        Returns:
            The results in the order of `handles`, if all have ended already.
        """
        if not self.deferrable:
            return super().execute(context)
        outcomes = asyncio.run(self._look(self.hook.sdk()))
        if outcomes is not None:  # a trigger that fires immediately may overtake the scheduler
            return texts_or_raise({"outcomes": outcomes}, again=True)
        timeout = (
            self.timeout.total_seconds() if isinstance(self.timeout, timedelta) else self.timeout
        )
        trigger = CleanRoomsMLTrigger.of(self, self._texts(), time.time() + timeout)
        return self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Any, event: dict[str, Any]) -> list[str]:
        """Receive the event of the trigger.

        Args:
            context: Airflow's context.
            event: The event.

        Returns:
            The results in the order of `handles`, as the operators put them into XCom.

        Raises:
            AirflowException: One of them did not succeed.
        """
        return texts_or_raise(event, again=True)

    def poke(self, context: Any) -> bool:
        """Poll once.

        Args:
            context: Airflow's context.

        Returns:
            Whether all have succeeded.

        Raises:
            AirflowException: One of them did not succeed.
        """
        outcomes = asyncio.run(self._look(self.hook.sdk()))
        if outcomes is None:
            return False
        texts_or_raise({"outcomes": outcomes}, again=True)
        return True

    async def _look(self, client: CleanRoomsML) -> list[dict[str, Any]] | None:
        async with client as sdk:
            return await poll_once(sdk, self._texts())
