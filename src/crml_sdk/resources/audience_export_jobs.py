"""Audience export jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.audience_export_jobs import AudienceExportJobsOperations
from ..resource_types import LONGEST

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import AudienceExportJobSummary
    from ..waiting import Handle, Poll, Report, Watch


class AudienceExportJobs(AudienceExportJobsOperations):
    """Operations on audience export jobs."""

    def handle(
        self, audience_generation_job_arn: str, *, name: str
    ) -> Handle[AudienceExportJobSummary]:
        """An export job as a value to wait for, although the service gives it no identifier.

        Args:
            audience_generation_job_arn: The generation job whose audience is exported.
            name: The name that the export was started with.
        """
        from ..waiting import Handle

        return Handle("audience-export-job", audience_generation_job_arn, name=name)

    async def wait(
        self,
        audience_generation_job_arn: str,
        *,
        name: str,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> AudienceExportJobSummary:
        """Wait for an export job, found by generation job and name; the newest if there are more.

        Exports have no identifier and no get: they show in the list only. One that does not show
        within half a minute is not there.

        Args:
            audience_generation_job_arn: The generation job whose audience is exported.
            name: The name that the export was started with.
            timeout: Seconds for all of it, calls included; None for no end.
            poll: When to look again: any wait of tenacity's, or seconds.
            on_update: Called (and awaited, if async) with each `StatusChange`, the first included.

        Returns:
            The export job's row in the list.

        Raises:
            WaitTimeout: The time was up.
            ResourceFailed: It failed, or no list shows it.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        return await self._core.waiting.wait(
            self.handle(audience_generation_job_arn, name=name),
            timeout=timeout,
            poll=poll,
            on_update=on_update,
        )

    def watch(
        self,
        audience_generation_job_arn: str,
        *,
        name: str,
        timeout: float | timedelta | None = None,
        poll: Poll | None = None,
    ) -> Watch[AudienceExportJobSummary]:
        """The changes of an export job's status, as they are seen: `async for change in ...`.

        Args:
            audience_generation_job_arn, name, poll: As for `wait`.
            timeout: Seconds for all of it; None, the default, for no end.
        """
        handle = self.handle(audience_generation_job_arn, name=name)
        return self._core.waiting.watch(handle, timeout=timeout, poll=poll)
