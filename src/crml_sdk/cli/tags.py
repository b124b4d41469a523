"""`crml tags set`: all tags of a resource at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .inputs import pairs
from .names import find_any
from .options import argument, leaf

if TYPE_CHECKING:
    import click

    from .session import Session


def set_tags() -> click.Command:
    """`crml tags set`."""

    async def body(session: Session, resource: str, tag: tuple[str, ...]) -> None:
        """Replace all tags of a resource: add and change these, and remove the others."""
        await session.sdk.tags.set(await find_any(session, resource), pairs(tag, "TAG"))
        session.writer.note(f"{resource} has {len(tag)} tags")

    what = argument(
        "resource", "The resource: its ARN, or KIND/NAME such as model/churn or channel/july."
    )
    return leaf("set", body, [what, argument("tag", "KEY=VALUE.", many=True, required=False)])
