"""The lineage of a trained model as SVG and as a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

from ..untrusted import as_line
from .colours import BAD, GOOD, MOVING, OVER, colour

if TYPE_CHECKING:
    from ..lineage import Lineage, LineageNode

ROW: Final = 46
INDENT: Final = 34
CLASSES: Final = {GOOD: "good", BAD: "bad", MOVING: "moving", OVER: "over"}


def svg(lineage: Lineage) -> str:
    """The tree as an SVG picture that takes its text colour from the page."""
    nodes = list(lineage.walk())
    if not nodes:
        return "<p><em>no versions</em></p>"
    deepest = max(depth for depth, _ in nodes)
    widest = max(len(node.name) for _, node in nodes)
    width = 60 + deepest * INDENT + max(340, 9 * widest + 330)
    height = ROW * len(nodes) + 8
    parts: list[str] = []
    last: dict[int, int] = {}
    for number, (depth, node) in enumerate(nodes):
        x, y = 20 + depth * INDENT, 22 + number * ROW
        if depth and depth - 1 in last:
            parts.append(_branch(x - INDENT, last[depth - 1], x, y))
        last[depth] = y
        parts.append(_node(node, x, y))
    return picture(width, height, _summary(lineage), parts)


def picture(width: int, height: int, label: str, parts: Iterable[str]) -> str:
    """An SVG picture that takes its text colour from the page."""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}'"
        f" height='{height}' style='max-width:100%;height:auto' role='img'"
        f" aria-label='{escape(as_line(label), quote=True)}' fill='currentColor'"
        f" font-family='ui-sans-serif,system-ui,sans-serif' font-size='12'>{''.join(parts)}</svg>"
    )


def _summary(lineage: Lineage) -> str:
    return "; ".join(
        f"{node.name} {node.version_identifier or 'base'} {node.status or 'not visible'}"
        for _, node in lineage.walk()
    )


def _branch(x: int, top: int, right: int, y: int) -> str:
    return (
        f"<path d='M{x} {top + 8}V{y}H{right - 8}' fill='none' stroke='currentColor'"
        " stroke-opacity='.35' stroke-width='1.5'/>"
    )


def _node(node: LineageNode, x: int, y: int) -> str:
    version = node.version_identifier or "base"
    made = f" · {node.summary.create_time:%Y-%m-%d %H:%M}" if node.summary is not None else ""
    status = node.status or "not visible here"
    return (
        f"<circle cx='{x}' cy='{y}' r='7' fill='{colour(node.status)}'/>"
        f"<text x='{x + 16}' y='{y}' font-size='14'><tspan font-weight='600'>{escape(as_line(node.name))}"
        f"</tspan> <tspan font-size='12' fill-opacity='.8'>{escape(as_line(version))}</tspan></text>"
        f"<text x='{x + 16}' y='{y + 17}' font-size='12' fill-opacity='.7'>"
        f"{escape(as_line(status))}{made}</text>"
    )


def mermaid(lineage: Lineage) -> str:
    """The tree as the text of a Mermaid flowchart, for Markdown."""
    lines = ["flowchart TD"]
    trail: list[int] = []
    for number, (depth, node) in enumerate(lineage.walk()):
        texts = (node.name, node.version_identifier or "base", node.status or "not visible")
        label = "<br/>".join(map(_quoted, texts))
        lines.append(f'    v{number}["{label}"]:::{CLASSES[colour(node.status)]}')
        del trail[depth:]
        if trail:
            lines.append(f"    v{trail[-1]} --> v{number}")
        trail.append(number)
    lines += [
        f"    classDef {name} stroke:{stroke},stroke-width:2px" for stroke, name in CLASSES.items()
    ]
    return "\n".join(lines)


_ENTITIES: Final = str.maketrans(
    {"#": "#35;", "&": "#amp;", '"': "#quot;", "`": "#96;", "<": "#lt;", ">": "#gt;"}
)


def _quoted(text: str) -> str:
    """Text inside the quotes of a node: Mermaid knows entities, written with `#`, and some HTML."""
    return as_line(text.translate(_ENTITIES))
