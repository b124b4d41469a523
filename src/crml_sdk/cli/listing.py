"""List commands, with filters, a limit and `--watch`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import click

from ..hints import nearest
from . import service
from .columns import COLUMNS, NEEDS_MODELS, model_column
from .durations import parse_duration
from .failures import Refused
from .names import KINDS, find, find_collaboration
from .options import Argument, Format, Option, leaf, names_of
from .table import Listing
from .writing import Column

if TYPE_CHECKING:
    from .session import Session

EVERY: Final = 10.0
"""Seconds between two polls of `--watch`."""


@dataclass(frozen=True)
class _Filter:
    status: str | None
    name: str | None
    since: datetime | None

    def fits(self, row: Any) -> bool:
        status = getattr(row, "status", None) or getattr(row, "member_status", None)
        if self.status is not None and str(status).upper() != self.status:
            return False
        names = ("name", "collaboration_name", "display_name")
        name = next((getattr(row, each) for each in names if hasattr(row, each)), "")
        if self.name is not None and not fnmatchcase(str(name), self.name):
            return False
        made = getattr(row, "create_time", None)
        return self.since is None or (made is not None and made >= self.since)

    @property
    def is_open(self) -> bool:
        return self.status is None and self.name is None and self.since is None


def build(listing: Listing) -> click.Command:
    """The click command for a row of the table."""
    operation = service.operations()[listing.operation]
    parameters: list[click.Parameter] = []
    if listing.of is not None:
        kind = KINDS[_kind(operation, listing.of)]
        parameters.append(
            Argument(
                [listing.of],
                help=kind.help,
                metavar=kind.word.upper(),
                shell_complete=names_of(kind.kind),
            )
        )
    if listing.of is None and listing.view is None and operation.scope == "collaboration":
        parameters.append(
            Argument(
                ["given"],
                required=False,
                help="The collaboration, like --collaboration.",
                metavar="[COLLABORATION]",
                shell_complete=names_of("collaboration"),
            )
        )
    if listing.by is not None:
        kind = KINDS[_kind(operation, listing.by)]
        parameters.append(
            Option(
                f"--{kind.word}",
                listing.by,
                metavar=kind.word.upper(),
                help=f"Only those of this {kind.noun}: ARN or exact name.",
                shell_complete=names_of(kind.kind),
            )
        )
    parameters += _filters(listing, operation.scope)

    async def body(session: Session, **values: Any) -> None:
        await _list(session, listing, values)

    return leaf(
        listing.name,
        body,
        parameters,
        help=service.describe(operation),
        epilog=f"Calls {operation.name}.",
        prepare=lambda options, values: _prepare(listing, values),
        aliases={
            f"--{member.replace('_', '-')}": flag
            for member, flag in ((listing.of, ""), (listing.by, parameters[0].opts[0]))
            if member is not None
        },
    )


def _kind(operation: Any, member: str) -> str:
    return str(service.arn_kind(service.members(operation.input)[member].shape))


def _filters(listing: Listing, scope: str) -> list[click.Parameter]:
    options: list[click.Parameter] = []
    if "status" in listing.columns:  # also a member's
        options.append(
            Option(
                "--status",
                metavar="STATUS",
                help="Only those with this status, such as ACTIVE.",
                shell_complete=_statuses(listing),
            )
        )
    if listing.of is None:
        options.append(
            Option(
                "--name",
                metavar="PATTERN",
                help="Only those with this name, or a pattern such as 'churn-*'.",
            )
        )
    options.append(
        Option(
            "--since",
            metavar="TIME",
            help="Only those created since: 90m, 6h, 7d, or 2026-11-21T15:00.",
        )
    )
    options.append(Option("--limit", type=click.IntRange(min=0), help="Rows in all."))
    if listing.view is not None or scope == "collaboration":
        what = "List those of all members of this collaboration"
        options.append(
            Option(
                "--collaboration",
                metavar="ID",
                help=f"{what if listing.view else 'The collaboration'}: identifier, ARN or exact name."
                f"{'' if listing.view else ' By default that of your membership.'}",
                shell_complete=names_of("collaboration"),
            )
        )
    if "status" in listing.columns.split():
        options.append(
            Option(
                "--watch",
                is_flag=True,
                help=f"Refresh every {EVERY:g} s, until all have ended or you press Ctrl-C.",
            )
        )
    return options


def statuses_of(listing: Listing) -> list[str]:
    """The documented statuses of the rows of a list."""
    from ..resource_types import type_of
    from ..waiting.statuses import STATUSES

    operation = service.operations()[listing.operation]
    for name in ("status", "member_status"):
        if filtered := service.members(operation.input).get(name):
            return service.enum_values(filtered.shape)
    if listing.statuses:
        return list(listing.statuses)
    # A resource without a life cycle is usable as soon as it exists.
    return list(STATUSES.get(type_of(operation).statuses, ("ACTIVE",)))


def _statuses(listing: Listing) -> Callable[..., list[str]]:
    def complete(ctx: Any, parameter: Any, incomplete: str) -> list[str]:
        return [value for value in statuses_of(listing) if value.startswith(incomplete.upper())]

    return complete


def _known_status(given: str, known: Sequence[str]) -> str:
    """The documented spelling of a status.

    Raises:
        Refused: There is no such status.
    """
    status = given.upper().replace("-", "_")
    if status in known:
        return status
    near = [each for each in known if status in each] or nearest(status, known, 3)
    raise Refused(
        f"--status {given!r}: these have no such status",
        f"did you mean {' or '.join(near)}?"
        if near
        else f"statuses are {', '.join(known)}; ACTIVE means success",
    )


def _prepare(listing: Listing, values: dict[str, Any]) -> dict[str, Any]:
    if values.get("status") is not None:
        values["status"] = _known_status(values["status"], statuses_of(listing))
    given = values.pop("given", None)
    if given is not None and values.get("collaboration") not in (None, given):
        raise Refused(
            "two collaborations are given", "give one, as an argument or with --collaboration"
        )
    if given is not None:
        values["collaboration"] = given
    since = values.get("since")
    if since is not None:
        values["since"] = parse_since(since, datetime.now(timezone.utc))
    return values


def parse_since(text: str, now: datetime, flag: str = "--since") -> datetime:
    """The time that a text means: a duration before now, or a date and time, local if it has no zone.

    Raises:
        Refused: The text is neither.
    """
    if re.fullmatch(r"[0-9.]+[a-zA-Z].*", text):
        try:
            return now - timedelta(seconds=parse_duration(text) or 0)
        except (ValueError, OverflowError):
            pass
    try:
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text)).astimezone()
    except (ValueError, OverflowError, OSError):
        raise Refused(
            f"{flag} {text!r} is not a time", "write 90m, 6h, 7d, or 2026-11-21T15:00"
        ) from None


async def _list(session: Session, listing: Listing, values: dict[str, Any]) -> None:
    # Everything except the rows is read once, also with --watch.
    source = await _source(session, listing, values)
    chosen = _Filter(values.get("status"), values.get("name"), values.get("since"))
    columns = await _columns(session, listing, values)
    if values.get("watch"):
        await _watch(session, listing, source, chosen, values["limit"], columns)
        return
    if session.writer.format is Format.JSONL and not listing.newest_first:
        async for row in _rows(listing, source, chosen, values["limit"]):
            session.writer.line(row)
        return
    session.writer.rows(await _all(listing, source, chosen, values["limit"]), columns)


async def _source(session: Session, listing: Listing, values: dict[str, Any]) -> Any:
    """A function that returns the paginator."""
    operation = service.operations()[listing.operation]
    arguments: dict[str, Any] = {"max_results": 100}
    for member in (listing.of, listing.by):
        if member is not None and values.get(member) is not None:
            arguments[member] = await find(session, _kind(operation, member), values[member])
    room = values.get("collaboration")
    target: Any = session.sdk
    if room is not None or operation.scope == "collaboration":
        if listing.view is not None:
            operation = service.operations()[listing.view]
        target = target.collaboration(
            await (
                find_collaboration(session, room) if room is not None else session.collaboration()
            )
        )
    elif operation.scope == "membership":
        arguments["membership_identifier"] = await session.membership()
    for name in listing.given:
        if values.get(name):
            arguments[name] = values[name]
    method = getattr(getattr(target, operation.group), operation.method)

    def source(limit: int | None) -> Any:
        return method(**arguments, limit=limit)

    return source


async def _rows(
    listing: Listing, source: Any, chosen: _Filter, limit: int | None
) -> AsyncIterator[Any]:
    count = 0
    if limit == 0:
        return
    async for row in source(limit if chosen.is_open else None):
        if chosen.fits(row):
            yield row
            count += 1
            if count == limit:
                return


async def _all(listing: Listing, source: Any, chosen: _Filter, limit: int | None) -> list[Any]:
    if not listing.newest_first:
        return [row async for row in _rows(listing, source, chosen, limit)]
    from ..versions import newest_first

    rows = [row async for row in _rows(listing, source, chosen, None)]
    return list(newest_first(rows))[:limit]


async def _columns(session: Session, listing: Listing, values: dict[str, Any]) -> Sequence[Column]:
    names = listing.columns
    if values.get("collaboration") is not None and listing.view_columns is not None:
        names = listing.view_columns
    columns = [COLUMNS[name] for name in names.split()]
    if NEEDS_MODELS in names.split() and session.writer.for_people:
        by_arn = await session.model_names(values.get("collaboration"))
        return [model_column(by_arn) if each is COLUMNS[NEEDS_MODELS] else each for each in columns]
    return columns


async def _watch(
    session: Session,
    listing: Listing,
    source: Any,
    chosen: _Filter,
    limit: int | None,
    columns: Sequence[Column],
) -> None:
    """Poll the list. On a terminal, redraw it; elsewhere, write only what changed."""
    import sys

    from .console import is_terminal

    seen: dict[Any, Any] = {}
    while True:
        rows = await _all(listing, source, chosen, limit)
        if session.writer.for_people and is_terminal(sys.stdout):
            sys.stdout.write("\x1b[H\x1b[2J")
            session.writer.rows(rows, columns)
        else:
            changed = [row for row in rows if seen.get(_key(row)) != str(row.status)]
            if changed and session.writer.for_people:
                session.writer.rows(changed, columns)
            else:
                for row in changed:
                    session.writer.line(row)
        seen = {_key(row): str(row.status) for row in rows}
        if not any(status.endswith(("_PENDING", "_IN_PROGRESS")) for status in seen.values()):
            return
        await asyncio.sleep(EVERY)


def _key(row: Any) -> tuple[str, ...]:
    return tuple(str(getattr(row, name, "")) for name in (*_ARNS, "version_identifier", "name"))


_ARNS: Final = tuple(kind.arn for kind in KINDS.values())
