"""What waiting tells: changes of a status, how each wait ended, and the errors it ended with."""

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
    """A status that was seen for the first time, or instead of another.

    Attributes:
        handle: Whose status it is.
        status: The status, as the model's open enum.
        previous: The text of the one before, or None for the first that was seen.
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
        model: The Get response that showed how it ended, or None: where a row was enough
            (`details=False`), where the time was up before the Get, where there is no Get.
        error: None, or the error that a `wait` for it alone would have raised.
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
        """What was waited for came about."""
        return self.error is None

    @property
    def _last(self) -> Any:
        return self.row if self.model is None else self.model

    @property
    def status(self) -> Any:
        """The last status that was seen, or None."""
        return getattr(self.error if self._last is None else self._last, "status", None)

    def result(self) -> M:
        """The model, or the row where there is only that; raises the error if there is one.

        Returns:
            The final Get response, or the row.
        """
        if self.error is not None:
            raise self.error
        return self._last


class Outcomes(list[Outcome[M]], Generic[M]):
    """What `wait_all` gives: a list that a notebook shows as a timeline, from create to end."""

    def raise_for_failures(self) -> Outcomes[M]:
        """Nothing if all ended well (and the list itself, to go on with).

        Returns:
            These outcomes.

        Raises:
            WaitsFailed: Some did not; `error.failures` are their outcomes, and the first of
                their errors is its cause.
        """
        failures = [outcome for outcome in self if outcome.error is not None]
        if failures:
            raise errors.WaitsFailed(failures, len(self)) from failures[0].error
        return self

    def to_svg(self) -> str:
        """The timeline as an SVG picture.

        Returns:
            The picture's text.
        """
        from ..display.timelines import svg

        return svg(self)

    def _repr_html_(self) -> str:
        return self.to_svg()
