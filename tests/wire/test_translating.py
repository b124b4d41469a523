"""What keeps a request from being made, told apart by whether it can pass."""

from __future__ import annotations

import socket
import ssl
import subprocess
import traceback
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from botocore import exceptions

from crml_sdk import CleanRoomsML, errors
from crml_sdk.wire.translating import translated

from ..support import samples
from ..support.canned import CannedServer, error, reply
from ..waiting.stage import job


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "Throttling", "RequestLimitExceeded", "SlowDown"]
)
@pytest.mark.parametrize("status", [400, 429, 503])
async def test_throttling_has_many_names(canned: CannedServer, code: str, status: int) -> None:
    canned.answers = [error(code, status)]
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
        with pytest.raises(errors.WaitTimeout) as caught:
            await sdk.inference_jobs.wait(samples.JOB, timeout=0.1)
        assert isinstance(caught.value.last_fault, errors.ThrottlingException)
        assert caught.value.last_fault.code == code


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            exceptions.CredentialRetrievalError(provider="container", error_msg="500"),
            errors.CredentialRefreshError,
        ),
        (exceptions.MetadataRetrievalError(error_msg="500"), errors.CredentialRefreshError),
        (
            RuntimeError(
                "Credentials were refreshed, but the refreshed credentials are still expired."
            ),
            errors.CredentialRefreshError,
        ),
        (exceptions.SSOTokenLoadError(error_msg="none"), errors.MissingCredentials),
        (exceptions.UnauthorizedSSOTokenError(), errors.MissingCredentials),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="x"), errors.MissingCredentials),
        (exceptions.NoCredentialsError(), errors.MissingCredentials),
        (exceptions.ProfileNotFound(profile="x"), errors.MissingCredentials),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="x"),
            errors.MissingCredentials,
        ),
        (
            getattr(exceptions, "LoginRefreshRequired", exceptions.SSOError)(),
            errors.MissingCredentials,
        ),
        (exceptions.UnknownRegionError(region_name="x", error_msg=""), errors.ConfigurationError),
    ],
)
def test_credentials_that_may_come_back_and_those_that_need_a_person(
    said: Exception, kind: type[Exception]
) -> None:
    assert type(translated(said, "GetTrainedModel")) is kind


def test_an_endpoint_that_is_none_is_a_fault_of_the_configuration() -> None:
    said = ValueError("Invalid endpoint: http://")
    assert type(translated(said, "GetTrainedModel")) is errors.ConfigurationError
    other = ValueError("something else")
    assert translated(other, "GetTrainedModel") is other


def test_a_proxy_that_cannot_be_reached_sent_nothing() -> None:
    lost = exceptions.ProxyConnectionError(proxy_url="http://proxy.invalid", error=OSError())
    found = translated(lost, "GetTrainedModel")
    assert isinstance(found, errors.TransportError)
    assert found.request_sent is False


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (socket.gaierror(-2, "Name or service not known"), False),
        (ConnectionResetError(104, "reset"), None),
    ],
)
def test_a_name_that_is_not_found_sent_nothing(fault: Exception, sent: bool | None) -> None:
    lost = exceptions.EndpointConnectionError(endpoint_url="https://x.invalid", error=fault)
    found = translated(lost, "GetTrainedModel")
    assert isinstance(found, errors.TransportError)
    assert found.request_sent is sent


_NO_FILE = FileNotFoundError(2, "No such file or directory")
_UNTRUSTED = ssl.SSLCertVerificationError(1, "CERTIFICATE_VERIFY_FAILED")


@pytest.mark.parametrize(
    "fault",
    [
        exceptions.SSLError(endpoint_url="https://x", error=_UNTRUSTED),
        exceptions.EndpointConnectionError(endpoint_url="https://x", error=_UNTRUSTED),
        exceptions.HTTPClientError(error=_NO_FILE),
        _NO_FILE,
    ],
    ids=["aiohttp's", "httpx's", "a file, aiohttp's", "a file, httpx's"],
)
def test_tls_that_cannot_work_is_a_fault_of_the_configuration(fault: Exception) -> None:
    found = translated(fault, "GetTrainedModel")
    assert type(found) is errors.ConfigurationError
    assert "nothing was sent" in str(found)


def test_a_broken_handshake_is_no_bad_certificate() -> None:
    eof = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
    lost = exceptions.SSLError(endpoint_url="https://x", error=eof)
    assert type(translated(lost, "GetTrainedModel")) is errors.TransportError


