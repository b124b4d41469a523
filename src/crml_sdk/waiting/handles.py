"""Handles: what to wait for, as a value that can be printed, parsed and used in another process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, cast, overload
from urllib.parse import parse_qsl, quote

from typing_extensions import TypeVar

from ..arns import a, kind_of, membership_in
from ..errors import ArnError
from ..resource_types import RESOURCE_TYPES, ResourceType, shown_by, type_of
from ..versions import (
    BASE,
    LATEST,
    TrainedModelRef,
    VersionSelector,
    as_text,
    replaced,
    text_schema,
)
from .statuses import Goal

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

    from ..operation import Operation

_SCHEME = "crml-wait:1:"

#: The version of a handle that is pinned to the base version, which has no identifier.
BASE_VERSION = "BASE"


M = TypeVar("M", default=Any)
N = TypeVar("N")
M_co = TypeVar("M_co", covariant=True, default=Any)
T_co = TypeVar("T_co", covariant=True)


class Waited(Protocol[M_co]):
    """For type checkers: a value that names something to wait for, by what the wait returns.

    These are handles, `TrainedModelRef` and the models that name a resource with a life cycle: the
    reply of a create or start, a Get response, the row of a list. It does not exist at run time.
    """

    def _waits_for(self) -> M_co: ...


class Listed(Protocol[M_co]):
    """For type checkers: the same, by the type of its row in a list."""

    def _listed_as(self) -> M_co: ...


class _Collected(Protocol[T_co]):
    # A `str` is also a collection of `str`, but its `__contains__` does not take any object.
    def __iter__(self) -> Iterator[T_co]: ...
    def __contains__(self, value: object, /) -> bool: ...


Several = _Collected[T_co] | Iterator[T_co]
"""For type checkers: a list, set, tuple or generator, but not one text."""


@dataclass(frozen=True)
class Handle(Generic[M]):
    """What to wait for.

    ``Handle.parse(str(handle)) == handle``. With its text, another process can resume a wait:
    ``await sdk.wait(text)``. A handle contains no credentials.

    Attributes:
        kind: The resource type, such as ``trained-model`` or ``ml-input-channel``.
        arn: The resource's ARN. Export jobs have none: the ARN of the exported resource.
        version: A version identifier of a trained model, ``"BASE"`` for its base version, or None
            for the version that is the latest when the wait begins.
        membership: The membership to read it through, if it is not the one in the ARN.
        collaboration: The collaboration to read it through instead.
        name: The name of an export job.
        goal: Whether to wait until it finishes, is deleted or is cancelled.
    """

    kind: str
    arn: str
    version: str | None = None
    membership: str | None = None
    collaboration: str | None = None
    name: str | None = None
    goal: Goal = Goal.FINISHED

    if TYPE_CHECKING:

        def _waits_for(self) -> M: ...

    def __post_init__(self) -> None:
        known = RESOURCE_TYPES.get(self.kind)
        if known is None or not known.statuses:
            raise ValueError(f"{self.kind!r} is not a kind of resource to wait for")
        if known.has_name != bool(self.name):
            by = "its name" if known.has_name else "its ARN, not by a name"
            raise ValueError(f"{a(known.noun)} is found by {by}")

    @property
    def resource(self) -> ResourceType:
        """How the service reads and lists this kind of resource, in this handle's scope."""
        own = RESOURCE_TYPES[self.kind]
        if self.collaboration and not self.membership and own.scope == "membership":
            return own.in_collaboration
        return own

    @property
    def scope(self) -> str | None:
        """The membership or collaboration that the calls are made in, where they need one."""
        wanted = self.resource.list.scope
        if wanted == "membership":
            return self.membership or _membership_in(self.arn)
        return self.collaboration if wanted == "collaboration" else None

    @property
    def is_base(self) -> bool:
        """Whether the base version of a trained model is meant."""
        return self.version == BASE_VERSION

    def pinned(self, version: str | None) -> Handle[M]:
        """Make a handle for one version: an identifier, or None for the base version.

        Returns:
            A new handle.
        """
        return replaced(self, version=version or BASE_VERSION)

    def with_goal(self, goal: Goal) -> Handle[M]:
        """Make a handle with another goal.

        Returns:
            A new handle.
        """
        return replaced(self, goal=goal)

    def __str__(self) -> str:
        goal = None if self.goal is Goal.FINISHED else self.goal.value
        parts = {**vars(self), "kind": None, "goal": goal}
        query = "&".join(
            f"{key}={quote(value, safe=':/')}" for key, value in parts.items() if value
        )
        return f"{_SCHEME}{self.kind}?{query}"

    @classmethod
    def parse(cls, text: str) -> Handle[M]:
        """Parse the text of a handle.

        Returns:
            The handle.

        Raises:
            ValueError: The text is not that of a handle, or of a kind that this release does not know.
        """
        if not text.startswith(_SCHEME):
            raise ValueError(f"{text!r} is not a handle ({_SCHEME}...)")
        kind, _, query = text[len(_SCHEME) :].partition("?")
        try:
            parts = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
            if not all(parts.values()):
                raise ValueError("a part of it is empty")
            goal = Goal(parts.pop("goal", Goal.FINISHED.value))
            return cls(kind=kind, goal=goal, **parts)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{text!r} is not a handle: {error}") from None

    @overload
    @classmethod
    def of(cls, what: Waited[N]) -> Handle[N]: ...

    @overload
    @classmethod
    def of(cls, what: str) -> Handle[Any]: ...

    @classmethod
    def of(cls, what: Any) -> Handle[Any]:
        """Make a handle from an ARN, the text of a handle, a ``TrainedModelRef`` or a reply.

        A reply is any model that names a resource with a life cycle: the reply of a create or
        start, a Get response, the row of a list.

        Returns:
            The handle. From a reply it takes the version and the membership as well.

        Raises:
            ArnError: The text is not the ARN of a resource with a life cycle.
            TypeError: ``what`` names nothing that can be waited for.
            ValueError: It names a version by a selector, which must be resolved first.
        """
        if isinstance(what, Handle):
            return cast("Handle[Any]", what)
        if isinstance(what, str):
            if what.startswith(_SCHEME):
                return cls.parse(what)
            if "@" not in what:
                return cls(_kind_in(what), what)
            what = TrainedModelRef.parse(what)
        if isinstance(what, TrainedModelRef):
            return cls._of_reference(what)
        found = cls._of_reply(what)
        if found is None:
            raise TypeError(
                f"{shortened(what)} names nothing that can be waited for: give an ARN, a handle or its"
                " text, a TrainedModelRef, or a reply that names a resource with a life cycle"
            )
        return found

    @classmethod
    def all_of(cls, targets: Any) -> list[Handle[Any]]:
        """Make handles for several targets.

        Args:
            targets: An iterable of values that `of` accepts.

        Returns:
            One handle for each target, in the same order.

        Raises:
            TypeError: It is a single target, or not an iterable.
        """
        own = cast("Any", type(targets))
        single = issubclass(own, (str, bytes, TrainedModelRef, Handle, Mapping))
        if hasattr(own, "__aiter__"):
            raise TypeError("this list has not been read yet: `await` it first, and give its rows")
        if single or not hasattr(own, "__iter__") or hasattr(own, "model_fields"):
            raise TypeError(
                f"{shortened(targets)} is one target, not several: give a list, [target], or use wait()"
            )
        return [cls.of(target) for target in targets]

    @classmethod
    def _of_reference(cls, ref: TrainedModelRef) -> Handle[M]:
        known = RESOURCE_TYPES[_kind_in(ref.trained_model_arn)]
        handle = cls(known.name, ref.trained_model_arn)
        if ref.version is None or ref.version is LATEST:
            return handle
        if known.get_version is None:
            raise ValueError(f"{a(known.noun)} has no versions: {ref}")
        if ref.version is BASE:
            return handle.pinned(None)
        if isinstance(ref.version, VersionSelector):
            raise ValueError(f"{ref} names a version that changes: resolve it first")
        return handle.pinned(ref.version)

    @classmethod
    def _of_reply(cls, reply: Any) -> Handle[M] | None:
        known = next(filter(None, (shown_by(own.__name__) for own in type(reply).__mro__)), None)
        if known is None or not known.statuses:
            return None
        shared = known.scope == "collaboration"
        handle = cls(
            known.name,
            getattr(reply, known.arn),
            membership=None if shared else getattr(reply, "membership_identifier", None),
            collaboration=reply.collaboration_identifier if shared else None,
            name=reply.name if known.has_name else None,
        )
        return handle.pinned(getattr(reply, known.row_version)) if known.row_version else handle

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return text_schema(cls, cls.of)

    def describe(self) -> str:
        """Describe the handle in words: noun, ARN, version and name.

        Returns:
            Text such as `trained model arn:... (version v2)`.
        """
        words = [RESOURCE_TYPES[self.kind].noun]
        if self.name:
            words.append(f"{self.name!r} of")
        words.append(self.arn)
        if self.version:
            words.append("(base version)" if self.is_base else f"(version {self.version})")
        return " ".join(words)


