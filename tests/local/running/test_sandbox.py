"""What a container can see, reach and change: attempts to get out, in each sandbox."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local.running import sandbox as sandboxes
from crml_sdk.local.running.process import start
from crml_sdk.local.running.sandbox import Container, Sandbox, choose

from .support import python

ESCAPES = """
import ctypes, json, os, socket, subprocess, sys
HOST_PORT, SECRET, HOME = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def attempt(act):
    try:
        return repr(act())
    except BaseException as fault:
        return "refused: %s" % type(fault).__name__
def write(path):
    with open(path, "w") as file:
        file.write("x")
    return "written"
libc = ctypes.CDLL(None, use_errno=True)
def namespace_by_clone():
    number = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) if os.uname().machine == "x86_64" else -1
    if number == 0:
        os._exit(0)
    if number < 0:
        raise OSError
def mount_again():
    if libc.mount(None, b"/usr", None, ctypes.c_ulong(0x20 | 0x1000), None):
        raise OSError
    return write("/usr/escaped")
def uncover():
    if libc.umount2(b"/root", 2):
        raise OSError
    return os.listdir("/root")
def own_namespace():
    if libc.unshare(0x10000000 | 0x00020000):
        raise OSError
    return mount_again()
found = {
    "secret": attempt(lambda: open(SECRET).read()),
    "secret by link": attempt(lambda: (os.symlink(SECRET, "/tmp/link"), open("/tmp/link").read())),
    "home": attempt(lambda: sorted(n for n in os.listdir(HOME) if n in (".aws", ".ssh", ".bashrc"))),
    "aws": attempt(lambda: open(HOME + "/.aws/credentials").read()),
    "shadow": attempt(lambda: open("/etc/shadow").read()),
    "environ of 1": attempt(lambda: open("/proc/1/environ", "rb").read()),
    "memory of 1": attempt(lambda: open("/proc/1/mem", "rb").read(1)),
    "files of 1": attempt(lambda: os.listdir("/proc/1/fd")),
    "root of 1": attempt(lambda: os.listdir("/proc/1/root")),
    "write /usr": attempt(lambda: write("/usr/escaped")),
    "write /etc": attempt(lambda: write("/etc/escaped")),
    "write /": attempt(lambda: write("/escaped")),
    "write /run": attempt(lambda: write("/run/escaped")),
    "write /run/crml": attempt(lambda: write("/run/crml/bin/python")),
    "write python": attempt(lambda: write(os.path.join(sys.prefix, "escaped"))),
    "host loopback": attempt(lambda: socket.create_connection(("127.0.0.1", HOST_PORT), 2)),
    "internet": attempt(lambda: socket.create_connection(("192.0.2.1", 80), 2)),
    "interfaces": sorted(name for _, name in socket.if_nameindex()),
    "mount again": attempt(mount_again),
    "uncover": attempt(uncover),
    "become root": attempt(lambda: os.setuid(0) if os.getuid() else 1 / 0),
    "device": attempt(lambda: os.mknod("/opt/ml/disk", 0o60666, os.makedev(254, 0))),
    "setns": attempt(lambda: 1 / 0 if libc.setns(os.open("/proc/1/ns/mnt", 0), 0) else "joined"),
    "kill 1": attempt(lambda: os.kill(1, 9)),
    "trace 1": attempt(lambda: 1 / 0 if libc.ptrace(16, 1, 0, 0) else "traced"),
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "sudo": attempt(lambda: subprocess.run(["su", "-c", "id"], check=True, stdin=subprocess.DEVNULL)),
    "capabilities": [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")],
    "no new privileges": [line.split()[1] for line in open("/proc/self/status") if line.startswith("NoNew")],
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "write /opt/ml": attempt(lambda: write("/opt/ml/model/x")),
    "write /tmp": attempt(lambda: write("/tmp/x")),
    "write home": attempt(lambda: write("/root/x")),
    "uid": os.getuid(),
    "own namespace": attempt(own_namespace),
    "user namespace": attempt(lambda: 1 / 0 if libc.unshare(0x10000000) else "made"),
    "namespace by clone": attempt(namespace_by_clone),
}
json.dump(found, open("/opt/ml/found", "w"))
"""
REFUSED = (
    "secret", "secret by link", "aws", "shadow", "environ of 1", "memory of 1", "files of 1",
    "root of 1", "write /usr", "write /etc", "write /", "write /run", "write /run/crml",
    "write python", "host loopback", "internet", "mount again", "uncover", "become root", "device",
    "setns", "trace 1", "sudo", "own namespace", "user namespace", "namespace by clone",
)  # fmt: skip


@pytest.fixture
def host_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def run(sandbox: Sandbox, folder: Path, argv: list[str], **options: Any) -> Path:
    """Runs one program to its end; returns its /opt/ml on the host."""
    container = Container(folder, argv, {"PATH": "/run/crml/bin:/usr/bin:/bin"}, "/", **options)
    (container.layers.ml / "model").mkdir(exist_ok=True)
    sandbox.prepare(container)
    with start(sandbox, [container], log=folder / "log") as process:
        outcome = process.run(seconds=60)[0]
    assert outcome.ok, (outcome, (folder / "log").read_text())
    return container.layers.ml


def test_attempts_to_get_out(tmp_path: Path, kind: str, host_port: int) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    arguments = [str(host_port), str(secret), str(Path.home())]
    argv = ["python", "-c", ESCAPES, *arguments]
    ml = run(Sandbox(kind, python()), tmp_path / "job", argv)  # pyright: ignore[reportArgumentType]
    found = json.loads((ml / "found").read_text())
    assert {name: found[name] for name in REFUSED if not found[name].startswith("refused")} == {}
    assert found["home"] in ("[]", "refused: FileNotFoundError")
    assert found["interfaces"] == ["lo"]
    assert found["processes"] <= 3
    assert set(found["capabilities"]) == {"0000000000000000"}
    assert found["no new privileges"] == ["1"]
    assert found["descriptors"] == ["0", "1", "2", "3"]  # the fourth lists the directory
    assert found["uid"] != 0 or os.getuid() != 0
    assert [found[f"write {name}"] for name in ("/opt/ml", "/tmp", "home")] == ["'written'"] * 3
    assert not Path("/usr/escaped").exists()


def test_files_of_an_image_outside_of_opt_ml(tmp_path: Path, kind: str) -> None:
    """In a directory of its own, and among the system's files, which stay as they are."""
    sandbox = Sandbox(kind, python())  # pyright: ignore[reportArgumentType]
    container = Container(tmp_path, [], {}, "/")
    for path in (
        "/app/x",
        "/usr/local/bin/run-it",
        "/usr/bin/run-it-too",
        "/etc/own/conf",
        "/srv/y",
    ):
        container.layers.write(path, b"#!/bin/sh\necho $0 > /opt/ml/$(basename $0)\n")
    container.layers.find("/srv/link").symlink_to("/app/x")
    script = (
        "cat /app/x /etc/own/conf /srv/link >/dev/null && run-it && run-it-too && ls /etc/passwd"
    )
    script += " && env python3 -c 'import json' && /usr/bin/env ls / > /opt/ml/tops"
    path = "/run/crml/bin:/usr/local/bin:/usr/bin:/bin"
    container.argv, container.environment = ["sh", "-ec", script], {"PATH": path}
    sandbox.prepare(container)
    with start(sandbox, [container], log=tmp_path / "log") as process:
        outcome = process.run(seconds=60)[0]
    assert outcome.ok, (tmp_path / "log").read_text()
    assert (container.layers.ml / "run-it").read_text() == "/usr/local/bin/run-it\n"
    tops = (container.layers.ml / "tops").read_text().split()
    assert "app" in tops
    assert not {"home", "mnt", "var/lib", "boot"} & set(tops)
    assert not Path("/usr/local/bin/run-it").exists()


def test_hidden_and_visible_paths(tmp_path: Path, kind: str) -> None:
    shown = tmp_path / "shown"
    (shown / "deep").mkdir(parents=True)
    (shown / "data").write_text("data")
    (shown / "state.json").write_text("state")
    (shown / "deep" / "x").write_text("x")
    sandbox = Sandbox(
        kind,  # pyright: ignore[reportArgumentType]
        python(),
        visible=(shown,),
        hidden=(shown / "state.json", shown / "deep"),
    )
    script = f"cat {shown}/data > /opt/ml/data; cat {shown}/state.json > /opt/ml/state"
    script += f"; ls {shown}/deep > /opt/ml/deep; touch {shown}/new || true"
    ml = run(sandbox, tmp_path / "job", ["sh", "-c", script])
    contents = [(ml / name).read_text() for name in ("data", "state", "deep")]
    assert contents == ["data", "", ""]
    assert not (shown / "new").exists()


def test_a_python_of_another_version(tmp_path: Path, kind: str) -> None:
    """What runs inside is the standard library of Python 3.8 and later."""
    others = sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python3.8"))
    if not others:
        pytest.skip("there is no Python 3.8 on this machine")
    from crml_sdk.local.running.pythons import ask

    sandbox = Sandbox(kind, ask(others[0]))  # pyright: ignore[reportArgumentType]
    code = "import sys; open('/opt/ml/v', 'w').write('%d.%d' % sys.version_info[:2])"
    assert (run(sandbox, tmp_path, ["python3", "-c", code]) / "v").read_text() == "3.8"


def test_choosing_says_why() -> None:
    choice = choose("auto", python())
    if choice.sandbox is None:
        assert "jobs are simulated" in choice.reason
    else:
        assert choice.sandbox.kind in choice.reason


def test_a_sandbox_that_does_not_work_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxes.shutil, "which", lambda _: None)
    monkeypatch.setattr(sandboxes, "_try", lambda sandbox: "no permission")
    choice = choose("auto", python())
    assert choice.sandbox is None
    assert choice.reason.startswith(
        "No sandbox works here (bubblewrap: there is no bwrap command; unshare: no permission"
    )


