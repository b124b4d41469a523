"""What waiting costs: requests spent, and seconds between the end of a job and its report.

    python -m benchmarks.waiting_simulation

Jobs from seconds to the longest that the service allows (28 days) are waited for by the SDK's
default and by the loop that today's samples use: ask, sleep 30 s, ask again. Nothing is sent and
nothing sleeps: each wait runs on a clock of its own, which a request moves by 0.2 s.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import tenacity

from crml_sdk.waiting import Poll, wait_elapsed
from crml_sdk.waiting.pace import Pace

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
CALL = 0.2

DURATIONS = (
    5.0,
    15.0,
    45.0,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    35 * MINUTE,
    1 * HOUR,
    3 * HOUR,
    8 * HOUR,
    1 * DAY,
    3 * DAY,
    7 * DAY,
    28 * DAY,
)
"""Seconds; each stands for all ends within a tenth of it, so that no loop is right by accident."""

WAYS: dict[str, Callable[[], Poll]] = {
    "fixed 30 s": lambda: tenacity.wait_fixed(30),
    "default": wait_elapsed,
    "exponential 5 to 60 s": lambda: tenacity.wait_exponential(multiplier=5, exp_base=1.5, max=60),
}


@dataclass(frozen=True)
class Cost:
    """Means over some waits."""

    requests: float
    delay: float


def looks(poll: Poll, until: float) -> Iterator[float]:
    """The times at which a wait asks, the first after ``until`` included."""
    now = 0.0
    pace = Pace(poll)
    while True:
        yield now
        if now >= until:
            return
        now += CALL
        now += pace.after(now, None)


def cost(poll: Poll, duration: float) -> Cost:
    """What a wait costs, meant over all ends within a tenth of ``duration``.

    Between two looks, every end is as likely as any other: the mean needs no drawing of lots.
    """
    first, last = duration * 0.9, duration * 1.1
    requests = delay = 0.0
    before = float("-inf")
    for number, look in enumerate(looks(poll, last), start=1):
        low, high = max(first, before), min(last, look)
        if high > low:
            requests += number * (high - low)
            delay += (look + CALL - (low + high) / 2) * (high - low)
        before = look
    return Cost(requests / (last - first), delay / (last - first))


def measure(poll: Callable[[], Poll], durations: Sequence[float], repeats: int) -> list[Cost]:
    """The mean cost for each duration; repeated because intervals vary by chance."""
    costs: list[Cost] = []
    for duration in durations:
        some = [cost(poll(), duration) for _ in range(repeats)]
        costs.append(
            Cost(
                sum(one.requests for one in some) / repeats,
                sum(one.delay for one in some) / repeats,
            )
        )
    return costs


def whole(costs: Sequence[Cost]) -> Cost:
    """All of a set together: requests in all, and the mean delay."""
    return Cost(
        sum(cost.requests for cost in costs), sum(cost.delay for cost in costs) / len(costs)
    )


def shown(seconds: float) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def table(results: dict[str, list[Cost]], durations: Sequence[float]) -> str:
    """The figures as a Markdown table: requests / seconds of delay."""
    lines = [
        "| job | " + " | ".join(results) + " |",
        "| --- |" + " ---: |" * len(results),
    ]
    for index, duration in enumerate(durations):
        cells = [
            f"{row[index].requests:,.0f} / {row[index].delay:.1f} s" for row in results.values()
        ]
        lines.append(f"| {shown(duration)} | " + " | ".join(cells) + " |")
    totals = [whole(row) for row in results.values()]
    cells = [f"**{total.requests:,.0f} / {total.delay:.1f} s**" for total in totals]
    lines.append("| **whole set** | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="waits per duration")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    options = parser.parse_args()
    random.seed(1)
    results = {name: measure(poll, DURATIONS, options.repeats) for name, poll in WAYS.items()}
    print("Requests spent / seconds between the end and its report, means\n")
    print(table(results, DURATIONS))
    if options.json:
        kept: dict[str, Any] = {
            name: {
                "whole": asdict(whole(costs)),
                "each": {
                    shown(duration): asdict(cost)
                    for duration, cost in zip(DURATIONS, costs, strict=True)
                },
            }
            for name, costs in results.items()
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)


if __name__ == "__main__":
    main()
