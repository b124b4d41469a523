"""The lineage of a trained model as a tree in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from .console import status_style

if TYPE_CHECKING:
    from ..versions import Lineage, LineageNode


def lineage_tree(lineage: Lineage) -> Tree:
    """Which version was trained from which: a branch for each, the oldest first."""
    tree = Tree(Text(lineage.trained_model_arn, style="dim"), guide_style="dim")
    for root in lineage.roots:
        _grow(tree, root)
    return tree


def _grow(tree: Tree, node: LineageNode) -> None:
    # Not recursive: a model trained on from itself every day has a long history.
    todo: list[tuple[Tree, Any]] = [(tree, node)]
    while todo:
        parent, here = todo.pop()
        branch = parent.add(_label(here))
        todo += [(branch, child) for child in reversed(here.children)]


def _label(node: LineageNode) -> Text:
    label = Text(node.name, style="bold")
    label.append(f" {node.version_identifier or 'base'}", style="not bold cyan")
    status = node.status
    label.append(f"  {status or 'not visible here'}", style=f"not bold {status_style(status)}")
    if node.summary is not None:
        made = node.summary.create_time
        label.append(f"  {made:%Y-%m-%d %H:%M:%S}", style="not bold dim")
    return label
