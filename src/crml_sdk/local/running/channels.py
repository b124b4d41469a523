"""The data of an ML input channel, as its job wrote it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..jobs.executor import JobFailed, RunContext

DIRECTORY = "data"
FACTS = "channel.json"
CONTENT_TYPES: Mapping[str, str] = {"CSV": "text/csv", "PARQUET": "application/x-parquet"}


@dataclass(frozen=True)
class ChannelData:
    """Part files of one format. CSV files begin with a header line."""

    format: str
    files: tuple[Path, ...]
    records: int = 0

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.format]

    def copy(self, source: Path, target: Path, *, header: bool) -> None:
        """Copies a part file, a CSV file with or without its header line."""
        if self.format != "CSV" or header:
            shutil.copyfile(source, target)
            return
        with source.open("rb") as read, target.open("wb") as write:
            read.readline()
            shutil.copyfileobj(read, write, 1 << 20)


def save(folder: Path, data: ChannelData) -> None:
    """Record the content of a channel's folder."""
    facts = {"format": data.format, "records": data.records}
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")


def load(context: RunContext, arn: str) -> ChannelData:
    """The data of a channel.

    Raises:
        JobFailed: The channel was simulated, so it has no data.
    """
    try:
        folder = context.folder_of(arn)
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        files = tuple(sorted((folder / DIRECTORY).iterdir()))
    except (LookupError, OSError, ValueError):
        raise JobFailed(
            "ClientError",
            (
                f"The input channel {arn} has no data, because its query was simulated: the"
                " workspace has no table for it."
            ),
        ) from None
    if not files:
        raise JobFailed("ClientError", f"The input channel {arn} has no files.")
    return ChannelData(facts["format"], files, int(facts["records"]))
