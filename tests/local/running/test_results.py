"""Results that are put to an S3 endpoint, told to a server of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local.jobs.executor import JobFailed
from crml_sdk.local.running.results import Store

KEY = "ml/c-1/churn/111122223333/july/part-00000.csv.out"
MISSING = b"<Error><Code>NoSuchBucket</Code><Message>there is no such bucket</Message></Error>"


class Endpoint(ThreadingHTTPServer):
    """Keeps what is put to it, with the header that signs it; knows one bucket."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kept: dict[str, bytes] = {}
        self.signed: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Endpoint  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_PUT(self) -> None:
        body = self.body()
        self.server.signed.append(self.headers["Authorization"])
        known = self.path.startswith("/bucket/")
        if known:
            self.server.kept[self.path] = body
        answer = b"" if known else MISSING
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def body(self) -> bytes:
        """The body, taken out of the chunks with a checksum at their end that botocore may use."""
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return found

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    (tmp_path / "part-00000.csv.out").write_bytes(b"0.25\n" * 1000)
    return tmp_path / "part-00000.csv.out"


def test_a_result_is_put_signed_under_its_documented_key(endpoint: Endpoint, answers: Path) -> None:
    artifact = Store(answers.parent / "unused", endpoint.url).put(answers, "bucket", KEY)
    assert endpoint.kept == {f"/bucket/{KEY}": answers.read_bytes()}
    assert endpoint.signed[0].startswith("AWS4-HMAC-SHA256 Credential=")
    assert "/s3/aws4_request" in endpoint.signed[0]
    assert artifact.location == f"s3://bucket/{KEY}"
    assert not (answers.parent / "unused").exists()


def test_a_refusal_of_the_endpoint_fails_the_job_with_its_words(
    endpoint: Endpoint, answers: Path
) -> None:
    with pytest.raises(JobFailed, match="NoSuchBucket") as caught:
        Store(answers.parent, endpoint.url).put(answers, "other", KEY)
    assert f"s3://other/{KEY} cannot be written: {endpoint.url}" in caught.value.message


def test_settings_that_botocore_refuses_fail_the_job_with_its_words(
    endpoint: Endpoint, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(JobFailed, match="nobody") as caught:
        Store(answers.parent, endpoint.url).put(answers, "bucket", KEY)
    assert caught.value.status_code == "ClientError"
    assert endpoint.kept == {}
