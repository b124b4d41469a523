"""The stand-in's own clock: real time by default, and a test can hold it and push it forward."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

# The last second of the year 8999: dates that replies show end with the year 9999, and what
# expires does so within days.
LAST_MOMENT = 221_845_391_999.0


class LocalClock:
    """Epoch seconds, as the stand-in sees them.

    It follows real time (times `speed`) until it is held. `advance` moves it forward at once,
    held or not. It never goes back. `wall` is the real clock underneath, injectable for tests.
    """

    def __init__(
        self,
        *,
        start: float | None = None,
        held: bool = False,
        speed: float = 1.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not (math.isfinite(speed) and speed > 0):
            raise ValueError("The speed of the local clock must be a number above 0")
        self._wall = wall
        self._speed = speed
        self._anchor_wall = wall()
        self._anchor = self._anchor_wall if start is None else _checked(start)
        self._held = held
        self._last_stamp = 0.0

    @property
    def held(self) -> bool:
        """True while only `advance` moves the clock."""
        return self._held

    def now(self) -> float:
        """The time, in epoch seconds."""
        if self._held:
            return self._anchor
        moved = max(0.0, self._wall() - self._anchor_wall) * self._speed
        return min(self._anchor + moved, LAST_MOMENT)

    def advance(self, seconds: float) -> float:
        """Moves the clock forward and returns the new time.

        Raises ValueError for seconds that are negative or no number, or lead beyond the year 8999.
        """
        if not seconds >= 0:
            raise ValueError("The local clock does not go back: advance takes seconds from 0 up")
        self._settle(_checked(self.now() + seconds))
        return self._anchor

    def move_to(self, moment: float) -> float:
        """Moves the clock forward to an epoch second; a moment already past changes nothing.

        Raises ValueError for a moment that is no number or beyond the year 8999.
        """
        self._settle(max(self.now(), _checked(moment)))
        return self._anchor

    def hold(self) -> None:
        """Stops the clock where it is."""
        self._settle(self.now())
        self._held = True

    def release(self) -> None:
        """Lets the clock follow real time again, from where it is."""
        self._settle(self.now())
        self._held = False

    def to_json(self) -> dict[str, Any]:
        """Where the clock is: what `restore` needs in another process."""
        now = self.now()
        return {"now": now, "held": self._held, "ahead": 0.0 if self._held else now - self._wall()}

    def restore(self, document: Mapping[str, Any]) -> None:
        """Goes on from where another clock was: there if it was held, else as far ahead of real
        time.

        Raises ValueError, KeyError or TypeError for a document that is none.
        """
        now, held = _checked(float(document["now"])), bool(document["held"])
        ahead = _checked(max(now, self._wall() + float(document.get("ahead", 0.0))))
        self._held = held
        self._settle(now if held else ahead)

    def stamp(self) -> float:
        """A time for a record: now, and always later than the stamp before it.

        The distance is at least a microsecond, the finest that a reply shows, so that "newest by
        create time" has one answer even while the clock is held.
        """
        moment = round(max(self.now(), self._last_stamp + 1e-6), 6)
        if moment <= self._last_stamp:  # the float next to it rounds back at this magnitude
            moment = round(self._last_stamp + 2e-6, 6)
        self._last_stamp = moment
        return moment

    def _settle(self, moment: float) -> None:
        self._anchor_wall = self._wall()
        self._anchor = moment


def _checked(moment: float) -> float:
    if not (math.isfinite(moment) and moment <= LAST_MOMENT):
        raise ValueError("The local clock ends with the year 8999")
    return moment
