"""State machines for AWS Step Functions that start a training or an inference job and wait for it.

Step Functions can call the service ("SDK integrations"), but it cannot wait for a job, because the
service has no waiters and no events. The state machine therefore polls. Its choices come from the
SDK's table of statuses, and its pace is computed so that four weeks fit into one execution.

The names of the integration (`aws-sdk:cleanroomsml`, parameters in PascalCase, errors such as
`CleanRoomsMl.ThrottlingException`) follow the rules that Step Functions documents for all services. For
this service they are not documented; assumed.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, Literal

from pydantic.alias_generators import to_pascal

from .resource_types import RESOURCE_TYPES
from .waiting.statuses import STATUSES, Phase

MOST_EVENTS: Final = 25_000
"""The most events in the history of one execution, a quota of Step Functions."""

EVENTS_A_ROUND: Final = 11
"""Events of one poll: two to wait, five to call, two to choose, two to slow down."""

SHARE: Final = 0.8
"""The share of the history for polls; the rest is for retries."""

LONGEST: Final = 29 * 86_400
"""Seconds to wait: jobs run for at most 28 days, and may be queued before."""

FIRST_PAUSE: Final = 15
"""Seconds before the first poll."""

_KINDS: Final = {"train": "trained-model", "infer": "trained-model-inference-job"}
_ERRORS: Final = "CleanRoomsMl."
_PERMANENT: Final = ("AccessDeniedException", "ResourceNotFoundException", "ValidationException")


def pace(seconds: int = LONGEST) -> tuple[int, int]:
    """Compute how much longer each pause is than the one before, and how many polls there are.

    The n-th pause lasts `FIRST_PAUSE + n * step` seconds, so the end of a short job is noticed soon
    and a long job takes few polls. ASL can add but not multiply, so the SDK's own pace is not
    possible.

    Args:
        seconds: How long to wait.

    Returns:
        The smallest step, in seconds, whose polls fit into the history; and the number of polls.
    """
    most = int(MOST_EVENTS * SHARE) // EVENTS_A_ROUND
    # n pauses last n * FIRST_PAUSE + step * n * (n - 1) / 2 seconds.
    step = max(0, math.ceil((seconds - most * FIRST_PAUSE) * 2 / (most * (most - 1))))
    waited = (n * FIRST_PAUSE + step * n * (n - 1) // 2 for n in range(most + 1))
    return step, next(n for n, so_far in enumerate(waited) if so_far >= seconds)


def state_machine(kind: Literal["train", "infer"], *, partition: str = "aws") -> dict[str, Any]:
    """Write a state machine in the Amazon States Language, for `create_state_machine`.

    Its input is `{"Request": {...}}`, the documented request with its members in PascalCase
    (`MembershipIdentifier`, `Name`, ...). Its output is the final Get response. When it fails, the
    error is the status, and the cause is what the service says about the job.

    It sends the start again only if that was throttled, because there is no idempotency token.

    Args:
        kind: `train` for a training, `infer` for an inference job.
        partition: `aws`, `aws-cn` or `aws-us-gov`.

    Returns:
        The state machine.

    Raises:
        ValueError: `kind` is neither.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind must be one of {', '.join(_KINDS)}, not {kind!r}")
    type_ = RESOURCE_TYPES[_KINDS[kind]]
    assert type_.create is not None
    assert type_.get is not None
    start, get = (f"{each.name[0].lower()}{each.name[1:]}" for each in (type_.create, type_.get))
    arn = to_pascal(type_.arn)
    integration = f"arn:{partition}:states:::aws-sdk:cleanroomsml:"
    step, polls = pace()
    read = {
        "MembershipIdentifier.$": "$.Request.MembershipIdentifier",
        f"{arn}.$": f"$.Started.{arn}",
    }
    states: dict[str, Any] = {
        "Start": {
            "Type": "Task",
            "Resource": integration + start,
            "InputPath": "$.Request",
            "ResultPath": "$.Started",
            "Retry": [_retry(_ERRORS + "ThrottlingException", 5, 300, 8)],
            "Next": "Is it a later version?" if kind == "train" else "Pin the job",
        },
        "Wait": {"Type": "Wait", "SecondsPath": "$.Pause.Seconds", "Next": "Poll"},
        "Poll": {
            "Type": "Task",
            "Resource": integration + get,
            "InputPath": "$.Read",
            "ResultPath": "$.Job",
            "Retry": [
                {"ErrorEquals": [_ERRORS + name for name in _PERMANENT], "MaxAttempts": 0},
                _retry("States.ALL", 10, 900, 10),
            ],
            "Next": "What is its status?",
        },
        "What is its status?": {
            "Type": "Choice",
            "Choices": _choices(type_.statuses),
            "Default": "Slow down",  # in progress, or a status that is not known yet
        },
        "Slow down": {
            "Type": "Pass",
            "Parameters": {"Seconds.$": f"States.MathAdd($.Pause.Seconds, {step})"},
            "ResultPath": "$.Pause",
            "Next": "Wait",
        },
        "Succeeded": {"Type": "Succeed", "OutputPath": "$.Job"},
        "Failed": {
            "Type": "Fail",
            "ErrorPath": "$.Job.Status",
            "CausePath": "States.JsonToString($.Job)",
        },
    }
    if kind == "train":
        version = "$.Started.VersionIdentifier"
        states["Is it a later version?"] = {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": version, "IsPresent": True},
                        {"Not": {"Variable": version, "StringEquals": "NULL"}},
                    ],
                    "Next": "Pin the version",
                }
            ],
            "Default": "Pin the job",
        }
        states["Pin the version"] = _pin({**read, "VersionIdentifier.$": version})
    states["Pin the job"] = _pin(read)
    states["First pause"] = {
        "Type": "Pass",
        "Result": {"Seconds": FIRST_PAUSE},
        "ResultPath": "$.Pause",
        "Next": "Wait",
    }
    return {
        "Comment": (
            f"Start a job with {start} and wait for it: at most {polls} polls, with pauses that grow"
            f" by {step} s, so that {LONGEST // 86_400} days fit into {MOST_EVENTS} events."
        ),
        "StartAt": "Start",
        "TimeoutSeconds": LONGEST + 86_400,
        "States": states,
    }


