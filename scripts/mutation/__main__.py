"""Run a sample of the mutants of each file against the tests of that file.

scripts/mutants                        # every file of targets.toml
scripts/mutants pagination checking    # these
scripts/mutants pagination --all       # every mutant instead of a sample
scripts/mutants pagination --only "limit + 1"   # a survivor again
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import islice

from .making import Candidates, Mutant
from .running import baseline, run_all
from .targets import Target, load_targets

GOAL = 0.85


def main() -> int:
    options = _options()
    targets = load_targets()
    unknown = set(options.names) - set(targets)
    if unknown:
        print(f"unknown names: {', '.join(sorted(unknown))}; known: {', '.join(targets)}")
        return 2
    chosen = [targets[name] for name in options.names or targets]
    short = [target.name for target in chosen if not _one(target, options)]
    if short:
        print(f"\nbelow {GOAL:.0%}: {', '.join(short)}")
    return 1 if short else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("scripts/mutants", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names",
        nargs="*",
        help="files to change, as in scripts/mutation/targets.toml (default: all)",
    )
    parser.add_argument(
        "--sample", type=int, default=60, help="number of mutants per file (default: 60)"
    )
    parser.add_argument(
        "--all", action="store_true", help="use every mutant of a file instead of a sample"
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="TEXT",
        help="only mutants whose line in the report contains this text",
    )
    parser.add_argument("--seed", default="crml", help="seed of the sample (default: crml)")
    parser.add_argument(
        "--jobs",
        type=int,
        default=2,
        help="number of mutants that run at the same time (default: 2)",
    )
    return parser.parse_args()


def _one(target: Target, options: argparse.Namespace) -> bool:
    found = Candidates(target.files, options.seed, target.name)
    drawn = list(islice(found, None if options.all else options.sample))
    counted = [mutant for mutant in drawn if mutant.key not in target.equivalent]
    chosen = [
        mutant
        for mutant in counted
        if not options.only or any(text in mutant.key for text in options.only)
    ]
    began = time.monotonic()
    limit = max(20.0, 5 * baseline(target.tests))
    survivors: list[Mutant] = []
    for mutant, killed in run_all(chosen, target.tests, jobs=options.jobs, limit=limit):
        print("." if killed else "S", end="", flush=True)
        if not killed:
            survivors.append(mutant)
    share = 1 - len(survivors) / max(len(chosen), 1)
    print(
        f"\n{target.name}: {len(chosen) - len(survivors)} of {len(chosen)} noticed ({share:.0%}),"
        f" {len(drawn) - len(counted)} more are known to be equivalent,"
        f" the sample is from {len(found)};"
        f" {time.monotonic() - began:.0f} s"
    )
    for mutant in sorted(survivors, key=lambda one: (one.path, one.line)):
        print(f"  {mutant.path}:{mutant.line}  {mutant.key}")
    return share >= GOAL


if __name__ == "__main__":
    sys.exit(main())
