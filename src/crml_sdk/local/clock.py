"""The clock of the local service: real time by default. Tests can stop it and move it forward."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

# The last second of the year 8999. Dates in replies end with the year 9999, and resources expire
# within days.
LAST_MOMENT = 221_845_391_999.0


class LocalClock:
    """The time of the local service, in epoch seconds.

    It follows real time, multiplied by `speed`, until it is held. `advance` moves it forward, whether it
    is held or not. It never goes back. `wall` is the real clock, which tests can replace.
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
            raise ValueError("the speed of the local clock must be a number greater than 0")
        self._wall = wall
        self._speed = speed
        self._anchor_wall = wall()
        self._anchor = self._anchor_wall if start is None else _checked(start)
        self._held = held
        self._last_stamp = 0.0

    @property
    def held(self) -> bool:
        """Whether only `advance` moves the clock."""
        return self._held

    def now(self) -> float:
        """The time, in epoch seconds."""
        if self._held:
            return self._anchor
        moved = max(0.0, self._wall() - self._anchor_wall) * self._speed
        return min(self._anchor + moved, LAST_MOMENT)

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the new time.

        Raises:
            ValueError: The seconds are negative or not a number, or lead to a time after the year 8999.
        """
        if not seconds >= 0:
            raise ValueError("the local clock cannot go back: advance needs seconds of 0 or more")
        self._settle(_checked(self.now() + seconds))
        return self._anchor

    def move_to(self, moment: float) -> float:
        """Move the clock forward to a time in epoch seconds. An earlier time changes nothing.

        Raises:
            ValueError: The time is not a number, or is after the year 8999.
        """
        self._settle(max(self.now(), _checked(moment)))
        return self._anchor

    def hold(self) -> None:
        """Stop the clock."""
        self._settle(self.now())
        self._held = True

    def release(self) -> None:
        """Let the clock follow real time again."""
        self._settle(self.now())
        self._held = False

    def to_json(self) -> dict[str, Any]:
        """The position of the clock, for `restore` in another process."""
        now = self.now()
        return {"now": now, "held": self._held, "ahead": 0.0 if self._held else now - self._wall()}

    def restore(self, document: Mapping[str, Any]) -> None:
        """Continue from the position of another clock.

        A held clock stays held. Otherwise this clock is as far ahead of real time as the other one.

        Raises:
            ValueError, KeyError, TypeError: The document is invalid.
        """
        now, held = _checked(float(document["now"])), bool(document["held"])
        ahead = _checked(max(now, self._wall() + float(document.get("ahead", 0.0))))
        self._held = held
        self._settle(now if held else ahead)

    def stamp(self) -> float:
        """A time for a record, which is later than all earlier ones.

        The distance is at least a microsecond, which is the precision of replies, so that the newest record
        is always clear, even while the clock is held.
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
        raise ValueError("the local clock ends with the year 8999")
    return moment