as_text(Handle)


def handle_of(
    operation: Operation,
    target: Any,
    membership: str | None = None,
    *,
    collaboration: str | None = None,
    goal: str | None = None,
) -> Handle:
    """Make the handle for a wait on a resource.

    Args:
        operation: Creates or lists resources of its type.
        target: What `Handle.of` takes.
        membership: The membership to wait through, by its identifier or ARN.
        collaboration: The collaboration to wait through instead.
        goal: What to wait for; that it finishes, unless the target's handle says otherwise.

    Raises:
        ArnError: The target is of another type.
    """
    handle = Handle.of(target)
    wanted = type_of(operation).name
    if handle.kind != wanted:
        raise ArnError(f"{handle.arn!r} is {a(handle.kind)}, not {a(wanted)}")
    if membership is not None:
        handle = replaced(handle, membership=membership_in(membership) or membership)
    if collaboration is not None:
        handle = replaced(handle, membership=None, collaboration=collaboration)
    return handle if goal is None else handle.with_goal(Goal(goal))


def export_handle_of(
    operation: Operation, exported: Any, name: str, collaboration: str | None = None
) -> Handle:
    """Make a handle for an export, which has no identifier and is found by its name."""
    of = Handle.of(exported)
    kind = type_of(operation).name
    return Handle(kind, of.arn, version=of.version, collaboration=collaboration, name=name)


def shortened(given: object) -> str:
    """Describe a bad value for an error: its shortened `repr`, or the name of its model."""
    if hasattr(type(given), "model_fields"):
        return type(given).__name__  # its values may be secret
    text = repr(given)
    return text if len(text) <= 80 else f"{text[:77]}..."


# The same ARNs are parsed again and again.
_membership_in = lru_cache(maxsize=1024)(membership_in)


@lru_cache(maxsize=1024)
def _kind_in(arn: str) -> str:
    known = RESOURCE_TYPES.get(kind_of(arn) or "")
    if known is None or not known.statuses:
        names = sorted(t.name for t in RESOURCE_TYPES.values() if t.statuses and t.has_arn)
        if not arn.startswith("arn:"):
            names = [f"sdk.{RESOURCE_TYPES[name].list.group}" for name in names]
            raise ArnError(
                f"{shortened(arn)} is not an ARN that can be waited for. If it is a name, find the"
                f" resource with `by_name` of its group: {', '.join(names)}"
            )
        raise ArnError(
            f"{arn!r} is not the ARN of a resource that can be waited for ({', '.join(names)})"
        )
    return known.name
