"""The `crml` command. Needs the extra `cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments (those of the process when left out).

    Returns:
        The exit status: 0 done, 1 failed, 2 usage, 3 timed out, 130 interrupted.
    """
    missing = [name for name in ("typer", "rich", "yaml") if find_spec(name) is None]
    if missing:
        print(f"crml needs {', '.join(missing)}: pip install 'crml-sdk[cli]'", file=sys.stderr)
        return 2
    from .app import run

    return run(sys.argv[1:] if arguments is None else arguments)
