"""Airflow: operators, a sensor, a trigger and a hook for AWS Clean Rooms ML (extra `airflow`).

The names are loaded on first use, so that a scheduler that only reads the provider's metadata imports
nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .hook import CleanRoomsMLHook as CleanRoomsMLHook
    from .operators import (
        CleanRoomsMLCreateInputChannelOperator as CleanRoomsMLCreateInputChannelOperator,
    )
    from .operators import CleanRoomsMLExportModelOperator as CleanRoomsMLExportModelOperator
    from .operators import (
        CleanRoomsMLStartInferenceJobOperator as CleanRoomsMLStartInferenceJobOperator,
    )
    from .operators import CleanRoomsMLTrainModelOperator as CleanRoomsMLTrainModelOperator
    from .sensor import CleanRoomsMLSensor as CleanRoomsMLSensor
    from .trigger import CleanRoomsMLTrigger as CleanRoomsMLTrigger

__all__ = [
    "CleanRoomsMLCreateInputChannelOperator",
    "CleanRoomsMLExportModelOperator",
    "CleanRoomsMLHook",
    "CleanRoomsMLSensor",
    "CleanRoomsMLStartInferenceJobOperator",
    "CleanRoomsMLTrainModelOperator",
    "CleanRoomsMLTrigger",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    ending = {"Operator": "operators", "Hook": "hook", "Sensor": "sensor", "Trigger": "trigger"}
    module = next(module for word, module in ending.items() if name.endswith(word))
    return getattr(import_module(f"{__name__}.{module}"), name)
