"""Run the cases and print a table. `--json FILE` saves the figures."""

import argparse
import json
import os
import platform
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import cases, contenders, report
from .processes import Worker, service

PACKAGES = (
    "crml-sdk",
    "aiobotocore",
    "botocore",
    "boto3",
    "capo-cleanroomsml",
    "aiohttp",
    "pydantic",
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "cases",
        nargs="*",
        metavar="CASE",
        help=f"cases to run (default: all): {', '.join(case.name for case in cases.CASES)}",
    )
    parser.add_argument("--against", nargs="*", choices=list(contenders.NAMES), metavar="CONTENDER")
    parser.add_argument("--repeats", type=int, default=30, help="rounds per case (default: 30)")
    parser.add_argument(
        "--fresh", type=int, default=11, help="new processes per case (default: 11)"
    )
    parser.add_argument("--pieces", type=int, default=3, help="rounds per long case (default: 3)")
    parser.add_argument(
        "--items",
        type=int,
        default=1_000_000,
        help="items in the stream of crml_sdk (default: 1,000,000)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="measure roughly, in less than a minute"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    known = {case.name for case in cases.CASES}
    if unknown := set(options.cases) - known:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.quick:
        options.repeats, options.fresh, options.items, options.pieces = 8, 3, 50_000, 1
    return options


def machine() -> dict[str, str]:
    found = {
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "load before the run": f"{os.getloadavg()[0]:.1f}",
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def measure(case: cases.Case, options: argparse.Namespace, run: "Run") -> cases.Figures:
    names = [name for name in run.names if not case.only or name in case.only]
    if not names:
        return {}
    if case.kind == "calls":
        return cases.measure_calls(case, run.workers(names), options.repeats)
    if case.kind == "stream":
        return cases.measure_stream(run.workers(names), options.items, options.pieces)
    if case.kind == "wait":
        return cases.measure_wait(run.workers(names)["crml_sdk"], run.url, options.pieces)
    if case.kind == "imported":
        return cases.measure_imports(case, run.url, options.fresh)
    return cases.measure_fresh(case, names, run.url, options.fresh)


class Run:
    """The contenders of this run; their workers are started when the first case needs them."""

    def __init__(self, stack: ExitStack, url: str, names: list[str]) -> None:
        self.url, self.names = url, names
        self._stack = stack
        self._workers: dict[str, Worker] = {}

    def workers(self, names: list[str]) -> dict[str, Worker]:
        for name in names:
            if name not in self._workers:
                self._workers[name] = self._stack.enter_context(Worker(name, self.url))
        return {name: self._workers[name] for name in names}


def main() -> None:
    options = arguments()
    chosen = [case for case in cases.CASES if not options.cases or case.name in options.cases]
    wanted = options.against or list(contenders.NAMES)
    names = [name for name in contenders.NAMES if name in wanted and contenders.available(name)]
    measured: list[dict[str, Any]] = []
    result = {"machine": machine(), "cases": measured}
    with ExitStack() as stack:
        url = stack.enter_context(service(options.items))
        run = Run(stack, url, names)
        for case in chosen:
            figures = measure(case, options, run)
            goals = cases.ratios(case, figures)
            one = {"name": case.name, "title": case.title, "figures": figures, "goals": goals}
            measured.append(one)
            print("\n".join(report.rows(one)), flush=True)
    print("\n" + ", ".join(f"{key} {value}" for key, value in result["machine"].items()))
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
