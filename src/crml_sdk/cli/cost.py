"""The question before something is started that is billed by time."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .console import remark
from .failures import FAILED, Refused
from .inputs import get

if TYPE_CHECKING:
    from ..operation import Operation

PRICES: Final = "https://aws.amazon.com/clean-rooms/pricing/"
LONGEST_HOURS: Final = 672
"""The most that `maxRuntimeInSeconds` takes: 28 days."""


def confirm(operation: Operation, values: Mapping[str, Any]) -> None:
    """Say what it may cost at most and ask, where somebody is there to answer.

    Raises:
        Refused: The answer was no; nothing was started.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    remark(f"{at_most(operation, values)} Prices: {PRICES}")
    sys.stderr.write("Start it? [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        remark("")
    if answer.strip().lower() not in ("y", "yes"):
        raise Refused("nothing was started", "--yes starts it without asking", FAILED)


def at_most(operation: Operation, values: Mapping[str, Any]) -> str:
    """What is billed at most, in a sentence or two."""
    if operation.name == "CreateMLInputChannel":
        return _workers(values)
    machine = get(values, ("resource_config", "instance_type"))
    if machine is None:
        return "This is billed by what it reads and computes."
    count = get(values, ("resource_config", "instance_count")) or 1
    each = f"{count} x {machine}"
    if operation.name != "CreateTrainedModel":
        return f"This runs on {each}, billed for as long as it takes; the service takes no maximum for it."
    seconds = get(values, ("stopping_condition", "max_runtime_in_seconds"))
    if seconds is None:
        return (
            f"This runs on {each}. No maximum was given (--max-runtime); what the service takes for"
            f" it is not documented, at most {LONGEST_HOURS} h: up to {count * LONGEST_HOURS:,} instance hours."
        )
    hours = seconds / 3600
    return f"This runs on {each} for at most {hours:,.4g} h: up to {count * hours:,.4g} instance hours."


def _workers(values: Mapping[str, Any]) -> str:
    worker = get(
        values,
        (
            "input_channel",
            "data_source",
            "protected_query_input_parameters",
            "compute_configuration",
            "worker",
        ),
    )
    if not isinstance(worker, Mapping):
        return "This runs a query, billed by the hour on the service's own choice of workers."
    given: Mapping[str, Any] = worker  # pyright: ignore[reportUnknownVariableType]
    return (
        f"This runs a query on {given.get('number') or '?'} x {given.get('type') or 'workers'},"
        " billed for as long as it takes."
    )
