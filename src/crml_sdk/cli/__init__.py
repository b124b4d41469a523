"""The `crml` command. It needs the extra `cli`."""

from __future__ import annotations

import sys

# Type checkers read this name as true. What is imported before Ctrl-C is caught is kept small.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, or with those of the process.

    Returns:
        The exit status: 0 done, 1 failed, 2 usage, 3 timed out, 130 interrupted.
    """
    try:
        try:
            from .app import run
        except ModuleNotFoundError as error:
            if error.name not in ("click", "rich", "yaml"):
                raise
            print(f"crml needs {error.name}: pip install 'crml-sdk[cli]'", file=sys.stderr)
            return 2
        return run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        print("crml: interrupted", file=sys.stderr)
        return 130


def process() -> None:
    """Run the command and end the process with its exit status."""
    try:
        from .interrupts import catch

        catch()
        from . import quick

        quick.begin()
    except KeyboardInterrupt:
        print("crml: interrupted", file=sys.stderr)
        sys.exit(130)
    quick.end(main())
