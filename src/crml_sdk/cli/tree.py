"""The lineage of a trained model as a tree in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..untrusted import as_line
from .console import status_style, styled
from .writing import moment

if TYPE_CHECKING:
    from ..lineage import Lineage, LineageNode


def lineage_tree(lineage: Lineage) -> str:
    """A tree of which version was trained from which, the oldest first."""
    lines = [styled(as_line(lineage.trained_model_arn), "dim", sys.stdout)]
    # Not recursive, because a model that is retrained every day has a long lineage.
    todo = [("", node, node is lineage.roots[-1]) for node in reversed(lineage.roots)]
    while todo:
        above, node, is_last = todo.pop()
        lines.append(f"{above}{'└── ' if is_last else '├── '}{_label(node)}")
        inner = above + ("    " if is_last else "│   ")
        last = node.children[-1] if node.children else None
        todo += [(inner, child, child is last) for child in reversed(node.children)]
    return "\n".join(lines)


def _label(node: LineageNode) -> str:
    status = as_line(node.status or "not visible here")
    parts = [
        styled(as_line(node.name), "bold", sys.stdout)
        + " "
        + styled(as_line(node.version_identifier or "base"), "cyan", sys.stdout),
        styled(status, status_style(node.status), sys.stdout),
    ]
    if node.summary is not None:
        parts.append(styled(moment(node.summary.create_time), "dim", sys.stdout))
    return "  ".join(parts)
