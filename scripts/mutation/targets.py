"""Which tests are run for which file, and which mutants cannot be noticed by any test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

TABLE = Path(__file__).with_name("targets.toml")


@dataclass(frozen=True)
class Target:
    """Files that are judged together.

    Attributes:
        name: What it is called on the command line.
        files: Source files, from the root.
        tests: Arguments for pytest, the quickest to notice first.
        equivalent: Keys of mutants that behave like the original, with the proof of each.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    equivalent: dict[str, str]


def load_targets() -> dict[str, Target]:
    """Read `targets.toml`."""
    return {
        name: Target(
            name, tuple(table["files"]), tuple(table["tests"]), dict(table.get("equivalent", {}))
        )
        for name, table in tomllib.loads(TABLE.read_text()).items()
    }