@pytest.fixture
async def untrusted(tmp_path: Path) -> Any:
    """The address of a server whose certificate nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    make += [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(make, check=True, capture_output=True)  # noqa: ASYNC221
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response({})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    yield f"https://localhost:{port}"
    await runner.cleanup()


@pytest.mark.parametrize("backend", ["aiohttp", "httpx"])
async def test_a_certificate_that_is_not_trusted_ends_a_wait_at_once(
    untrusted: str, backend: Any
) -> None:
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=untrusted, http_backend=backend
    ) as sdk:
        with pytest.raises(errors.ConfigurationError, match="certificate is not trusted"):
            await sdk.inference_jobs.wait(samples.JOB)
        outcomes = await sdk.wait_all([samples.JOB, samples.CHANNEL, samples.MODEL])
        assert {type(one.error) for one in outcomes} == {errors.ConfigurationError}


@pytest.mark.parametrize("backend", ["aiohttp", "httpx"])
async def test_a_missing_bundle_of_certificates_ends_a_wait_at_once(
    untrusted: str, backend: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(errors.ConfigurationError, match=r"trusted certificates|CA|certificate"):
        async with CleanRoomsML(
            region_name="us-east-1", endpoint_url=untrusted, http_backend=backend
        ) as sdk:
            await sdk.inference_jobs.wait(samples.JOB)


async def credentials_of(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch, minutes: float, failing: int
) -> None:
    """Credentials from a container's endpoint, valid for so long, which then fails so many times."""
    endpoint = await canned.__aenter__()
    end = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    later = datetime.now(timezone.utc) + timedelta(hours=1)

    def given(until: datetime) -> Any:
        keys = {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "t"}
        return reply(body={**keys, "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")})

    endpoint.answers = [given(end), *[reply(500)] * failing, given(later)]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{endpoint.url}/creds")
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)


@pytest.mark.parametrize("many", [False, True])
async def test_credentials_that_are_still_valid_carry_a_first_look_over_a_failed_renewal(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    """botocore raises in the last ten minutes of the old ones, although they are still good."""
    canned.answers = [reply(body=job("ACTIVE"))]
    source = CannedServer()
    await credentials_of(source, monkeypatch, minutes=8, failing=6)
    try:
        async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
            if many:
                outcomes = await sdk.wait_all([samples.JOB], timeout=10, poll=0.01)
                assert outcomes[0].error is None
            else:
                await sdk.inference_jobs.wait(samples.JOB, timeout=10, poll=0.01)
    finally:
        await source.__aexit__()
    assert len(source.received) == 8


async def test_how_long_the_old_credentials_are_good_is_told(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = CannedServer()
    await credentials_of(source, monkeypatch, minutes=8, failing=1000)
    try:
        async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
            with pytest.raises(errors.CredentialRefreshError) as caught:
                await sdk.trained_models.get(samples.MODEL)
    finally:
        await source.__aexit__()
    assert caught.value.seconds_left is not None
    assert 400 < caught.value.seconds_left <= 480
    assert not canned.received


@pytest.mark.parametrize("backend", ["aiohttp", "httpx"])
@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"quotaValue": "many", "message": "too many"}', "ServiceQuotaExceededException", True),
        (b"[1]", "ServiceQuotaExceededException", False),
        (b'{"__type": 7}', "ServiceQuotaExceededException", False),
    ],
    ids=["text for a number", "a list", "a number for text"],
)
async def test_an_error_reply_that_is_not_as_documented_is_one_all_the_same(
    canned: CannedServer, backend: Any, body: bytes, code: str, message: bool
) -> None:
    """botocore's parser ends in a bare ValueError, AttributeError or TypeError."""
    canned.answers = [reply(402, body, x_amzn_ErrorType=code, x_amzn_RequestId="req-1")]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, http_backend=backend
    ) as sdk:
        with pytest.raises(errors.ServiceError) as caught:
            await sdk.trained_models.get(samples.MODEL)
    assert caught.value.status_code == 402
    assert caught.value.request_id == "req-1"
    assert ("too many" in str(caught.value)) is message


async def test_a_password_of_a_proxy_reaches_no_text(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.answers = [reply(407)]
    proxy = canned.url.replace("//", "//user:hunter2@")
    for name in ("NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url="https://localhost:9", max_attempts=1
    ) as sdk:
        with pytest.raises(errors.TransportError) as caught:
            await sdk.trained_models.get(samples.MODEL)
    assert "407" in str(caught.value)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
