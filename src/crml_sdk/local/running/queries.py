"""Input channels: the query over the files that stand for its tables.

The query runs in a process of its own (`inside/query.py`), which can read the files of the tables
that it may see and write into the channel's folder, and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..jobs.executor import Artifact, JobFailed, JobView, Results, RunContext
from .channels import DIRECTORY, ChannelData, save
from .containers import CLIENT_ERROR
from .sandbox import GIGABYTE
from .tables import tables_of
from .training import note
from .workspace import Workspace

QUERY = Path(__file__).parent / "inside" / "query.py"
GB = 1_000_000_000


def run(job: JobView, context: RunContext, workspace: Workspace) -> Results:
    """Runs the query of an input channel.

    Raises:
        JobFailed: The query is not one SELECT, names a table or column that it may not, cannot be
            translated, takes too long or too much memory; or a file cannot be read.
    """
    source: Mapping[str, Any] = job.request["inputChannel"]["dataSource"]
    asked: Mapping[str, Any] = source["protectedQueryInputParameters"]
    text: str | None = asked["sqlParameters"].get("queryString")
    if text is None:
        raise JobFailed(
            CLIENT_ERROR, "The local service does not run analysis templates. Give a queryString."
        )
    kind = asked.get("resultFormat", "CSV")
    folder = context.folder / DIRECTORY
    folder.mkdir(parents=True, exist_ok=True)
    tables = tables_of(job, context, workspace)
    reply = _query(
        context,
        {
            "query": text,
            "format": kind,
            "folder": str(folder),
            "memory": int(workspace.run.query_memory_gb * GIGABYTE),
            "tables": {
                name: {
                    "files": [str(path) for path in table.files],
                    "columns": table.columns,
                    "types": dict(table.types),
                    "fault": table.fault,
                }
                for name, table in tables.items()
            },
        },
        workspace.run.query_seconds,
    )
    rows = int(reply["rows"])
    for name in reply["tables"]:
        for member in tables[name].loose:
            note(context.log, [f"Not enforced: {member} in the analysis rule of table {name}"])
    shutil.rmtree(folder / ".spill", ignore_errors=True)
    files = tuple(sorted(folder.iterdir()))
    save(context.folder, ChannelData(kind, files, rows))
    size = sum(path.stat().st_size for path in files)
    members = {"numberOfRecords": rows, "numberOfFiles": len(files), "sizeInGb": size / GB}
    artifacts = [Artifact(path.name, path, path.stat().st_size) for path in files]
    return Results(members=members, artifacts=artifacts)


def _query(context: RunContext, document: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """The query's reply. Kills the query when time is up or the job is stopped."""
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        [sys.executable, "-I", "-B", str(QUERY), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PATH": os.defpath, "HOME": str(context.folder)},
    ) as process:
        text: bytes | None = json.dumps(document).encode()
        output = errors = b""
        while process.returncode is None:
            try:
                output, errors = process.communicate(text, timeout=0.1)
            except subprocess.TimeoutExpired:
                text = None
                if context.stopping.is_set() or time.monotonic() > deadline:
                    process.kill()
        if context.stopping.is_set():
            raise JobFailed(CLIENT_ERROR, "The query was stopped.")
        if process.returncode and time.monotonic() > deadline:
            raise JobFailed(CLIENT_ERROR, f"The query took longer than {seconds:g} seconds.")
    try:
        reply: dict[str, Any] = json.loads(output)
    except ValueError:
        raise JobFailed(CLIENT_ERROR, _ended(process.returncode, errors)) from None
    if "fault" in reply:
        raise JobFailed(CLIENT_ERROR, str(reply["fault"]))
    return reply


def _ended(status: int, errors: bytes) -> str:
    text = errors.decode("utf-8", "replace").strip().splitlines()
    last = text[-1] if text else f"status {status}"
    if "No module named" in last:
        return f"Queries need duckdb and sqlglot: pip install 'crml-sdk[local]' ({last})"
    return f"The query ended unexpectedly: {last}"
