"""Metrics and members' logs, read from what the containers of a job printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..jobs.executor import Artifact, Metric, Publish

EXTRACT = Path(__file__).parent / "inside" / "extract.py"
SECONDS = 60


@dataclass(frozen=True)
class Printed:
    """The log of one instance, and when what was printed: pairs of offset and epoch seconds."""

    source: str
    path: Path
    times: Sequence[tuple[int, float]] = ()


@dataclass(frozen=True)
class Report:
    """The metrics of a job, each member's log, and what could not be published."""

    metrics: Sequence[Metric] = ()
    artifacts: Sequence[Artifact] = ()
    publish: Mapping[str, Publish] = field(default_factory=dict[str, Publish])


def read(
    logs: Sequence[Printed],
    folder: Path,
    *,
    metrics: Sequence[Mapping[str, str]] = (),
    readers: Mapping[str, Sequence[Mapping[str, Any]]],
    failed: bool,
    seconds: float = SECONDS,
) -> Report:
    """Reads logs in a process of its own, which is ended when it takes too long.

    Args:
        logs: What was printed, by instance.
        folder: Where the members' logs go, as ACCOUNT.log.
        metrics: `metricDefinitions` of the algorithm.
        readers: The log policies by account.
        failed: The job failed: an ERROR_SUMMARY has something to say.
        seconds: The most that reading may take.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {account: folder / f"{account}.log" for account in readers}
    request: dict[str, Any] = {
        **_request(logs, metrics),
        "readers": [
            {"account": account, "path": str(paths[account]), "policies": list(policies)}
            for account, policies in readers.items()
        ],
        "failed": failed,
    }
    why = f"Reading the log with the configured expressions took longer than {seconds:g} seconds"
    try:
        reply = _extracted(request, seconds)
    except subprocess.TimeoutExpired:
        return _nothing(paths, why)
    except ValueError:
        return _nothing(paths, "The log could not be read")
    values = _values(reply)
    artifacts = [
        Artifact(f"log of {account}", path, path.stat().st_size)
        for account, path in paths.items()
        if path.exists()
    ]
    faults = {
        account: Publish(logs_status="PUBLISH_FAILED", logs_details=text)
        for account, text in reply["faults"].items()
    }
    return Report(values, artifacts, faults)


def metrics_of(
    logs: Sequence[Printed],
    metrics: Sequence[Mapping[str, str]],
    *,
    seconds: float,
    over: threading.Event,
) -> list[Metric] | None:
    """The metrics alone; None if reading them takes too long, or is over before."""
    request: dict[str, Any] = {**_request(logs, metrics), "readers": [], "failed": False}
    try:
        return _values(_extracted(request, seconds, over))
    except (subprocess.TimeoutExpired, ValueError):
        return None


def _request(logs: Sequence[Printed], metrics: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {
        "logs": [
            {"source": log.source, "path": str(log.path), "times": list(log.times)} for log in logs
        ],
        "metrics": list(metrics),
    }


def _extracted(
    request: Mapping[str, Any], seconds: float, over: threading.Event | None = None
) -> dict[str, Any]:
    """What the process found. Raises TimeoutExpired, and ValueError for no reply."""
    command = [sys.executable, "-I", "-S", "-B", str(EXTRACT), str(os.getpid())]
    text: bytes | None = json.dumps(request).encode()
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as process:
        while True:
            try:
                output, _ = process.communicate(text, timeout=0.2)
                return json.loads(output)
            except subprocess.TimeoutExpired:
                text = None
                if time.monotonic() > deadline or (over is not None and over.is_set()):
                    process.kill()
                    raise


def _values(reply: Mapping[str, Any]) -> list[Metric]:
    now = time.time()
    return [
        Metric(entry["name"], entry["value"], entry["time"] or now, entry["source"])
        for entry in reply["metrics"]
    ]


def _nothing(paths: Mapping[str, Path], why: str) -> Report:
    return Report(
        publish={
            account: Publish(
                logs_status="PUBLISH_FAILED",
                logs_details=why,
                metrics_status="PUBLISH_FAILED",
                metrics_details=why,
            )
            for account in paths
        }
    )