def render(kind: Literal["train", "infer"], *, partition: str = "aws") -> str:
    """Write the same definition as JSON text, as `crml stepfunctions` prints it.

    Args:
        kind: `train` for a training, `infer` for an inference job.
        partition: `aws`, `aws-cn` or `aws-us-gov`.

    Returns:
        The text.

    Raises:
        ValueError: `kind` is neither.
    """
    return json.dumps(state_machine(kind, partition=partition), indent=2)


def _pin(read: dict[str, str]) -> dict[str, Any]:
    """The state that keeps the parameters of each poll."""
    return {"Type": "Pass", "Parameters": read, "ResultPath": "$.Read", "Next": "First pause"}


def _choices(table: str) -> list[dict[str, Any]]:
    """A choice for each final status in the table; for any other, the machine keeps waiting."""
    ends = {
        Phase.SUCCESS: "Succeeded",
        Phase.FAILURE: "Failed",
        Phase.GONE: "Failed",
    }
    return [
        {"Variable": "$.Job.Status", "StringEquals": status, "Next": ends[phase]}
        for status, phase in STATUSES[table].items()
        if phase in ends
    ]


def _retry(error: str, first: int, longest: int, attempts: int) -> dict[str, Any]:
    """A retrier with pauses from `first` to `longest` seconds."""
    return {
        "ErrorEquals": [error],
        "IntervalSeconds": first,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": longest,
        "MaxAttempts": attempts,
        "JitterStrategy": "FULL",
    }
