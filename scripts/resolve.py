"""Does each extra for a framework resolve with that framework's newest release, on every Python?

Run by scripts/test-orchestrators; needs uv (its path is the argument) and a package index. Nothing is
installed. Prints a line for each extra and Python, and fails when an extra holds its framework back.
"""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
FRAMEWORKS = {
    "airflow": "apache-airflow",
    "temporal": "temporalio",
    "dagster": "dagster",
    "fastapi": "fastapi",
}
SHOWN = ("apache-airflow-providers-amazon", "aiobotocore", "botocore", "pydantic")


def compile_for(uv: str, python: str, *what: str, requirement: str = "") -> dict[str, str]:
    """The versions that uv chooses, by name; {} when it finds no solution."""
    command = [uv, "pip", "compile", "-q", "--no-header", "--python-version", python, *what]
    done = subprocess.run(command, input=requirement, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return {}
    return dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)", done.stdout, re.MULTILINE))


def check(uv: str, extra: str, python: str) -> bool:
    framework = FRAMEWORKS[extra]
    alone = compile_for(uv, python, "-", requirement=framework)
    ours = compile_for(uv, python, "--extra", extra, "pyproject.toml")
    wanted, found = alone.get(framework), ours.get(framework)
    beside = ", ".join(f"{name} {ours[name]}" for name in SHOWN if name in ours)
    if wanted is None:
        print(f"{extra:<9} {python:<5} {framework} itself does not resolve here")
        return True
    good = found == wanted
    print(
        f"{extra:<9} {python:<5} {'ok' if good else f'NOT {wanted}'}: {framework} {found}, {beside}"
    )
    return good


def main() -> None:
    uv = sys.argv[1]
    jobs = [(uv, extra, python) for extra in FRAMEWORKS for python in PYTHONS]
    with ThreadPoolExecutor(2) as pool:
        if not all(list(pool.map(lambda job: check(*job), jobs))):
            sys.exit(1)


if __name__ == "__main__":
    main()
