"""The files of a container while its Dockerfile is followed."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .places import MOST_LINKS, Outside


@dataclass(frozen=True)
class Layers:
    """Folders of the host that hold a container's files, each below a path of the container.

    Links in them are read as the container reads them: none leads to the host's own files.
    """

    ml: Path
    image: Path
    home: Path
    temporary: Path

    @classmethod
    def below(cls, folder: Path) -> Layers:
        """Folders below one; made if they are missing."""
        layers = cls(folder / "ml", folder / "image", folder / "root", folder / "tmp")
        for path in (layers.ml, layers.image, layers.home, layers.temporary):
            path.mkdir(parents=True, exist_ok=True)
        return layers

    @property
    def tops(self) -> dict[str, Path]:
        return {"/opt/ml": self.ml, "/root": self.home, "/tmp": self.temporary, "/": self.image}

    def place(self, path: str) -> Path:
        """Where a path without links lies on the host."""
        path = f"/{path.lstrip('/')}" if path.startswith("//") else path
        for top, folder in self.tops.items():
            if PurePosixPath(path).is_relative_to(top):
                return folder / PurePosixPath(path).relative_to(top)
        raise Outside(f"{path} is not absolute")

    def real(self, path: str) -> str:
        """An absolute path of the container, its links followed inside the container.

        Raises:
            Outside: Too many links.
        """
        waiting = list(PurePosixPath(path).parts)[::-1]
        walked = PurePosixPath("/")
        links = 0
        while waiting:
            part = waiting.pop()
            if part.startswith("/"):  # "//" is a root of its own to pathlib
                walked = PurePosixPath("/")
            elif part == "..":
                walked = walked.parent
            elif part != ".":
                here = self.place(str(walked / part))
                if here.is_symlink():
                    links += 1
                    if links > MOST_LINKS:
                        raise Outside(f"{path}: too many symbolic links")
                    waiting.extend(PurePosixPath(os.readlink(here)).parts[::-1])
                else:
                    walked /= part
        return str(walked)

    def find(self, path: str) -> Path:
        """Where a path of the container lies on the host, links followed."""
        return self.place(self.real(path))

    def make_directory(self, path: str) -> Path:
        """A directory with all above it, as WORKDIR and COPY make them."""
        made = self.find(path)
        made.mkdir(parents=True, exist_ok=True)
        return made

    def write(self, path: str, content: bytes, mode: int | None = None) -> None:
        """A file, instead of what was there."""
        self.make_directory(str(PurePosixPath(path).parent))
        target = self.find(path)
        target.write_bytes(content)
        target.chmod(mode if mode is not None else _mode(0o644, content[:2]))

    def copy(
        self,
        source: Path,
        path: str,
        *,
        mode: int | None = None,
        leave_out: Callable[[Path], bool] = lambda _: False,
    ) -> None:
        """Copies a file, or what is in a directory, to a path of the container.

        Links are copied as links; pipes, sockets and devices are left out.
        """
        if not source.is_dir() or source.is_symlink():
            self._copy_one(source, path, mode)
            return
        self.make_directory(path)
        with os.scandir(source) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            inside = f"{path.rstrip('/')}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if not leave_out(Path(entry.path)) or _keeps_some(Path(entry.path), leave_out):
                    self.copy(Path(entry.path), inside, mode=mode, leave_out=leave_out)
            elif not leave_out(Path(entry.path)):
                self._copy_one(Path(entry.path), inside, mode)

    def _copy_one(self, source: Path, path: str, mode: int | None) -> None:
        self.make_directory(str(PurePosixPath(path).parent))
        parent, name = PurePosixPath(path).parent, PurePosixPath(path).name
        target = self.place(str(PurePosixPath(self.real(str(parent))) / name))
        facts = source.lstat()
        if stat.S_ISLNK(facts.st_mode):
            _remove(target)
            target.symlink_to(os.readlink(source))
        elif stat.S_ISREG(facts.st_mode):
            if target.is_symlink() or not target.is_dir():
                _remove(target)
            shutil.copyfile(source, target)
            with target.open("rb") as file:
                target.chmod(mode if mode is not None else _mode(facts.st_mode, file.read(2)))


def _mode(mode: int, start: bytes) -> int:
    """A file's permissions. One that begins with `#!` can be run: a RUN chmod is not followed."""
    mode = stat.S_IMODE(mode) & 0o777 | 0o644
    return mode | 0o111 if start == b"#!" or mode & 0o111 else mode


def _remove(target: Path) -> None:
    if target.is_symlink() or target.exists():
        target.unlink()


def _keeps_some(directory: Path, leave_out: Callable[[Path], bool]) -> bool:
    return any(not leave_out(path) for path in directory.rglob("*") if not path.is_dir())
