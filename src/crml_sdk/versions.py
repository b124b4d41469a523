"""Versions of trained models: selectors, references, which one is newest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from .errors import CleanRoomsMLError, NoSuchVersion, RequestFault, RequestValidationError
from .hints import nearest

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic_core import CoreSchema
    from typing_extensions import Self

    from .models import GetTrainedModelResponse, TrainedModelSummary


V = TypeVar("V")


class VersionSelector(Enum):
    """A version by its role instead of its identifier."""

    LATEST = "latest"
    LATEST_ACTIVE = "latest-active"
    BASE = "base"

    def __repr__(self) -> str:
        return self.name

    @classmethod
    def _missing_(cls, value: object) -> VersionSelector | None:
        """A selector's value and its name both mean it, in whichever case."""
        text = value.lower().replace("_", "-") if isinstance(value, str) else None
        return next((selector for selector in cls if selector.value == text), None)


LATEST: Final = VersionSelector.LATEST
"""The newest version, whatever its status."""

LATEST_ACTIVE: Final = VersionSelector.LATEST_ACTIVE
"""The newest version that is ACTIVE, so that it can be used."""

BASE: Final = VersionSelector.BASE
"""The first version of the model, the one without an identifier."""

BaseSelector = Literal[VersionSelector.BASE]


@dataclass(frozen=True)
class TrainedModelRef:
    """One version of a trained model as text: `ARN@version`. Accepted wherever an ARN is.

    Attributes:
        trained_model_arn: The model.
        version: An identifier, a selector, or None when no version is meant.
    """

    trained_model_arn: str
    version: str | VersionSelector | None = None

    if TYPE_CHECKING:

        def _waits_for(self) -> GetTrainedModelResponse | TrainedModelSummary: ...
        def _listed_as(self) -> TrainedModelSummary: ...

    def __post_init__(self) -> None:
        if self.version is not None and not isinstance(self.version, VersionSelector):
            object.__setattr__(self, "version", parse_version(self.version))

    @classmethod
    def of(cls, trained_model_arn: str, version_identifier: str | None) -> Self:
        """The reference to a version as replies name it: None is the base version."""
        return cls(trained_model_arn, BASE if version_identifier is None else version_identifier)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ARN`, `ARN@IDENTIFIER`, `ARN@latest`, `ARN@latest-active` or `ARN@base`.

        Returns:
            The reference; `str()` gives the text back.

        Raises:
            RequestValidationError: When the version is nearly a selector.
        """
        arn, at, version = text.partition("@")
        return cls(arn, version if at else None)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return text_schema(cls, cls._checked)

    @classmethod
    def _checked(cls, text: str) -> Self:
        from .arns import Arn

        ref = cls.parse(text)
        Arn.parse(ref.trained_model_arn, expect="trained-model")
        return ref

    @property
    def is_base(self) -> bool:
        """Whether the base version is meant."""
        return self.version is BASE

    def __str__(self) -> str:
        if self.version is None:
            return self.trained_model_arn
        shown = self.version.value if isinstance(self.version, VersionSelector) else self.version
        return f"{self.trained_model_arn}@{shown}"


def as_text(kind: type[Any]) -> None:
    """Make a frozen dataclass one whole: what takes dataclasses apart would not see that it is text.

    So pydantic-settings would read JSON from a variable, and Pydantic a dict for `Handle[M]`.
    """
    del kind.__dataclass_fields__
    kind.__replace__ = replaced  # for `copy.replace`


def replaced(value: V, **changes: Any) -> V:
    """A copy of such a value with other attributes."""
    return type(value)(**{**vars(value), **changes})


as_text(TrainedModelRef)


def parse_version(text: str) -> str | VersionSelector:
    """Read a selector or an identifier, as it stands behind the `@` of a reference.

    Returns:
        The selector that the text is the value or the name of; else the text.

    Raises:
        RequestValidationError: When the text is nearly that of a selector, or blank; or no text.
    """
    given: Any = text  # at run time it may be anything
    with suppress(ValueError):
        return VersionSelector(given)
    is_text = isinstance(given, str) and bool(given.strip())
    selectors = [selector.value for selector in VersionSelector]
    near = nearest(text.replace("_", "-"), selectors) if is_text else []
    if is_text and not near:
        return text
    fault = RequestFault(
        "version",
        f"is no version; did you mean {near[0]!r}?" if near else "is no version",
        repr(text),
        "an identifier, LATEST, LATEST_ACTIVE or BASE",
    )
    raise RequestValidationError("version", [fault])


def text_schema(kind: type[Any], parse: Callable[[str], Any]) -> CoreSchema:
    """How Pydantic reads a value from its text, and writes it as that text into JSON."""
    from pydantic_core import core_schema

    def read(text: str) -> Any:
        try:
            return parse(text)
        except CleanRoomsMLError as error:
            raise ValueError(str(error)) from None

    from_text = core_schema.no_info_after_validator_function(read, core_schema.str_schema())
    return core_schema.json_or_python_schema(
        json_schema=from_text,
        python_schema=core_schema.union_schema([core_schema.is_instance_schema(kind), from_text]),
        serialization=core_schema.to_string_ser_schema(),
    )


def newest_first(rows: Iterable[Any]) -> list[Any]:
    """Rows by the time they were created, newest first, never by their order in the list.

    Of two made at the same moment the base version is the older one: it was there before.
    """

    def age(row: Any) -> tuple[datetime, bool, datetime, str]:
        identifier: str | None = row.version_identifier
        return row.create_time, identifier is not None, row.update_time, identifier or ""

    return sorted(rows, key=age, reverse=True)


_MEANING: Final[dict[VersionSelector, tuple[str, Callable[[Any], bool]]]] = {
    LATEST: ("listed", lambda row: True),
    LATEST_ACTIVE: ("ACTIVE", lambda row: row.status == "ACTIVE"),
    BASE: ("the base version", lambda row: row.version_identifier is None),
}


def select(rows: Iterable[Any], selector: VersionSelector, trained_model_arn: str) -> Any:
    """The row that a selector means.

    Raises:
        NoSuchVersion: No row matches. The error names the newest one.
    """
    wanted, matches = _MEANING[selector]
    ordered = newest_first(rows)
    for row in filter(matches, ordered):
        return row
    newest = ordered[0] if ordered else None
    raise NoSuchVersion(
        trained_model_arn,
        wanted,
        newest=newest and newest.ref,
        status=newest and str(newest.status),
    )
