"""Suggestions for wrong words: words of other commands, and names from the AWS CLI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..hints import nearest
from .failures import Refused

_SAME: Final = (
    ("list", "ls"),
    ("show", "get", "describe", "view", "info", "status", "cat"),
    ("create", "train", "start", "new", "run", "make", "put", "set", "add"),
    ("cancel", "stop", "abort", "kill"),
    ("delete", "delete-output", "remove", "rm", "destroy"),
    ("wait", "watch", "follow"),
)
"""Verbs that mean the same."""

_GROUPS: Final = {
    "trained-model": "model",
    "inference-job": "job",
    "inference": "job",
    "ml-input-channel": "channel",
    "input-channel": "channel",
    "algorithm-association": "association",
    "ml-configuration": "config",
    "configuration": "config",
    "audience-model": "audience",
}

OPTIONS: Final = {
    "--query": "-o json, and a pipe into jq",
    "--jq": "-o json, and a pipe into jq",
    "--json": "-o json",
    "--format": "--output",
    "--no-verify-ssl": "AWS_CA_BUNDLE, the file of the certificates to trust",
    "--ca-bundle": "AWS_CA_BUNDLE, the file of the certificates to trust",
    "--force": "--yes, where a command asks",
    "--filter": "--status, --name and --since of a list",
    "--filters": "--status, --name and --since of a list",
    "--follow": "--watch of a list, or --wait",
    "--cli-input-json": "-f",
    "--cli-input-yaml": "-f",
    "--generate-cli-skeleton": "--skeleton",
}
"""Options of other command lines, and what to use instead."""


def no_command(group: str, word: str, rest: Sequence[str], paths: Iterable[str]) -> Refused:
    """The error for an unknown command, with similar ones.

    Args:
        group: The words before it, such as `models`. Empty at the top.
        word: The unknown word.
        rest: The words after it.
        paths: The words of every command.
    """
    said = f"{group} {word}".strip()
    found = _operation(word) or _meant(said.split(), rest, list(paths))
    hint = f"did you mean {' or '.join(f'crml {path}' for path in found)}?" if found else None
    return Refused(
        f"there is no command {said!r}", hint or f"crml {group} --help".replace("  ", " ")
    )


def _operation(word: str) -> list[str]:
    """The command of an operation, given by its name in the API reference or in the AWS CLI."""
    from .calling import command_of
    from .service import find_operation

    try:
        return [command_of(find_operation(word)).removeprefix("crml ")]
    except Refused:
        return []


def _meant(words: list[str], rest: Sequence[str], paths: list[str]) -> list[str]:
    longer = [*words, *rest[: 1 if rest and not rest[0].startswith("-") else 0]]
    for wanted in (longer, words):
        same = [path for path in paths if _plain(path.split()) == _plain(wanted)]
        if same:
            return same[:4]
    if len(words) == 1:
        ends = [path for path in paths if path.split()[-1:] == words] or [
            path for path in paths if _plain(path.split()[-1:]) == _plain(words)
        ]
        return ends[:4] or nearest(words[0], dict.fromkeys(path.split()[0] for path in paths))
    above = " ".join(words[:-1])
    beside = {
        path.removeprefix(f"{above} ").partition(" ")[0]
        for path in paths
        if path.startswith(f"{above} ")
    }
    return [f"{above} {near}" for near in nearest(words[-1], sorted(beside), 3)]


def _plain(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(_one, words))


def _one(word: str) -> str:
    word = word.lower()
    verb = next((same[0] for same in _SAME if word in same), None)
    single = word.removesuffix("s")
    return verb or _GROUPS.get(single, single)
