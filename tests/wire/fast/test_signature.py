"""Our signature is botocore's, byte by byte, for the same request at the same time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from crml_sdk.wire.fast.request import Signature

ARN = "arn%3Aaws%3Acleanrooms-ml%3Aus-east-1%3A111122223333%3Amembership%2Fm%2Ftrained-model%2Fx"
URLS = [
    f"https://cleanrooms-ml.us-east-1.amazonaws.com/memberships/m/trained-models/{ARN}",
    f"http://127.0.0.1:4577/memberships/m/trained-models/{ARN}/versions?maxResults=100",
    "http://localhost:80/memberships/m/trained-models?status=ACTIVE&maxResults=2&nextToken=a%2Fb%3D",
    "https://proxy.example:443/base:path/with space/é/~x?b=2&a=1&a=0&ab=3&flag",
    "https://host.example/a/./b/../c//d?a=",
    "https://HOST.example",
    "https://host.example?x=1",
    "http://[::1]:8080/tags/x",
    "https://user:secret@host.example/tags",
]
HEADERS = [
    {"User-Agent": "crml-sdk/1", "Content-Type": "application/json"},
    {"X-Custom": "  two   spaces ", "x-another": "ü", "Expect": "100-continue"},
    {},
]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_: datetime(2026, 2, 3, 4, 5, 6, 789))


def by_botocore(method: str, url: str, headers: Any, body: bytes, token: str | None) -> Any:
    request = AWSRequest(method, url, headers=headers, data=body)
    credentials = ReadOnlyCredentials("AKID", "secret/+", token)
    auth.SigV4Auth(credentials, "cleanrooms-ml", "us-east-1").add_auth(request)
    return dict(request.headers.items()), request.context


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b'{"a": "\xc3\xbc"}')])
@pytest.mark.parametrize("token", [None, "session/token=="])
def test_it_is_botocores(method: str, url: str, headers: Any, body: bytes, token: str | None):
    ours, context = dict(headers), {}
    credentials = ReadOnlyCredentials("AKID", "secret/+", token)
    Signature("cleanrooms-ml", "us-east-1").sign(credentials, method, url, ours, body, context)
    theirs, their_context = by_botocore(method, url, headers, body, token)
    assert ours == theirs
    assert context["timestamp"] == their_context["timestamp"]


def test_the_key_follows_the_day_and_the_credentials(monkeypatch: pytest.MonkeyPatch):
    signature = Signature("cleanrooms-ml", "us-east-1")
    for day, secret in ((1, "a"), (2, "a"), (2, "b"), (1, "a")):
        monkeypatch.setattr(
            auth, "get_current_datetime", lambda *_, day=day: datetime(2026, 3, day)
        )
        ours: dict[str, str] = {}
        credentials = ReadOnlyCredentials("AKID", secret, None)
        signature.sign(credentials, "GET", URLS[0], ours, b"", {})
        request = AWSRequest("GET", URLS[0])
        auth.SigV4Auth(credentials, "cleanrooms-ml", "us-east-1").add_auth(request)
        assert ours["Authorization"] == request.headers["Authorization"]


def test_the_host_follows_the_url() -> None:
    signature = Signature("cleanrooms-ml", "us-east-1")
    credentials = ReadOnlyCredentials("AKID", "secret/+", None)
    for url in (URLS[0], URLS[4], URLS[0], URLS[1]):
        ours: dict[str, str] = {}
        signature.sign(credentials, "GET", url, ours, b"", {})
        theirs, _ = by_botocore("GET", url, {}, b"", None)
        assert ours == theirs
