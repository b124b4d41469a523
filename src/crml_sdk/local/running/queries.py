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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..jobs.executor import Artifact, JobFailed, JobView, Results, RunContext
from .channels import DIRECTORY, ChannelData, save
from .containers import CLIENT_ERROR
from .sandbox import GIGABYTE
from .workspace import Workspace

QUERY = Path(__file__).parent / "inside" / "query.py"
TABLE, TABLE_ASSOCIATION = "configuredtable", "configuredtableassociation"
GB = 1_000_000_000


@dataclass(frozen=True)
class Table:
    """Files that stand for a table, the columns that may be read, and types that were set."""

    files: tuple[Path, ...]
    columns: tuple[str, ...] | None
    types: Mapping[str, str]


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
        raise JobFailed(CLIENT_ERROR, "Analysis templates are not run here: give a queryString.")
    kind = asked.get("resultFormat", "CSV")
    folder = context.folder / DIRECTORY
    folder.mkdir(parents=True, exist_ok=True)
    rows = _query(
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
                }
                for name, table in tables_of(job, context, workspace).items()
            },
        },
        workspace.run.query_seconds,
    )
    shutil.rmtree(folder / ".spill", ignore_errors=True)
    files = tuple(sorted(folder.iterdir()))
    save(context.folder, ChannelData(kind, files, rows))
    size = sum(path.stat().st_size for path in files)
    members = {"numberOfRecords": rows, "numberOfFiles": len(files), "sizeInGb": size / GB}
    artifacts = [Artifact(path.name, path, path.stat().st_size) for path in files]
    return Results(members=members, artifacts=artifacts)


def tables_of(job: JobView, context: RunContext, workspace: Workspace) -> dict[str, Table]:
    """The tables that a query may name.

    These are the configured table associations of the collaboration, by name. Each leads to its
    configured table, whose Glue name or whose association's name the workspace has files for.
    Without any association, the names in `[tables]` are the tables.
    """
    members = {member.membership_id for member in context.members(str(job.collaboration))}
    associations = [
        entry
        for entry in context.find(TABLE_ASSOCIATION)
        if (entry.get("membershipId") or entry.get("membershipIdentifier")) in members
    ]
    if not associations:
        return {
            name: Table(files, None, workspace.types.get(name, {}))
            for name, files in workspace.tables.items()
        }
    configured = {entry["id"]: entry for entry in context.find(TABLE) if "id" in entry}
    found: dict[str, Table] = {}
    for association in associations:
        table = configured.get(association.get("configuredTableId", ""))
        glue: Mapping[str, str] = (table or {}).get("tableReference", {}).get("glue", {})
        names = [association["name"], f"{glue.get('databaseName')}.{glue.get('tableName')}"]
        key = next((name for name in names if name in workspace.tables), None)
        if table is not None and key is not None:
            columns: list[str] | None = table.get("allowedColumns")
            found[association["name"]] = Table(
                workspace.tables[key],
                None if columns is None else tuple(columns),
                workspace.types.get(key, {}),
            )
    return found


def _query(context: RunContext, document: Mapping[str, Any], seconds: float) -> int:
    """The number of rows. Kills the query when time is up or the job is stopped."""
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
    return int(reply["rows"])


def _ended(status: int, errors: bytes) -> str:
    text = errors.decode("utf-8", "replace").strip().splitlines()
    last = text[-1] if text else f"status {status}"
    if "No module named" in last:
        return f"Queries need duckdb and sqlglot: pip install 'crml-sdk[local]' ({last})"
    return f"The query ended by itself: {last}"
