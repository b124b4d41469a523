"""The page for people: collaborations, models with their version tree, jobs and their progress.

Plain HTML without scripts. Everything that came from a caller is escaped, and the content
security policy of the reply forbids scripts anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..service.serialising import iso8601
from ..state.kinds import (
    AUDIENCE_EXPORT_JOB,
    AUDIENCE_MODEL,
    EXPORT_JOB,
    GENERATION_JOB,
    INFERENCE_JOB,
    INPUT_CHANNEL,
    TRAINED_MODEL,
)
from ..state.records import Record
from ..state.world import Collaboration
from ..ways_in.engine import Reply

if TYPE_CHECKING:
    from ..local import LocalCleanRoomsML

ROWS = 100
_KINDS = {
    INPUT_CHANNEL: "ML input channels",
    INFERENCE_JOB: "Inference jobs",
    EXPORT_JOB: "Export jobs",
}
_ACCOUNT_KINDS = {
    AUDIENCE_MODEL: "Audience models",
    GENERATION_JOB: "Audience generation jobs",
    AUDIENCE_EXPORT_JOB: "Audience export jobs",
}
_PROGRESS = {"_PENDING": 10, "_IN_PROGRESS": 55}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1a7f37; --bad: #c0392b;
  --busy: #9a6700; --off: #6e7781; }
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
ul.tree { list-style: none; margin: .25rem 0; padding-left: 1.25rem;
  border-left: 1px solid var(--line); }
ul.tree li { padding: .15rem 0; }
.status { font-weight: 600; white-space: nowrap; } .good { color: var(--good); }
.bad { color: var(--bad); } .busy { color: var(--busy); } .off { color: var(--off); }
progress { width: 7rem; vertical-align: middle; }
"""


def render(local: LocalCleanRoomsML) -> Reply:
    """The page as a reply. The caller holds the lock."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="refresh" content="5">',
        f"<title>Local Clean Rooms ML</title><style>{_STYLE}</style></head><body>",
        *_head(local),
    ]
    for room in local.world.collaborations.values():
        parts += _collaboration(local, room)
    parts += _account_resources(local)
    parts += _requests(local)
    parts.append("</body></html>")
    body = "".join(parts).encode("utf-8", "backslashreplace")
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Reply(200, headers, body)


def _head(local: LocalCleanRoomsML) -> Iterator[str]:
    clock = local.clock
    held = ", held" if clock.held else ""
    mode = local.settings.lifecycle.mode
    yield "<header><h1>Local Clean Rooms ML</h1>"
    count = len(local.jobs.under_way())
    yield f"<p>{count} {'job' if count == 1 else 'jobs'} under way · life cycle: {escape(mode)} · "
    yield f"clock: {iso8601(round(clock.now()))}{held} · this page reloads every 5 seconds</p>"
    yield "</header>"


def _collaboration(local: LocalCleanRoomsML, room: Collaboration) -> Iterator[str]:
    yield f"<section><h2>{escape(room.name)} <code>{escape(room.id)}</code></h2>"
    rows = (
        (
            escape(_display_name(local, member.account_id)),
            f"<code>{escape(member.account_id)}</code>",
            f"<code>{escape(member.membership_id)}</code>",
            _status(member.status),
            escape(", ".join([*member.abilities, *member.ml_abilities])),
            escape(", ".join(member.pays)) or "nothing",
        )
        for member in room.members.values()
    )
    yield _table(("Member", "Account", "Membership", "Status", "Abilities", "Pays for"), rows)
    yield "<h3>Trained models</h3>"
    yield from _models(local, room)
    for kind, title in _KINDS.items():
        yield from _jobs(title, local.records(kind, room.id))
    yield "</section>"


def _display_name(local: LocalCleanRoomsML, account_id: str) -> str:
    account = local.world.accounts.get(account_id)
    return account.display_name if account else account_id


def _models(local: LocalCleanRoomsML, room: Collaboration) -> Iterator[str]:
    models = local.records(TRAINED_MODEL, room.id)
    if not models:
        yield '<p class="note">None yet.</p>'
        return
    for model in models[:ROWS]:
        versions = list(islice(local.versions(model.arn), ROWS))
        yield f"<p><strong>{escape(model.name)}</strong> {_arn(model)}</p>"
        yield _tree(versions)
    yield _more(len(models))


def _tree(versions: list[Record]) -> str:
    """A model's versions below the versions that they were trained from."""
    known = {version.version for version in versions}
    below: dict[str | None, list[Record]] = {}
    roots: list[Record] = []
    for version in versions:
        parent = _parent(version)
        if version.version is None or parent not in known:
            roots.append(version)
        else:
            below.setdefault(parent, []).append(version)
    parts: list[str] = ['<ul class="tree">']
    pending: list[Record | str] = list(reversed(roots))
    while pending:  # no recursion: a lineage can be long
        item = pending.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        parts.append(f"<li>{_version(item)}")
        children = below.get(item.version, [])
        pending.append("</li>")
        if children:
            pending.append("</ul>")
            pending.extend(reversed(children))
            pending.append('<ul class="tree">')
    parts.append("</ul>")
    return "".join(parts)


