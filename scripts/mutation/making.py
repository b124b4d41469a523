"""The mutants of a file, from mutmut's operators, without those that only change words."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, create_mutations

WORDS = (cst.BaseString,)


@dataclass(frozen=True)
class Mutant:
    """One change of a file.

    Attributes:
        path: The file, from the root.
        line: The first changed line.
        key: The function and the changed code, before and after; the same wherever its lines are.
        source: The whole changed file.
    """

    path: str
    line: int
    key: str
    source: str


def candidates(path: Path) -> list[Mutant]:
    """Make every mutant of a file that counts."""
    code = path.read_text()
    module, mutations, *_ = create_mutations(str(path), code)
    made: dict[str, Mutant] = {}
    for mutation in mutations:
        if not _changes_words_only(mutation):
            mutated = module.deep_replace(mutation.original_node, mutation.mutated_node)
            mutant = _mutant(path, code, mutated.code, mutation)
            made.setdefault(mutant.source, mutant)
    return list(made.values())


def sample(mutants: Sequence[Mutant], size: int, seed: str, name: str) -> list[Mutant]:
    """Choose some of them, always the same for a seed."""
    chosen = random.Random(f"{seed}:{name}")
    return list(mutants) if len(mutants) <= size else chosen.sample(list(mutants), size)


def _mutant(path: Path, before: str, after: str, mutation: Mutation) -> Mutant:
    old, new = before.splitlines(), after.splitlines()
    changes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    _, a, b, c, d = next(change for change in changes if change[0] != "equal")
    function = getattr(mutation.contained_by_top_level_function, "name", None)
    where = function.value if function is not None else "at the top"
    text = f"{where}: {_joined(old[a:b])} -> {_joined(new[c:d])}"
    return Mutant(str(path), a + 1, text, after)


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


def _changes_words_only(mutation: Mutation) -> bool:
    """Whether a literal text was changed, or an argument that is one: the wording of an error or log."""
    before, after = mutation.original_node, mutation.mutated_node
    if isinstance(before, WORDS):
        return True
    if isinstance(before, cst.Call) and isinstance(after, cst.Call):
        kept = {id(arg) for arg in after.args}
        return all(isinstance(arg.value, WORDS) for arg in _gone(before.args, kept))
    return False


def _gone(args: Sequence[cst.Arg], kept: set[int]) -> Iterator[cst.Arg]:
    return (arg for arg in args if id(arg) not in kept)
