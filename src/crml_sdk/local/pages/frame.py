"""Parts that all pages share: the frame, tables and statuses.

Pages are plain HTML without scripts. All text from callers is escaped, and the content security
policy of the reply also forbids scripts and frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from ..state.records import Record
from ..ways_in.engine import Reply

# Characters that terminals or browsers interpret: C0 except tab and newline, C1, bidirectional marks.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PROGRESS = {"_PENDING": 10, "_IN_PROGRESS": 55}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1a7f37; --bad: #c0392b;
  --busy: #9a6700; --off: #656d76; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --bad: #ff7b72; --busy: #d29922; --off: #9198a1; }
}
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 72rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
header p, .note { color: var(--off); margin: .25rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td { min-width: 5rem; max-width: 28rem; overflow-wrap: break-word; }
th { font-weight: 600; white-space: nowrap; }
code { font-size: .85em; background: var(--soft); padding: .1em .3em; border-radius: .25em;
  white-space: nowrap; }
code.arn, h2 code { white-space: normal; overflow-wrap: anywhere; }
td code.arn { display: inline-block; min-width: 16rem; } /* on a phone tables scroll sideways */
pre { background: var(--soft); padding: .75rem; overflow-x: auto; font-size: .85em; }
figure { display: inline-block; margin: .5rem 1.5rem .5rem 0; } figcaption { font-size: .85em; }
svg { display: block; } svg polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
svg circle { fill: currentColor; }
ul.tree { list-style: none; margin: .25rem 0; padding-left: 1.25rem;
  border-left: 1px solid var(--line); }
ul.tree li { padding: .15rem 0; }
.status { font-weight: 600; white-space: nowrap; } .good { color: var(--good); }
.bad { color: var(--bad); } .busy { color: var(--busy); } .off { color: var(--off); }
progress { width: 7rem; vertical-align: middle; }
"""


def shown(text: str) -> str:
    """Text from callers as HTML, escaped and with control and bidirectional characters replaced."""
    return escape(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text))


def page(title: str, parts: Iterable[str], *, status: int = 200) -> Reply:
    """A whole page as a reply, from its title as text and its parts as HTML."""
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="refresh" content="5">'
        f"<title>{shown(title)}</title><style>{_STYLE}</style></head><body>"
        f"{''.join(parts)}</body></html>"
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Reply(status, headers, body.encode("utf-8", "backslashreplace"))


def table(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of cells, which are HTML."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{whole}</div>'


def arn_of(record: Record) -> str:
    return f'<code class="arn">{shown(record.arn)}</code>'


def progress_of(record: Record) -> str:
    """A record's status, with a progress bar while a job runs."""
    for ending, value in _PROGRESS.items():
        if record.status.endswith(ending):
            bar = f'<progress max="100" value="{value}">{value} %</progress>'
            return f"{status_of(record.status)} {bar}"
    return status_of(record.status)


def status_of(status: str) -> str:
    if status == "ACTIVE":
        tone = "good"
    elif status.endswith("_FAILED"):
        tone = "bad"
    elif status.endswith(tuple(_PROGRESS)):
        tone = "busy"
    else:
        tone = "off"
    return f'<span class="status {tone}">{shown(status)}</span>'


def details_of(record: Record) -> str:
    details: dict[str, str] = record.data.get("statusDetails") or {}
    return shown(": ".join(str(value) for value in details.values()))
