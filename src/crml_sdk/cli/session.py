"""What a command works with: an open client, the membership, and a place for its results."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..arns import is_identifier
from .failures import Interrupted, Refused
from .options import Format, Options
from .writing import Column, Writer

if TYPE_CHECKING:
    from ..client import CleanRoomsML
    from ..pagination import Paginator
    from .progress import Progress


@dataclass
class Trail:
    """What outlives an interrupted run: the command that takes its wait up again."""

    resume: str | None = None


class Session:
    """One run of a command.

    Attributes:
        sdk: The open client.
        options: The options of every command.
        writer: Writes results in the wanted format.
    """

    def __init__(self, sdk: CleanRoomsML, options: Options, trail: Trail) -> None:
        self.sdk = sdk
        self.options = options
        self.writer: Writer = Writer(options.output or Format.TABLE)
        self._membership: str | None = None
        self._trail = trail

    async def membership(self) -> str:
        """The membership to work in: the one that was named, else the only active one.

        Raises:
            Refused: There is none, or more than one.
        """
        if self._membership is None:
            self._membership = await self._find_membership()
        return self._membership

    async def _find_membership(self) -> str:
        named = self.options.membership
        if named is not None:
            if is_identifier(named) or named.startswith("arn:"):
                return named
            return (await self.sdk.memberships.by_name(named)).id
        mine = await self.sdk.memberships(status="ACTIVE", limit=20)
        if len(mine) == 1:
            return mine[0].id
        if not mine:
            raise Refused(
                "you have no active membership in this region",
                "look at another --region or --profile, or join a collaboration first",
            )
        names = ", ".join(f"{row.id} ({row.collaboration_name})" for row in mine)
        raise Refused(f"you have several memberships: {names}", "name one with --membership")

    def write(self, rows: Iterable[Any], columns: Iterable[Column]) -> None:
        """Write rows, as a table or as documented JSON."""
        self.writer.rows(list(rows), list(columns))

    async def stream(self, rows: Paginator[Any], columns: Iterable[Column]) -> None:
        """Write the rows of a list; with `jsonl` as they come, a page at a time."""
        if self.writer.format is Format.JSONL:
            async for row in rows:
                self.writer.line(row)
        else:
            self.write(await rows, columns)

    @contextmanager
    def resumable(self, command: str) -> Generator[None]:
        """What runs inside can be taken up again with that command after Ctrl-C."""
        self._trail.resume = command
        yield
        self._trail.resume = None

    @contextmanager
    def waiting(self, title: str, resume: str, *, several: bool = False) -> Generator[Progress]:
        """Show the progress of a wait; `resume` is the command that takes it up again."""
        from .progress import Progress

        with self.resumable(resume), Progress(title, several=several) as progress:
            yield progress


@asynccontextmanager
async def _opened(options: Options) -> AsyncGenerator[CleanRoomsML]:
    from ..client import CleanRoomsML

    client = CleanRoomsML(
        region_name=options.region,
        profile_name=options.profile,
        endpoint_url=options.endpoint_url,
    )
    async with client:
        yield client


def execute(options: Options, body: Callable[[Session], Awaitable[None]]) -> None:
    """Open a client, run a command with it, and close it.

    Raises:
        Interrupted: The user pressed Ctrl-C.
    """
    if options.debug:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
        logging.getLogger("crml_sdk").setLevel(logging.DEBUG)
    trail = Trail()

    async def run() -> None:
        async with _opened(options) as sdk:
            await body(Session(sdk, options, trail))

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        raise Interrupted(trail.resume) from None
