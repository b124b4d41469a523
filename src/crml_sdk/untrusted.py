"""Text that others wrote, made fit to be shown.

Names, descriptions and status messages come from other accounts of a collaboration and from their
containers. On a terminal an escape sequence in them can rename the window, clear the screen or put
words into the log; a bidirectional override shows them in another order than they have. So what
people read goes through here; what programs read (models, JSON) stays as it came.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final

REPLACEMENT: Final = "\ufffd"

# C0 but tab and newline, DEL, C1, marks and overrides of direction, separators that break lines,
# surrogates, and the two code points that XML does not allow.
_CONTROLS: Final = "".join(
    (
        r"\x00-\x08\x0b-\x1f\x7f-\x9f",
        r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069",
        r"\ud800-\udfff\ufffe\uffff",
    )
)
_IN_BLOCKS: Final = re.compile(f"[{_CONTROLS}]")
_IN_LINES: Final = re.compile(f"[\t\n{_CONTROLS}]")
_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({})))


def as_line(text: str) -> str:
    """Text for a cell, a line of a log, a label: controls replaced, line ends and tabs as escapes."""
    return _IN_LINES.sub(lambda found: _ESCAPES.get(found[0], REPLACEMENT), text)


def as_block(text: str) -> str:
    """Text that may have several lines: controls replaced, newlines and tabs kept."""
    return _IN_BLOCKS.sub(REPLACEMENT, text.replace("\r\n", "\n"))


def as_escapes(document: str) -> str:
    r"""A JSON document with its controls as `\u` escapes: it reads the same and shows nothing else."""
    return _IN_BLOCKS.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def has_controls(text: str) -> bool:
    """Whether there is anything that `as_block` would replace."""
    return _IN_BLOCKS.search(text) is not None


class PlainRecords(logging.Filter):
    """Makes the texts in log records fit to be shown, in their arguments and extra fields."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record where it has to be; never drop it."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_plain, record.args))
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, as_line(value))
        return True


def _plain(argument: Any) -> Any:
    return as_line(argument) if isinstance(argument, str) else argument


def plain_logger(name: str) -> logging.Logger:
    """The logger of that name, its records made fit to be shown."""
    logger = logging.getLogger(name)
    if not any(isinstance(each, PlainRecords) for each in logger.filters):
        logger.addFilter(PlainRecords())
    return logger
