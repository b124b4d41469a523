"""Makes text from other accounts safe to show.

Names, descriptions and status messages come from other members of a collaboration and from their
containers. On a terminal, an escape sequence in them can rename the window, clear the screen or fake
a line of a log. A bidirectional override changes the order in which text appears. These functions
clean text that people read. What programs read (models, JSON) stays unchanged.
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
    """Clean text for one line: controls are replaced, newlines and tabs become escapes."""
    return _IN_LINES.sub(lambda found: _ESCAPES.get(found[0], REPLACEMENT), text)


def as_block(text: str) -> str:
    """Clean text of several lines: controls are replaced, newlines and tabs stay."""
    return _IN_BLOCKS.sub(REPLACEMENT, text.replace("\r\n", "\n"))


def as_escapes(document: str) -> str:
    r"""Write the controls in a JSON document as `\u` escapes; it parses to the same values."""
    return _IN_BLOCKS.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def has_controls(text: str) -> bool:
    """Whether the text has anything that `as_block` would replace."""
    return _IN_BLOCKS.search(text) is not None


class PlainRecords(logging.Filter):
    """Cleans the arguments and extra fields of log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record; never drop it."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_plain, record.args))
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str):
                setattr(record, name, as_line(value))
        return True


def _plain(argument: Any) -> Any:
    return as_line(argument) if isinstance(argument, str) else argument


def plain_logger(name: str) -> logging.Logger:
    """The logger of that name, with a filter that cleans its records."""
    logger = logging.getLogger(name)
    if not any(isinstance(each, PlainRecords) for each in logger.filters):
        logger.addFilter(PlainRecords())
    return logger
