"""The stand-in's own clock: real time by default, and a test can hold it and push it forward."""

from __future__ import annotations

import time
from collections.abc import Callable


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
        self._wall = wall
        self._speed = speed
        self._anchor_wall = wall()
        self._anchor = self._anchor_wall if start is None else start
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
        return self._anchor + max(0.0, self._wall() - self._anchor_wall) * self._speed

    def advance(self, seconds: float) -> float:
        """Moves the clock forward and returns the new time. `seconds` must not be negative."""
        if seconds < 0:
            raise ValueError("The local clock does not go back")
        self._settle(self.now() + seconds)
        return self._anchor

    def move_to(self, moment: float) -> float:
        """Moves the clock forward to an epoch second; a moment already past changes nothing."""
        now = self.now()
        self._settle(max(now, moment))
        return self._anchor

    def hold(self) -> None:
        """Stops the clock where it is."""
        self._settle(self.now())
        self._held = True

    def release(self) -> None:
        """Lets the clock follow real time again, from where it is."""
        self._settle(self.now())
        self._held = False

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
