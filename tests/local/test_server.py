"""The server: what it answers to any bytes, to big bodies, to many clients; control path and page."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiobotocore.session
import botocore.config
import pytest
from botocore.exceptions import ClientError

from crml_sdk.local import LocalCleanRoomsML, Settings
from crml_sdk.local.ways_in.server import ThreadedServer

from .local_lab import ROLE, Lab
from .test_engine import FUZZED, fuzzed

SOCKET_FUZZED = FUZZED // 10


@pytest.fixture
def served() -> Iterator[tuple[LocalCleanRoomsML, ThreadedServer]]:
    local = LocalCleanRoomsML(settings=Settings(max_body_bytes=100_000))
    with local.serve_in_thread() as server:
        yield local, server


def ask(url: str, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
    """Status, headers and body of a plain HTTP request."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, dict(reply.headers), reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def control(url: str, path: str, method: str = "GET", body: Any = None) -> Any:
    headers = {"Content-Type": "application/json"}
    status, _, raw = ask(url, f"/_local/{path}", method, body, **headers)
    return status, json.loads(raw)


def exchange(port: int, raw: bytes) -> bytes:
    """The bytes that come back for bytes, until the server closes or pauses."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def check_wire(received: bytes, target: bytes = b"") -> int:
    head, _, body = received.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    assert 200 <= status < 500, received
    if target.partition(b"?")[0] == b"/" and b"content-type: text/html" in head.lower():
        assert status == 200, received  # the page for people, which is no answer of the service
        return status
    assert b"x-amzn-requestid:" in head.lower(), received
    if status >= 400:
        assert b"x-amzn-errortype:" in head.lower()
        if not received.startswith(b"HTTP/1.0") and body:
            assert json.loads(body)["message"]
    return status


def test_fuzzed_bytes_are_answered_in_the_services_form(served: Any) -> None:
    _, server = served
    for seed in range(SOCKET_FUZZED):
        rng = random.Random(seed)
        method, path, headers, body = fuzzed(seed)
        lines = [f"{method or 'GET'} {path or '/'} HTTP/1.1", "Host: x", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(body)}")
        raw = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body
        if rng.random() < 0.3:
            cut = rng.randrange(len(raw))
            raw = raw[:cut] + rng.randbytes(rng.randrange(8)) + raw[cut + rng.randrange(8) :]
        received = exchange(server.port, raw)
        if received:  # nothing is right for a request that never ended
            check_wire(received, raw.split(b" ", 2)[1] if raw.count(b" ") > 1 else b"")
    assert ask(server.url, "/_local/health")[0] == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n\r\n\r\nBLAH\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /training-dataset HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /training-dataset HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"a" * 20_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_in_the_services_form(served: Any, raw: bytes) -> None:
    _, server = served
    received = exchange(server.port, raw)
    if received:
        assert check_wire(received) >= 400
    assert ask(server.url, "/_local/health")[0] == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused(served: Any, chunked: bool) -> None:
    _, server = served
    head = b"POST /training-dataset HTTP/1.1\r\nHost: x\r\nAuthorization: Credential=a/\r\n"
    size = 200_000
    if chunked:
        raw = (
            head
            + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size
            + b"a" * size
            + b"\r\n0\r\n\r\n"
        )
    else:
        raw = head + b"Content-Length: %d\r\n\r\n" % size
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(raw)
        received = connection.recv(65536)
    assert check_wire(received + b"") == 413


def test_a_client_that_asks_before_it_sends_its_body_is_told_to_go_on(served: Any) -> None:
    _, server = served
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(
            b"POST /training-dataset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"Authorization: Credential=a/\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert check_wire(connection.recv(65536)) == 400


def test_no_client_waits_for_another_that_never_ends_its_request(served: Any) -> None:
    _, server = served
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as idle:
        idle.sendall(b"POST /training-dataset HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab")
        assert ask(server.url, "/_local/health")[0] == 200


def test_silence_over_a_socket_lasts_until_the_caller_leaves(served: Any) -> None:
    local, server = served
    local.faults.silence("after", "ListTrainingDatasets")
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as connection:
        connection.sendall(
            b"GET /training-dataset HTTP/1.1\r\nHost: x\r\nAuthorization: Credential=a/\r\n\r\n"
        )
        with pytest.raises(TimeoutError):
            connection.recv(10)
    assert local.calls("ListTrainingDatasets")[0].params == {}


async def test_64_concurrent_clients_lose_no_update() -> None:
    """Each client makes its own resources and all of them tag one; everything is there at the end."""
    local = LocalCleanRoomsML(settings=Settings(quotas=None))
    lab = Lab(local)
    shared = lab.algorithm()
    once = botocore.config.Config(
        retries={"total_max_attempts": 1}, max_pool_connections=64, parameter_validation=False
    )
    async with local.serve() as server:
        session = aiobotocore.session.get_session()
        options = {
            "endpoint_url": server.url,
            "region_name": "us-east-1",
            "aws_access_key_id": server.access_key,
            "aws_secret_access_key": server.secret_key,
            "config": once,
        }
        async with session.create_client("cleanroomsml", **options) as client:

            async def work(number: int) -> list[str]:
                made = []
                for step in range(3):
                    reply = await client.create_configured_model_algorithm(
                        name=f"{number}-{step}",
                        roleArn=ROLE,
                        trainingContainerConfig={"imageUri": "i"},
                    )
                    made.append(reply["configuredModelAlgorithmArn"])
                if number < 50:
                    await client.tag_resource(resourceArn=shared, tags={f"t{number}": "1"})
                return made

            made = [arn for arns in await asyncio.gather(*map(work, range(64))) for arn in arns]

            async def duplicate(_: int) -> bool:
                try:
                    await client.create_configured_model_algorithm(
                        name="one", roleArn=ROLE, trainingContainerConfig={"imageUri": "i"}
                    )
                except ClientError:
                    return False
                return True

            winners = await asyncio.gather(*map(duplicate, range(64)))
    assert len(set(made)) == 64 * 3
    assert sum(winners) == 1
    rows = lab.call("ListConfiguredModelAlgorithms")["configuredModelAlgorithms"]
    assert len(rows) == 100
    assert {arn for arn in made if local._state.find("configured-model-algorithm", arn)} == set(
        made
    )
    assert len(lab.call("ListTagsForResource", resourceArn=shared)["tags"]) == 50


def test_a_taken_port_is_an_error_at_once() -> None:
    local = LocalCleanRoomsML()
    with local.serve_in_thread() as server:
        with pytest.raises(OSError, match=r"in use|address"):
            local.serve_in_thread(port=server.port).start()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_address_that_is_told_is_the_one_that_listens(host: str) -> None:
    with LocalCleanRoomsML().serve_in_thread(host=host) as server:
        assert server.url.startswith(f"http://{host}:")
        assert ask(server.url, "/_local/health")[0] == 200


def test_a_server_stops_and_starts_again() -> None:
    local = LocalCleanRoomsML()
    with local.serve_in_thread() as server:
        port = server.port
    with pytest.raises(OSError, match=r"refused|Connection"):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    with local.serve_in_thread(port=port) as server:
        assert ask(server.url, "/_local/health")[0] == 200


# The control path


def test_the_control_path_moves_jobs_time_and_faults(served: Any) -> None:
    local, server = served
    status, made = control(server.url, "seed", "POST", {"models": ["churn"]})
    assert status == 200
    arn = made["trained-model/churn"]
    assert control(server.url, "faults", "POST", {"fault": "throttle", "times": 2}) == (200, {})
    assert control(server.url, "faults")[1]["faults"][0]["times"] == 2
    assert control(server.url, "faults", "DELETE") == (200, {})
    before = control(server.url, "clock")[1]["now"]
    moved = control(server.url, "clock", "POST", {"hold": True, "advance": 3600})[1]
    assert moved["held"]
    assert moved["now"] >= before + 3600
    lab = Lab(local)
    association = local.versions(arn)[0].data["configuredModelAlgorithmAssociationArn"]
    channel = local.versions(arn)[0].data["dataChannels"][0]["mlInputChannelArn"]
    fail = {"action": "fail_next", "status_code": "Ordered"}
    assert control(server.url, "jobs", "POST", fail)[0] == 200
    lab.call("CreateTrainedModel", **lab.model_params(association, channel, name="next"))
    (job,) = control(server.url, "jobs")[1]["jobs"]
    assert (job["name"], job["phase"], job["status"]) == ("next", "create", "CREATE_PENDING")
    finish = {"action": "finish", "arn": job["arn"]}
    assert control(server.url, "jobs", "POST", finish)[0] == 200
    assert lab.get_model(job["arn"])["statusDetails"]["statusCode"] == "Ordered"
    calls = control(server.url, "requests?operation=CreateTrainedModel&limit=5")[1]["requests"]
    assert [call["params"]["name"] for call in calls] == ["next"]
    changed = control(server.url, "settings", "POST", {"base_version": "NULL"})[1]
    assert changed["base_version"] == control(server.url, "settings")[1]["base_version"] == "NULL"


def test_the_state_travels_through_the_control_path(served: Any) -> None:
    local, server = served
    local.seed({"models": ["churn"]})
    saved = control(server.url, "state")[1]
    assert control(server.url, "reset", "POST", {}) == (200, {})
    assert local.records("trained-model", local.world.collaboration_id) == []
    assert control(server.url, "state", "PUT", saved)[0] == 200
    (model,) = local.records("trained-model", local.world.collaboration_id)
    assert model.name == "churn"
    assert control(server.url, "world")[1]["accounts"][0]["id"] == local.world.account_id


@pytest.mark.parametrize(
    ("path", "method", "body", "expected"),
    [
        ("nowhere", "GET", None, 404),
        ("clock", "POST", {"advance": -1}, 400),
        ("clock", "POST", {"advance": "soon"}, 400),
        ("clock", "POST", {"advance": float("nan")}, 400),
        ("clock", "POST", {"advance": float("inf")}, 400),
        ("clock", "POST", {"advance": 1e12}, 400),
        ("clock", "POST", {"warp": 9}, 400),
        ("clock", "POST", [], 400),
        ("clock", "POST", b"{", 400),
        ("clock", "POST", b"[" * 50_000, 400),
        ("faults", "POST", {"fault": "meteor"}, 400),
        ("faults", "POST", {"fault": "throttle", "operation": "X"}, 400),
        ("faults", "POST", {"fault": "throttle", "colour": "red"}, 400),
        ("jobs", "POST", {"action": "dance"}, 400),
        ("jobs", "POST", {"action": "finish", "arn": "none"}, 400),
        ("settings", "POST", {"base_version": "x"}, 400),
        ("settings", "POST", {"warp": 1}, 400),
        ("state", "PUT", {}, 400),
        ("seed", "POST", {"modles": []}, 400),
        ("seed", "POST", {"workspace": "w.toml"}, 400),
    ],
)
def test_the_control_path_says_what_is_wrong(
    served: Any, path: str, method: str, body: Any, expected: int
) -> None:
    _, server = served
    status, document = control(server.url, path, method, body)
    assert status == expected
    assert document["message"]


def test_the_control_path_takes_json_only(served: Any) -> None:
    _, server = served
    status, _, _ = ask(server.url, "/_local/reset", "POST", b"{}", **{"Content-Type": "text/plain"})
    assert status == 415


# The page


def test_the_page_shows_collaborations_the_version_tree_and_jobs(served: Any) -> None:
    local, server = served
    arns = local.seed(
        {
            "models": [
                {"name": "churn", "versions": [{}, {}, {"from": 0}]},
                {
                    "name": "<script>alert(1)</script>",
                    "status": "CREATE_FAILED",
                    "statusDetails": {"message": "<img src=x onerror=alert(1)>"},
                },
            ],
            "inference_jobs": [{"name": "july & august", "model": "churn"}],
        }
    )
    lab = Lab(local)
    base, first, _ = local.versions(arns["trained-model/churn"])
    channel = base.data["dataChannels"][0]["mlInputChannelArn"]
    lab.call("StartTrainedModelInferenceJob", **lab.job_params(base.arn, channel, name="busy"))
    status, headers, raw = ask(server.url, "/")
    page = raw.decode()
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "july &amp; august" in page
    assert local.world.collaboration_id in page
    assert "CREATE_PENDING" in page
    assert "<progress" in page
    tree = page[page.index("<strong>churn<") :]
    assert tree.index(str(first.version)) < tree.index("</ul>")
    assert ask(server.url, "/", "POST", b"")[0] == 405


def test_the_page_stays_small_however_much_there_is(served: Any) -> None:
    local, server = served
    local.seed({"models": [{"name": f"model {number}"} for number in range(150)]})
    _, _, raw = ask(server.url, "/")
    assert len(raw) < 200_000
    assert b"and 50 more" in raw


def test_the_page_in_a_real_browser(served: Any, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    browser = browser or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine; the page's content is tested above")
    local, server = served
    local.seed({"models": [{"name": "churn", "versions": 3}]})
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    dump = subprocess.run(
        [browser, *flags, "--dump-dom", server.url],
        capture_output=True,
        timeout=60,
        check=True,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    page = dump.stdout.decode()
    assert "base version" in page
    assert page.count('class="tree"') == 3
