"""The report of a run: its log, metrics and artifacts, in a file next to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .executor import Artifact, Metric, Results, RunContext

FILE = "report.json"


@dataclass(frozen=True)
class JobReport:
    """The log's file, the metrics in order, and the artifacts of a job."""

    log: Path
    metrics: Sequence[Metric]
    artifacts: Sequence[Artifact]


@dataclass(frozen=True)
class LogPart:
    """A part of a log: its text, and the bytes of the file from which to which it is."""

    text: str
    start: int
    end: int


def read_log(file: Path, start: int | None, limit: int) -> LogPart:
    """A part of a log from a byte on, or (None) its last part, of at most `limit` bytes.

    It ends with a whole line, unless one alone is longer than the limit or the log ends. A log that
    is not there, or cannot be read, is empty.
    """
    try:
        with file.open("rb") as log:
            size = log.seek(0, 2)
            begin = max(0, size - limit) if start is None else min(start, size)
            log.seek(begin)
            content = log.read(limit)
    except OSError:
        return LogPart("", 0, 0)
    if begin + len(content) < size:
        content = content[: content.rfind(b"\n") + 1] or content
    return LogPart(content.decode("utf-8", "replace"), begin, begin + len(content))


def write_report(folder: Path, context: RunContext, results: Results | None) -> None:
    """Save the report in the job's folder. Raises OSError."""
    if not folder.exists():
        return
    results = results or Results()
    document = {
        "log": str(results.log or context.log),
        "metrics": [asdict(metric) for metric in results.metrics or context.metrics],
        "artifacts": [{**asdict(entry), "path": str(entry.path)} for entry in results.artifacts],
    }
    (folder / FILE).write_text(json.dumps(document), encoding="ascii")


def _artifact(entry: Any) -> Artifact:
    return Artifact(entry["name"], Path(entry["path"]), entry["size"], entry["location"])


def read_report(folder: Path) -> JobReport | None:
    """The report in a job's folder. None if there is none, or it cannot be read."""
    try:
        document: Any = json.loads((folder / FILE).read_text(encoding="ascii"))
        return JobReport(
            Path(document["log"]),
            [Metric(**metric) for metric in document["metrics"]],
            [_artifact(entry) for entry in document["artifacts"]],
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None
