"""The Python that a workspace names: where it is, and which directories it needs."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .faults import WorkspaceError

OLDEST = (3, 8)
_ASK = """
import json, sys
print(json.dumps([sys.executable, list(sys.version_info[:3]),
    [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]]))
"""


@dataclass(frozen=True)
class Python:
    """A Python interpreter: its path, its version, the directories that it needs."""

    executable: Path
    version: tuple[int, ...]
    directories: tuple[Path, ...]

    @property
    def programs(self) -> Path:
        """The directory of its commands (`torchrun`, `gunicorn`)."""
        return self.executable.parent


def ask(path: Path) -> Python:
    """Runs an interpreter to learn about it.

    Raises:
        WorkspaceError: It cannot be run, or is older than 3.8.
    """
    try:
        done = subprocess.run(
            [str(path), "-I", "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        executable, version, prefixes = json.loads(done.stdout)
    except subprocess.CalledProcessError as fault:
        last = (fault.stderr.strip().splitlines() or [f"exit status {fault.returncode}"])[-1]
        raise WorkspaceError(f"{path} does not run as Python: {last}") from None
    except (OSError, subprocess.TimeoutExpired, ValueError, TypeError) as fault:
        raise WorkspaceError(f"{path} does not run as Python: {fault}") from None
    if tuple(version) < OLDEST:
        shown = ".".join(map(str, version))
        raise WorkspaceError(f"{path} is Python {shown}, but at least 3.8 is required")
    places = [Path(executable).parent.parent, *map(Path, prefixes)]
    places += [Path(os.path.realpath(place)) for place in list(places)]
    places.append(Path(os.path.realpath(executable)).parent.parent)
    unique = dict.fromkeys(place for place in places if str(place) not in ("/", "/usr"))
    _refuse_homes(unique, path)
    return Python(Path(executable), tuple(version), tuple(unique))


def _refuse_homes(places: dict[Path, None], path: Path) -> None:
    for place in places:
        if place == Path.home() or place == Path("/home"):
            raise WorkspaceError(
                f"{path} has {place} as its prefix, so a container that sees it would see all of {place}"
            )
