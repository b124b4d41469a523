"""What a fault shows of a value: nothing of what may be secret, and the documented range."""

from __future__ import annotations

import pytest

from crml_sdk.api.constraints import SHAPES
from crml_sdk.checking import _problem, _range_text

SECRET = "hunter2-very-secret"
SECRET_SHAPES = [
    shape for shape, (of, *rest) in SHAPES.items() if of == "string" and rest and rest[-1]
]
OPEN_SHAPES = [
    shape
    for shape, (of, *rest) in SHAPES.items()
    if of == "string" and not rest[-1] and rest[2] and not rest[3]
]


@pytest.mark.parametrize("shape", SECRET_SHAPES)
@pytest.mark.parametrize(
    "kind", ["string_too_long", "string_too_short", "string_pattern_mismatch", "string_unicode"]
)
def test_a_secret_is_never_shown(shape: str, kind: str) -> None:
    problem, given, _ = _problem(shape, kind, SECRET)
    assert SECRET not in problem
    assert given == f"str of length {len(SECRET)} (not shown)"


@pytest.mark.parametrize("kind", ["string_too_long", "string_pattern_mismatch", "string_unicode"])
def test_what_is_no_secret_is_shown(kind: str) -> None:
    assert _problem(OPEN_SHAPES[0], kind, "a b")[1] == "'a b'"


def test_there_are_secrets() -> None:
    assert SECRET_SHAPES


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1, 5, "1 to 5 characters"),
        (12, 12, "12 characters"),
        (None, 5, "at most 5 characters"),
        (1, None, "at least 1 characters"),
        (0, 0, "0 characters"),
    ],
)
def test_a_range_says_its_ends(low: int | None, high: int | None, text: str) -> None:
    assert _range_text(low, high, "characters") == text
