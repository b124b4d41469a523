"""What a container sees of the file system, as a list of mounts that any sandbox can make.

A tree is put together from the system's own directories (read-only), the Python that the workspace
names, and the container's files. A container file may lie inside a directory of the system
(`/usr/local/bin/serve`): that directory is then taken apart into its entries. Whatever is not put
in is not there: home directories, `/srv`, `/mnt`, the server's files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .pythons import Python

Operation = list[str | int]

SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "nix", "gnu")
PRIVATE = ("/root", "/tmp")
BESIDE = "/run/host"
"""Where a directory of the system that was taken apart is seen whole."""
MANY_FILES = 64
"""With more files than these, a directory is taken apart into links instead of mounts."""


@dataclass
class _Directory:
    entries: dict[str, _Node] = field(default_factory=dict["str", "_Node"])


@dataclass(frozen=True)
class _Bound:
    source: str
    writable: bool = False


@dataclass(frozen=True)
class _Link:
    target: str


_Node = _Directory | _Bound | _Link


@dataclass(frozen=True)
class Places:
    """The folders of one container on the host, each seen in it under a path of its own."""

    ml: Path
    """/opt/ml"""
    image: Path
    """The container's own files, by their path in it, but for those below /opt/ml."""
    home: Path
    """/root"""
    temporary: Path
    """/tmp"""
    tools: Path
    """/run/crml: `python`, and what the server adds"""

    def make(self) -> None:
        """Makes those that are missing."""
        for path in (self.ml, self.image, self.home, self.temporary, self.tools):
            path.mkdir(parents=True, exist_ok=True)
        self.temporary.chmod(0o1777)


def operations(
    places: Places,
    python: Python,
    *,
    visible: Iterable[Path] = (),
    hidden: Iterable[Path] = (),
    shared_memory: int,
) -> list[Operation]:
    """The mounts of a container, in order.

    Args:
        places: The container's folders.
        python: Its Python, whose directories stay visible wherever they are.
        visible: Further host paths to show, read-only.
        hidden: Files and directories never to show, such as the state file.
        shared_memory: Size of /dev/shm in bytes.
    """
    tree = _Directory()
    for name in SYSTEM:
        _add_host(tree, f"/{name}")
    _add_host(tree, "/sys/devices/system/cpu")
    late = late_directories(python, visible)
    for path in (*python.directories, *visible):
        if path not in late:
            _add_host(tree, os.path.abspath(path))
    _insert(tree, "/root", _Bound(str(places.home), writable=True))
    _insert(tree, "/tmp", _Bound(str(places.temporary), writable=True))
    _insert(tree, "/var/tmp", _Link("../tmp"))
    _insert(tree, "/var/run", _Link("../run"))
    _insert(tree, "/run/crml", _Bound(str(places.tools)))
    _insert(tree, "/opt/ml", _Bound(str(places.ml), writable=True))
    _add_image(tree, places.image)
    made: list[Operation] = list(_flatten(tree, ""))
    for path in late:
        if path.exists():
            made.append(["ro", str(path), str(path)])
    made.append(["proc", "/proc"])
    made.append(["dev", "/dev"])
    made.append(["tmpfs", "/dev/shm", shared_memory, "1777"])
    hosts = Path("/etc/hosts")
    if hosts.is_file() and not hosts.is_symlink():
        made.append(["ro", str(places.tools / "hosts"), "/etc/hosts"])
    return made + list(_masks(places, hidden, made))


def late_directories(python: Python, visible: Iterable[Path]) -> list[Path]:
    """The shown host paths below a directory that is the container's own; they need a place there."""
    paths = [Path(os.path.abspath(path)) for path in (*python.directories, *visible)]
    return [path for path in paths if any(path.is_relative_to(top) for top in PRIVATE)]


