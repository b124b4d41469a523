""".dockerignore: which files of a build context are left out."""

from __future__ import annotations

import re
from pathlib import Path


class Ignored:
    """The patterns of a `.dockerignore`; the last one that matches decides."""

    def __init__(self, text: str) -> None:
        self._rules: list[tuple[re.Pattern[str], bool]] = []
        for line in text.splitlines():
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            keeps = pattern.startswith("!")
            pattern = pattern.lstrip("!").strip().strip("/")
            if pattern and pattern != ".":
                self._rules.append((re.compile(expression(pattern) + r"(/.*)?"), keeps))

    def __contains__(self, path: str) -> bool:
        left_out = False
        for rule, keeps in self._rules:
            if rule.fullmatch(path):
                left_out = not keeps
        return left_out


def read(context: Path) -> Ignored:
    """The `.dockerignore` of a context; without one nothing is left out."""
    try:
        return Ignored((context / ".dockerignore").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Ignored("")


def expression(pattern: str) -> str:
    """A pattern of Go's filepath.Match, with `**`, as a regular expression."""
    made, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            made, at = made + r"(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            made, at = made + ".*", at + 2
        elif pattern[at] == "*":
            made, at = made + "[^/]*", at + 1
        elif pattern[at] == "?":
            made, at = made + "[^/]", at + 1
        elif pattern[at] == "[" and "]" in pattern[at + 1 :]:
            end = pattern.index("]", at + 1)
            made, at = f"{made}[{pattern[at + 1 : end]}]", end + 1
        elif pattern[at] == "\\" and at + 1 < len(pattern):
            made, at = made + re.escape(pattern[at + 1]), at + 2
        else:
            made, at = made + re.escape(pattern[at]), at + 1
    return made
