"""The overview page: collaborations, models with their version tree, and jobs with their progress."""

from __future__ import annotations

from collections.abc import Iterator
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
from .frame import arn_of, details_of, page, progress_of, shown, status_of, table

if TYPE_CHECKING:
    from ..local import LocalCleanRoomsML

ROWS = 100
_COLLABORATION_SECTIONS = {
    INPUT_CHANNEL: "ML input channels",
    INFERENCE_JOB: "Inference jobs",
    EXPORT_JOB: "Export jobs",
}
_ACCOUNT_SECTIONS = {
    AUDIENCE_MODEL: "Audience models",
    GENERATION_JOB: "Audience generation jobs",
    AUDIENCE_EXPORT_JOB: "Audience export jobs",
}


def render(local: LocalCleanRoomsML) -> Reply:
    """The page as a reply. The caller holds the lock."""
    parts = [*_head(local)]
    for room in local.world.collaborations.values():
        parts += _collaboration(local, room)
    parts += _account_resources(local)
    parts += _requests(local)
    return page("Local Clean Rooms ML", parts)


def _head(local: LocalCleanRoomsML) -> Iterator[str]:
    clock = local.clock
    held = ", held" if clock.held else ""
    mode = local.settings.lifecycle.mode
    yield "<header><h1>Local Clean Rooms ML</h1>"
    count = len(local.jobs.under_way())
    yield f"<p>{count} {'job' if count == 1 else 'jobs'} running · life cycle: {shown(mode)} · "
    yield f"clock: {iso8601(round(clock.now()))}{held} · this page reloads every 5 seconds</p>"
    yield "</header>"


def _collaboration(local: LocalCleanRoomsML, room: Collaboration) -> Iterator[str]:
    yield f"<section><h2>{shown(room.name)} <code>{shown(room.id)}</code></h2>"
    rows = (
        (
            shown(_display_name(local, member.account_id)),
            f"<code>{shown(member.account_id)}</code>",
            f"<code>{shown(member.membership_id)}</code>",
            status_of(member.status),
            shown(", ".join([*member.abilities, *member.ml_abilities])),
            shown(", ".join(member.pays)) or "nothing",
        )
        for member in room.members.values()
    )
    yield table(("Member", "Account", "Membership", "Status", "Abilities", "Pays for"), rows)
    yield "<h3>Trained models</h3>"
    yield from _models(local, room)
    for kind, title in _COLLABORATION_SECTIONS.items():
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
        yield f"<p><strong>{shown(model.name)}</strong> {arn_of(model)}</p>"
        yield _tree(versions)
    yield _more(len(models))


def _tree(versions: list[Record]) -> str:
    """A model's versions, each below the version that it was trained from."""
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
    name = f"<code>{shown(record.version)}</code>" if record.version else "base version"
    link = f'<a href="/jobs/{record.number}">{name}</a>'
    return f"{link} {progress_of(record)} {details_of(record)}"


def _jobs(title: str, records: list[Record]) -> Iterator[str]:
    if not records:
        return
    yield f"<h3>{title}</h3>"
    rows = (
        (
            f'<a href="/jobs/{record.number}">{shown(record.name)}</a>',
            f"<code>{shown(record.owner)}</code>",
            progress_of(record),
            details_of(record),
            arn_of(record),
        )
        for record in records[:ROWS]
    )
    yield table(("Name", "Account", "Status", "Details", "ARN"), rows)
    yield _more(len(records))


def _account_resources(local: LocalCleanRoomsML) -> Iterator[str]:
    for account in local.world.accounts.values():
        parts: list[str] = []
        for kind, title in _ACCOUNT_SECTIONS.items():
            parts += _jobs(title, local.records(kind, account.id))
        if parts:
            yield f"<section><h2>Account {shown(account.id)}</h2>{''.join(parts)}</section>"


def _requests(local: LocalCleanRoomsML) -> Iterator[str]:
    yield "<section><h2>Last requests</h2>"
    entries = list(islice(reversed(local.requests), 20))
    if not entries:
        yield '<p class="note">None yet.</p></section>'
        return
    rows = (
        (
            str(entry.number),
            shown(iso8601(round(entry.time))),
            shown(entry.operation or f"{entry.method} {entry.target[:120]}"),
            f"<code>{shown(entry.account or 'nobody')}</code>",
            f'<span class="status {"good" if entry.status < 400 else "bad"}">{entry.status}</span> '
            f"{shown(entry.error or '')}",
        )
        for entry in entries
    )
    yield table(("No.", "Time", "Operation", "Account", "Reply"), rows)
    yield "</section>"


def _more(count: int) -> str:
    return f'<p class="note">… and {count - ROWS} more.</p>' if count > ROWS else ""
