"""The server answers to its own names, and to no page of another site."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.local.ways_in.hosts import HostCheck, is_loopback

PATHS = ("/", "/_local/world", "/_local/nowhere", "/configured-model-algorithms", "/nowhere")


@pytest.fixture
def server() -> Iterator[Any]:
    with LocalCleanRoomsML().serve_in_thread(allow_hosts=["ml.example", "*.lab.example"]) as server:
        yield server


def ask(server: Any, target: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.putrequest("GET", target, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", PATHS)
def test_a_rebound_name_is_refused_on_every_path_and_the_option_is_named(
    server: Any, path: str
) -> None:
    status, text = ask(server, path, Host="evil.example:4577")
    assert status == 403
    assert "--allow-host" in text
    assert "CRML_LOCAL_ALLOWED_HOSTS" in text
    assert "evil.example" in text


@pytest.mark.parametrize("path", PATHS)
def test_a_name_of_this_machine_reaches_every_path(server: Any, path: str) -> None:
    status, text = ask(server, path, Host=f"localhost:{server.port}")
    assert "--allow-host" not in text
    assert status in (200, 403, 404)  # 403 is a request without credentials


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://localhost:3000"}, True),
        ({"Sec_Fetch_Site": "cross-site"}, True),
        ({"Sec_Fetch_Site": "same-site"}, True),
        ({"Sec_Fetch_Site": "same-origin"}, False),
        ({"Sec_Fetch_Site": "none"}, False),
        ({"Origin": "http://localhost:4577"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("path", ["/", "/_local/health"])
def test_a_page_of_another_site_is_refused(
    server: Any, path: str, headers: dict[str, str], refused: bool
) -> None:
    status, text = ask(server, path, Host="localhost:4577", **headers)
    assert status == (403 if refused else 200), text
    assert ("another site" in text) == refused


def test_the_name_in_a_proxys_absolute_form_counts_too(server: Any) -> None:
    assert ask(server, "http://evil.example/_local/health", Host="localhost")[0] == 403
    assert ask(server, "http://localhost/_local/health", Host="evil.example")[0] == 403


def test_a_refused_host_is_recorded_and_changes_nothing() -> None:
    local = LocalCleanRoomsML()
    with local.serve_in_thread() as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"Host": "evil.example", "Content-Type": "application/json"}
        connection.request("POST", "/_local/seed", b'{"models": ["m"]}', headers)
        assert connection.getresponse().status == 403
        connection.close()
    assert local.records("trained-model", local.world.collaboration_id) == []
    assert [call.error for call in local.requests] == ["AccessDeniedException"]


def test_boto3_is_served_by_every_ordinary_name(server: Any) -> None:
    for name in ("localhost", "127.0.0.1"):
        client = boto3.client(
            "cleanroomsml",
            endpoint_url=f"http://{name}:{server.port}",
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        assert client.list_configured_model_algorithms()["configuredModelAlgorithms"] == []


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:4577", True),
        ("[::1]:4577", True),
        ("[::1]", True),
        ("192.168.1.7", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("crml.localhost:80", True),
        ("crml", True),
        ("host.docker.internal:4577", True),
        ("host.containers.internal", True),
        ("crml.team.svc.cluster.local", True),
        ("ml.example:80", True),
        ("a.lab.example", True),
        ("lab.example", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("xhost.docker.internal", False),
        ("evil.docker.internal", False),
        ("svc.cluster.local.evil.example", False),
        ("user@evil", False),
    ],
)
def test_which_names_are_answered_to(host: str, expected: bool) -> None:
    assert HostCheck(["ml.example", "*.lab.example"]).accepts(host) is expected


def test_names_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRML_LOCAL_ALLOWED_HOSTS", "one.example, two.example")
    check = HostCheck()
    assert [check.accepts(f"{name}.example") for name in ("one", "two", "three")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_loopback_is_known_when_seen(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected
