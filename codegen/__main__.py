"""Write the generated files, or with --check compare them with what the generator would write."""

from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

from . import client_waits, groups, methods, models, requests, resource_types
from .source import HERE, LOCK, SERVICES, load_service, lock_problems, lock_text

ROOT = HERE.parent
PACKAGE = ROOT / "src" / "crml_sdk"
OWNED = ("api", "models", "types")
"""Folders that hold generated files and nothing else."""


def formatted(files: dict[str, str]) -> dict[str, str]:
    """The files as the project's own formatter leaves them."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "src" / "crml_sdk"
        for name, text in files.items():
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "-q"]
        ruff = [sys.executable, "-m", "ruff"]
        subprocess.run([*ruff, "format", *settings, str(base)], check=True)
        subprocess.run(
            [
                *ruff,
                "check",
                "--fix",
                "--exit-zero",
                "--select",
                "I,UP,RUF022",
                *settings,
                str(base),
            ],
            check=True,
        )
        subprocess.run([*ruff, "format", *settings, str(base)], check=True)
        return {name: (base / name).read_text("utf-8") for name in files}


def present() -> dict[str, str]:
    """The generated files that lie in the tree."""
    found: dict[str, str] = {}
    for folder in OWNED:
        for path in sorted((PACKAGE / folder).glob("*.py")):
            found[path.relative_to(PACKAGE).as_posix()] = path.read_text("utf-8")
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing, and exit with 1 if a file differs"
    )
    options = parser.parse_args(arguments)
    services = [load_service(name) for name in SERVICES]
    if options.check:
        problems = lock_problems(services)
        if problems:
            print(
                "codegen: the service models have changed. Read the differences, then run: python -m codegen"
            )
            print("\n".join(problems))
            return 1
    wanted = formatted(
        {
            **models.render(services),
            **requests.render(services),
            **resource_types.render(services),
            **methods.render(services),
            **groups.render(services),
            **client_waits.render(),
        }
    )
    found = present()
    if options.check:
        different = [
            name for name in sorted({*wanted, *found}) if wanted.get(name) != found.get(name)
        ]
        for name in different:
            print(f"codegen: {name} is not what the generator writes:")
            lines = difflib.unified_diff(
                found.get(name, "").splitlines(),
                wanted.get(name, "").splitlines(),
                "in the tree",
                "generated",
                lineterm="",
                n=1,
            )
            print("\n".join(list(lines)[:40]))
        return 1 if different else 0
    for name in sorted(set(found) - set(wanted)):
        (PACKAGE / name).unlink()
    for name, text in wanted.items():
        path = PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    LOCK.write_text(lock_text(services), "utf-8")
    print(f"codegen: {len(wanted)} files written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
