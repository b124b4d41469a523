"""Dockerfiles, read into instructions: continuation lines, comments, heredocs, variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from .faults import DockerfileError

FOLLOWED = ("FROM", "ARG", "ENV", "WORKDIR", "COPY", "ADD", "ENTRYPOINT", "CMD", "SHELL")
IGNORED = (
    "RUN",
    "EXPOSE",
    "LABEL",
    "MAINTAINER",
    "HEALTHCHECK",
    "VOLUME",
    "ONBUILD",
    "STOPSIGNAL",
    "USER",
)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\1")
_DIRECTIVE = re.compile(r"#\s*([A-Za-z]+)\s*=\s*(\S+)\s*$")
_VARIABLE = re.compile(
    r"\\(?P<escaped>.)|\$(?:(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<rest>[^}]*)\})"
)


@dataclass(frozen=True)
class Instruction:
    """One instruction: its line, its name in capitals, what follows, and heredocs by name."""

    line: int
    name: str
    text: str
    heredocs: tuple[tuple[str, str, bool], ...] = ()
    """Name, text, and whether variables in it are replaced."""

    def words(self) -> list[str]:
        """What follows, split at spaces outside of quotes, which stay. Raises `DockerfileError`."""
        words, quote = [""], ""
        signs = iter(self.text)
        for sign in signs:
            if sign == "\\" and quote != "'":
                words[-1] += sign + next(signs, "")
            elif sign.isspace() and not quote:
                words.append("")
            else:
                words[-1] += sign
                if sign in "\"'" and quote in ("", sign):
                    quote = "" if quote else sign
        if quote:
            raise DockerfileError(self.line, f"{self.name}: a quote is not closed")
        return [word for word in words if word]

    def array(self) -> list[str] | None:
        """What follows as a JSON array of strings (the exec form); None if it is not one."""
        if not self.text.startswith("["):
            return None
        try:
            value: Any = json.loads(self.text)
        except ValueError:
            return None
        if not isinstance(value, list):
            return None
        words = cast("list[Any]", value)
        return words if all(isinstance(entry, str) for entry in words) else None


def parse(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, in order.

    Raises:
        DockerfileError: An instruction is unknown, empty, or a heredoc has no end.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    escape = _escape_character(lines)
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        first = at + 1
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        joined, at = _joined(lines, at, escape)
        name, rest = [*joined.split(None, 1), "", ""][:2]
        name = name.upper()
        if name not in FOLLOWED + IGNORED:
            raise DockerfileError(first, f"{name} is not an instruction of a Dockerfile")
        if not rest:
            raise DockerfileError(first, f"{name} needs an argument")
        heredocs: list[tuple[str, str, bool]] = []
        if name in ("RUN", "COPY", "ADD"):
            for quote, word in _HEREDOC.findall(rest):
                body, at = _heredoc(lines, at, word, first)
                heredocs.append((word, body, not quote))
        found.append(Instruction(first, name, rest, tuple(heredocs)))
    return found


def _escape_character(lines: list[str]) -> str:
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape" and match[2] in ("\\", "`"):
            return match[2]
    return "\\"


def _joined(lines: list[str], at: int, escape: str) -> tuple[str, int]:
    """A line with those that continue it; comments and empty lines between them fall away."""
    parts: list[str] = []
    while at < len(lines):
        line = lines[at].strip()
        at += 1
        if line.startswith("#") or (parts and not line):
            continue
        if line.endswith(escape):
            parts.append(line[: -len(escape)].strip())
            continue
        parts.append(line)
        break
    return " ".join(part for part in parts if part), at


def _heredoc(lines: list[str], at: int, word: str, first: int) -> tuple[str, int]:
    body: list[str] = []
    while at < len(lines):
        if lines[at].strip() == word:
            return "".join(f"{line}\n" for line in body), at + 1
        body.append(lines[at])
        at += 1
    raise DockerfileError(first, f"the heredoc {word} has no end")


def substitute(text: str, values: Mapping[str, str], line: int) -> str:
    """Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`.

    Raises:
        DockerfileError: Another form of substitution.
    """

    def one(match: re.Match[str]) -> str:
        if match["escaped"] is not None:
            return match["escaped"] if match["escaped"] == "$" else match[0]
        name, rest = match["bare"] or match["name"], match["rest"] or ""
        value = values.get(name, "")
        if rest.startswith((":-", "-")):
            is_set = bool(value) if rest[0] == ":" else name in values
            return value if is_set else rest.lstrip(":")[1:]
        if rest.startswith((":+", "+")):
            is_set = bool(value) if rest[0] == ":" else name in values
            return rest.lstrip(":")[1:] if is_set else ""
        if rest:
            raise DockerfileError(line, f"{match[0]}: only :- and :+ are supported")
        return value

    return _VARIABLE.sub(one, text)


def unquote(word: str) -> str:
    """A word without its quotes and escapes."""
    made, quote = "", ""
    signs = iter(word)
    for sign in signs:
        if sign == "\\" and quote != "'":
            made += next(signs, "")
        elif sign in "\"'" and quote in ("", sign):
            quote = "" if quote else sign
        else:
            made += sign
    return made


def pairs(instruction: Instruction) -> list[tuple[str, str]]:
    """The names and values of an ENV, in either of its two forms."""
    words = instruction.words()
    if "=" not in words[0]:
        name, _, value = instruction.text.partition(" ")
        if not value:
            raise DockerfileError(instruction.line, f"ENV: {name} has no value")
        return [(name, value.strip())]
    found: list[tuple[str, str]] = []
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise DockerfileError(instruction.line, f"ENV: {word!r} is not NAME=VALUE")
        found.append((name, value))
    return found
