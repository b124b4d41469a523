"""Lineage: which version of a model was trained from which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import NoSuchVersion
from .untrusted import as_line

if TYPE_CHECKING:
    from .versions import TrainedModelRef


@dataclass(frozen=True)
class LineageNode:
    """A version in the tree of what was trained from what.

    Attributes:
        name: The model's name.
        ref: The version; None for a parent that could not be found.
        summary: The row of the list, or None for a parent that could not be found.
        children: The versions trained from this one, oldest first.
        version_identifier: As replies name it; None is the base version.
    """

    name: str
    version_identifier: str | None
    summary: Any = None
    children: tuple[LineageNode, ...] = ()

    @property
    def ref(self) -> TrainedModelRef | None:
        return None if self.summary is None else self.summary.ref

    @property
    def is_base(self) -> bool:
        """Whether this is the base version of its model."""
        return self.version_identifier is None

    @property
    def status(self) -> str | None:
        """The version's status, when it was found."""
        return None if self.summary is None else self.summary.status

    def walk(self) -> Iterator[tuple[int, LineageNode]]:
        """This node and all below it, each with its depth, parents first.

        Returns:
            Pairs of depth, 0 for this node, and node.
        """
        todo: list[tuple[int, LineageNode]] = [(0, self)]
        while todo:
            depth, node = todo.pop()
            yield depth, node
            todo.extend((depth + 1, child) for child in reversed(node.children))


@dataclass(frozen=True)
class Lineage:
    """Which version of a model was trained from which, across models.

    Attributes:
        trained_model_arn: The model that was asked about.
        roots: Where the training began: usually one base version.
    """

    trained_model_arn: str
    roots: tuple[LineageNode, ...]

    def walk(self) -> Iterator[tuple[int, LineageNode]]:
        """Every version with its depth in the tree, parents first.

        Returns:
            Pairs of depth, 0 for a root, and node.
        """
        for root in self.roots:
            yield from root.walk()

    def path(self, version_identifier: str | None) -> tuple[LineageNode, ...]:
        """The versions from the root to a version of the model, in the order of training.

        Returns:
            The nodes, the root first.

        Raises:
            NoSuchVersion: When the tree has no such version.
        """
        trail: list[LineageNode] = []
        for depth, node in self.walk():
            del trail[depth:]
            trail.append(node)
            if (
                node.summary is not None
                and node.summary.trained_model_arn == self.trained_model_arn
                and node.version_identifier == version_identifier
            ):
                return tuple(trail)
        raise NoSuchVersion(self.trained_model_arn, version_identifier or "the base version")

    def to_mermaid(self) -> str:
        """The tree as the text of a Mermaid flowchart, for Markdown pages.

        Returns:
            The chart's text.
        """
        from .display.lineages import mermaid

        return mermaid(self)

    def to_svg(self) -> str:
        """The tree as an SVG picture; a notebook shows it by itself.

        Returns:
            The picture's text.
        """
        from .display.lineages import svg

        return svg(self)

    def _repr_html_(self) -> str:
        return self.to_svg()

    def __str__(self) -> str:
        lines: list[str] = []
        for depth, node in self.walk():
            version = node.version_identifier or "base"
            status = node.status or "not found"
            text = as_line(f"{node.name}@{version} {status}")
            lines.append(f"{'   ' * depth}{'└─ ' if depth else ''}{text}")
        return "\n".join(lines)


Key = tuple[str, "str | None"]


def parent_of(row: Any) -> Key | None:
    """The name and version of what a version was trained from, or None."""
    channels = row.incremental_training_data_channels
    if not channels:
        return None
    return channels[0].model_name, channels[0].version_identifier


def build_lineage(trained_model_arn: str, rows: Iterable[Any]) -> Lineage:
    """The tree of a model's versions and of the versions they were trained from.

    Args:
        trained_model_arn: The model that the caller asks about.
        rows: Its versions, and those of every model that one of them was trained from.
    """
    by_key: dict[Key, Any] = {}
    for row in rows:
        by_key.setdefault((row.name, row.version_identifier), row)
    parents = {key: parent_of(row) for key, row in by_key.items()}
    children: dict[Key | None, list[Key]] = {}
    placed: set[Key] = set()
    for key, row in by_key.items():
        # From each version of the model up to its root, or to a version that is placed already.
        line: Key | None = key if row.trained_model_arn == trained_model_arn else None
        while line is not None and line not in placed:
            placed.add(line)
            parent = parents.get(line)
            children.setdefault(parent, []).append(line)
            line = parent

    def born(key: Key) -> tuple[bool, Any]:
        return key in by_key, by_key[key].create_time if key in by_key else 0

    def nodes(parent: Key | None) -> tuple[LineageNode, ...]:
        # A circle has no root, so nothing leads into it.
        below = sorted(children.get(parent, ()), key=born)
        return tuple(LineageNode(*key, by_key.get(key), nodes(key)) for key in below)

    return Lineage(trained_model_arn, nodes(None))
