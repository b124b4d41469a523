"""Lineages of rows that no list of the service should have, and of those it may."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from crml_sdk.lineage import build_lineage

BEGAN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def row(version: str | None, parent: str | None = "", *, name: str = "m", day: int = 0) -> Any:
    """A version; its parent is another version of the model, None the base, "" none at all."""
    channel = SimpleNamespace(model_name="m", version_identifier=parent)
    return SimpleNamespace(
        name=name,
        trained_model_arn=name,
        version_identifier=version,
        incremental_training_data_channels=None if parent == "" else [channel],
        create_time=BEGAN + timedelta(days=day),
        status="ACTIVE",
    )


def drawn(*rows: Any) -> list[tuple[int, str | None]]:
    tree = build_lineage("m", rows)
    return [(depth, node.version_identifier) for depth, node in tree.walk()]


def test_a_common_parent_is_there_once_with_its_children_by_age() -> None:
    rows = [row("b", None, day=2), row("a", None, day=1), row("c", "a", day=3), row(None)]
    assert drawn(*rows) == [(0, None), (1, "a"), (2, "c"), (1, "b")]


def test_another_models_versions_are_there_only_where_something_came_from_them() -> None:
    assert drawn(row("a"), row("x", name="other"), row("y", "a", name="other")) == [(0, "a")]


def test_a_parent_that_is_not_listed_is_a_root_without_a_row() -> None:
    (root,) = build_lineage("m", [row("b", "gone")]).roots
    assert (root.version_identifier, root.summary) == ("gone", None)
    assert [child.version_identifier for child in root.children] == ["b"]


def test_a_circle_ends() -> None:
    assert drawn(row("a", "b"), row("b", "a"), row("c", "c"), row("d")) == [(0, "d")]
