"""Which errors a wait survives: by their class, and by their status where the code says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import errors
from crml_sdk.waiting.faults import is_missing, is_throttling, is_transient, retry_after

from .stage import reset, service_error


def answered(status: int, code: str = "Other", **headers: str) -> errors.ServiceError:
    response: Any = {
        "Error": {"Code": code, "Message": "told to"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return errors.SERVICE_ERRORS.get(code, errors.ServiceError)(response, "Get")


@pytest.mark.parametrize(
    ("status", "code", "throttling", "missing", "transient"),
    [
        (429, "Other", True, False, True),
        (400, "ThrottlingException", True, False, True),
        (429, "ThrottlingException", True, False, True),
        (430, "Other", False, False, False),
        (428, "Other", False, False, False),
        (404, "Other", False, True, False),
        (400, "ResourceNotFoundException", False, True, False),
        (405, "Other", False, False, False),
        (408, "Other", False, False, True),
        (409, "ConflictException", False, False, False),
        (499, "Other", False, False, False),
        (500, "Other", False, False, True),
        (503, "Other", False, False, True),
    ],
)
def test_what_an_answer_of_the_service_means(
    status: int, code: str, throttling: bool, missing: bool, transient: bool
) -> None:
    error = answered(status, code)
    assert is_throttling(error) is throttling
    assert is_missing(error) is missing
    assert is_transient(error) is transient


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (reset(), True),
        (errors.CallTimeout("Get", "cut"), True),
        (errors.ConfigurationError("not trusted"), False),
        (errors.MissingCredentials("log in"), False),
        (KeyError("ours"), False),
    ],
)
def test_what_came_of_it_without_an_answer(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient
    assert not is_throttling(error)
    assert not is_missing(error)


@pytest.mark.parametrize(("unreadable", "transient"), [(0, True), (2, True), (3, False)])
def test_three_replies_that_cannot_be_read(unreadable: int, transient: bool) -> None:
    assert is_transient(errors.ResponseShapeError("Get", "", b""), unreadable) is transient
    assert is_transient(service_error("InternalServiceException"), unreadable)


def test_retry_after_is_read_whatever_the_error_is() -> None:
    assert retry_after(answered(503, "Other", **{"retry-after": "7"})) == 7
    assert retry_after(answered(503, "Other", **{"retry-after": "0"})) == 0
    assert retry_after(answered(503)) == 0
    assert retry_after(reset()) == 0
