"""A small chart of a metric, as inline SVG without scripts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..jobs.executor import Metric
from .frame import shown

WIDTH, HEIGHT, POINTS = 260, 80, 400


def charts(metrics: Sequence[Metric]) -> str:
    """A figure for each metric and source, in the order of their first values."""
    series: dict[tuple[str, str | None], list[float]] = {}
    for metric in metrics:
        if math.isfinite(metric.value):
            series.setdefault((metric.name, metric.source), []).append(metric.value)
    return "".join(_figure(name, source, values) for (name, source), values in series.items())


def _figure(name: str, source: str | None, values: list[float]) -> str:
    label = f"{name} ({source})" if source else name
    caption = f"{shown(label)}: {values[-1]:g}"
    if len(values) > 1:
        caption += f" after {len(values)} values from {min(values):g} to {max(values):g}"
    return (
        f'<figure><svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{shown(label)}">{_line(values)}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _line(values: list[float]) -> str:
    """The values from left to right, thinned out if there are very many."""
    kept = values[:: max(1, math.ceil(len(values) / POINTS))]
    low, high = min(kept), max(kept)
    # Halves first, because the difference of two very large numbers can overflow.
    height = (high / 2 - low / 2) or 1.0
    if len(kept) == 1:
        return f'<circle cx="{WIDTH / 2:g}" cy="{HEIGHT / 2:g}" r="2.5"/>'
    points = (
        f"{3 + place * (WIDTH - 6) / (len(kept) - 1):.1f},"
        f"{HEIGHT - 3 - (value / 2 - low / 2) / height * (HEIGHT - 6):.1f}"
        for place, value in enumerate(kept)
    )
    return f'<polyline points="{" ".join(points)}"/>'
