"""What runs in a sandbox, what it uses, and whether that is too much. See init.py."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from typing import Any, Dict  # noqa: UP035 (Python 3.8)

Plan = Dict[str, Any]  # noqa: UP006 (Python 3.8)

LOOK_EVERY = 0.25


class Watch:
    """What runs in here, what it uses, and the limits."""

    def __init__(self, plan: Plan) -> None:
        self.isolated: bool = plan["isolated"]
        self.most: dict[str, int] = plan["most"]
        self.disk: list[str] = plan["disk"]
        self.without: list[str] = plan["not_counted"]
        self.page: int = os.sysconf("SC_PAGE_SIZE")
        self.next_disk = 0.0

    def members(self) -> list[int]:
        """The processes of the container, this one left out."""
        everything = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        if self.isolated:
            return [number for number in everything if number != 1]
        parents = {number: parent_of(number) for number in everything}
        found = {os.getpid()}
        while True:
            more = {number for number, parent in parents.items() if parent in found} - found
            if not more:
                return sorted(found - {os.getpid()})
            found |= more

    def excess(self, now: float) -> Plan | None:
        """The limit that is passed, if one is."""
        members = self.members()
        if len(members) > self.most["processes"]:
            return {"limit": "processes", "used": len(members)}
        used = sum(self.resident(number) for number in members)
        if used > self.most["memory"]:
            used = sum(self.share(number) for number in members)
        if self.isolated:
            used += in_use("/dev/shm") + in_segments()
        if used > self.most["memory"]:
            return {"limit": "memory", "used": used}
        if now >= self.next_disk:
            began = time.monotonic()
            used = sum(size_below(path, self.without) for path in self.disk) + self.unlinked(
                members
            )
            self.next_disk: float = now + max(LOOK_EVERY, 10 * (time.monotonic() - began))
            if used > self.most["disk"]:
                return {"limit": "disk", "used": used}
        return None

    def resident(self, number: int) -> int:
        try:
            with open(f"/proc/{number}/statm") as file:
                return int(file.read().split()[1]) * self.page
        except (OSError, IndexError):
            return 0

    def share(self, number: int) -> int:
        """Memory of a process, what it shares counted by parts."""
        try:
            with open(f"/proc/{number}/smaps_rollup") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        return int(line.split()[1]) * 1024
        except OSError:
            pass
        return self.resident(number)

    def unlinked(self, members: list[int]) -> int:
        """Bytes in files that are open but have no name any more."""
        total = 0
        seen: set[tuple[int, int]] = set()
        for number in members:
            with contextlib.suppress(OSError):
                for name in os.listdir(f"/proc/{number}/fd"):
                    with contextlib.suppress(OSError):
                        facts = os.stat(f"/proc/{number}/fd/{name}")
                        key = (facts.st_dev, facts.st_ino)
                        if stat.S_ISREG(facts.st_mode) and not facts.st_nlink and key not in seen:
                            seen.add(key)
                            total += facts.st_blocks * 512
        return total

    def kill_all(self) -> None:
        """Kills everything but this process, and what it starts meanwhile."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.isolated:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)
            for number in self.members():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(number, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if not self.members():
                return
            time.sleep(0.01)


def parent_of(number: int) -> int:
    try:
        with open(f"/proc/{number}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return -1


def in_use(path: str) -> int:
    try:
        facts = os.statvfs(path)
    except OSError:
        return 0
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def in_segments() -> int:
    """Bytes in System V shared memory, which stays when no process holds it."""
    try:
        with open("/proc/sysvipc/shm") as file:
            names = file.readline().split()
            return sum(int(line.split()[names.index("rss")]) for line in file)
    except (OSError, ValueError, IndexError):
        return 0


def size_below(path: str, without: list[str]) -> int:
    """Bytes on disk below a directory; links are not followed, some directories left out."""
    total, waiting = 0, [path]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False) and entry.path not in without:
                        waiting.append(entry.path)
    return total
