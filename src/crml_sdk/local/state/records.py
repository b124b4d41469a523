"""Resources as the stand-in keeps them, and ordered indices over them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..service.schema import JsonObject

# Resource kinds are named by their segment in an ARN.
TRAINED_MODEL = "trained-model"
INFERENCE_JOB = "trained-model-inference-job"
EXPORT_JOB = "trained-model-export-job"
INPUT_CHANNEL = "ml-input-channel"
ALGORITHM = "configured-model-algorithm"
ASSOCIATION = "configured-model-algorithm-association"
ML_CONFIGURATION = "ml-configuration"
TRAINING_DATASET = "training-dataset"
AUDIENCE_MODEL = "audience-model"
CONFIGURED_AUDIENCE_MODEL = "configured-audience-model"
GENERATION_JOB = "audience-generation-job"
AUDIENCE_EXPORT_JOB = "audience-export-job"

# The kinds that come about, or go, by a job.
JOB_KINDS = (
    TRAINED_MODEL,
    INFERENCE_JOB,
    EXPORT_JOB,
    INPUT_CHANNEL,
    AUDIENCE_MODEL,
    GENERATION_JOB,
    AUDIENCE_EXPORT_JOB,
)


@dataclass(slots=True, eq=False)
class Record:
    """One resource, or one version of a trained model.

    `data` holds the members as the replies show them, by wire name. `number` is the order of
    creation in this instance. `version` is set for the later versions of a trained model only.
    """

    kind: str
    key: str
    number: int
    owner: str
    membership: str | None
    collaboration: str | None
    data: JsonObject
    version: str | None = None
    reads: int = 0
    job: Any = None
    expires: float | None = None
    hidden: JsonObject = field(default_factory=dict[str, Any])

    @property
    def arn(self) -> str:
        """The ARN. Export jobs have none; theirs is an internal key."""
        return self.key

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def status(self) -> str:
        return self.data.get("status", "ACTIVE")

    def to_json(self) -> JsonObject:
        """The record as plain JSON values, without its job."""
        return {
            "kind": self.kind,
            "key": self.key,
            "number": self.number,
            "owner": self.owner,
            "membership": self.membership,
            "collaboration": self.collaboration,
            "version": self.version,
            "reads": self.reads,
            "expires": self.expires,
            "data": self.data,
            "hidden": self.hidden,
        }


class OrderedIndex:
    """Records in order of creation. A page is found by bisection, never by sorting."""

    __slots__ = ("_numbers", "_records")

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._records: dict[int, Record] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Record]:
        return (self._records[number] for number in self._numbers)

    def add(self, record: Record) -> None:
        number = record.number
        if not self._numbers or number > self._numbers[-1]:
            self._numbers.append(number)
        elif number not in self._records:
            self._numbers.insert(bisect_left(self._numbers, number), number)
        self._records[number] = record

    def remove(self, record: Record) -> None:
        if self._records.pop(record.number, None) is not None:
            del self._numbers[bisect_left(self._numbers, record.number)]

    def newest(self) -> Record | None:
        return self._records[self._numbers[-1]] if self._numbers else None

    def oldest(self) -> Record | None:
        return self._records[self._numbers[0]] if self._numbers else None

    def after(self, number: int | None) -> Iterator[Record]:
        """Oldest first, from behind the given number."""
        start = 0 if number is None else bisect_right(self._numbers, number)
        for position in range(start, len(self._numbers)):
            yield self._records[self._numbers[position]]

    def before(self, number: int | None) -> Iterator[Record]:
        """Newest first, from below the given number."""
        end = len(self._numbers) if number is None else bisect_left(self._numbers, number)
        for position in range(end - 1, -1, -1):
            yield self._records[self._numbers[position]]
