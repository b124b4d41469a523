"""Paths inside a root that others wrote: symbolic links never lead out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

MOST_LINKS = 40


class Outside(OSError):
    """A path leads out of its root, or is not what it should be."""


def within(root: Path, path: str) -> Path:
    """Where a path of a root really is, with every link read as inside the root.

    Like `chroot`: an absolute link starts at the root again, and `..` stops there. The last part
    need not exist.

    Raises:
        Outside: Too many links.
    """
    waiting = list(PurePosixPath(path).parts)[::-1]
    walked: list[str] = []
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "/":
            walked = []
        elif part == "..":
            walked = walked[:-1]
        elif part != ".":
            here = root.joinpath(*walked, part)
            if here.is_symlink():
                links += 1
                if links > MOST_LINKS:
                    raise Outside(f"{path}: too many symbolic links")
                waiting.extend(PurePosixPath(os.readlink(here)).parts[::-1])
            else:
                walked.append(part)
    return root.joinpath(*walked)


@contextmanager
def opened_directory(root: Path, *parts: str) -> Generator[int]:
    """A descriptor of a directory below a root, reached without following any link.

    Raises:
        Outside: A part is missing, is a link, or is no directory.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(root, flags)
    try:
        for part in parts:
            try:
                deeper = os.open(part, flags, dir_fd=number)
            except OSError as fault:
                raise Outside(f"{'/'.join(parts)}: {os.strerror(fault.errno or 0)}") from None
            os.close(number)
            number = deeper
        yield number
    finally:
        os.close(number)


def open_regular(name: str, directory: int) -> int:
    """A descriptor for reading a regular file: no link, no pipe, no device.

    Raises:
        Outside: It is something else, or cannot be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        number = os.open(name, flags, dir_fd=directory)
    except OSError as fault:
        raise Outside(f"{name}: {os.strerror(fault.errno or 0)}") from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise Outside(f"{name} is not a regular file")
    return number


def read_start(root: Path, *parts: str, most: int) -> bytes | None:
    """The first bytes of a regular file below a root; None if there is none that may be read."""
    try:
        with opened_directory(root, *parts[:-1]) as directory:
            number = open_regular(parts[-1], directory)
            with os.fdopen(number, "rb") as file:
                return file.read(most)
    except OSError:
        return None
