"""Text from strangers never acts on a terminal, a log or a picture."""

from __future__ import annotations

import json
import logging
import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crml_sdk.untrusted import as_block, as_escapes, as_line, has_controls, plain_logger

HOSTILE = {
    "window title": "\x1b]0;owned\x07",
    "clear screen": "\x1b[2J",
    "one-byte CSI": "\x9b2J",
    "right to left": "\u202egnp.exe",
    "isolate": "\u2066a\u2069",
    "backspaces": "good\x08\x08\x08\x08evil",
    "carriage return": "good\revil",
    "not XML": "\x00\x0b\ufffe\uffff",
    "half a character": "\ud800",
    "line separator": "a\u2028b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_acts_is_left(text: str) -> None:
    for shown in (as_line(text), as_block(text)):
        kinds = {unicodedata.category(character) for character in shown}
        assert not kinds & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
        ElementTree.fromstring(f"<t>{shown}</t>")


def test_lines_and_tabs_stay_in_blocks_and_are_escapes_in_lines() -> None:
    assert as_block("a\r\nb\n\tc") == "a\nb\n\tc"
    assert as_line("a\r\nb\n\tc") == r"a\r\nb\n\tc"


def test_ordinary_text_stays_as_it_is() -> None:
    for text in ("", "churn", "Zürich 東京 👩\u200d🔬 עברית", "a\\n"):
        assert as_line(text) == as_block(text) == as_escapes(text) == text
        assert not has_controls(text)


@given(st.text())
def test_a_document_with_escapes_reads_the_same(text: str) -> None:
    document = as_escapes(json.dumps({"name": text}, ensure_ascii=False))
    assert json.loads(document) == {"name": text}
    assert not has_controls(document)


def test_log_records_are_made_plain(caplog: pytest.LogCaptureFixture) -> None:
    logger = plain_logger("crml_sdk.test_untrusted")
    assert plain_logger("crml_sdk.test_untrusted").filters == logger.filters
    with caplog.at_level(logging.DEBUG, logger.name):
        logger.debug("%s after %.1f s", "AC\x1b[2JTIVE\n", 1.5, extra={"reason": "a\u202eb"})
    (record,) = caplog.records
    assert record.getMessage() == "AC\ufffd[2JTIVE\\n after 1.5 s"
    assert vars(record)["reason"] == "a\ufffdb"
    assert record.levelno == logging.DEBUG
