"""Who listens to a client's events.

What is left out of a call may be left out only while nobody watches it. The event system itself
tells: it remembers the handlers of each event it has seen, and begins a new memory when a handler
comes or goes.
"""

from __future__ import annotations

from typing import Any


class Listeners:
    """The handlers of a client's events, by the event's full name."""

    def __init__(self, events: Any) -> None:
        self._emitter = events._emitter

    @property
    def seen(self) -> Any:
        """The emitter's memory: the same object until a handler comes or goes."""
        return self._emitter._lookup_cache

    def of(self, event: str) -> Any:
        """The handlers that `event` would call, in order."""
        emitter = self._emitter
        found = emitter._lookup_cache.get(event)
        if found is None:
            found = emitter._lookup_cache[event] = emitter._handlers.prefix_search(event)
        return found