def _parent(version: Record) -> str | None:
    channels: list[dict[str, Any]] = version.data.get("incrementalTrainingDataChannels") or [{}]
    identifier = channels[0].get("versionIdentifier")
    return None if identifier == "NULL" else identifier


def _version(record: Record) -> str:
    name = f"<code>{escape(record.version)}</code>" if record.version else "base version"
    return f"{name} {_progress(record)} {_details(record)}"


def _jobs(title: str, records: list[Record]) -> Iterator[str]:
    if not records:
        return
    yield f"<h3>{title}</h3>"
    rows = (
        (
            escape(record.name),
            f"<code>{escape(record.owner)}</code>",
            _progress(record),
            _details(record),
            _arn(record),
        )
        for record in records[:ROWS]
    )
    yield _table(("Name", "Account", "Status", "Details", "ARN"), rows)
    yield _more(len(records))


def _account_resources(local: LocalCleanRoomsML) -> Iterator[str]:
    for account in local.world.accounts.values():
        parts: list[str] = []
        for kind, title in _ACCOUNT_KINDS.items():
            parts += _jobs(title, local.records(kind, account.id))
        if parts:
            yield f"<section><h2>Account {escape(account.id)}</h2>{''.join(parts)}</section>"


def _requests(local: LocalCleanRoomsML) -> Iterator[str]:
    yield "<section><h2>Last requests</h2>"
    entries = list(islice(reversed(local.requests), 20))
    if not entries:
        yield '<p class="note">None yet.</p></section>'
        return
    rows = (
        (
            str(entry.number),
            escape(iso8601(round(entry.time))),
            escape(entry.operation or f"{entry.method} {entry.target[:120]}"),
            f"<code>{escape(entry.account or 'nobody')}</code>",
            f'<span class="status {"good" if entry.status < 400 else "bad"}">{entry.status}</span> '
            f"{escape(entry.error or '')}",
        )
        for entry in entries
    )
    yield _table(("No.", "Time", "Operation", "Account", "Reply"), rows)
    yield "</section>"


def _table(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _more(count: int) -> str:
    return f'<p class="note">… and {count - ROWS} more.</p>' if count > ROWS else ""


def _arn(record: Record) -> str:
    return f'<code class="arn">{escape(record.arn)}</code>'


def _progress(record: Record) -> str:
    for ending, value in _PROGRESS.items():
        if record.status.endswith(ending):
            bar = f'<progress max="100" value="{value}">{value} %</progress>'
            return f"{_status(record.status)} {bar}"
    return _status(record.status)


def _status(status: str) -> str:
    if status == "ACTIVE":
        tone = "good"
    elif status.endswith("_FAILED"):
        tone = "bad"
    elif status.endswith(tuple(_PROGRESS)):
        tone = "busy"
    else:
        tone = "off"
    return f'<span class="status {tone}">{escape(status)}</span>'


def _details(record: Record) -> str:
    details: dict[str, str] = record.data.get("statusDetails") or {}
    return escape(": ".join(str(value) for value in details.values()))
