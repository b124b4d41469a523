"""`crml jobs watch|results` and `crml audiences jobs metrics`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..arns import Arn
from ..untrusted import as_line
from .commands import NO_CONFIGURATION
from .console import remark
from .durations import format_duration
from .failures import FAILED, Refused
from .local_service import local_service
from .names import KINDS, find
from .options import argument, leaf, waiting_options
from .waits import _times as times  # pyright: ignore[reportPrivateUsage]
from .waits import seconds
from .writing import Column, plain

if TYPE_CHECKING:
    import click

    from ..models import GetTrainedModelInferenceJobResponse
    from .session import Session

JOB = "trained-model-inference-job"


def _job(kind: str = JOB) -> click.Argument:
    what = argument("job", KINDS[kind].help, kind=kind)
    what.metavar = "JOB"
    return what


def watch() -> click.Command:
    """`crml jobs watch`."""

    async def body(session: Session, job: str, timeout: str, poll: str | None) -> None:
        """Print each new status of a job until it has ended."""
        arn = await find(session, JOB, job)
        interval = None if poll is None else seconds(poll)
        changes = session.sdk.inference_jobs.watch(arn, timeout=seconds(timeout), poll=interval)
        with session.resumable(f"crml jobs watch {arn}"):
            async for change in changes:
                _tell(session, change)

    return leaf("watch", body, [_job(), *waiting_options(ask=False)], prepare=times)


def _tell(session: Session, change: Any) -> None:
    line = {
        "elapsedSeconds": round(change.elapsed, 3),
        "previous": plain(change.previous),
        "status": plain(change.status),
        "resource": plain(change.model),
    }
    if session.writer.for_people:
        session.writer.note(f"{format_duration(change.elapsed):>9}  {change.status}")
    else:
        session.writer.line(line)


def results() -> click.Command:
    """`crml jobs results`."""

    async def body(session: Session, job: str) -> None:
        """Show where the results of a job are, as an S3 URI.

        Clean Rooms writes to the S3 location in the receiver's ML configuration, under
        collaboration/model/account/job. With a local service, this also lists the files.
        """
        found = await session.sdk.inference_jobs.get(await find(session, JOB, job))
        if found.status != "ACTIVE":
            raise Refused(
                f"{found.name} is {found.status}, so it has no results",
                f"crml jobs {'show' if found.status.endswith('_FAILED') else 'wait'} {job}",
                FAILED,
            )
        address = await _address(session, found)
        files = await _files(session, found.trained_model_inference_job_arn, address)
        told = {"results": address}
        session.writer.text(address, told if files is None else {**told, "files": files})
        if session.writer.for_people:
            for file in files or ():
                remark(as_line(f"{file['path']}  {file['size']:,} bytes"), "dim")

    return leaf("results", body, [_job()])


async def _address(session: Session, job: GetTrainedModelInferenceJobResponse) -> str:
    from .. import errors

    try:
        address = await session.sdk.inference_jobs.results_uri(job)
    except errors.ResourceNotFoundException:
        raise Refused(*NO_CONFIGURATION, FAILED) from None
    if address is None:
        receivers = [member.account_id for member in job.output_configuration.members]
        if Arn.parse(job.trained_model_inference_job_arn).account in receivers:
            raise Refused("the membership's ML configuration has no S3 location", None, FAILED)
        raise Refused(
            f"the results went to account {', '.join(receivers)}, and only that account can read where",
            "ask that member to run this command",
            FAILED,
        )
    return address


async def _files(session: Session, arn: str, address: str) -> list[dict[str, Any]] | None:
    """The files that a local service wrote. None on AWS or if the job was simulated."""
    async with local_service(session) as service:
        made = [] if service is None else await service.jobs_of(arn)
        if service is None or not made or not made[-1]["ran"]:
            return None
        left = (await service.ask(f"jobs/{made[-1]['number']}/artifacts"))["artifacts"]
        return [entry for entry in left if (entry["location"] or "").startswith(address)]


def metrics() -> click.Command:
    """`crml audiences jobs metrics`."""
    kind = "audience-generation-job"

    async def body(session: Session, job: str) -> None:
        """Show the relevance of a generated audience at each size."""
        found = await session.sdk.audience_generation_jobs.get(await find(session, kind, job))
        quality = found.metrics
        if quality is None:
            raise Refused(f"{found.name} is {found.status} and has no metrics", None, FAILED)
        if not session.writer.for_people:
            session.writer.one(quality)
            return
        rows = quality.relevance_metrics
        session.write(
            rows,
            [
                Column(
                    "audience size",
                    lambda row: f"{row.audience_size.value} {row.audience_size.type}",
                ),
                Column("relevance score", "score"),
                Column("recall", lambda _: quality.recall_metric),
            ],
        )

    return leaf("metrics", body, [_job(kind)])