KILLED = """
import sys, time
from pathlib import Path
from tests.local.running.support import Bench, program
bench = Bench(Path(sys.argv[1]), train=Path(sys.argv[2]), sandbox=sys.argv[3])
bench.channel()
count = int(sys.argv[4])
resources = {"instanceType": "ml.m5.large", "volumeSizeInGB": 1, "instanceCount": count}
bench.run(bench.training(resourceConfig=resources))
"""
STAYS = """
import os, subprocess, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "617"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
print("begun", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_is_left_when_the_server_is_killed(tmp_path: Path, kind: str, count: int) -> None:
    """kill -9: no process and no mount stays, not even of programs that leave their session."""
    from .support import processes_of, program

    context = program(tmp_path, STAYS)
    arguments = [str(tmp_path), str(context), kind, str(count)]
    server = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], cwd=Path.cwd())
    wait_for(lambda: "begun" in read(tmp_path), seconds=60)
    wait_for(lambda: len(processes_of(tmp_path)) > 3, seconds=10)
    server.kill()
    server.wait()
    wait_for(lambda: processes_of(tmp_path) == [], seconds=20)
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


RUNAWAY = """
import os, sys
from pathlib import Path
from crml_sdk.local.running import reports
(log := Path(sys.argv[1], "log")).write_text("a" * 60 + "!")
metrics = [{"name": "x", "regex": "(a+)+$"}]
reports.read([reports.Printed("algo-1", log)], log.parent, metrics=metrics, readers={}, failed=False)
"""


def test_an_expression_that_never_ends_goes_with_the_server(tmp_path: Path) -> None:
    """A process that read a log stayed, at full load, when the server was killed meanwhile."""
    server = subprocess.Popen([sys.executable, "-c", RUNAWAY, str(tmp_path)], cwd=Path.cwd())
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    wait_for(lambda: children.read_text().split(), seconds=60)
    reader = Path("/proc", children.read_text().split()[0])
    server.kill()
    server.wait()
    wait_for(lambda: not reader.exists() or " Z " in (reader / "stat").read_text(), seconds=20)


def read(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.glob("jobs/*/job.log*"))


def wait_for(condition: Any, *, seconds: float) -> None:
    import time

    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
