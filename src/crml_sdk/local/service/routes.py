"""From a method and a raw path to an operation: a trie over undecoded path segments.

An ARN travels as one segment with its slashes and colons percent-encoded, so a path is split
before it is decoded, never after.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from .schema import Operation


class _Node:
    __slots__ = ("labelled", "literals", "methods")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.labelled: _Node | None = None
        self.methods: dict[str, tuple[Operation, tuple[tuple[int, str], ...]]] = {}


class Match:
    """A found operation and the still undecoded values of its path labels."""

    __slots__ = ("labels", "operation")

    def __init__(self, operation: Operation, labels: dict[str, str]) -> None:
        self.operation: Operation = operation
        self.labels: dict[str, str] = labels


class RouteTable:
    """Finds the operation of a request. Built once, never changed."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        node = self._root
        labels: list[tuple[int, str]] = []
        for position, segment in enumerate(operation.segments):
            if segment.startswith("{"):
                labels.append((position, segment[1:-1]))
                node.labelled = node.labelled or _Node()
                node = node.labelled
            else:
                node = node.literals.setdefault(segment, _Node())
        node.methods[operation.method] = (operation, tuple(labels))

    def find(self, method: str, raw_path: str) -> Match | None:
        """The operation for a method and a percent-encoded path without its query, or None."""
        segments = raw_path.removeprefix("/").removesuffix("/").split("/")
        node = self._walk(self._root, segments, 0, method)
        if node is None:
            return None
        operation, labels = node.methods[method]
        return Match(operation, {name: segments[position] for position, name in labels})

    def _walk(self, node: _Node, segments: list[str], at: int, method: str) -> _Node | None:
        if at == len(segments):
            return node if method in node.methods else None
        literal = node.literals.get(segments[at])
        if literal is None and "%" in segments[at]:
            literal = node.literals.get(unquote(segments[at]))
        if literal is not None:
            found = self._walk(literal, segments, at + 1, method)
            if found is not None:
                return found
        if node.labelled is not None:
            return self._walk(node.labelled, segments, at + 1, method)
        return None
