"""The base of the operators: start once, wait in the triggerer, and report the reason of a failure."""

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
from ..orchestration import text_of
from ..waiting import Handle
from .hook import CleanRoomsMLHook
from .links import LOG_GROUPS, CleanRoomsMLConsoleLink, CleanRoomsMLLogsLink
from .outcomes import outcomes_of, poll_once, texts_or_raise
from .trigger import CleanRoomsMLTrigger

if TYPE_CHECKING:
    from ..client import CleanRoomsML

COMMON_FIELDS = ("name", "membership_identifier", "resume_since")
LONGEST = 29 * 86_400.0


class CleanRoomsMLOperator(AwsBaseOperator[CleanRoomsMLHook]):
    """Starts something that takes hours, and waits for it.

    XCom gets plain text: the ARN, `ARN@version` for a trained model, or the text of the handle for an
    export. In addition, the text of the handle is there under the key `handle` after the start.

    Args:
        name: The name of the new resource. If the task is retried, it finds by this name what its
            first attempt created. So the name should contain the date of the run: `"churn-{{ ds }}"`.
        membership_identifier: The membership. By default the one in the ARNs.
        resume: With True, a later attempt continues with what an earlier one created, and fails
            if that has failed. With "retry", it then creates another one as NAME-2. With False, it
            always creates another one.
        resume_since: Refuse anything older: a time, its text (a template), or how long ago.
        wait_for_completion: Whether to wait. With False, the task ends after the start.
        deferrable: Whether to wait in the triggerer. By default Airflow's
            `operators.default_deferrable`.
        wait_timeout: Seconds for the wait, or a timedelta. None means no limit. The job continues
            after the timeout.
        poll_interval: Seconds between two polls. None means the default of the SDK.
        cancel_on_kill: Whether to cancel the job if a user marks or clears the deferred task. This
            works for trainings and inference jobs, in an Airflow that has `BaseTrigger.on_kill`. A
            worker or triggerer that stops never cancels a job.
        aws_conn_id, region_name, verify, botocore_config: As for `CleanRoomsMLHook`.
    """

    aws_hook_class: type[CleanRoomsMLHook] = CleanRoomsMLHook
    operator_extra_links: tuple[CleanRoomsMLConsoleLink, CleanRoomsMLLogsLink] = (
        CleanRoomsMLConsoleLink(),
        CleanRoomsMLLogsLink(),
    )
    template_fields: Sequence[str] = aws_template_fields(*COMMON_FIELDS)
    ui_color = "#cfe8d5"
    FIELDS: tuple[str, ...] = ()
    """The arguments of an operator that the SDK's method takes, too."""

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
        """Start it, or find what an earlier attempt has started.

        Args:
            sdk: An open client.

        Returns:
            The handle to wait for.
        """
        raise NotImplementedError

    def execute(self, context: Any) -> str:
        """Start it and wait, in the triggerer if the operator is deferrable.

        Args:
            context: Airflow's context.

        Returns:
            The text for XCom.

        Raises:
            AirflowFailException: Another attempt would fail for the same reason.
            AirflowException: It failed, took too long or could not be read.
        """
        try:
            handle = asyncio.run(self._started(self.hook.sdk()))
        except (
            ArnError,
            ConfigurationError,
            RequestValidationError,
            ResumeAmbiguous,
            ResumeMismatch,
        ) as error:
            raise AirflowFailException(str(error)) from error  # and so would every retry
        except ResourceFailed as error:
            self._tell(context, error.handle)
            raise AirflowFailException(f"An earlier attempt has failed: {error}") from error
        self._tell(context, handle)
        if not self.wait_for_completion:
            return text_of(handle)
        until = self._until()
        if self.deferrable:
            outcomes = asyncio.run(self._looked(self.hook.sdk(), handle))
            if outcomes is not None:  # that of an earlier attempt has ended already
                return self.execute_complete(context, {"outcomes": outcomes})
            trigger = CleanRoomsMLTrigger.of(self, [str(handle)], until)
            self.defer(trigger=trigger, method_name="execute_complete")
        return self.execute_complete(
            context, asyncio.run(self._ended(self.hook.sdk(), handle, until))
        )

    def execute_complete(self, context: Any, event: dict[str, Any]) -> str:
        """Receive the event of the trigger.

        Args:
            context: Airflow's context.
            event: The event.

        Returns:
            The text for XCom.

        Raises:
            AirflowFailException, AirflowException: It did not succeed. The message has the reason.
        """
        (text,) = texts_or_raise(event, again=self.resume == "retry")
        self.log.info("%s has succeeded", text)
        return text

    def members(self) -> dict[str, Any]:
        """The operator's arguments for the SDK's method.

        Returns:
            The attributes that `FIELDS` lists.
        """
        return {name: getattr(self, name) for name in self.FIELDS}

    def settings(self) -> dict[str, Any]:
        """The arguments that all operators pass to the SDK's methods.

        Returns:
            The name, the membership and the options for resuming.
        """
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
            return await poll_once(sdk, [str(handle)])

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
        """The end of the wait in seconds since the epoch, because it may continue in another process."""
        if self.wait_timeout is None:
            return None
        given = self.wait_timeout
        seconds = given.total_seconds() if isinstance(given, timedelta) else given
        return time.time() + seconds

    def _tell(self, context: Any, handle: Handle) -> None:
        """Log the handle, and store it and the links for the user interface."""
        self.log.info("%s; wait for it elsewhere with: crml wait '%s'", handle.describe(), handle)
        if self.do_xcom_push:
            context["ti"].xcom_push(key="handle", value=str(handle))
        _, partition, _, region, *_ = handle.arn.split(":")
        place: Any = {"operator": self, "region_name": region, "aws_partition": partition}
        CleanRoomsMLConsoleLink.persist(context=context, membership=handle.scope or "", **place)
        group = LOG_GROUPS.get(handle.kind)
        if group is not None:
            CleanRoomsMLLogsLink.persist(context=context, log_group=group, **place)
