"""What waits report: status changes, and how each wait ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypeVar

from .. import errors
from .handles import Handle

M = TypeVar("M", default=Any)
M_co = TypeVar("M_co", covariant=True, default=Any)


@dataclass(frozen=True)
class StatusChange(Generic[M_co]):
    """A new status of a resource.

    Attributes:
        handle: The resource.
        status: The status, as the model's open enum.
        previous: The text of the status before, or None for the first one.
        model: The reply that showed it: a Get response, or the row of a list.
        elapsed: Seconds since the wait began.
    """

    handle: Handle[Any]
    status: Any
    previous: str | None
    model: M_co
    elapsed: float


@dataclass(frozen=True)
class Outcome(Generic[M]):
    """How the wait for one of many ended.

    Attributes:
        handle: What was waited for.
        model: The Get response that showed how it ended. None if a row was enough
            (`details=False`), if the time was up before the Get, or if there is no Get operation.
        error: The error that a `wait` for it alone would have raised, or None.
        elapsed: Seconds since the wait began.
        row: The last row of a list that showed it (its summary), or None.
    """

    handle: Handle[Any]
    model: M | None
    error: Exception | None
    elapsed: float
    row: Any = None

    @property
    def ok(self) -> bool:
        """Whether the wait reached its goal."""
        return self.error is None

    @property
    def _last(self) -> Any:
        return self.row if self.model is None else self.model

    @property
    def status(self) -> Any:
        """The last status that was seen, or None."""
        return getattr(self.error if self._last is None else self._last, "status", None)

    def result(self) -> M:
        """Return the final reply, or raise the error.

        Returns:
            The final Get response, or the row if there is no Get response.

        Raises:
            CleanRoomsMLError: `error`, if it is set.
        """
        if self.error is not None:
            raise self.error
        return self._last


class Outcomes(list[Outcome[M]], Generic[M]):
    """The result of `wait_all`: a list. A notebook shows it as a timeline, from create to end."""

    def raise_for_failures(self) -> Outcomes[M]:
        """Raise an error if any wait failed.

        Returns:
            These outcomes.

        Raises:
            WaitsFailed: Some waits failed. `error.failures` has their outcomes, and the first of
                their errors is its cause.
        """
        failures = [outcome for outcome in self if outcome.error is not None]
        if failures:
            raise errors.WaitsFailed(failures, len(self)) from failures[0].error
        return self

    def to_svg(self) -> str:
        """Draw the timeline as SVG.

        Returns:
            The text of the SVG.
        """
        from ..display.timelines import svg

        return svg(self)

    def _repr_html_(self) -> str:
        return self.to_svg()
