"""Ctrl-C while modules load. Itself it loads next to nothing, so that it is there early."""

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
    """End the process at once, with a line."""
    # Not an exception: raised inside an import it could be swallowed, or end as a trace.
    os.write(2, b"crml: interrupted\n")
    os._exit(INTERRUPTED)


def catch() -> None:
    """From here on Ctrl-C ends the process with status 130, where nobody else handles it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        try:
            signal.signal(signal.SIGINT, leave)
        except ValueError:
            return  # not in the main thread, where signals do not arrive
