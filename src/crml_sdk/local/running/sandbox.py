"""Sandboxes, which isolate a container's program from the machine.

Three ways, each tried with a real process before it is used:

- `bubblewrap`: the `bwrap` command makes the namespaces and mounts.
- `unshare`: `inside/init.py` makes them itself, with the same system calls.
- `direct`: no namespaces. /opt/ml is a link to the job's folder, one job at a time. Nothing is
  hidden: for containers that are thrown away.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .layers import Layers
from .pythons import Python
from .view import Operation, Places, late_directories, operations

Kind = Literal["bubblewrap", "unshare", "direct"]
KINDS: tuple[Kind, ...] = ("bubblewrap", "unshare", "direct")

INIT = Path(__file__).parent / "inside" / "init.py"
PROGRAMS = ("init.py", "namespaces.py", "syscalls.py", "watch.py")
NOBODY = 65534
ML = Path("/opt/ml")
GIGABYTE = 1 << 30
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one container may use: bytes of memory, disk and log, and processes."""

    memory: int = 8 * GIGABYTE
    processes: int = 512
    disk: int = 20 * GIGABYTE
    log: int = 100 * MEGABYTE

    def of_processes(self, *, isolated: bool) -> dict[str, int]:
        """The kernel's limits for each process; the sums are watched from outside."""
        limits = {"DATA": self.memory, "FSIZE": self.disk + MEGABYTE, "CORE": 0}
        if isolated:
            limits["NPROC"] = 2 * self.processes + 1024
        return limits


