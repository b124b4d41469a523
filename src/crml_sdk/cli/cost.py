"""The question about the cost before something is started that is billed by time."""

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
"""The maximum of `maxRuntimeInSeconds`: 28 days."""


def confirm(operation: Operation, values: Mapping[str, Any]) -> None:
    """Show the maximum cost and ask, if a person can answer.

    Raises:
        Refused: The answer was no. Nothing was started.
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
        raise Refused("nothing was started", "use --yes to start it without a question", FAILED)


def at_most(operation: Operation, values: Mapping[str, Any]) -> str:
    """The maximum that is billed, in a sentence or two."""
    if operation.name == "CreateMLInputChannel":
        return _workers(values)
    machine = get(values, ("resource_config", "instance_type"))
    if machine is None:
        return "This is billed by the amount of data and computation."
    count = get(values, ("resource_config", "instance_count")) or 1
    each = f"{count} x {machine}"
    if operation.name != "CreateTrainedModel":
        return (
            f"This runs on {each} and is billed until it ends. The service has no maximum for it."
        )
    seconds = get(values, ("stopping_condition", "max_runtime_in_seconds"))
    if seconds is None:
        return (
            f"This runs on {each}. There is no --max-runtime. The service's default is not"
            f" documented; it is at most {LONGEST_HOURS} h, so up to {count * LONGEST_HOURS:,}"
            " instance hours."
        )
    hours = seconds / 3600
    return f"This runs on {each} for at most {hours:,.4g} h, so up to {count * hours:,.4g} instance hours."


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
        return "This runs a query on workers that the service chooses, and is billed by the hour."
    given: Mapping[str, Any] = worker  # pyright: ignore[reportUnknownVariableType]
    return (
        f"This runs a query on {given.get('number') or '?'} x {given.get('type') or 'workers'}"
        " and is billed until it ends."
    )
