"""Metrics while a training still runs: what it has printed so far is read every few seconds."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..jobs.executor import RunContext
from . import reports

EVERY = 2.0
SHARE = 20
"""Of the time that reading took, so much passes until the next: long logs are read seldom."""
SECONDS = 10.0


@contextmanager
def shown(
    context: RunContext,
    printed: Callable[[], Sequence[reports.Printed]],
    definitions: Sequence[Mapping[str, str]],
    *,
    every: float = EVERY,
) -> Generator[None]:
    """Records metrics of a run as they are printed; all of them are read again at its end.

    Args:
        context: The run; metrics go to its `record`.
        printed: What its containers have printed so far.
        definitions: `metricDefinitions` of the algorithm; nothing is read if there are none.
        every: Seconds between readings, at least.
    """
    if not definitions:
        yield
        return
    over = threading.Event()
    reader = threading.Thread(
        target=_follow, args=(context, printed, definitions, every, over), name="crml-metrics"
    )
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


def _follow(
    context: RunContext,
    printed: Callable[[], Sequence[reports.Printed]],
    definitions: Sequence[Mapping[str, str]],
    every: float,
    over: threading.Event,
) -> None:
    recorded: Counter[str | None] = Counter()
    size, pause = 0, every
    while not over.wait(pause):
        logs = [reports.Printed(log.source, log.path, tuple(log.times)) for log in printed()]
        now = sum(_size(log.path) for log in logs)
        if now == size:
            continue
        size, began = now, time.monotonic()
        found = reports.metrics_of(logs, definitions, seconds=SECONDS, over=over)
        if found is None:
            return  # an expression takes for ever; the end of the job says so
        pause = max(every, SHARE * (time.monotonic() - began))
        seen: Counter[str | None] = Counter()
        for metric in found:
            seen[metric.source] += 1
            if seen[metric.source] > recorded[metric.source]:
                context.record(metric)
        recorded = seen


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
