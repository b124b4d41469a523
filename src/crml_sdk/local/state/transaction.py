"""What one transaction has changed so far, and how it is undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .records import Record


@dataclass
class Change:
    """The changes of one transaction. Made by `State.transaction`."""

    counters: tuple[int, int]
    """The last identifier and number when it began."""
    before: dict[int, tuple[Record, tuple[Any, ...] | None]] = field(
        default_factory=dict[int, "tuple[Record, tuple[Any, ...] | None]"]
    )
    """The records it touched, by number, with what they were; None for a record it added."""
    tags: dict[str, dict[str, str] | None] = field(
        default_factory=dict[str, "dict[str, str] | None"]
    )
    """The tags that it touched, as they were."""
    begun: set[int] = field(default_factory=set[int])
    """The records whose jobs it began: their requests are to be saved."""
    parts: set[str] = field(default_factory=set[str])
    """What else it changed: settings, world, progress (clock and counters)."""
    everything: bool = False
    """True if it replaced the whole state."""
    undo: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])
    after: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])

    @property
    def is_empty(self) -> bool:
        return not (self.before or self.tags or self.parts or self.everything)
