"""The package as such: what importing it costs and gives."""

import re

import crml_sdk


def test_version_is_a_plain_semantic_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", crml_sdk.__version__)
