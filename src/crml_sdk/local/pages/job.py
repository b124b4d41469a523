"""The page of one job: its status, log, metrics and artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..jobs.report import JobReport, read_log
from ..state.records import Record
from ..ways_in.engine import Reply
from .chart import charts
from .frame import arn_of, details_of, page, progress_of, shown, status_of, table

if TYPE_CHECKING:
    from ..local import LocalCleanRoomsML

TAIL = 64 * 1024


def render(local: LocalCleanRoomsML, number: int) -> Reply:
    """The page as a reply, or 404 if no resource has this number. The caller holds the lock."""
    record = local.numbered(number)
    if record is None:
        back = '<p><a href="/">All jobs</a></p>'
        return page("No such job", [f"<h1>There is no job {number}</h1>{back}"], status=404)
    return page(f"{record.name}: {record.status}", _parts(record, local.report_of(number)))


def _parts(record: Record, report: JobReport | None) -> Iterator[str]:
    version = f" version <code>{shown(record.version)}</code>" if record.version else ""
    yield f'<header><p><a href="/">All jobs</a></p><h1>{shown(record.name)}</h1>'
    yield f"<p>{shown(record.kind)} {arn_of(record)}{version}</p></header>"
    yield f"<p>{progress_of(record)} {details_of(record)}</p>"
    yield from _published(record)
    if report is None:
        yield '<p class="note">This job was simulated, so it has no log, metrics or artifacts.</p>'
        return
    yield "<h2>Metrics</h2>"
    yield charts(report.metrics) or '<p class="note">None.</p>'
    yield "<h2>Artifacts</h2>"
    yield _artifacts(report)
    yield "<h2>Log</h2>"
    yield _log(report)


def _published(record: Record) -> Iterator[str]:
    rows = [
        (
            f"<code>{shown(account)}</code>",
            status_of(told.get("logsStatus", "none")),
            status_of(told.get("metricsStatus", "none")),
        )
        for account, told in record.publish.items()
    ]
    if rows:
        yield table(("Published to", "Logs", "Metrics"), rows)


def _artifacts(report: JobReport) -> str:
    if not report.artifacts:
        return '<p class="note">None.</p>'
    rows = (
        (
            shown(artifact.name),
            f"{artifact.size:,} bytes",
            f'<code class="arn">{shown(artifact.location or str(artifact.path))}</code>',
        )
        for artifact in report.artifacts
    )
    return table(("Name", "Size", "Place"), rows)


def _log(report: JobReport) -> str:
    part = read_log(report.log, None, TAIL)
    if not part.text:
        return '<p class="note">Empty.</p>'
    cut = f'<p class="note">Only the last {TAIL // 1024} KiB are shown.</p>' if part.start else ""
    return f"{cut}<pre>{shown(part.text)}</pre>"
