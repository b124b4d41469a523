"""What the operators share: start once, wait in the triggerer, say why it failed."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields
from airflow.providers.common.compat.sdk import AirflowFailException, conf

from ..errors import (
    ArnError,
    ConfigurationError,
    RequestValidationError,
    ResourceFailed,
    ResumeAmbiguous,
    ResumeMismatch,
)
from ..waiting import Handle
from .hook import CleanRoomsMLHook
from .links import LOG_GROUPS, CleanRoomsMLConsoleLink, CleanRoomsMLLogsLink
from .outcomes import look, outcomes_of, text_of, texts_or_raise
from .trigger import CleanRoomsMLTrigger

if TYPE_CHECKING:
    from ..client import CleanRoomsML

COMMON_FIELDS = ("name", "membership_identifier", "resume_since")
LONGEST = 29 * 86_400.0


class CleanRoomsMLOperator(AwsBaseOperator[CleanRoomsMLHook]):
    """Starts something that goes on for hours, and waits for it.

    Args:
        name: The name of what is made. A task that is tried or run again finds by it what its
            first try has made, so it should hold the run's date: `"churn-{{ ds }}"`.
        membership_identifier: The membership; found in the ARNs where there are any.
        resume: True: a later try takes what an earlier one has made, and fails with its reason
            when that has failed. "retry": it makes another then, as NAME-2. False: it sends again.
        resume_since: What is older is refused: a time, its text (a template), or how long ago.
        wait_for_completion: False: the task ends as soon as the job is started.
        deferrable: Wait in the triggerer; Airflow's `operators.default_deferrable` when left out.
        wait_timeout: Seconds of waiting, or a timedelta; None for no end. The job goes on
            when they have passed.
        poll_interval: Seconds between two looks; None for the SDK's own pace.
        cancel_on_kill: Cancel the job when somebody marks or clears the deferred task. Only for
            trainings and inference jobs, and in an Airflow that has `BaseTrigger.on_kill`.
            A worker or triggerer that stops never cancels anything.
        aws_conn_id, region_name, verify, botocore_config: As for `CleanRoomsMLHook`.

    XCom gets plain text: the ARN, `ARN@version` for a trained model, the text of the handle for an
    export; and the text of the handle of each under the key `handle`, as soon as it is started.
    """

    aws_hook_class: type[CleanRoomsMLHook] = CleanRoomsMLHook
    operator_extra_links: tuple[CleanRoomsMLConsoleLink, CleanRoomsMLLogsLink] = (
        CleanRoomsMLConsoleLink(),
        CleanRoomsMLLogsLink(),
    )
    template_fields: Sequence[str] = aws_template_fields(*COMMON_FIELDS)
    ui_color = "#cfe8d5"

    def __init__(
        self,
        *,
        name: str,
        membership_identifier: str | None = None,
        resume: bool | Literal["retry"] = True,
        resume_since: datetime | timedelta | str | None = None,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        wait_timeout: float | timedelta | None = LONGEST,
        poll_interval: float | None = None,
        cancel_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.membership_identifier = membership_identifier
        self.resume = resume
        self.resume_since = resume_since
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.wait_timeout = wait_timeout
        self.poll_interval = poll_interval
        self.cancel_on_kill = cancel_on_kill

    async def start(self, sdk: CleanRoomsML) -> Handle:
        """Start it, or find what an earlier try has started."""
        raise NotImplementedError

    def execute(self, context: Any) -> str:
        """Start it and wait, in the triggerer when it is deferrable."""
        try:
            handle = asyncio.run(self._started(self.hook.sdk()))
        except (
            ArnError,
            ConfigurationError,
            RequestValidationError,
            ResumeAmbiguous,
            ResumeMismatch,
        ) as error:
            raise AirflowFailException(str(error)) from error  # so would every other try
        except ResourceFailed as error:
            self._tell(context, error.handle)
            raise AirflowFailException(f"An earlier try has failed: {error}") from error
        self._tell(context, handle)
        if not self.wait_for_completion:
            return text_of(handle)
        until = self._until()
        if self.deferrable:
            outcomes = asyncio.run(self._looked(self.hook.sdk(), handle))
            if outcomes is not None:  # an earlier try's has ended long ago
                return self.execute_complete(context, {"outcomes": outcomes})
            self.defer(
                trigger=CleanRoomsMLTrigger(
                    [str(handle)],
                    aws_conn_id=self.aws_conn_id,
                    region_name=self.region_name,
                    verify=self.verify,
                    botocore_config=self.botocore_config,
                    until=until,
                    poll=self.poll_interval,
                    cancel_on_kill=self.cancel_on_kill,
                ),
                method_name="execute_complete",
            )
        return self.execute_complete(
            context, asyncio.run(self._ended(self.hook.sdk(), handle, until))
        )

    def execute_complete(self, context: Any, event: dict[str, Any]) -> str:
        """What XCom gets; raises with the service's own reason when it did not end well."""
        (text,) = texts_or_raise(event, again=self.resume == "retry")
        self.log.info("%s ended well", text)
        return text

    def settings(self) -> dict[str, Any]:
        """The arguments that every call of theirs takes."""
        since: Any = self.resume_since
        if isinstance(since, str):
            since = datetime.fromisoformat(since.replace("Z", "+00:00")) if since else None
        return {
            "name": self.name,
            "membership_identifier": self.membership_identifier,
            "resume": self.resume,
            "resume_since": since,
        }

    async def _started(self, client: CleanRoomsML) -> Handle:
        async with client as sdk:
            return await self.start(sdk)

    async def _looked(self, client: CleanRoomsML, handle: Handle) -> list[dict[str, Any]] | None:
        async with client as sdk:
            return await look(sdk, [str(handle)])

    async def _ended(
        self, client: CleanRoomsML, handle: Handle, until: float | None
    ) -> dict[str, Any]:
        left = None if until is None else max(until - time.time(), 0.0)
        async with client as sdk:
            return {
                "outcomes": await outcomes_of(
                    sdk, [str(handle)], timeout=left, poll=self.poll_interval
                )
            }

    def _until(self) -> float | None:
        """When the waiting ends, in seconds since the epoch: it may go on in another process."""
        if self.wait_timeout is None:
            return None
        given = self.wait_timeout
        seconds = given.total_seconds() if isinstance(given, timedelta) else given
        return time.time() + seconds

    def _tell(self, context: Any, handle: Handle) -> None:
        """Log the handle, and put it and the links where the user interface finds them."""
        self.log.info("%s; to wait for it elsewhere: crml wait '%s'", handle.describe(), handle)
        if self.do_xcom_push:
            context["ti"].xcom_push(key="handle", value=str(handle))
        _, partition, _, region, *_ = handle.arn.split(":")
        place: Any = {"operator": self, "region_name": region, "aws_partition": partition}
        CleanRoomsMLConsoleLink.persist(context=context, membership=handle.scope or "", **place)
        group = LOG_GROUPS.get(handle.kind)
        if group is not None:
            CleanRoomsMLLogsLink.persist(context=context, log_group=group, **place)
