"""Ordered indices over records: a page is found by bisection, never by sorting."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, cast

from .kinds import EXPORT_JOB, INFERENCE_JOB, KINDS, TRAINED_MODEL
from .records import Record


class OrderedIndex:
    """Records in order of creation."""

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


class Indices:
    """All indices, by key (see `index_keys`)."""

    def __init__(self) -> None:
        self._indices: dict[tuple[Any, ...], OrderedIndex] = {}

    def of(self, *key: str | None) -> OrderedIndex:
        """The records under a key; an empty index if there are none."""
        return self._indices.get(key) or OrderedIndex()

    def enter(self, record: Record) -> None:
        for key in index_keys(record):
            index = self._indices.get(key)
            if index is None:
                index = self._indices[key] = OrderedIndex()
            index.add(record)

    def leave(self, record: Record) -> None:
        for key in index_keys(record):
            index = self._indices.get(key)
            if index is not None:
                index.remove(record)
                if not len(index):
                    del self._indices[key]


def index_keys(record: Record) -> list[tuple[Any, ...]]:
    """The indices that a record is entered in."""
    kind, data = record.kind, record.data
    row = KINDS[kind]
    places = [place for place in (record.membership, record.collaboration) if place]
    keys: list[tuple[Any, ...]] = [
        (kind, "of", data[member]) for member in row.parents if data.get(member)
    ]
    for member in row.used:
        value = data[member]
        arns = cast("list[str]", value) if isinstance(value, list) else [cast(str, value)]
        keys += [("uses", arn) for arn in arns]
    if kind == TRAINED_MODEL:
        keys.append(("versions", record.key))
        keys += [("model-versions", place) for place in places]
        if not stands_for_its_model(record):
            return keys
    if kind in (INFERENCE_JOB, EXPORT_JOB):
        model, version = data["trainedModelArn"], data.get("trainedModelVersionIdentifier")
        for place in places:
            keys += [(kind, place, model), (kind, place, model, version)]
    return [*keys, *((kind, place) for place in places or (record.owner,))]


def stands_for_its_model(record: Record) -> bool:
    """True for the version by which a trained model is found in the lists of models."""
    return record.version is None or record.stands_for_model
