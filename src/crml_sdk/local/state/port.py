"""What the state offers to an executor: transactions, and copies of what there is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ..jobs.executor import JobView
from ..jobs.job import Job
from .records import Record
from .state import State
from .world import Member


class StatePort:
    """The `JobPort` of a state. Every method may be called from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state

    def transaction(self) -> AbstractContextManager[Any]:
        return self._state.transaction()

    def after_commit(self, action: Callable[[], object]) -> None:
        self._state.after_commit(action)

    def on_undo(self, action: Callable[[], object]) -> None:
        self._state.on_undo(action)

    def now(self) -> float:
        return self._state.clock.now()

    def view(self, job: Job) -> JobView:
        with self._state.lock:
            record = job.record
            return JobView(
                number=record.number,
                kind=record.kind,
                arn=record.arn,
                version=record.version,
                name=record.name,
                owner=record.owner,
                membership=record.membership,
                collaboration=record.collaboration,
                request=copy.deepcopy(job.request),
                data=copy.deepcopy(record.data),
            )

    def get(self, kind: str, arn: str, version: str | None = None) -> Mapping[str, Any]:
        with self._state.lock:
            return copy.deepcopy(self._record(kind, arn, version).data)

    def find(self, kind: str, **members: Any) -> Iterator[Mapping[str, Any]]:
        with self._state.lock:
            found = [
                copy.deepcopy(record.data)
                for record in self._state.records()
                if record.kind == kind
                and all(record.data.get(name) == value for name, value in members.items())
            ]
        return iter(found)

    def members(self, collaboration: str) -> tuple[Member, ...]:
        with self._state.lock:
            room = self._state.world.collaborations[collaboration]
            return tuple(copy.deepcopy(member) for member in room.members.values())

    def number(self, arn: str, version: str | None = None) -> int:
        with self._state.lock:
            return self._record(None, arn, version).number

    def artifacts(self, arn: str, version: str | None = None) -> Path | None:
        with self._state.lock:
            folder = self._record(None, arn, version).artifacts
        return None if folder is None else Path(folder)

    def _record(self, kind: str | None, arn: str, version: str | None) -> Record:
        parts = arn.split(":", 5)[-1].split("/")
        kind = kind or (parts[2] if parts[0] == "membership" and len(parts) > 2 else parts[0])
        record = self._state.find(kind, arn, version)
        if record is None:
            what = f" version {version}" if version else ""
            raise LookupError(f"There is no {kind} {arn}{what}")
        return record
