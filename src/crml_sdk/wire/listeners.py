"""Who listens to a client's events.

Everything that may be left out of a call may be left out only while nobody watches it. The event
system itself tells: it keeps the list of handlers of each event it has seen, and makes a new one
when a handler comes or goes.
"""

from __future__ import annotations

from typing import Any


class Listeners:
    """The handlers of a client's events, by the event's full name."""

    def __init__(self, events: Any) -> None:
        self._emitter = events._emitter

    def of(self, event: str) -> Any:
        """The handlers that `event` would call, in order. The same object until one changes."""
        emitter = self._emitter
        found = emitter._lookup_cache.get(event)
        if found is None:
            found = emitter._lookup_cache[event] = emitter._handlers.prefix_search(event)
        return found