@dataclass
class Container:
    """One container to start."""

    folder: Path
    argv: list[str]
    environment: dict[str, str]
    directory: str
    hostname: str = "algo-1"
    feeds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Pipes to be fed inside: `pipe`, `channel`, and the names of its `files`."""

    @property
    def layers(self) -> Layers:
        return Layers.below(self.folder)

    @property
    def places(self) -> Places:
        layers = self.layers
        return Places(layers.ml, layers.image, layers.home, layers.temporary, self.folder / "tools")


@dataclass
class Sandbox:
    """One way of keeping programs apart, with what is the same for all jobs."""

    kind: Kind
    python: Python
    limits: Limits = field(default_factory=Limits)
    network: bool = False
    visible: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @property
    def isolated(self) -> bool:
        return self.kind != "direct"

    @property
    def become(self) -> int | None:
        """The user that programs run as when the server is root."""
        return NOBODY if self.isolated and os.geteuid() == 0 else None

    def tools(self, folder: Path) -> str:
        """Where a container finds the commands that the server adds (`python`)."""
        return "/run/crml/bin" if self.isolated else str(folder / "tools" / "bin")

    def prepare(self, container: Container, hosts: Sequence[str] = ("algo-1",)) -> None:
        """Writes what the server adds to a container, and gives its files to its user."""
        places = container.places
        places.make()
        tools = places.tools
        (tools / "bin").mkdir(exist_ok=True)
        for name in ("python", "python3"):
            wrapper = tools / "bin" / name
            wrapper.write_text(f'#!/bin/sh\nexec "{self.python.executable}" "$@"\n')
            wrapper.chmod(0o755)
        (tools / "empty").write_bytes(b"")
        names = [f"127.0.0.1 localhost {' '.join(hosts)}", "::1 localhost", ""]
        (tools / "hosts").write_text("\n".join(names))
        for name in PROGRAMS:
            shutil.copyfile(INIT.with_name(name), tools / name)
        for path in (tools, tools / "bin"):
            path.chmod(0o755)
        for path in late_directories(self.python, self.visible):
            container.layers.make_directory(str(path))
        if self.become is not None:
            for top in (places.ml, places.image, places.home, places.temporary):
                _give(top, self.become)

    def mounts(self, container: Container) -> list[Operation]:
        """The mounts of a container."""
        return operations(
            container.places,
            self.python,
            visible=self.visible,
            hidden=self.hidden,
            shared_memory=self.limits.memory // 2,
        )

    def plan(self, container: Container, *, joins: bool = False) -> dict[str, Any]:
        """What `inside/init.py` is told about one container.

        Args:
            container: The container.
            joins: It shares the network that it is started in.
        """
        places = container.places
        root = container.folder / "mounted"
        root.mkdir(exist_ok=True)
        writable = (places.ml, places.image, places.home, places.temporary)
        tools = Path(self.tools(container.folder)).parent
        inside = ["/opt/ml", "/tmp", "/root"] if self.isolated else list(map(str, writable))
        return {
            "separate": self.kind == "unshare",
            "isolated": self.isolated,
            "shares_network": joins or self.network,
            "operations": self.mounts(container) if self.kind == "unshare" else None,
            "root": os.path.realpath(root),
            "hostname": container.hostname,
            "argv": container.argv,
            "env": container.environment,
            "cwd": container.directory,
            "become": self.become,
            "feeds": [
                {
                    "pipe": feed["pipe"],
                    "files": [
                        f"{tools}/channels/{feed['channel']}/{name}" for name in feed["files"]
                    ],
                }
                for feed in container.feeds
            ],
            "limits": self.limits.of_processes(isolated=self.isolated),
            "most": {
                "processes": self.limits.processes,
                "memory": self.limits.memory,
                "disk": self.limits.disk + sum(_size(path) for path in writable),
            },
            "disk": inside,
            "not_counted": list(map(str, late_directories(self.python, self.visible))),
            "link": None if self.isolated else [str(ML), str(places.ml)],
        }

    def command(self, container: Container, *, joins: bool = False) -> list[str]:
        """The command that starts `inside/init.py` for one container."""
        if self.kind != "bubblewrap":
            return [sys.executable, "-I", "-S", "-B", str(INIT)]
        made = self._bubblewrap(joins=joins, hostname=container.hostname)
        for name, *values in self.mounts(container):
            made += _ARGUMENTS[str(name)](*map(str, values))
        made += ["--remount-ro", "/", "--chdir", "/", "--"]
        return [*made, str(self.python.executable), "-I", "-S", "-B", "/run/crml/init.py"]

    def leader(self, containers: Sequence[Mapping[str, Any]]) -> tuple[list[str], dict[str, Any]]:
        """The command and plan of a shared network that starts several containers."""
        plan: dict[str, Any] = {
            "separate": self.kind == "unshare",
            "isolated": self.isolated,
            "shares_network": self.network,
            "operations": None,
            "hostname": "algo",
            "containers": list(containers),
        }
        init = [sys.executable, "-I", "-S", "-B", str(INIT)]
        if self.kind != "bubblewrap":
            return init, plan
        made = self._bubblewrap(joins=False, hostname="algo")
        return [*made, "--dev-bind", "/", "/", "--", *init], plan

    def _bubblewrap(self, *, joins: bool, hostname: str) -> list[str]:
        made = ["bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1"]
        made += ["--die-with-parent", "--new-session", "--hostname", hostname]
        if os.geteuid() != 0:
            made.append("--unshare-user")
        if not joins and not self.network:
            made.append("--unshare-net")
        return made


def _bubblewrap_tmpfs(path: str, size: str, mode: str) -> list[str]:
    return ["--perms", mode.rjust(4, "0"), "--size", size, "--tmpfs", path]


def _bubblewrap_option(name: str) -> Callable[..., list[str]]:
    return lambda *values: [name, *values]


_ARGUMENTS: dict[str, Callable[..., list[str]]] = {
    "ro": _bubblewrap_option("--ro-bind"),
    "rw": _bubblewrap_option("--bind"),
    "dir": _bubblewrap_option("--dir"),
    "symlink": _bubblewrap_option("--symlink"),
    "tmpfs": _bubblewrap_tmpfs,
    "proc": _bubblewrap_option("--proc"),
    "dev": _bubblewrap_option("--dev"),
}


def _give(top: Path, user: int) -> None:
    os.chown(top, user, user)
    for place, directories, files in os.walk(top):
        for name in directories + files:
            os.chown(os.path.join(place, name), user, user, follow_symlinks=False)


def _size(path: Path) -> int:
    total = 0
    for place, directories, files in os.walk(path):
        for name in directories + files:
            total += os.lstat(os.path.join(place, name)).st_blocks * 512
    return total


# Choosing


@dataclass(frozen=True)
class Choice:
    """What was chosen, or None, and what came of each trial."""

    sandbox: Sandbox | None
    trials: tuple[tuple[Kind, str], ...]

    @property
    def reason(self) -> str:
        """One sentence for the user."""
        failed = "; ".join(f"{kind}: {why}" for kind, why in self.trials if why)
        if self.sandbox is None:
            return f"No sandbox works here ({failed}), so jobs are simulated"
        text = f"Jobs run in the sandbox {self.sandbox.kind!r}"
        return f"{text} ({failed})" if failed else text


def choose(
    wanted: Literal["auto", "bubblewrap", "unshare", "direct"],
    python: Python,
    **options: Any,
) -> Choice:
    """Tries the wanted way, or each in order, with a real process; takes the first that works.

    `auto` takes `direct` only where nothing can be hidden from anyway: inside a container.

    Args:
        wanted: `[run] sandbox` of the workspace file.
        python: The Python that programs run with.
        **options: The other fields of `Sandbox`.
    """
    trials: list[tuple[Kind, str]] = []
    for kind in KINDS if wanted == "auto" else (wanted,):
        sandbox = Sandbox(kind, python, **options)
        fault = _unsuited(kind, wanted) or _try(sandbox)
        trials.append((kind, fault))
        if not fault:
            return Choice(sandbox, tuple(trials))
    return Choice(None, tuple(trials))


def _unsuited(kind: Kind, wanted: str) -> str:
    if sys.platform != "linux":
        return f"it needs Linux, and this is {sys.platform}"
    if kind == "bubblewrap" and shutil.which("bwrap") is None:
        return "there is no bwrap command"
    if kind != "direct":
        return ""
    if wanted == "auto" and not in_container():
        return "only used automatically inside a container, because it hides nothing"
    if ML.is_symlink():
        return f"{ML} is a link to {os.readlink(ML)} already"
    if ML.exists():
        return f"{ML} exists already"
    if not os.access(ML.parent if ML.parent.exists() else "/", os.W_OK):
        return f"{ML.parent} cannot be written to"
    return ""


def in_container() -> bool:
    """True inside Docker, Podman, Kubernetes and most CI containers."""
    if any(Path(name).exists() for name in ("/.dockerenv", "/run/.containerenv")):
        return True
    return "container" in os.environ or "KUBERNETES_SERVICE_HOST" in os.environ


_TRIAL = """
import os, socket
open("/opt/ml/tried", "w").write("ok")
if {isolated}:
    assert len([name for name in os.listdir("/proc") if name.isdigit()]) < 5, "processes are seen"
    assert not os.path.exists({home!r} + "/.."  + {secret!r}), "files are seen"
with socket.socket() as server:
    server.bind(("127.0.0.1", 0))
    server.listen()
    socket.create_connection(server.getsockname(), 2).close()
"""


def _try(sandbox: Sandbox) -> str:
    """Runs a small program in a sandbox; returns why it failed, or nothing."""
    from .process import start

    with tempfile.TemporaryDirectory(prefix="crml-try-") as name:
        folder = Path(os.path.realpath(name))
        (folder / "secret").write_text("not for programs")
        program = _TRIAL.format(isolated=sandbox.isolated, home=name, secret=folder.name)
        argv = [str(sandbox.python.executable), "-I", "-S", "-c", program]
        container = Container(folder, argv, {"PATH": "/usr/bin:/bin"}, "/")
        try:
            sandbox.prepare(container)
            with start(sandbox, [container], log=folder / "log") as process:
                outcome = process.run(seconds=30)[0]
        except OSError as fault:
            return str(fault)
        if outcome.ok and (container.places.ml / "tried").exists():
            return ""
        printed = (folder / "log").read_text(errors="replace").strip().splitlines()
        return (printed or [outcome.sentence()])[-1][:200]
