"""The errors: one tree, drawn at the top of its file; they carry, print and pickle."""

from __future__ import annotations

import pickle
import re
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crml_sdk import BASE, CleanRoomsML, errors
from crml_sdk.errors import RequestFault

from .support.canned import CannedServer, error
from .support.samples import MODEL

DOCUMENTED = {
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "InternalServiceException": 500,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 402,
    "ThrottlingException": 429,
    "ValidationException": 400,
}


@pytest.mark.parametrize("code", DOCUMENTED)
async def test_each_documented_exception_has_its_class(canned: CannedServer, code: str) -> None:
    status = DOCUMENTED[code]
    canned.answers = [error(code, status, "because", quotaName="q", quotaValue=3)]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1
    ) as sdk:
        with pytest.raises(ClientError) as caught:
            await sdk.trained_models.get(MODEL)
    found = caught.value
    assert type(found) is getattr(errors, code)
    assert isinstance(found, errors.CleanRoomsMLError)
    assert (found.operation, found.status_code, found.request_id) == (
        "GetTrainedModel",
        status,
        "req-1",
    )
    assert (found.code, found.message, found.attempts) == (code, "because", 1)
    # What existing code looks at.
    assert found.response["Error"]["Code"] == code
    assert found.operation_name == "GetTrainedModel"
    assert all(said in str(found) for said in (code, "because", "GetTrainedModel", "req-1"))


@pytest.mark.parametrize(
    "said",
    [
        "ThrottlingException:http://internal.amazon.com/coral/",
        "aws.cleanroomsml#ThrottlingException",
        "ThrottlingException",
    ],
)
async def test_a_code_may_carry_a_namespace_and_a_link(canned: CannedServer, said: str) -> None:
    canned.answers = [error(said, 429)]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1
    ) as sdk:
        with pytest.raises(errors.ThrottlingException):
            await sdk.trained_models.get(MODEL)


async def test_a_quota_is_named(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [
        error("ServiceQuotaExceededException", 402, quotaName="Training jobs", quotaValue=5.0)
    ]
    with pytest.raises(errors.ServiceQuotaExceededException) as caught:
        await sdk.trained_models.get(MODEL)
    assert (caught.value.quota_name, caught.value.quota_value) == ("Training jobs", 5.0)
    canned.answers = [error("ServiceQuotaExceededException", 402)]
    with pytest.raises(errors.ServiceQuotaExceededException) as caught:
        await sdk.trained_models.get(MODEL)
    assert (caught.value.quota_name, caught.value.quota_value) == (None, None)


def _service(kind: type[errors.ServiceError]) -> errors.ServiceError:
    return kind(
        {
            "Error": {"Code": kind.__name__, "Message": "m"},
            "ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 400, "RetryAttempts": 2},
            "quotaName": "q",
        },
        "GetTrainedModel",
    )


SAMPLES: list[errors.CleanRoomsMLError] = [
    *(_service(kind) for kind in (errors.ServiceError, *errors.SERVICE_ERRORS.values())),
    errors.RequestValidationError("Shape", [RequestFault("a.b", "is wrong", "7", "8")]),
    errors.ArnError("no"),
    errors.MissingMembership("GetTrainedModel"),
    errors.VersionRequired("which"),
    errors.NoSuchVersion(MODEL, "ACTIVE"),
    errors.NoSuchName("a", "trained model", ["b"]),
    errors.AmbiguousName("a", "trained model", ["b", "c"]),
    errors.ResumeAmbiguous("a", "CreateTrainedModel", ["b", "c"]),
    errors.ResumeMismatch(
        "CreateTrainedModel", "a", "b", "hyperparameters", datetime(2026, 1, 1, tzinfo=timezone.utc)
    ),
    errors.PaginationStalled("ListTrainedModels", "t"),
    errors.ResponseShapeError("GetTrainedModel", "name: missing", b"{}", "r"),
    errors.TransportError("GetTrainedModel", "lost", None),
    errors.CallTimeout("GetTrainedModel", "late", None),
    errors.ClientClosed("GetTrainedModel", True),
    errors.OutcomeUnknown("CreateTrainedModel", "a", ["looked"]),
    errors.ConfigurationError("no"),
    errors.MissingRegion("no"),
    errors.UnknownRegion("no"),
    errors.MissingCredentials("no"),
    errors.CredentialRefreshError("not now"),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda e: type(e).__name__)
def test_errors_survive_pickling(sample: errors.CleanRoomsMLError) -> None:
    sample.page_token = "t"
    again = pickle.loads(pickle.dumps(sample))
    assert type(again) is type(sample)
    assert str(again) == str(sample)
    assert vars(again) == vars(sample)


@pytest.mark.parametrize("backend", ["aiohttp", "httpx"])
async def test_an_error_from_the_wire_survives_pickling(canned: CannedServer, backend: Any) -> None:
    canned.answers = [error("ConflictException", 409), "cut"]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1, http_backend=backend
    ) as sdk:
        for _ in range(2):
            with pytest.raises(errors.CleanRoomsMLError) as caught:
                await sdk.trained_models.cancel(MODEL, version=BASE)
            again = pickle.loads(pickle.dumps(caught.value))
            assert (type(again), str(again)) == (type(caught.value), str(caught.value))


def test_no_error_is_without_a_sample() -> None:
    elsewhere = {
        "CleanRoomsMLError",
        "WaitTimeout",
        "WaitsFailed",
        "ResourceFailed",
    }  # in the tests of waiting
    assert set(_tree()) - elsewhere == {type(sample).__name__ for sample in SAMPLES}


def _tree() -> dict[str, type[errors.CleanRoomsMLError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.CleanRoomsMLError)
    }


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn: dict[str, str] = {}
    trail: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│ ]*(?:[├└]── )?)([A-Z]\w+(?:Error|\w*))(?:\s|$)", line)
        if found is None or found[2] not in _tree():
            continue
        depth = len(found[1]) // 4
        del trail[depth:]
        if trail:
            drawn[found[2]] = trail[-1]
        trail.append(found[2])
    real = {
        name: next(base.__name__ for base in kind.__mro__[1:] if base.__name__ in _tree())
        for name, kind in _tree().items()
        if name != "CleanRoomsMLError"
    }
    assert drawn == real


def test_an_except_clause_of_the_standard_library_catches_them() -> None:
    for sample, kind in [
        (errors.RequestValidationError("S", []), ValueError),
        (errors.NoSuchName("a", "b"), LookupError),
        (errors.CallTimeout("o", "p"), TimeoutError),
    ]:
        assert isinstance(sample, kind)


def test_a_fault_says_where_what_and_why() -> None:
    assert str(RequestFault("a", "is wrong", "7", "8")) == "a: is wrong; given 7; allowed: 8"
    assert str(RequestFault("", "is wrong")) == "is wrong"


async def test_the_cause_is_botocores_error(canned: CannedServer) -> None:
    canned.answers = ["cut"]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1
    ) as sdk:
        with pytest.raises(errors.TransportError) as caught:
            await sdk.configured_audience_models.delete(
                "arn:aws:cleanrooms-ml:us-east-1:111122223333:configured-audience-model/x"
            )
    cause: Any = caught.value.__cause__
    assert type(cause).__module__.startswith("botocore")
    assert caught.value.request_sent is None
