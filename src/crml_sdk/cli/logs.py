"""`crml models logs|metrics` and `crml jobs logs`: from a local service, or where to find them on AWS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..arns import Arn
from .failures import FAILED, Refused
from .local_service import LocalService, local_service
from .names import KINDS, find
from .options import Format, Option, argument, leaf
from .writing import Column

if TYPE_CHECKING:
    import click

    from .session import Session

LOOK_AFTER: Final = 0.5
"""Seconds between two reads of a log that still grows."""
MODEL: Final = "trained-model"
JOB: Final = "trained-model-inference-job"


@dataclass(frozen=True)
class _Job:
    """One job of a local service."""

    service: LocalService
    number: int
    name: str

    async def log(self, *, follow: bool) -> AsyncGenerator[str]:
        """The log in parts of whole lines."""
        place, kept = 0, ""
        while True:
            part = await self.service.ask(f"jobs/{self.number}/log?from={place}")
            grown, place = part["next"] > place, part["next"]
            whole, end, kept = (kept + part["text"]).rpartition("\n")
            if end:
                yield whole
            if grown:
                continue
            if part["ended"] or not follow:
                break
            await asyncio.sleep(LOOK_AFTER)
        if kept:
            yield kept


def logs(kind: str, word: str) -> click.Command:
    """`crml models logs` and `crml jobs logs`."""

    async def body(session: Session, what: str, follow: bool) -> None:
        arn = await find(session, kind, what)
        async with local_service(session) as service:
            if service is None:
                raise _in_cloudwatch(session, arn, what="log")
            job = await _job(service, arn)
            again = f"crml {word} logs {what}{' --follow' if follow else ''}"
            with session.resumable(again):
                await _write(session, job, follow)

    return leaf(
        "logs",
        body,
        [
            _named(kind),
            Option("--follow", is_flag=True, help="Follow the log until the job has ended."),
        ],
        help=f"Show the log of the containers of {_A[kind]} that a local service ran.\n\n"
        "On AWS it shows where the log is: in CloudWatch, in the account of each member that may read it.",
    )


_A: Final = {MODEL: "a training", JOB: "an inference job"}

models_logs: Callable[[], click.Command] = lambda: logs(MODEL, "models")  # noqa: E731
jobs_logs: Callable[[], click.Command] = lambda: logs(JOB, "jobs")  # noqa: E731


def _named(kind: str) -> click.Argument:
    what = argument("what", KINDS[kind].help, kind=kind)
    what.metavar = KINDS[kind].word.upper()
    return what


async def _write(session: Session, job: _Job, follow: bool) -> None:
    writer = session.writer
    if writer.format in (Format.JSON, Format.YAML):
        text = [lines async for lines in job.log(follow=follow)]
        writer.one({"lines": "\n".join(text).split("\n") if text else []})
        return
    empty = True
    async for lines in job.log(follow=follow):
        empty = False
        if writer.for_people:
            writer.text(lines, None)
        else:
            for line in lines.split("\n"):
                writer.line({"line": line})
    if empty and writer.for_people:
        from .console import remark

        remark(f"{job.name} has printed nothing", "dim")


async def _job(service: LocalService, arn: str) -> _Job:
    """The job of a reference. For a model without a version, the newest one.

    Raises:
        Refused: There is no such job, or it was simulated.
    """
    from ..versions import BASE, LATEST_ACTIVE, TrainedModelRef, VersionSelector

    ref = TrainedModelRef.parse(arn)
    found = jobs = await service.jobs_of(ref.trained_model_arn)
    if ref.version is BASE:
        found = jobs[:1]
    elif ref.version is LATEST_ACTIVE:
        found = [job for job in jobs if job["status"] == "ACTIVE"]
    elif ref.version is not None and not isinstance(ref.version, VersionSelector):
        found = [job for job in jobs if job["version"] == ref.version]
    if not found:
        raise Refused(f"the local service has no {arn}", "`crml models versions` lists versions")
    job = found[-1]
    if not job["ran"] and not job["status"].endswith(("_PENDING", "_IN_PROGRESS")):
        raise Refused(
            f"{job['name']} was simulated, so it has no log and no metrics",
            "use crml local --workspace FILE to run containers",
            FAILED,
        )
    return _Job(service, job["number"], job["name"])


def _in_cloudwatch(session: Session, arn: str, *, what: str) -> Refused:
    """The AWS CLI's command for the same."""
    from ..places import log_group, metric_namespace

    region = session.sdk.region_name
    kind = Arn.parse(arn.partition("@")[0]).kind
    where = f"in CloudWatch in {region}, in the account of each member that may read them"
    if what == "log":
        group = log_group(arn)
        return Refused(
            f"the logs of {_A[kind]} are {where}: log group {group}",
            f"aws logs tail {group} --follow --region {region}",
            FAILED,
        )
    space = metric_namespace(arn)
    return Refused(
        f"the metrics of {_A[kind]} are {where}: namespace {space}",
        f"aws cloudwatch list-metrics --namespace {space} --region {region}",
        FAILED,
    )


def metrics() -> click.Command:
    """`crml models metrics`."""

    async def body(session: Session, what: str) -> None:
        """Show the metrics of a training that a local service ran.

        The algorithm's metric definitions extract them from the log. A table summarises each
        metric, and the other formats show all its values. On AWS it shows where the metrics are in
        CloudWatch.
        """
        arn = await find(session, MODEL, what)
        async with local_service(session) as service:
            if service is None:
                raise _in_cloudwatch(session, arn, what="metrics")
            job = await _job(service, arn)
            values = (await service.ask(f"jobs/{job.number}/metrics"))["metrics"]
        if session.writer.for_people:
            session.write(_summed_up(values), _COLUMNS)
        else:
            session.write(values, ())

    return leaf("metrics", body, [_named(MODEL)])


_COLUMNS: Final = tuple(
    Column(title, lambda row, title=title: row[title])
    for title in ("metric", "instance", "values", "first", "last", "lowest", "highest")
)


def _summed_up(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    series: dict[tuple[str, str | None], list[float]] = {}
    for value in values:
        series.setdefault((value["name"], value["source"]), []).append(value["value"])
    return [
        {
            "metric": name,
            "instance": source,
            "values": len(numbers),
            **{
                title: f"{number:g}"
                for title, number in (
                    ("first", numbers[0]),
                    ("last", numbers[-1]),
                    ("lowest", min(numbers)),
                    ("highest", max(numbers)),
                )
            },
        }
        for (name, source), numbers in series.items()
    ]
