"""Typed async SDK for AWS Clean Rooms ML.

Importing the package costs next to nothing: its names load what they need when they are first used.
"""

from __future__ import annotations

from importlib import import_module

# Type checkers read this name as true. Not imported: `typing` alone would cost more than all of this.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any, Final

    from . import errors as errors
    from . import models as models
    from . import types as types
    from .arns import Arn as Arn
    from .client import CleanRoomsML as CleanRoomsML
    from .client import CollaborationScope as CollaborationScope
    from .client import MembershipScope as MembershipScope
    from .display import show as show
    from .display import to_records as to_records
    from .lineage import Lineage as Lineage
    from .metadata import ResponseMetadata as ResponseMetadata
    from .pagination import Page as Page
    from .pagination import Paginator as Paginator
    from .versions import BASE as BASE
    from .versions import LATEST as LATEST
    from .versions import LATEST_ACTIVE as LATEST_ACTIVE
    from .versions import TrainedModelRef as TrainedModelRef
    from .versions import VersionSelector as VersionSelector
    from .waiting import Handle as Handle
    from .waiting import Outcome as Outcome
    from .waiting import StatusChange as StatusChange

__version__ = "0.1.0"

_HOMES: Final = {
    "Arn": "arns",
    "BASE": "versions",
    "CleanRoomsML": "client",
    "CollaborationScope": "client",
    "Handle": "waiting",
    "LATEST": "versions",
    "LATEST_ACTIVE": "versions",
    "Lineage": "lineage",
    "MembershipScope": "client",
    "Outcome": "waiting",
    "Page": "pagination",
    "Paginator": "pagination",
    "ResponseMetadata": "metadata",
    "StatusChange": "waiting",
    "show": "display",
    "to_records": "display",
    "TrainedModelRef": "versions",
    "VersionSelector": "versions",
}
_ROOMS: Final = ("errors", "models", "types")

__all__ = [*_HOMES, *_ROOMS, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
