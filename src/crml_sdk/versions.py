"""Versions of trained models: selectors, references, which one is newest, what came from what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal

from .errors import NoSuchVersion
from .untrusted import as_line

if TYPE_CHECKING:
    from datetime import datetime

    from typing_extensions import Self


class VersionSelector(Enum):
    """A version by its role instead of its identifier."""

    LATEST = "latest"
    LATEST_ACTIVE = "latest-active"
    BASE = "base"

    def __repr__(self) -> str:
        return self.name


LATEST: Final = VersionSelector.LATEST
"""The newest version, whatever its status."""

LATEST_ACTIVE: Final = VersionSelector.LATEST_ACTIVE
"""The newest version that is ACTIVE, so that it can be used."""

BASE: Final = VersionSelector.BASE
"""The first version of the model, the one without an identifier."""

BaseSelector = Literal[VersionSelector.BASE]


@dataclass(frozen=True)
class TrainedModelRef:
    """One version of a trained model as text: `ARN@version`. Accepted wherever an ARN is.

    Attributes:
        trained_model_arn: The model.
        version: An identifier, a selector, or None when no version is meant.
    """

    trained_model_arn: str
    version: str | VersionSelector | None = None

    @classmethod
    def of(cls, trained_model_arn: str, version_identifier: str | None) -> Self:
        """The reference to a version as replies name it: None is the base version."""
        return cls(trained_model_arn, BASE if version_identifier is None else version_identifier)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ARN`, `ARN@IDENTIFIER`, `ARN@latest`, `ARN@latest-active` or `ARN@base`."""
        arn, at, version = text.partition("@")
        if not at:
            return cls(arn)
        return cls(arn, parse_version(version))

    @property
    def is_base(self) -> bool:
        """Whether the base version is meant."""
        return self.version is BASE

    def __str__(self) -> str:
        if self.version is None:
            return self.trained_model_arn
        shown = self.version.value if isinstance(self.version, VersionSelector) else self.version
        return f"{self.trained_model_arn}@{shown}"


def parse_version(text: str) -> str | VersionSelector:
    """A selector or an identifier from text, as it stands behind the `@` of a reference."""
    known = {selector.value: selector for selector in VersionSelector}
    return known.get(text.lower().replace("_", "-"), text)


def newest_first(rows: Iterable[Any]) -> list[Any]:
    """Rows by the time they were created, newest first, never by their order in the list.

    Of two made at the same moment the base version is the older one: it was there before.
    """

    def age(row: Any) -> tuple[datetime, bool, datetime, str]:
        identifier: str | None = row.version_identifier
        return row.create_time, identifier is not None, row.update_time, identifier or ""

    return sorted(rows, key=age, reverse=True)


def select(rows: Iterable[Any], selector: VersionSelector, trained_model_arn: str) -> Any:
    """The row that a selector means.

    Raises:
        NoSuchVersion: When none of the rows fits.
    """
    if selector is BASE:
        fitting = [row for row in rows if row.version_identifier is None]
        wanted = "the base version"
    elif selector is LATEST_ACTIVE:
        fitting = [row for row in rows if row.status == "ACTIVE"]
        wanted = "ACTIVE"
    else:
        fitting = list(rows)
        wanted = "listed"
    if not fitting:
        raise NoSuchVersion(trained_model_arn, wanted)
    return newest_first(fitting)[0]


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
        """This node and all below it, each with its depth, parents first."""
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
        """Every version with its depth in the tree, parents first."""
        for root in self.roots:
            yield from root.walk()

    def path(self, version_identifier: str | None) -> tuple[LineageNode, ...]:
        """From the root to a version of the model asked about: what it was trained on, in order.

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
        """The tree as the text of a Mermaid flowchart, for Markdown pages."""
        from .display.lineages import mermaid

        return mermaid(self)

    def to_svg(self) -> str:
        """The tree as an SVG picture; a notebook shows it by itself."""
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
    """The tree of a model's versions and of what they came from.

    Args:
        trained_model_arn: The model asked about.
        rows: Its versions, and the rows of every model that a version descends from.
    """
    by_key: dict[Key, Any] = {}
    for row in rows:
        by_key.setdefault((row.name, row.version_identifier), row)
    wanted = {key for key, row in by_key.items() if row.trained_model_arn == trained_model_arn}
    for key in list(wanted):
        wanted |= _ancestors(key, by_key)
    children: dict[Key | None, list[Key]] = {}
    for key in wanted:
        row = by_key.get(key)
        parent = parent_of(row) if row is not None else None
        children.setdefault(parent if parent in wanted else None, []).append(key)

    def born(key: Key) -> tuple[bool, Any]:
        row = by_key.get(key)
        return (row is not None, row.create_time if row is not None else 0)

    def node(key: Key, above: frozenset[Key]) -> LineageNode:
        below = [child for child in children.get(key, []) if child not in above]
        below.sort(key=born)
        inner = tuple(node(child, above | {key}) for child in below)
        return LineageNode(key[0], key[1], by_key.get(key), inner)

    roots = sorted(children.get(None, []), key=born)
    return Lineage(trained_model_arn, tuple(node(key, frozenset()) for key in roots))


def _ancestors(key: Key, by_key: dict[Key, Any]) -> set[Key]:
    found: set[Key] = set()
    while True:
        row = by_key.get(key)
        parent = parent_of(row) if row is not None else None
        if parent is None or parent in found:
            return found
        found.add(parent)
        key = parent
