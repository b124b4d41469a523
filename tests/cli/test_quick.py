"""What the command does to its own process: quick, and the same as far as anybody can tell."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time

import pytest

from .conftest import interruptible

LATE = """
import ssl, sys
from crml_sdk.cli import quick
quick.begin()
load = ssl.SSLContext.load_default_certs
quick.prepare_imports()
assert ssl.SSLContext.load_default_certs is load
from aiohttp import connector
verified, unverified = connector._SSL_CONTEXT_VERIFIED, connector._SSL_CONTEXT_UNVERIFIED
assert not verified.get_ca_certs() and not unverified.get_ca_certs()
assert verified.verify_mode is ssl.CERT_REQUIRED and verified.check_hostname
assert unverified.verify_mode is ssl.CERT_NONE

class Request:
    def __init__(self, given): self.ssl = given
    def is_ssl(self): return True

class Pool:
    _ssl = True

own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
find = connector.TCPConnector._get_ssl_context
assert find(Pool(), Request(own)) is own and not own.get_ca_certs()
assert not verified.get_ca_certs()
assert find(Pool(), Request(True)) is verified
print(len(verified.get_ca_certs()))
"""


def test_aiohttps_certificates_are_read_at_the_first_handshake_that_needs_them() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    usual = ssl.create_default_context()
    assert int(done.stdout) == len(usual.get_ca_certs())


def test_the_library_touches_nothing_of_the_process() -> None:
    code = (
        "import gc, signal, ssl\n"
        "before = gc.isenabled(), signal.getsignal(2), ssl.SSLContext.load_default_certs\n"
        "import crml_sdk, crml_sdk.client, crml_sdk.cli.app, crml_sdk.cli.session, aiohttp\n"
        "from aiohttp import connector\n"
        "assert before == (gc.isenabled(), signal.getsignal(2), ssl.SSLContext.load_default_certs)\n"
        "assert '_get_ssl_context' in connector.TCPConnector._get_ssl_context.__qualname__\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SLOW = """
import sys, time
from crml_sdk.cli import process

class Slow:
    def find_spec(self, name, *rest):
        if name == sys.argv[1]:
            print("importing", flush=True)
            try:
                time.sleep(30)
            except BaseException:
                pass  # as careless imports do

sys.meta_path.insert(0, Slow())
process()
"""


@pytest.mark.parametrize("module", ["crml_sdk.cli.quick", "click"])
def test_ctrl_c_while_modules_load_ends_with_status_130_and_no_trace(module: str) -> None:
    with interruptible(sys.executable, "-c", SLOW, module) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 15
    assert (process.returncode, err) == (130, "crml: interrupted\n")


@pytest.mark.parametrize(("arguments", "status"), [(["--version"], 0), (["nope"], 2), ([], 2)])
def test_the_process_ends_with_the_status_and_all_of_its_output(
    arguments: list[str], status: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crml_sdk.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )
    assert done.returncode == status
    assert done.stdout or done.stderr
