"""Reads what containers printed: metric values, and each member's own log.

Run as `python -I -S -B extract.py PARENT` in a process of its own, because the regular expressions are
users' and one of them may take for ever. A JSON document on standard input says what to read; one
on standard output says what was found.
"""

from __future__ import annotations

import bisect
import ctypes
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from typing import Any

Rule = tuple[bool, "re.Pattern[str]", "list[re.Pattern[str]]"]

LINE = 65_536
MOST_VALUES = 100_000
REDACTED = "*****"

# What a log should not show of people. Not documented in detail; assumed: these.
PERSONAL = (
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",  # e-mail addresses
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b",  # IP addresses
    r"\b\d{3}-\d{2}-\d{4}\b",  # social security numbers
    r"\b\d(?:[ -]?\d){12,18}\b",  # card numbers
    r"(?<!\w)(?:\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}\b",  # telephone numbers
)
NUMBERS = r"\d+(?:[.,]\d+)*"
ERRORS = re.compile(r"error|exception|traceback|critical|fatal|^\s+File \"", re.IGNORECASE)


def main() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # be killed with the server
    if os.getppid() != int(sys.argv[1]):
        os._exit(1)
    document = json.load(sys.stdin)
    found = {"metrics": read_metrics(document), "faults": publish(document)}
    json.dump(found, sys.stdout)


def lines_of(path: str) -> Iterator[tuple[int, str]]:
    """The lines of a log with the offset of each; of a very long line the first part."""
    if not os.path.exists(path):
        return
    with open(path, "rb") as file:
        offset = 0
        while True:
            piece = file.readline(LINE)
            if not piece:
                return
            yield offset, piece.decode("utf-8", "replace").rstrip("\r\n")
            offset += len(piece)
            while not piece.endswith(b"\n"):
                piece = file.readline(LINE)
                if not piece:
                    return
                offset += len(piece)


def read_metrics(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Group 1 of each expression, wherever it is found and is a number."""
    expressions: list[tuple[str, re.Pattern[str]]] = []
    for entry in document["metrics"]:
        try:
            expressions.append((entry["name"], re.compile(entry["regex"])))
        except re.error:
            continue
    found: list[dict[str, Any]] = []
    if not expressions:
        return found
    for log in document["logs"]:
        offsets = [entry[0] for entry in log["times"]]
        for offset, line in lines_of(log["path"]):
            for name, expression in expressions:
                for match in expression.finditer(line):
                    try:
                        value = float(match.group(1) if expression.groups else match.group())
                    except (TypeError, ValueError):
                        continue
                    at = bisect.bisect_right(offsets, offset) - 1
                    moment = log["times"][at][1] if at >= 0 else None
                    entry = {"name": name, "value": value, "time": moment}
                    found.append({**entry, "source": log["source"]})
            if len(found) >= MOST_VALUES:
                return found
    return found


def publish(document: dict[str, Any]) -> dict[str, str]:
    """Writes each account's log; returns what went wrong, by account."""
    faults: dict[str, str] = {}
    for reader in document["readers"]:
        try:
            rules = [rule_of(policy) for policy in reader["policies"]]
        except re.error as fault:
            faults[reader["account"]] = (
                f"A pattern of the log policy is not a regular expression: {fault}"
            )
            continue
        with open(reader["path"], "w", encoding="utf-8") as file:
            for log in document["logs"]:
                for _, line in lines_of(log["path"]):
                    shown = shown_line(line, rules, document["failed"])
                    if shown is not None:
                        label = f"[{log['source']}] " if len(document["logs"]) > 1 else ""
                        file.write(f"{label}{shown}\n")
    return faults


def rule_of(policy: dict[str, Any]) -> Rule:
    """A policy as: errors only, filter, what to redact."""
    redaction = policy.get("logRedactionConfiguration", {})
    entities = redaction.get("entitiesToRedact", [])
    patterns: list[str] = []
    if "ALL_PERSONALLY_IDENTIFIABLE_INFORMATION" in entities:
        patterns += PERSONAL
    if "CUSTOM" in entities:
        patterns += redaction.get("customEntityConfig", {}).get("customDataIdentifiers", [])
    if "NUMBERS" in entities:
        patterns.append(NUMBERS)
    return (
        policy.get("logType") == "ERROR_SUMMARY",
        re.compile(policy.get("filterPattern") or ""),
        [re.compile(pattern) for pattern in patterns],
    )


def shown_line(line: str, rules: list[Rule], failed: bool) -> str | None:
    """A line as an account sees it by the first policy that lets it through."""
    for errors_only, wanted, redacted in rules:
        if errors_only and not (failed and ERRORS.search(line)):
            continue
        if wanted.search(line):
            for pattern in redacted:
                line = pattern.sub(REDACTED, line)
            return line
    return None


if __name__ == "__main__":
    main()
