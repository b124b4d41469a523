"""Whether a resource was made by a request: the request's settings beside what the service shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from pydantic.alias_generators import to_snake as _python

from .creating import moment
from .naming import to_wire

_NOT_SETTINGS: Final = ("membershipIdentifier", "name", "incrementalTrainingDataChannels")
_VERSION: Final = "trainedModelVersionIdentifier"
# What is in these is the caller's own: there are no defaults that the service might add.
_OWN: Final = ("hyperparameters", "environment", "parameters")
# Shown although it was not asked for, these were asked for by somebody else.
_WITHOUT_DEFAULT: Final = ("hyperparameters", "environment", "description", "kmsKeyArn")


def compare(params: Mapping[str, Any], details: Any) -> tuple[str | None, tuple[str, ...]]:
    """A request beside what the service shows of a resource.

    What is shown beyond the request is a default, except where there can be none.

    Args:
        params: The request by wire names.
        details: The Get response, or the row.

    Returns:
        The first setting that differs, by its path, or None; and the settings that are not shown.
    """
    shown: dict[str, Any] = details.model_dump(by_alias=True)
    fields: Mapping[str, Any] = cast("Any", type(details)).model_fields
    known = {to_wire(name) for name in fields}
    unseen: list[str] = []
    for name, value in params.items():
        if name in _NOT_SETTINGS:
            continue
        there = shown.get(name)
        if name not in known or (name == "tags" and there is None):
            unseen.append(_python(name))
        elif (setting := _different(value, there, name)) is not None:
            return setting, tuple(unseen)
    for name in _WITHOUT_DEFAULT:
        if shown.get(name) and not params.get(name):
            return _python(name), tuple(unseen)
    if shown.get(_VERSION) and not params.get(_VERSION):
        unseen.append("version")  # the service has chosen it
    return None, tuple(unseen)


def _different(sent: Any, shown: Any, name: str) -> str | None:
    """The path of the first part that differs, or None."""
    path = _python(name)
    if not sent and not shown and sent in (None, "", {}, []):
        return None
    if isinstance(sent, Mapping):
        parts = cast("Mapping[str, Any]", sent)
        if not isinstance(shown, Mapping):
            return path
        there = cast("Mapping[str, Any]", shown)
        if name in _OWN:
            return None if dict(parts) == dict(there) else path
        if name == "tags":
            return None if all(there.get(k) == v for k, v in parts.items()) else path
        inner = (_different(value, there.get(key), key) for key, value in parts.items())
        return next((f"{path}.{part}" for part in inner if part is not None), None)
    if isinstance(sent, Sequence) and not isinstance(sent, str | bytes):
        return None if _same_items(cast("Sequence[Any]", sent), shown, name) else path
    if isinstance(sent, datetime) or isinstance(shown, datetime):
        return None if moment(sent) == moment(shown) else path
    return None if sent == shown else path


def _same_items(sent: Sequence[Any], shown: Any, name: str) -> bool:
    """Whether two lists hold the same, in whichever order."""
    if not isinstance(shown, Sequence) or isinstance(shown, str | bytes):
        return False
    left: list[Any] = list(cast("Sequence[Any]", shown))
    for value in sent:
        match = next(
            (i for i, other in enumerate(left) if _different(value, other, name) is None), None
        )
        if match is None:
            return False
        del left[match]
    return not left
