"""`crml channels`: ML input channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .finding import find_channel
from .models import CREATED, MAKER, NAME, STATUS, UPDATED, Collaboration, Limit
from .options import Format, command
from .waits import LONGEST, Poll, Timeout, wait_for

if TYPE_CHECKING:
    from .session import Session

app: typer.Typer = typer.Typer(
    name="channels", help="ML input channels: prepared data.", no_args_is_help=True
)

Channel = Annotated[str, typer.Argument(help="The ML input channel: ARN or exact name.")]


@command(app, "list")
async def list_channels(
    session: Session, collaboration: Collaboration = None, limit: Limit = None
) -> None:
    """List the input channels of a membership, or of a whole collaboration."""
    if collaboration is None:
        rows: Any = session.sdk.ml_input_channels.list(
            membership_identifier=await session.membership(), max_results=100, limit=limit
        )
        await session.stream(rows, (NAME, STATUS, CREATED, UPDATED))
    else:
        rows = session.sdk.collaboration(collaboration).ml_input_channels.list(
            max_results=100, limit=limit
        )
        await session.stream(rows, (NAME, STATUS, MAKER, CREATED))


@command(app, "show")
async def show(session: Session, channel: Channel) -> None:
    """Show all there is to know about a channel."""
    arn = await find_channel(session, channel)
    session.writer.one(await session.sdk.ml_input_channels.get(arn))


@command(app, "wait")
async def wait(
    session: Session,
    channel: Channel,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Wait for a deletion of data to be done.")
    ] = False,
    timeout: Timeout = LONGEST,
    poll: Poll = None,
) -> None:
    """Wait until a channel is ready."""
    arn = await find_channel(session, channel)
    group = session.sdk.ml_input_channels
    done = await wait_for(
        session,
        group.wait_deleted if deleted else group.wait,
        arn,
        title=f"input channel {channel}",
        resume=f"crml channels wait {arn}{' --deleted' if deleted else ''}",
        timeout=timeout,
        poll=poll,
    )
    if done is not None:
        session.writer.one(done)


@command(app, "delete-data")
async def delete_data(session: Session, channel: Channel) -> None:
    """Delete the data of a channel; it can be used no more."""
    arn = await find_channel(session, channel)
    await session.sdk.ml_input_channels.delete_data(arn)
    if session.writer.format is Format.TABLE:
        print(f"deleting the data of {arn}")
