"""What all generated models share."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from .naming import to_wire

if TYPE_CHECKING:
    from typing_extensions import Self

    from .metadata import ResponseMetadata
    from .resuming import Resumed
    from .versions import TrainedModelRef

_UNKNOWN = "UNKNOWN_VALUE"


class OpenEnum(str, Enum):
    """A documented set of strings to which the service may add.

    A value that is not documented yet parses into a pseudo member: it compares, hashes and prints
    like the string, and its `is_known` is False.
    """

    __str__ = str.__str__
    __format__ = str.__format__

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = _UNKNOWN
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether the value stood in the service model this release was generated from."""
        return self._name_ != _UNKNOWN


def _base_as_none(value: Any) -> Any:
    return None if value == "NULL" else value


VersionIdentifier = Annotated[str | None, BeforeValidator(_base_as_none)]
"""A version identifier; the base version, absent or the string "NULL" on the wire, is None."""

Timestamp = datetime
"""A time with its zone, ISO 8601 on the wire."""


def _from_epoch(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, timezone.utc)
    return value


EpochTimestamp = Annotated[datetime, BeforeValidator(_from_epoch)]
"""A time with its zone, seconds since the epoch on the wire: so AWS Clean Rooms sends it."""


class Model(BaseModel, frozen=True):
    """A documented structure: frozen, snake_case attributes, wire names as aliases.

    Open towards the service of next year: unknown members are kept (`model_extra`).
    """

    __slots__ = ("_response_metadata", "_resumed")

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow",
        defer_build=True,
        alias_generator=to_wire,
        validate_by_name=True,
        validate_by_alias=True,
        protected_namespaces=(),
        # Environments, hyperparameters and queries may hold secrets; Pydantic would print them.
        hide_input_in_errors=True,
    )

    @property
    def response_metadata(self) -> ResponseMetadata | None:
        """Request id, status, headers and attempts of the reply this model was parsed from.

        None on a model that was not itself a reply (a part of one, a copy, one made by hand).
        """
        return getattr(self, "_response_metadata", None)

    @property
    def resumed(self) -> Resumed | None:
        """What an earlier try had made, when a call with `resume` found it; None otherwise."""
        return getattr(self, "_resumed", None)

    if not TYPE_CHECKING:  # for type checkers a missing attribute stays a fault

        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                pass
            from .hints import NoAttribute

            raise NoAttribute(type(self), name)

        def __getitem__(self, name: Any) -> Any:
            from .hints import like_a_dict

            raise TypeError(like_a_dict(type(self), name))

    def __hash__(self) -> int:
        try:
            return hash((type(self), *(getattr(self, name) for name in type(self).model_fields)))
        except TypeError:
            own = type(self)
            found = [name for name in own.model_fields if name.endswith("_arn")]
            instead = "ref" if hasattr(own, "ref") else found[0] if found else "model_dump_json()"
            raise TypeError(
                f"{own.__name__} holds lists or maps, so it has no hash; use its `{instead}`"
            ) from None

    def model_dump(  # type: ignore[override]
        self,
        *,
        by_alias: bool | None = None,
        exclude_unset: bool | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Like Pydantic's, except that `by_alias=True` gives the documented JSON.

        Documented JSON has no nulls for members that were left out, so `exclude_unset` defaults to
        what `by_alias` says.

        Returns:
            The members as a dict.
        """
        unset = bool(by_alias) if exclude_unset is None else exclude_unset
        return super().model_dump(by_alias=by_alias, exclude_unset=unset, **options)

    def model_dump_json(  # type: ignore[override]
        self,
        *,
        by_alias: bool | None = None,
        exclude_unset: bool | None = None,
        **options: Any,
    ) -> str:
        """Like Pydantic's, with the same default for `exclude_unset` as `model_dump`.

        Returns:
            The members as JSON.
        """
        unset = bool(by_alias) if exclude_unset is None else exclude_unset
        return super().model_dump_json(by_alias=by_alias, exclude_unset=unset, **options)


M = TypeVar("M")
R_co = TypeVar("R_co", covariant=True)


def with_mark(model: M, resumed: Resumed | None) -> M:
    """A model that says what it was resumed from."""
    if resumed is not None and isinstance(model, Model):
        object.__setattr__(model, "_resumed", resumed)
    return model


class UnionModel(Model, frozen=True):
    """A documented union: exactly one member is set."""

    @property
    def member(self) -> str | None:
        """The name of the member that is set; a wire name when this release does not know it."""
        for name in type(self).model_fields:
            if getattr(self, name) is not None:
                return name
        return next(iter(self.model_extra or ()), None)

    @property
    def is_known(self) -> bool:
        """Whether the member that is set was documented when this release was generated."""
        return self.member in type(self).model_fields


class Asks(Protocol[R_co]):
    """For type checkers: a request model, by the reply that it asks for."""

    def _asks_for(self) -> R_co: ...


class RequestModel(Model, frozen=True):
    """The input of an operation, sent by `sdk.call`. Its constraints are checked when it is made."""

    def model_post_init(self, context: Any, /) -> None:
        from .checking import check_request, shape_of

        faults = check_request(shape_of(type(self)), self)
        if faults:
            raise ValueError("; ".join(str(fault) for fault in faults))


class VersionedChannel:
    """The channel through which a version was trained from an earlier one."""

    if TYPE_CHECKING:
        version_identifier: str | None

    @property
    def is_base(self) -> bool:
        """Whether the base version is named, which has no identifier."""
        return self.version_identifier is None


class Versioned(VersionedChannel):
    """Shapes that name one version of a trained model."""

    if TYPE_CHECKING:
        trained_model_arn: str

    @property
    def ref(self) -> TrainedModelRef:
        """This version as a reference, to be stored or used wherever an ARN is."""
        from .versions import TrainedModelRef

        return TrainedModelRef.of(self.trained_model_arn, self.version_identifier)


class OnTrainedModel:
    """Jobs that run on one version of a trained model."""

    if TYPE_CHECKING:
        trained_model_arn: str
        trained_model_version_identifier: str | None

    @property
    def trained_model_ref(self) -> TrainedModelRef:
        """The version that the job runs on; the base version when the reply names none."""
        from .versions import TrainedModelRef

        return TrainedModelRef.of(self.trained_model_arn, self.trained_model_version_identifier)
