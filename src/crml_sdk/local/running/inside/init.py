"""Process 1 of a sandbox: puts the file system in place, starts the container's program, watches it.

Started as `python -I -S -B init.py` with a packet socket as standard input. The server sends the
plan first, then `T` (end the program: SIGTERM), `K` (kill everything) or `C` (connect to port
8080 in here and hand the connection out). What happens is answered as JSON. When the server's end
of the socket closes, for whatever reason, everything in here is killed.

Standard library only, Python 3.8 or later: in a bubblewrap sandbox the container's own Python runs
this. Everything is imported before the root changes.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Dict, NoReturn  # noqa: UP035 (Python 3.8)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

if TYPE_CHECKING:
    from .namespaces import build_root, call, libc, separate
    from .syscalls import forbid_user_namespaces
    from .watch import LOOK_EVERY, Watch
else:
    from namespaces import build_root, call, libc, separate
    from syscalls import forbid_user_namespaces
    from watch import LOOK_EVERY, Watch

Plan = Dict[str, Any]  # noqa: UP006 (Python 3.8)

DUMPABLE, BOUNDING_DROP, SUBREAPER, NO_NEW_PRIVILEGES = 4, 24, 36, 38
AMBIENT, AMBIENT_CLEAR = 47, 4
PACKET = 60_000
PORT = 8080


# The program


def give_up_rights(plan: Plan) -> None:
    """In the child, before its program starts: limits, no capabilities, not root."""
    for name, value in plan["limits"].items():
        kind = getattr(resource, "RLIMIT_" + name)
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    os.umask(0o022)
    if plan["isolated"]:
        libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        libc.prctl(AMBIENT, AMBIENT_CLEAR, 0, 0, 0)
        for capability in range(64):
            libc.prctl(BOUNDING_DROP, capability, 0, 0, 0)
        if plan["become"] is not None and os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(*[plan["become"]] * 3)
            os.setresuid(*[plan["become"]] * 3)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
        forbid_user_namespaces(libc)


def start(plan: Plan) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        plan["argv"],
        stdin=subprocess.DEVNULL,
        env=plan["env"],
        cwd=plan["cwd"],
        start_new_session=True,
        preexec_fn=lambda: give_up_rights(plan),  # one thread here
    )


def feed(plan: Plan, channel: Plan) -> None:
    """Gives a channel through pipes, PIPE_0 for the first epoch, PIPE_1 for the next, and so on."""
    if os.fork():
        return
    try:
        os.closerange(3, 256)
        os.setsid()
        give_up_rights(plan)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        number = 0
        os.mkfifo(channel["pipe"] + "_0", 0o600)
        while True:
            os.mkfifo(channel["pipe"] + f"_{number + 1}", 0o600)
            with contextlib.suppress(OSError):
                feed_once(channel["pipe"] + f"_{number}", channel["files"])
            number += 1
    finally:
        os._exit(0)


def feed_once(path: str, files: list[str]) -> None:
    """Writes the files of one epoch; opening waits for a reader."""
    with open(path, "wb", buffering=0) as pipe:
        for name in files:
            with open(name, "rb") as file:
                piece = file.read(1 << 16)
                while piece:
                    piece = piece[pipe.write(piece) or 0 :] or file.read(1 << 16)


def connect(control: socket.socket) -> None:
    """Hands out a connection to the program's port, or the reason why there is none."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(2)
    try:
        connection.connect(("127.0.0.1", PORT))
        connection.settimeout(None)
        rights = array.array("i", [connection.fileno()])
        control.sendmsg([b'{"connected": true}'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    except OSError as fault:
        tell(control, {"connected": False, "reason": str(fault)})
    finally:
        connection.close()


def tell(control: socket.socket, message: Plan) -> None:
    with contextlib.suppress(OSError):
        control.send(json.dumps(message).encode())


def supervise(control: socket.socket, plan: Plan) -> Plan:
    """Runs one program to its end; returns what came of it."""
    try:
        for channel in plan["feeds"]:
            feed(plan, channel)
        program = start(plan)
    except (OSError, subprocess.SubprocessError) as fault:
        return {"error": f"{plan['argv'][0]}: {fault}", "missing": True}
    tell(control, {"started": True})
    watch = Watch(plan)
    next_look = 0.0
    while True:
        ready, _, _ = select.select([control], [], [], 0.02 if next_look == 0 else 0.05)
        if ready:
            command = control.recv(16)
            if command in (b"", b"K"):
                return {"killed": True}
            if command == b"T" and program.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(program.pid, signal.SIGTERM)
            if command == b"C":
                connect(control)
        ended = reap(program.pid)
        now = time.monotonic()
        if ended is not None:
            watch.next_disk = 0.0  # a full disk ends a program sooner than the next look
            return ended if ended.get("exit") == 0 else watch.excess(now) or ended
        if now >= next_look:
            next_look = now + LOOK_EVERY
            excess = watch.excess(now)
            if excess is not None:
                return excess


def reap(wanted: int) -> Plan | None:
    """Takes note of every child that ended; says how the wanted one did."""
    while True:
        try:
            number, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return {"error": "the program was lost"}
        if not number:
            return None
        if number == wanted:
            if os.WIFSIGNALED(status):
                return {"signal": os.WTERMSIG(status)}
            return {"exit": os.WEXITSTATUS(status)}


# Several containers on one network


def lead(control: socket.socket, plan: Plan) -> Plan:
    """Starts a sandbox for each container of the plan, and passes messages through."""
    ends: dict[int, tuple[int, socket.socket]] = {}
    for index, entry in enumerate(plan["containers"]):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output = entry["output"]
        subprocess.Popen(
            entry["command"], stdin=theirs.fileno(), stdout=output, stderr=output, env={}
        )
        theirs.close()
        os.close(output)
        send_plan(ours, entry["plan"])
        ends[ours.fileno()] = (index, ours)
    while ends:
        ready, _, _ = select.select([control, *ends], [], [])
        for item in ready:
            if not isinstance(item, int):
                command = control.recv(16)
                if command in (b"", b"K"):
                    return {"killed": True}
                for _, other in ends.values():
                    with contextlib.suppress(OSError):
                        other.send(command)
                continue
            index, end = ends[item]
            try:
                message = end.recv(PACKET)
            except ConnectionResetError:
                continue  # it ended without having read everything; what it sent comes next
            if message:
                tell(control, {"container": index, **json.loads(message)})
            else:
                tell(control, {"container": index, "closed": True})
                del ends[item]
    return {"done": True}


def send_plan(control: socket.socket, plan: Plan) -> None:
    text = json.dumps(plan).encode()
    chunks = [text[at : at + PACKET] for at in range(0, len(text), PACKET)]
    control.send(str(len(chunks)).encode())
    for chunk in chunks:
        control.send(chunk)


def receive_plan(control: socket.socket) -> Plan:
    count = int(control.recv(16))
    return json.loads(b"".join(control.recv(PACKET) for _ in range(count)))


def main() -> NoReturn:
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    plan = receive_plan(control)
    try:
        if plan["separate"]:
            separate(plan)
            call("sethostname", plan["hostname"], len(plan["hostname"]))
            if plan["operations"] is not None:
                build_root(plan["root"], plan["operations"])
        if plan["isolated"]:
            libc.prctl(DUMPABLE, 0, 0, 0, 0)  # the program cannot look into this process
        else:
            libc.prctl(SUBREAPER, 1, 0, 0, 0)
        outcome = lead(control, plan) if "containers" in plan else supervise(control, plan)
    except Exception as fault:
        outcome = {"error": f"{type(fault).__name__}: {fault}", "setup": True}
    if "containers" not in plan:
        with contextlib.suppress(OSError):
            Watch(plan).kill_all()
    link = plan.get("link")
    if link and os.path.islink(link[0]) and os.readlink(link[0]) == link[1]:
        with contextlib.suppress(OSError):
            os.unlink(link[0])
    tell(control, outcome)
    control.close()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
