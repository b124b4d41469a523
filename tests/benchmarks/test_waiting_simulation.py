"""The default pace beats the loop of fixed 30 s in requests and in delay, on the whole set."""

from __future__ import annotations

import random

import pytest
import tenacity

from benchmarks.waiting_simulation import (
    CALL,
    DAY,
    DURATIONS,
    HOUR,
    cost,
    measure,
    table,
    whole,
)
from crml_sdk.waiting import wait_elapsed


def test_the_default_is_better_in_both() -> None:
    random.seed(3)
    fixed = whole(measure(lambda: tenacity.wait_fixed(30), DURATIONS, 1))
    default = whole(measure(wait_elapsed, DURATIONS, 1))
    assert default.requests < 0.9 * fixed.requests
    assert default.delay < 0.95 * fixed.delay


@pytest.mark.parametrize("duration", [HOUR, 8 * HOUR, DAY])
def test_and_about_as_good_for_each_long_job(duration: float) -> None:
    random.seed(3)
    fixed, default = cost(tenacity.wait_fixed(30), duration), cost(wait_elapsed(), duration)
    assert default.requests < 1.1 * fixed.requests
    assert default.delay < 1.2 * fixed.delay


def test_the_simulation_counts_right() -> None:
    """A loop of 30 s, for ends between 90 and 110 s: it looks at 0, 30.2, 60.4, 90.6, 120.8."""
    one = cost(tenacity.wait_fixed(30), 100.0)
    assert one.requests == pytest.approx((4 * 0.6 + 5 * 19.4) / 20)
    assert one.delay == pytest.approx((0.6 * (0.3 + CALL) + 19.4 * (20.5 + CALL)) / 20)


def test_the_table_has_a_line_for_each_and_a_total() -> None:
    lines = table({"fixed": measure(lambda: tenacity.wait_fixed(30), [60.0], 1)}, [60.0])
    assert lines.splitlines()[2].startswith("| 1 min |")
    assert "whole set" in lines.splitlines()[-1]
