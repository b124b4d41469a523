"""Namespaces and mounts of a sandbox, by the system calls themselves. See init.py."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
from typing import Any, Callable, Dict  # noqa: UP035 (Python 3.8)

Plan = Dict[str, Any]  # noqa: UP006 (Python 3.8)

NEW_MOUNTS, NEW_HOSTNAME, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SETUID, NO_DEVICES, REMOUNT, BIND = 0x1, 0x2, 0x4, 0x20, 0x1000
RECURSIVE, PRIVATE, DETACH = 0x4000, 0x40000, 0x2
MOUNT_SETATTR = 442  # the same number on every architecture
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
DEATH_SIGNAL = 1
RAISE_INTERFACE = (0x8913, 0x8914)  # get and set the flags of an interface
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

libc: ctypes.CDLL = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> int:
    """A libc function that returns -1 on error. Raises OSError."""
    ready = [entry.encode() if isinstance(entry, str) else entry for entry in arguments]
    result = getattr(libc, name)(*ready)
    if result == -1:
        number = ctypes.get_errno()
        shown = " ".join(str(entry) for entry in arguments if isinstance(entry, str))
        raise OSError(number, f"{name} {shown}: {os.strerror(number)}")
    return int(result)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    call("mount", source, target, kind or None, ctypes.c_ulong(flags), options or None)


def die_with(parent: int) -> None:
    """Be killed when the parent ends, also if it ended before this was called."""
    call("prctl", DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() not in (parent, 0):
        os._exit(137)


def separate(plan: Plan) -> None:
    """New namespaces; this process goes on as the first of the new process namespace."""
    flags = NEW_PIDS | NEW_IPC | NEW_HOSTNAME | NEW_MOUNTS
    if not plan["shares_network"]:
        flags |= NEW_NETWORK
    user, group = os.geteuid(), os.getegid()
    if user != 0:
        flags |= NEW_USER
    parent = os.getppid()
    call("unshare", flags)
    if user != 0:
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{user} {user} 1")
        write("/proc/self/gid_map", f"{group} {group} 1")
    die_with(parent)  # only now: a change of credentials takes it back
    child = os.fork()
    if child:
        for number in (0, 1, 2):
            os.dup2(os.open("/dev/null", os.O_RDWR), number)
        os.closerange(3, 256)
        _, status = os.waitpid(child, 0)
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
    die_with(0)
    if not plan["shares_network"]:
        raise_loopback()


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def raise_loopback() -> None:
    """Without this nothing inside reaches 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sH14s", b"lo", 0, b"")
        reply = fcntl.ioctl(any_socket, RAISE_INTERFACE[0], asked)
        flags = struct.unpack("16sH14s", reply)[1] | 0x1
        fcntl.ioctl(any_socket, RAISE_INTERFACE[1], struct.pack("16sH14s", b"lo", flags, b""))


# The file system


def build_root(root: str, operations: list[list[Any]]) -> None:
    """Mounts what the plan says below `root`, and makes that the root directory."""
    mount("", "/", "", RECURSIVE | PRIVATE)
    mount("tmpfs", root, "tmpfs", NO_SETUID | NO_DEVICES, "mode=755,size=64m")
    for name, *arguments in operations:
        OPERATIONS[name](root, *arguments)
    restrict(root, READ_ONLY, recursive=False)
    os.chdir(root)
    machine = os.uname().machine
    if hasattr(libc, "pivot_root"):
        call("pivot_root", ".", ".")
    else:
        call("syscall", PIVOT_ROOT[machine], ".", ".")
    call("umount2", ".", DETACH)
    os.chdir("/")


def make_directory(root: str, path: str) -> None:
    os.makedirs(root + path, 0o755, exist_ok=True)


def make_link(root: str, target: str, path: str) -> None:
    os.makedirs(os.path.dirname(root + path), 0o755, exist_ok=True)
    os.symlink(target, root + path)


def bind(root: str, source: str, path: str, read_only: bool) -> None:
    target = root + path
    if not (os.path.realpath(os.path.dirname(target)) + "/").startswith(root + "/"):
        raise OSError(errno.ELOOP, f"{path} leads out of the container")
    if os.path.isdir(source):
        os.makedirs(target, 0o755, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    mount(source, target, "", BIND | RECURSIVE)
    restrict(target, READ_ONLY if read_only else 0)


def read_only(root: str, source: str, path: str) -> None:
    bind(root, source, path, True)


def read_write(root: str, source: str, path: str) -> None:
    bind(root, source, path, False)


def restrict(target: str, flags: int, recursive: bool = True) -> None:
    """Adds flags to a mount and to those below it; never takes one away."""
    wanted = flags | NO_SETUID | NO_DEVICES
    attributes = (ctypes.c_uint64 * 4)(wanted, 0, 0, 0)
    reach = 0x8000 if recursive else 0
    target_bytes = target.encode()
    if libc.syscall(MOUNT_SETATTR, -100, target_bytes, reach, ctypes.byref(attributes), 32) == 0:
        return
    if ctypes.get_errno() != errno.ENOSYS:
        raise OSError(ctypes.get_errno(), "mount_setattr " + target)
    real = os.path.realpath(target)
    for place in mounts_below(real) if recursive else [real]:
        held = os.statvfs(place).f_flag & 0xF
        mount("", place, "", REMOUNT | BIND | wanted | held)


def mounts_below(path: str) -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        places = [line.split()[4].replace("\\040", " ") for line in file]
    return [place for place in places if place == path or place.startswith(path + "/")]


def memory_disk(root: str, path: str, size: int, mode: str) -> None:
    os.makedirs(root + path, 0o755, exist_ok=True)
    mount("tmpfs", root + path, "tmpfs", NO_SETUID | NO_DEVICES, f"mode={mode},size={size}")


def processes(root: str, path: str) -> None:
    os.makedirs(root + path, 0o755, exist_ok=True)
    mount("proc", root + path, "proc", NO_SETUID | NO_DEVICES)


def devices(root: str, path: str) -> None:
    memory_disk(root, path, 65536, "755")
    for name in DEVICES:
        target = f"{root}{path}/{name}"
        if os.path.exists("/dev/" + name):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o666))
            mount("/dev/" + name, target, "", BIND)
    for name, goal in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink("/proc/self/fd" + goal, f"{root}{path}/{name}")


OPERATIONS: dict[str, Callable[..., None]] = {
    "dir": make_directory,
    "symlink": make_link,
    "ro": read_only,
    "rw": read_write,
    "tmpfs": memory_disk,
    "proc": processes,
    "dev": devices,
}
