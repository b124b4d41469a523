"""Where the state is saved: nowhere, or in a SQLite file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..service.failures import ServiceFailure
from ..service.schema import JsonObject


class UnreadableState(ValueError):
    """A state file that is not one, is damaged, is in use, or is of a version not known here."""


class Unsaved(ServiceFailure):
    """A change could not be saved and was undone (500)."""


@dataclass
class SavedRecord:
    """A record to be saved. `request` is the request of its job; None leaves the saved one."""

    number: int
    kind: str
    key: str
    version: str | None
    owner: str
    document: JsonObject
    request: JsonObject | None = None


@dataclass
class Batch:
    """What one transaction changed: to be saved whole or not at all.

    `everything` means that nothing saved before is to stay. A tag entry of None is removed.
    """

    records: list[SavedRecord] = field(default_factory=list[SavedRecord])
    removed: list[int] = field(default_factory=list[int])
    tags: Mapping[str, dict[str, str] | None] = field(
        default_factory=dict[str, "dict[str, str] | None"]
    )
    parts: Mapping[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    """The settings, the world, and how far clock and counters are, by name."""
    everything: bool = False
    last_id: int = 0
    """How many identifiers were made."""
    now: float = 0.0
    """The local clock's time."""


class Store(Protocol):
    """Keeps a state across the end of the process."""

    @property
    def keeps(self) -> bool:
        """False if nothing is kept, so that nothing need be prepared for it."""
        ...

    def load(self) -> JsonObject | None:
        """What was saved, in the form of `document.to_document`; None if there is nothing yet.

        Raises `UnreadableState`.
        """
        ...

    def commit(self, batch: Batch) -> None:
        """Saves a batch. Raises `Unsaved` if it cannot; nothing of it is saved then."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class NoStore:
    """Saves nothing. The state ends with the process."""

    keeps = False

    def load(self) -> JsonObject | None:
        return None

    def commit(self, batch: Batch) -> None:
        pass

    def close(self) -> None:
        pass


class ClosedStore(NoStore):
    """Replaces a closed store. Nothing can be saved any more."""

    keeps = True

    def commit(self, batch: Batch) -> None:
        raise Unsaved("The change was undone: the local service is closed")
