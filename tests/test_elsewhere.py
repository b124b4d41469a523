"""Where an operating system has less: what Windows lacks is taken away, and the library used.

This is no Windows: paths, sockets and event loops are those of this machine. It shows that nothing is
imported or called that is not there at all.
"""

from __future__ import annotations

import subprocess
import sys

LESS = """
import asyncio, os, signal, sys

for name in ("fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "_posixsubprocess"):
    sys.modules[name] = None
import concurrent.futures, logging, random, socket, ssl, threading  # these look once, for themselves
for name in ("fork", "getuid", "geteuid", "killpg", "mkfifo", "setsid", "uname", "WNOHANG",
             "register_at_fork", "getpgid", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGUSR1", "SIGALRM", "pthread_sigmask"):
    delattr(signal, name)

def refuse(*_):
    raise NotImplementedError
asyncio.SelectorEventLoop.add_signal_handler = refuse
asyncio.SelectorEventLoop.remove_signal_handler = refuse
"""

USE = """
from crml_sdk import LATEST_ACTIVE, CleanRoomsML
from crml_sdk.local import LocalCleanRoomsML

async def main():
    local = LocalCleanRoomsML()
    arns = local.seed({"models": [{"name": "churn", "versions": 2}], "channels": ["july"]})
    async with local.serve() as server:
        async with CleanRoomsML(region_name="us-east-1", endpoint_url=server.url) as sdk:
            job = await sdk.inference_jobs.run(
                arns["trained-model/churn"],
                version=LATEST_ACTIVE,
                name="july",
                resource_config={"instance_type": "ml.m5.large"},
                output_configuration={"members": [{"account_id": "111122223333"}]},
                data_source={"ml_input_channel_arn": arns["ml-input-channel/july"]},
            )
            assert len(await sdk.trained_models.versions(arns["trained-model/churn"])) == 2
            print(job.status)

asyncio.run(main())
"""

MODULES = """
import pkgutil, importlib
import crml_sdk
for found in pkgutil.walk_packages(crml_sdk.__path__, "crml_sdk."):
    name = found.name
    needs = ("airflow", "temporal", "dagster", "fastapi", "testing", "pytest_plugin")
    if name.split(".")[1] in needs or ".running" in name or name.endswith("__main__"):
        continue  # extras, and what needs Linux
    importlib.import_module(name)
print("imported")
"""

COMMAND = """
import threading
from crml_sdk.cli import main
from crml_sdk.local import LocalCleanRoomsML
local = LocalCleanRoomsML()
local.seed({"models": ["churn"]})
with local.serve_in_thread() as server:
    assert main(["models", "list", "--endpoint-url", server.url, "--region", "us-east-1"]) == 0
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LESS + program], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_library_and_the_local_service() -> None:
    assert run(USE) == "ACTIVE\n"


def test_every_module_that_does_not_need_linux() -> None:
    assert run(MODULES) == "imported\n"


def test_the_command() -> None:
    assert "churn" in run(COMMAND)
