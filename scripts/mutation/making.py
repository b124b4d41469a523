"""The mutants of a file, from mutmut's operators, without those that only change words or types."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, create_mutations

WORDS = (cst.BaseString,)
TYPE_VARIABLE = re.compile(r"at the top: \w+ = TypeVar\(")
"""Only type checkers read what stands in it."""


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


class Candidates:
    """The changes of some files that count, in an order that a seed decides.

    A mutant is made when it is asked for: to write a changed file out takes its time.

    Args:
        paths: The files.
        seed: What decides the order, with `name`.
        name: Whose sample it is.
    """

    def __init__(self, paths: Sequence[str], seed: str, name: str) -> None:
        self._changes: list[_Change] = []
        for path in map(Path, paths):
            code = path.read_text()
            module, mutations, *_ = create_mutations(str(path), code)
            self._changes += [
                _Change(path, code, module, mutation)
                for mutation in mutations
                if not _changes_words_only(mutation)
            ]
        random.Random(f"{seed}:{name}").shuffle(self._changes)

    def __len__(self) -> int:
        return len(self._changes)

    def __iter__(self) -> Iterator[Mutant]:
        made: set[str] = set()
        for change in self._changes:
            mutant = change.mutant()
            if mutant.source not in made and not TYPE_VARIABLE.match(mutant.key):
                made.add(mutant.source)
                yield mutant


class _Change(NamedTuple):
    """A change of a file that was not made yet."""

    path: Path
    code: str
    module: cst.Module
    mutation: Mutation

    def mutant(self) -> Mutant:
        mutation = self.mutation
        mutated = self.module.deep_replace(mutation.original_node, mutation.mutated_node)
        return _mutant(self.path, self.code, mutated.code, mutation)


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
