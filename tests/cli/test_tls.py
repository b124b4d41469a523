"""Real handshakes of the command, whose certificates are read late: trusted, untrusted, unverified."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from crml_sdk.local import LocalCleanRoomsML

from ..wire.matrix.servers import pump

HANDSHAKE = """
import asyncio, sys
from crml_sdk.cli import quick
quick.begin()
quick.prepare_imports()
import aiohttp

async def ask():
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            how = {"ssl": False} if sys.argv[2] == "unverified" else {}
            async with session.get(sys.argv[1] + "/_local/health", **how) as reply:
                print(reply.status)

try:
    asyncio.run(ask())
except aiohttp.ClientConnectorCertificateError as error:
    print("not trusted")
"""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """The address of a local service behind TLS, and the environment for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    local = LocalCleanRoomsML()
    local.seed({"models": ["churn"]})
    with local.serve_in_thread() as server:
        behind = urlsplit(server.url)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there = await asyncio.open_connection(behind.hostname, behind.port)
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

        front = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        url = f"https://localhost:{front.sockets[0].getsockname()[1]}"
        environment = {**os.environ, **server.environment}
        for name in ("AWS_ENDPOINT_URL_CLEANROOMSML", "AWS_ENDPOINT_URL_CLEANROOMS"):
            environment[name] = url
        yield url, environment
        front.close()


async def _run(environment: dict[str, str], *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_the_command_trusts_whom_the_bundle_names_and_nobody_else(
    place: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    _, environment = place
    command = ("-m", "crml_sdk.cli", "models", "list")
    bundle = {**environment, "AWS_CA_BUNDLE": str(tmp_path / "ca.pem")}
    status, out, err = await _run(bundle, *command)
    assert status == 0, err
    assert out.splitlines()[1].startswith("churn ")
    status, out, err = await _run(environment, *command)
    assert (status, out) == (2, "")
    assert err.startswith("crml: ListMemberships: the server's certificate is not trusted")
    assert "set AWS_CA_BUNDLE to the file" in err
    assert "needs a membership" not in err


@pytest.mark.parametrize(
    ("how", "trusted", "said"),
    [
        ("verified", True, "200\n200\n"),
        ("verified", False, "not trusted\n"),
        ("unverified", False, "200\n200\n"),
    ],
)
async def test_a_context_that_was_filled_late_shakes_hands_like_any_other(
    place: tuple[str, dict[str, str]], tmp_path: Path, how: str, trusted: bool, said: str
) -> None:
    url, environment = place
    if trusted:
        environment |= {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    status, out, err = await _run(environment, "-c", HANDSHAKE, url, how)
    assert (status, out, err) == (0, said, "")
