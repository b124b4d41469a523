"""Whether a request made a resource: its settings compared with those that the service shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic.alias_generators import to_snake as _python

if TYPE_CHECKING:
    from .model import Model

# Incremental channels are shown by the name of their model: `request_search` compares them.
_NOT_SETTINGS: Final = ("membershipIdentifier", "name", "incrementalTrainingDataChannels")
_VERSION: Final = "trainedModelVersionIdentifier"
# The caller writes all of these: the service adds no defaults.
_WHOLE: Final = ("hyperparameters", "environment", "parameters")
# Shown although the request has none, these come from another request.
_NO_DEFAULT: Final = ("hyperparameters", "environment", "description", "kmsKeyArn")


def compare(
    params: Mapping[str, Any], details: Model, *, unshown_fits: bool = False
) -> tuple[str | None, tuple[str, ...]]:
    """Compare a request with what the service shows of a resource.

    What is shown beyond the request is a default, except where there can be none.

    Args:
        params: The request by wire names.
        details: The Get response, or the row.
        unshown_fits: Whether a member that the service leaves out counts as the same.

    Returns:
        The path of the first setting that differs, or None; and the settings that are not shown.
    """
    shown: dict[str, Any] = details.model_dump(by_alias=True)
    unseen: list[str] = []
    for name, value in params.items():
        if name in _NOT_SETTINGS:
            continue
        there = shown.get(name)
        optional = name == "tags" or (unshown_fits and name != _VERSION)
        if _python(name) not in type(details).model_fields or (there is None and optional):
            unseen.append(_python(name))
        elif (setting := _different(value, there, name)) is not None:
            return setting, tuple(unseen)
    for name in _NO_DEFAULT:
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
    if isinstance(sent, Mapping) and isinstance(shown, Mapping):
        parts = cast("Mapping[str, Any]", sent)
        there = cast("Mapping[str, Any]", shown)
        if name in _WHOLE:
            return None if parts == there else path
        if name == "tags":
            return None if parts.items() <= there.items() else path
        inner = (_different(value, there.get(key), key) for key, value in parts.items())
        return next((f"{path}.{part}" for part in inner if part is not None), None)
    if isinstance(sent, list) and isinstance(shown, list):
        same = _same_items(cast("list[Any]", sent), cast("list[Any]", shown), name)
        return None if same else path
    if isinstance(sent, datetime) and sent.tzinfo is None:
        sent = sent.replace(tzinfo=timezone.utc)  # as it is sent
    return None if sent == shown else path


def _same_items(sent: Sequence[Any], shown: Sequence[Any], name: str) -> bool:
    """Whether two lists hold the same, in whichever order."""
    left = list(shown)
    for value in sent:
        same = [i for i, other in enumerate(left) if _different(value, other, name) is None]
        if not same:
            return False
        del left[same[0]]
    return not left
