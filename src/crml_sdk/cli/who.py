"""`crml whoami`: account, region, memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .options import Format, command
from .writing import Column, plain

if TYPE_CHECKING:
    from .session import Session

MEMBERSHIPS = (
    Column("membership", "id"),
    Column("status", "status"),
    Column("collaboration", "collaboration_name"),
    Column("collaboration id", "collaboration_id"),
)


async def whoami(session: Session) -> None:
    """Who the service takes you for: account, region, memberships."""
    from rich.console import Group
    from rich.text import Text

    rows = await session.sdk.memberships()
    # The service has no operation that tells the account; a membership's ARN does.
    account = rows[0].arn.split(":")[4] if rows else None
    document = {
        "account": account,
        "region": session.sdk.region_name,
        "memberships": [plain(row) for row in rows],
    }
    if session.writer.format is not Format.TABLE:
        session.writer.picture("", document)
        return
    known = account or "not known: it shows in memberships only, and there is none"
    session.writer.picture(
        Group(Text(f"account  {known}"), Text(f"region   {session.sdk.region_name}\n")), document
    )
    session.write(rows, MEMBERSHIPS)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "whoami")(whoami)
