"""What each status of each resource means for a wait.

There is one table per resource. The service has no COMPLETED and no CANCELLED. A job that succeeds
becomes ``ACTIVE``. A job that was cancelled, or whose output was deleted or has expired, becomes
``INACTIVE`` (not documented; assumed from the existing statuses). A test compares the tables with
the service model and fails when AWS adds a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class Phase(str, Enum):
    """Where a status stands in the life of a resource."""

    IN_PROGRESS = "in progress"
    SUCCESS = "success"
    FAILURE = "failure"
    GONE = "gone"
    UNKNOWN = "unknown"


class Goal(str, Enum):
    """What a wait waits for."""

    FINISHED = "finished"
    DELETED = "deleted"
    CANCELLED = "cancelled"


class Verdict(str, Enum):
    """What a status means for a goal: still pending, reached, failed, or to be confirmed."""

    PENDING = "pending"
    REACHED = "reached"
    FAILED = "failed"
    DOUBTFUL = "doubtful"


FINAL: Final = frozenset({Verdict.REACHED, Verdict.FAILED})
"""The verdicts that end a wait."""


def _steps(verb: str) -> dict[str, Phase]:
    going = dict.fromkeys((f"{verb}_PENDING", f"{verb}_IN_PROGRESS"), Phase.IN_PROGRESS)
    return {**going, f"{verb}_FAILED": Phase.FAILURE}


_CREATE = {**_steps("CREATE"), "ACTIVE": Phase.SUCCESS}
_CANCEL, _DELETE, _INACTIVE = _steps("CANCEL"), _steps("DELETE"), {"INACTIVE": Phase.GONE}

#: Status tables by the name of the service model's enum.
STATUSES: Mapping[str, Mapping[str, Phase]] = MappingProxyType(
    {
        "TrainedModelStatus": MappingProxyType({**_CREATE, **_CANCEL, **_DELETE, **_INACTIVE}),
        "TrainedModelInferenceJobStatus": MappingProxyType({**_CREATE, **_CANCEL, **_INACTIVE}),
        "TrainedModelExportJobStatus": MappingProxyType({**_CREATE}),
        "MLInputChannelStatus": MappingProxyType({**_CREATE, **_DELETE, **_INACTIVE}),
        "AudienceModelStatus": MappingProxyType({**_CREATE, **_DELETE}),
        "AudienceGenerationJobStatus": MappingProxyType({**_CREATE, **_DELETE}),
        "AudienceExportJobStatus": MappingProxyType({**_CREATE}),
        # Usable as soon as they exist; here so that the test covers every status of the service.
        "TrainingDatasetStatus": MappingProxyType({"ACTIVE": Phase.SUCCESS}),
        "ConfiguredAudienceModelStatus": MappingProxyType({"ACTIVE": Phase.SUCCESS}),
    }
)


def phase(table: str, status: str) -> Phase:
    """The phase of ``status`` in the table of that name; ``UNKNOWN`` for one not in it."""
    return STATUSES[table].get(status, Phase.UNKNOWN)


def judge(table: str, goal: Goal, status: str) -> Verdict:
    """What ``status`` means for a wait with the goal ``goal``.

    ``CANCEL_FAILED`` is doubtful for every goal: the job may have finished just before it could
    be cancelled, or it may still be running. It counts only when it is seen again. ``DELETE_FAILED``
    is doubtful for a delete, because it may be left from an earlier one.
    """
    if status == "CANCEL_FAILED":
        return Verdict.DOUBTFUL
    here = phase(table, status)
    if goal is Goal.DELETED:
        if here is Phase.GONE:
            return Verdict.REACHED
        return Verdict.DOUBTFUL if status == "DELETE_FAILED" else Verdict.PENDING
    if here in (Phase.IN_PROGRESS, Phase.UNKNOWN):
        return Verdict.PENDING
    if goal is Goal.CANCELLED:
        # However it ended, it no longer runs.
        return Verdict.FAILED if status == "DELETE_FAILED" else Verdict.REACHED
    return Verdict.REACHED if here is Phase.SUCCESS else Verdict.FAILED


#: What each known status means, by table and goal. A wait goes on for a status that is not here.
VERDICTS: Mapping[tuple[str, Goal], Mapping[str, Verdict]] = MappingProxyType(
    {
        (table, goal): MappingProxyType({one: judge(table, goal, one) for one in statuses})
        for table, statuses in STATUSES.items()
        for goal in Goal
    }
)
