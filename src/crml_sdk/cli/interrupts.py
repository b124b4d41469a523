"""Ctrl-C while modules load. This module imports almost nothing, so that it is active early."""

from __future__ import annotations

import os
import signal

# Type checkers read this name as true.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from types import FrameType
    from typing import Final, NoReturn

INTERRUPTED: Final = 130
"""The exit status."""


def leave(signum: int, frame: FrameType | None) -> NoReturn:
    """End the process immediately, with a message."""
    # Not an exception: inside an import it could be swallowed, or print a traceback.
    os.write(2, b"crml: interrupted\n")
    os._exit(INTERRUPTED)


def catch() -> None:
    """Make Ctrl-C end the process with status 130, unless something else handles it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        try:
            signal.signal(signal.SIGINT, leave)
        except ValueError:
            return  # not in the main thread, where signals do not arrive
