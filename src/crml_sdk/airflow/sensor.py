"""The sensor: waits for handles that another task, or another system, has made."""

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
from .outcomes import look, texts_or_raise
from .trigger import CleanRoomsMLTrigger

if TYPE_CHECKING:
    from ..client import CleanRoomsML


class CleanRoomsMLSensor(AwsBaseSensor[CleanRoomsMLHook]):
    """Waits until everything that it is given has ended well, in one trigger.

    Args:
        handles: One or several: ARN, `ARN@version`, or the text of a handle; as the operators give
            them to XCom.
        deferrable: Wait in the triggerer; Airflow's `operators.default_deferrable` when left out.
        poll_interval: Seconds between two looks in the triggerer; None for the SDK's own pace.
            Without a triggerer, `poke_interval` counts.
        cancel_on_kill: Cancel trainings and inference jobs when somebody marks or clears the
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
        """Wait, in the triggerer when it is deferrable."""
        if not self.deferrable:
            return super().execute(context)
        outcomes = asyncio.run(self._look(self.hook.sdk()))
        if outcomes is not None:  # a trigger that fires at once may overtake the scheduler
            return texts_or_raise({"outcomes": outcomes}, again=True)
        timeout = (
            self.timeout.total_seconds() if isinstance(self.timeout, timedelta) else self.timeout
        )
        return self.defer(
            trigger=CleanRoomsMLTrigger(
                self._texts(),
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
                verify=self.verify,
                botocore_config=self.botocore_config,
                until=time.time() + timeout,
                poll=self.poll_interval,
                cancel_on_kill=self.cancel_on_kill,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Any, event: dict[str, Any]) -> list[str]:
        """What has ended, as the operators give it to XCom, in the order that was given."""
        return texts_or_raise(event, again=True)

    def poke(self, context: Any) -> bool:
        """Look once."""
        outcomes = asyncio.run(self._look(self.hook.sdk()))
        if outcomes is None:
            return False
        texts_or_raise({"outcomes": outcomes}, again=True)
        return True

    async def _look(self, client: CleanRoomsML) -> list[dict[str, Any]] | None:
        async with client as sdk:
            return await look(sdk, self._texts())
