"""Unpack untrusted archives without leaving the folder, and pack what jobs wrote."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .places import Outside, open_regular, opened_directory, within


def unpack(archive: Path, folder: Path, *, most_bytes: int | None = None) -> None:
    """Unpack a tar archive: regular files, directories, and links that stay inside.

    Args:
        archive: The archive, compressed or not.
        folder: Where to; it must exist.
        most_bytes: A limit for all files together.

    Raises:
        Outside: An entry leads out of the folder, is a device or a pipe, or the limit is passed.
        tarfile.TarError, OSError: It cannot be read, or the disk is full.
    """
    total = 0
    with tarfile.open(archive) as opened:
        for entry in opened:
            path = PurePosixPath(entry.name)
            if path.is_absolute() or ".." in path.parts:
                raise Outside(f"{entry.name!r} in {archive.name} points outside the archive")
            target = within(folder, str(path.parent)) / path.name if path.name else folder
            total += entry.size
            if most_bytes is not None and total > most_bytes:
                raise Outside(f"{archive.name} holds more than {most_bytes} bytes")
            _unpack_entry(opened, entry, target, folder, archive.name)


def _unpack_entry(
    opened: tarfile.TarFile, entry: tarfile.TarInfo, target: Path, folder: Path, name: str
) -> None:
    if entry.isdir():
        if target.is_symlink():
            target.unlink()
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()
    if entry.isreg():
        source = opened.extractfile(entry)
        assert source is not None
        with source, target.open("xb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        target.chmod(entry.mode & 0o755 | 0o644)
    elif entry.issym():
        goal = PurePosixPath(os.path.normpath(PurePosixPath(entry.name).parent / entry.linkname))
        if goal.is_absolute() or ".." in goal.parts:
            raise Outside(f"the link {entry.name!r} in {name} points outside the archive")
        target.symlink_to(entry.linkname)
    elif entry.islnk():
        source_path = within(folder, entry.linkname)
        if ".." in PurePosixPath(entry.linkname).parts or not source_path.is_file():
            raise Outside(f"the link {entry.name!r} in {name} has no target in the archive")
        shutil.copyfile(source_path, target)
    else:
        raise Outside(f"{entry.name!r} in {name} is a pipe or a device")


@dataclass(frozen=True)
class Packed:
    """A new archive: its files, their size in bytes, and what was left out."""

    path: Path
    files: int
    content_bytes: int
    left_out: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """The size of the archive itself."""
        return self.path.stat().st_size


def pack(
    roots: Sequence[Path], parts: tuple[str, ...], archive: Path, *, most_bytes: int | None = None
) -> Packed:
    """Pack a directory that a job's containers wrote. No link is followed on the way or inside.

    Of several containers all files go into one archive; of two with the same name the first's.

    Args:
        roots: Folders of the server's; what is below them is the containers'.
        parts: The directory below each.
        archive: The `.tar.gz` to write.
        most_bytes: A limit for all files together, holes in them counted.

    Raises:
        Outside: The directory is missing, is a link, or holds more than the limit.
        OSError: The disk is full.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz", compresslevel=1) as made:
        packer = _Packer(made, parts, most_bytes)
        for root in roots:
            with opened_directory(root, *parts) as top:
                packer.add_all(top)
    return Packed(archive, packer.files, packer.bytes, tuple(packer.left_out))


class _Packer:
    def __init__(
        self, made: tarfile.TarFile, parts: tuple[str, ...], most_bytes: int | None
    ) -> None:
        self.made = made
        self.most_bytes = most_bytes
        self.parts = parts
        self.names: set[str] = set()
        self.files = 0
        self.bytes = 0
        self.left_out: list[str] = []

    def add_all(self, top: int) -> None:
        for place, directories, names, number in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            directories.sort()
            for name in sorted(names + directories):
                self.add(PurePosixPath(place), name, number)

    def add(self, base: PurePosixPath, name: str, number: int) -> None:
        path = str(base / name)
        facts = os.stat(name, dir_fd=number, follow_symlinks=False)
        if path in self.names and not stat.S_ISDIR(facts.st_mode):
            return
        entry = self.made.tarinfo(path)
        entry.mtime, entry.mode = int(facts.st_mtime), facts.st_mode & 0o755 | 0o600
        if stat.S_ISDIR(facts.st_mode) or stat.S_ISREG(facts.st_mode):
            with suppress(PermissionError):
                os.chmod(name, facts.st_mode & 0o777 | 0o700, dir_fd=number)
        if stat.S_ISDIR(facts.st_mode):
            entry.type = tarfile.DIRTYPE
            if path not in self.names:
                self.made.addfile(entry)
        elif stat.S_ISLNK(facts.st_mode):
            goal = _inside(os.readlink(name, dir_fd=number), base, self.parts)
            if goal is None:
                self.left_out.append(path)
                return
            entry.type, entry.linkname = tarfile.SYMTYPE, goal
            self.made.addfile(entry)
            self.files += 1
        elif stat.S_ISREG(facts.st_mode):
            with os.fdopen(open_regular(name, number), "rb") as file:
                entry.size = os.fstat(file.fileno()).st_size
                self.bytes += entry.size
                if self.most_bytes is not None and self.bytes > self.most_bytes:
                    raise Outside(f"it holds more than {self.most_bytes:,} bytes")
                self.made.addfile(entry, file)
            self.files += 1
        else:
            self.left_out.append(path)
        self.names.add(path)


def _inside(goal: str, base: PurePosixPath, parts: tuple[str, ...]) -> str | None:
    """A link's target, relative; None if it leads out of the directory that is packed."""
    top = PurePosixPath("/opt/ml", *parts)
    at = top / base
    reached = PurePosixPath(os.path.normpath(at / goal))
    if not reached.is_relative_to(top):
        return None
    return os.path.relpath(reached, at)
