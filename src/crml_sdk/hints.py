"""Hints in errors: what the caller probably meant. They are worked out only when an error is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

_FROM_BOTO3: Final = {
    "get_paginator": "lists page by themselves: `async for row in sdk.trained_models.list()`",
    "get_waiter": "each group waits for its own: `await sdk.trained_models.wait(arn)`",
    "exceptions": "the errors are in `crml_sdk.errors`",
}
# What others call a method; the first that the group has is meant.
_OTHER_WORDS: Final = {
    "create": ("start",),
    "create_and_wait": ("train", "run"),
    "find": ("by_name",),
    "latest_version": ("latest",),
    "newest": ("latest",),
    "start": ("create",),
    "start_and_wait": ("run", "train"),
    "stop": ("cancel",),
    "train_and_wait": ("train",),
}
_LIKE_A_DICT: Final = ("get", "keys", "values", "items")


class NoAttribute(AttributeError):
    """The object has no such attribute.

    The hint is worked out when the error is printed, so `hasattr` and `getattr` with a default stay
    quick.
    """

    def __init__(self, owner: type[Any], given: str) -> None:
        super().__init__(f"{owner.__name__!r} object has no attribute {given!r}")
        self._owner, self._given = owner, given

    def __str__(self) -> str:
        hint = "" if self._given.startswith("_") else _meant(self._owner, self._given)
        return f"{self.args[0]}{hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        return NoAttribute, (self._owner, self._given)


class Suggesting:
    """Adds a hint to the error for an attribute that does not exist."""

    if not TYPE_CHECKING:  # for type checkers a missing attribute stays a fault

        def __getattr__(self, name: str) -> Any:
            raise NoAttribute(type(self), name)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Suggest the most similar name.

    Args:
        given: The name that was given, perhaps in camelCase or in another case.
        known: The names there are.

    Returns:
        The suggestion in brackets, after a space; an empty string when no name is similar.
    """
    near = nearest(given, known)
    return f" (did you mean {near[0]!r}?)" if near else ""


def nearest(given: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The names that are similar to one, the most similar first."""
    import difflib

    plain = {_plain(name): name for name in known}
    if same := plain.get(_plain(given)):
        return [same]
    if len(given) > 3 and (longer := [plain[one] for one in plain if one.startswith(f"{given}_")]):
        return longer[:most]
    return [plain[name] for name in difflib.get_close_matches(_plain(given), plain, n=most)]


def _plain(name: str) -> str:
    """A name in snake_case and lower case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _meant(owner: type[Any], given: str) -> str:
    fields: dict[str, Any] | None = getattr(owner, "model_fields", None)
    if fields is not None and given in _LIKE_A_DICT:
        return (
            ": a model is not a dict. Its members are attributes, and model_dump() returns a dict"
        )
    if fields is None and given in _FROM_BOTO3:
        return f": {_FROM_BOTO3[given]}"
    if fields is None and (method := _method_for(given)):
        return f": it is `sdk.{method}(...)`"
    for word in _OTHER_WORDS.get(_plain(given), ()) if fields is None else ():
        if hasattr(owner, word):
            return f" (did you mean {word!r}?)"
    return did_you_mean(given, fields or [name for name in dir(owner) if name[0] != "_"])


def like_a_dict(owner: type[Any], given: object) -> str:
    """The error for `model["member"]`: what to write instead."""
    known = owner.model_fields
    near = nearest(given, known) if isinstance(given, str) else []
    member = f"`.{near[0]}`" if near else "such as `." + next(iter(known), "model_extra") + "`"
    return f"{owner.__name__} is a model, not a dict: its members are attributes, {member}"


def _method_for(given: str) -> str | None:
    """The method for an operation, by its name on a boto3 client."""
    from .api import operations
    from .operation import Operation

    for one in vars(operations).values():
        if isinstance(one, Operation) and _plain(one.name) == _plain(given):
            scope = "collaboration(id)." if one.scope == "collaboration" else ""
            return f"{scope}{one.group}.{one.method}"
    return None
