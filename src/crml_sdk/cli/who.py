"""`crml whoami`: account, region, memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .options import leaf
from .writing import Column, plain

if TYPE_CHECKING:
    import click

    from .session import Session

MEMBERSHIPS = (
    Column("membership", "id"),
    Column("status", "status"),
    Column("collaboration", "collaboration_name"),
    Column("collaboration id", "collaboration_id"),
)


def whoami() -> click.Command:
    """`crml whoami`."""

    async def body(session: Session) -> None:
        """Show your account, region and memberships."""
        rows = await session.sdk.memberships()
        # No operation returns the account, but a membership's ARN contains it.
        account = rows[0].arn.split(":")[4] if rows else None
        document = {
            "account": account,
            "region": session.sdk.region_name,
            "memberships": [plain(row) for row in rows],
        }
        known = account or "unknown (only memberships show it, and you have none)"
        session.writer.text(f"account  {known}\nregion   {session.sdk.region_name}\n", document)
        if session.writer.for_people:
            session.write(rows, MEMBERSHIPS)

    return leaf("whoami", body, [])