def _masks(places: Places, hidden: Iterable[Path], made: list[Operation]) -> Iterator[Operation]:
    shown = [
        (PurePosixPath(str(entry[1])), PurePosixPath(str(entry[2])))
        for entry in made
        if entry[0] == "ro"
    ]
    for path in hidden:
        if not path.exists():
            continue
        for source, target in shown:
            if path.is_relative_to(source) and PurePosixPath(path) != source:
                inside = str(target / path.relative_to(source))
                if path.is_dir():
                    yield ["tmpfs", inside, 4096, "755"]
                else:
                    yield ["ro", str(places.tools / "empty"), inside]


def _add_host(tree: _Directory, path: str) -> None:
    if not os.path.lexists(path):
        return
    covered = _find(tree, path)
    if isinstance(covered, _Bound):
        return
    if os.path.islink(path):
        _insert(tree, path, _Link(os.readlink(path)))
    else:
        _insert(tree, path, _Bound(path))


def _find(tree: _Directory, path: str) -> _Node | None:
    """The node at a path, or the bound directory above that shows the path already."""
    node: _Node | None = tree
    for name in PurePosixPath(path).parts[1:]:
        if not isinstance(node, _Directory):
            return node
        node = node.entries.get(name)
    return node


def _insert(tree: _Directory, path: str, node: _Node) -> None:
    *above, name = PurePosixPath(path).parts[1:]
    directory, walked = tree, ""
    for part in above:
        walked += f"/{part}"
        directory = _open(tree, directory, part, walked)
    directory.entries[name] = node


def _open(tree: _Directory, directory: _Directory, name: str, path: str) -> _Directory:
    """An entry as a directory that can be added to."""
    node = directory.entries.get(name)
    if isinstance(node, _Link):
        goal = os.path.normpath(os.path.join(os.path.dirname(path), node.target))
        opened, walked = tree, ""
        for part in PurePosixPath(goal).parts[1:]:
            walked += f"/{part}"
            opened = _open(tree, opened, part, walked)
        return opened
    if isinstance(node, _Bound):
        node = _taken_apart(tree, node, path)
    elif node is None:
        node = _Directory()
    directory.entries[name] = node
    return node


def _taken_apart(tree: _Directory, bound: _Bound, path: str) -> _Directory:
    entries: dict[str, _Node] = {}
    files: list[str] = []
    with os.scandir(bound.source) as found:
        for entry in found:
            if entry.is_symlink():
                entries[entry.name] = _Link(os.readlink(entry.path))
            elif entry.is_dir():
                entries[entry.name] = _Bound(entry.path, bound.writable)
            elif entry.is_file():
                files.append(entry.name)
    if len(files) > MANY_FILES and not bound.writable:
        top = f"/{PurePosixPath(bound.source).parts[1]}"
        _insert(tree, BESIDE + top, _Bound(top))
        entries.update({name: _Link(f"{BESIDE}{bound.source}/{name}") for name in files})
    else:
        for name in files:
            entries[name] = _Bound(f"{bound.source}/{name}", bound.writable)
    return _Directory(entries)


def _add_image(tree: _Directory, image: Path) -> None:
    """Lays the container's files over the tree; nothing of the host is written to."""

    def lay(source: str, path: str) -> None:
        with os.scandir(source) as found:
            for entry in sorted(found, key=lambda each: each.name):
                inside = f"{path}/{entry.name}"
                if entry.is_symlink():
                    _insert(tree, inside, _Link(os.readlink(entry.path)))
                    continue
                there = _find(tree, inside)
                if entry.is_dir() and there is not None:
                    lay(entry.path, inside)
                else:
                    _insert(tree, inside, _Bound(entry.path, writable=True))

    lay(str(image), "")


def _flatten(node: _Directory, path: str) -> Iterator[Operation]:
    for name, entry in sorted(node.entries.items()):
        inside = f"{path}/{name}"
        if isinstance(entry, _Link):
            yield ["symlink", entry.target, inside]
        elif isinstance(entry, _Bound):
            if _can_be_mounted(entry.source):
                yield ["rw" if entry.writable else "ro", entry.source, inside]
        else:
            yield ["dir", inside]
            yield from _flatten(entry, inside)


def _can_be_mounted(source: str) -> bool:
    try:
        mode = os.stat(source).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) or stat.S_ISREG(mode)
