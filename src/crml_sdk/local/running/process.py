"""Containers while they run: what they print, what became of them, stopping them.

One thread starts containers, waits for them and reads what they print. It must be the thread that
waits: bubblewrap ends its sandbox when the thread that started it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from .layers import Layers
from .reports import Printed
from .sandbox import GIGABYTE, MEGABYTE, ML, Container, Sandbox

PACKET = 60_000
READ = 1 << 18
START_SECONDS = 60
LOOK = 0.1
CONNECT_SECONDS = 10
TIME_STEP = 0.1


@dataclass(frozen=True)
class Outcome:
    """How a container ended.

    `status` is its exit status, `signal` the signal that ended it, `limit` the limit that it
    passed, `fault` why it could not be started. `killed`: by the server.
    """

    status: int | None = None
    signal: int | None = None
    limit: str | None = None
    fault: str | None = None
    killed: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 0

    def sentence(self) -> str:
        """What happened, as one sentence."""
        if self.limit is not None:
            return self.limit
        if self.fault is not None:
            return f"The container could not be started: {self.fault}"
        if self.signal is not None:
            return f"The container was killed by signal {_signal_name(self.signal)}."
        if self.killed or self.status is None:
            return "The container was stopped."
        return f"The container exited with status {self.status}."


def _signal_name(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)


def _message(data: bytes) -> dict[str, Any]:
    """What a sandbox reports; it is not trusted to be well formed."""
    try:
        message: Any = json.loads(data)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        return {"error": "the sandbox sent an invalid report"}
    return cast("dict[str, Any]", message)


class Log:
    """What one container prints, in a file of its own, up to a limit."""

    def __init__(self, path: Path, limit: int, merged: IO[bytes] | None, label: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.label = label
        self.times: list[tuple[int, float]] = []
        self._file = path.open("ab")
        self._at = path.stat().st_size
        self._left = limit
        self._merged = merged
        self._label = label.encode()
        self._rest = b""

    def write(self, data: bytes) -> bool:
        """Keeps what was printed; False once it is too much."""
        kept = data[: max(self._left, 0)]
        self._left -= len(data)
        now = time.time()
        if not self.times or now - self.times[-1][1] > TIME_STEP:
            self.times.append((self._at, now))
        self._at += len(kept)
        self._file.write(kept)
        self._file.flush()
        if self._merged is not None:
            *lines, self._rest = (self._rest + kept).split(b"\n")
            for line in lines:
                self._merged.write(b"[" + self._label + b"] " + line + b"\n")
            self._merged.flush()
            if len(self._rest) > READ:
                self._rest = b""
        return self._left >= 0

    def close(self) -> None:
        if self._merged is not None and self._rest:
            self._merged.write(b"[" + self._label + b"] " + self._rest + b"\n")
        self._file.close()


class Process:
    """Containers that were started together."""

    def __init__(
        self,
        sandbox: Sandbox,
        popen: subprocess.Popen[bytes],
        control: socket.socket,
        outputs: Sequence[int],
        logs: Sequence[Log],
    ) -> None:
        self._sandbox = sandbox
        self._popen = popen
        self._control = control
        self._control_open = True
        self._outputs = dict(zip(outputs, range(len(outputs)), strict=True))
        self._logs = list(logs)
        self._count = len(logs)
        self._connections: queue.Queue[socket.socket | str] = queue.Queue()
        self._asking = threading.Lock()
        self._refuses = False
        self.outcomes: dict[int, Outcome] = {}
        self.started: set[int] = set()

    @property
    def ended(self) -> bool:
        """True once every container has ended."""
        return len(self.outcomes) == self._count

    @property
    def failed(self) -> bool:
        """True once a container has ended badly."""
        return any(not outcome.ok for outcome in self.outcomes.values())

    def pump(self, seconds: float) -> None:
        """Takes in what is printed and reported, for at most so long."""
        waiting = [*self._outputs, *([self._control] if self._control_open else [])]
        if not waiting:
            return
        ready, _, _ = select.select(waiting, [], [], max(seconds, 0))
        for entry in ready:
            if isinstance(entry, int):
                self._read_output(entry)
            else:
                self._read_control()

    def _read_output(self, number: int) -> None:
        index = self._outputs[number]
        try:
            data = os.read(number, READ)
        except OSError:
            data = b""
        if not data:
            del self._outputs[number]
            os.close(number)
        elif not self._logs[index].write(data) and index not in self.outcomes:
            most = self._sandbox.limits.log // MEGABYTE
            self._settle(index, Outcome(limit=f"The container printed more than {most} MB."))
            self.kill()

    def _read_control(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, PACKET, 1)
        except ConnectionResetError:
            return  # it ended without having read everything; what it sent comes next
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._control_open = False
            for index in range(self._count):
                self._settle(index, Outcome(fault=self._lost()))
            return
        message = _message(data)
        if "connected" in message:
            if descriptors:
                self._connections.put(socket.socket(fileno=descriptors.pop()))
            else:
                self._connections.put(str(message.get("reason")))
        for number in descriptors:
            os.close(number)
        self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        index = message.get("container", 0)
        if index not in range(self._count):
            return
        if message.get("started"):
            self.started.add(index)
        elif "exit" in message:
            self._settle(index, Outcome(status=message["exit"]))
        elif "signal" in message:
            self._settle(index, Outcome(signal=message["signal"]))
        elif "limit" in message:
            self._settle(index, Outcome(limit=self._passed(message)))
        elif "error" in message:
            self._settle(index, Outcome(fault=message["error"]))
        elif "killed" in message:
            for each in range(self._count):
                self._settle(each, Outcome(killed=True))
        elif "closed" in message:
            self._settle(index, Outcome(fault=self._lost()))

    def _lost(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(5)
        return f"the sandbox ended unexpectedly (status {self._popen.returncode}); see the log"

    def _passed(self, message: dict[str, Any]) -> str:
        limits, used = self._sandbox.limits, int(message.get("used", 0))
        if message["limit"] == "processes":
            return f"The container had {used} processes, but only {limits.processes} are allowed."
        most = limits.memory if message["limit"] == "memory" else limits.disk
        what = "memory" if message["limit"] == "memory" else "disk"
        return f"The container used more than {most / GIGABYTE:g} GB of {what}."

    def _settle(self, index: int, outcome: Outcome) -> None:
        self.outcomes.setdefault(index, outcome)

    # Acting on it

    def _send(self, command: bytes) -> None:
        with contextlib.suppress(OSError):
            self._control.send(command)

    def terminate(self) -> None:
        """Sends SIGTERM to the program of each container."""
        self._send(b"T")

    def kill(self) -> None:
        """Kills every process of every container."""
        self._send(b"K")

    def request_connection(self) -> socket.socket | str:
        """A connection to port 8080 inside the container, or why there is none.

        Called by another thread than the one that attends to the containers.
        """
        with self._asking:
            if self._refuses or self.ended:
                return "the container has ended"
            self._send(b"C")
            try:
                return self._connections.get(timeout=CONNECT_SECONDS)
            except queue.Empty:
                return "no answer from the sandbox"

    def refuse_connections(self) -> None:
        """Lets whoever waits for a connection know that none will come."""
        self._refuses = True
        self._connections.put("the container has ended")

    def run(self, *, seconds: float, seconds_to_stop: float = 5) -> list[Outcome]:
        """Waits for all containers, and ends them when one fails or time is up."""
        self.watch(seconds=seconds)
        self.stop(seconds_to_stop)
        return self.all_outcomes()

    def watch(
        self, *, seconds: float | None = None, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """Waits until all have ended, one has failed, time is up, or `stopping` says so."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.ended and not self.failed and not stopping():
            left = LOOK if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return
            self.pump(min(LOOK, left))

    def stop(self, seconds_to_stop: float, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ends what still runs: SIGTERM, and SIGKILL after so many seconds, or when `hurry` says.

        Returns when nothing is left.
        """
        if not self.ended:
            self.terminate()
            deadline = time.monotonic() + seconds_to_stop
            while not self.ended and not hurry() and (left := deadline - time.monotonic()) > 0:
                self.pump(min(left, LOOK))
        if not self.ended:
            self.kill()
        self._drain()

    def all_outcomes(self) -> list[Outcome]:
        """How each container ended."""
        return [self.outcomes[index] for index in range(self._count)]

    def printed(self) -> list[Printed]:
        """What each container printed."""
        return [Printed(log.label, log.path, log.times) for log in self._logs]

    def _drain(self) -> None:
        """Waits until nothing is left, and takes in what was still printed."""
        deadline = time.monotonic() + 15
        while (self._outputs or self._control_open) and time.monotonic() < deadline:
            self.pump(0.1)
        for index in range(self._count):
            self._settle(index, Outcome(killed=True))

    def close(self) -> None:
        """Kills what is left and waits until it is gone."""
        self._control.close()  # process 1 kills everything when this end closes
        try:
            self._popen.wait(15)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        for number in self._outputs:
            os.close(number)
        self._outputs = {}
        for log in self._logs:
            log.close()


@contextmanager
def start(sandbox: Sandbox, containers: Sequence[Container], *, log: Path) -> Generator[Process]:
    """Starts containers; on the way out nothing of them is left.

    Several share one network, each with its own name. Each prints to a log of its own, and with
    several `log` has all lines, each with its container's name.

    Args:
        sandbox: The sandbox; each container was prepared by it.
        containers: One, or several.
        log: The log file.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pipes = [os.pipe() for _ in containers]
    merged = log.open("ab") if len(containers) > 1 else None
    logs = [
        Log(
            log if merged is None else log_of(log, entry.hostname),
            sandbox.limits.log,
            merged,
            entry.hostname,
        )
        for entry in containers
    ]
    written = [write for _, write in pipes]
    link = None
    try:
        if not sandbox.isolated:
            link = _link(containers[0].layers)
        if len(containers) == 1:
            command, plan = sandbox.command(containers[0]), sandbox.plan(containers[0])
        else:
            command, plan = sandbox.leader(
                [
                    {
                        "command": sandbox.command(entry, joins=True),
                        "plan": sandbox.plan(entry, joins=True),
                        "output": output,
                    }
                    for entry, output in zip(containers, written, strict=True)
                ]
            )
        popen: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            env={"PATH": os.environ.get("PATH", os.defpath)},
            cwd="/",
            stdout=written[0],
            stderr=written[0],
            pass_fds=written if len(containers) > 1 else (),
        )
    except BaseException:
        for read, _ in pipes:
            os.close(read)
        ours.close()
        raise
    finally:
        theirs.close()
        for number in written:
            os.close(number)
    process = Process(sandbox, popen, ours, [read for read, _ in pipes], logs)
    try:
        ours.settimeout(START_SECONDS)
        with contextlib.suppress(OSError):  # it ended already: its log and status say why
            _send_plan(ours, plan)
        yield process
    finally:
        process.close()
        if merged is not None:
            merged.close()
        if link is not None and ML.is_symlink() and os.readlink(ML) == link:
            ML.unlink()


def log_of(log: Path, hostname: str) -> Path:
    """The log of one of several containers."""
    return log.with_name(f"{log.name}.{hostname}")


def _link(layers: Layers) -> str:
    ML.parent.mkdir(parents=True, exist_ok=True)
    ML.symlink_to(layers.ml)
    return str(layers.ml)


def _send_plan(control: socket.socket, plan: dict[str, Any]) -> None:
    text = json.dumps(plan).encode()
    chunks = [text[at : at + PACKET] for at in range(0, len(text), PACKET)]
    control.send(str(len(chunks)).encode())
    for chunk in chunks:
        control.send(chunk)
