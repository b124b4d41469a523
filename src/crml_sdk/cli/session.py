"""What a command works with: an open client, the membership and a writer for results."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..arns import is_identifier, membership_in
from . import quick
from .failures import Interrupted
from .options import Format, Options
from .writing import Column, Writer

if TYPE_CHECKING:
    from ..client import CleanRoomsML
    from ..models import MembershipSummary
    from ..operation import Operation
    from .progress import Progress


@dataclass
class Trail:
    """What is known after an interrupted run.

    Attributes:
        resume: The command that resumes its wait.
        sending: Whether a start has been sent without a reply yet.
    """

    resume: str | None = None
    sending: bool = False


class Session:
    """One run of a command.

    Attributes:
        sdk: The open client.
        options: The options of every command.
        writer: Writes results in the chosen format.
    """

    def __init__(self, sdk: CleanRoomsML, options: Options, trail: Trail) -> None:
        self.sdk = sdk
        self.options = options
        self.writer: Writer = Writer(options.output or Format.TABLE)
        self._membership: str | None = None
        self._collaboration: str | None = None
        self._trail = trail

    async def membership(self) -> str:
        """The membership to work in: the given one, or the only active one.

        Raises:
            MissingMembership: There is no active one, or more than one.
        """
        if self._membership is None:
            named = self.options.membership
            if named is not None:
                self._membership = await self.membership_of(named)
            else:
                self._membership = (await self._only_membership()).id
        return str(self._membership)

    async def membership_of(self, text: str) -> str:
        """The identifier of a membership that is given by identifier, ARN or the collaboration's name."""
        if is_identifier(text):
            return text
        if text.startswith("arn:"):
            return membership_in(text) or text.rpartition("/")[2]
        return (await self.sdk.memberships.by_name(text)).id

    async def membership_for(self, operation: Operation, values: Mapping[str, Any]) -> str | None:
        """The membership for a call. None if an ARN among the values contains it.

        A create may refer to another member's resources, so for a create an ARN counts only if it
        is in one of the caller's memberships.
        """
        if self.options.membership is not None or self._membership is not None:
            return await self.membership()
        from ..errors import MissingMembership

        named = membership_in(str(dict(values)))
        if named is None or not operation.name.startswith("Create"):
            return None if named is not None else await self.membership()
        try:
            return await self.membership()
        except MissingMembership as error:
            if any(row.id == named for row in error.candidates):
                return named
            raise

    async def _only_membership(self) -> MembershipSummary:
        core = self.sdk._core  # pyright: ignore[reportPrivateUsage]
        return (await core.memberships.only("this"))[0]

    async def collaboration(self) -> str:
        """The identifier of the membership's collaboration."""
        if self._collaboration is None:
            if self.options.membership is None and self._membership is None:
                self._collaboration = (await self._only_membership()).collaboration_id
            else:
                found = await self.sdk.memberships.get(await self.membership())
                self._collaboration = found.collaboration_id
        return str(self._collaboration)

    async def account(self) -> str:
        """The caller's account, which the service shows only in a membership's ARN."""
        found = await self.sdk.memberships.get(await self.membership())
        return found.arn.split(":")[4]

    async def model_names(self, collaboration: str | None) -> dict[str, str]:
        """The names of trained models by ARN, including those of other members. It never raises."""
        from ..errors import CleanRoomsMLError
        from .names import find_collaboration

        try:
            if collaboration is None:
                rows: Iterable[Any] = await self.sdk.trained_models.list(
                    membership_identifier=await self.membership()
                )
            else:
                room = await find_collaboration(self, collaboration)
                rows = await self.sdk.collaboration(room).trained_models.list()
        except CleanRoomsMLError:
            return {}
        return {row.trained_model_arn: row.name for row in rows}

    @contextmanager
    def holding(
        self, operation: str, stopped: Callable[[Mapping[str, Any]], BaseException]
    ) -> Generator[None]:
        """Within this context, the operation is not sent. Its checked request is raised instead."""
        core: Any = self.sdk._core  # pyright: ignore[reportPrivateUsage]
        send = core.call

        async def call(wanted: Operation, params: dict[str, Any], *rest: Any, **more: Any) -> Any:
            if wanted.name == operation:
                raise stopped(params)
            return await send(wanted, params, *rest, **more)

        core.call = call
        try:
            yield
        finally:
            del core.call

    def write(self, rows: Iterable[Any], columns: Iterable[Column]) -> None:
        """Write rows, as a table or as documented JSON."""
        self.writer.rows(list(rows), list(columns))

    @contextmanager
    def resumable(self, command: str) -> Generator[None]:
        """After Ctrl-C within this context, that command resumes what was running."""
        self._trail.resume = command
        yield
        self._trail.resume = None

    @contextmanager
    def doubtful(self, starts: bool) -> Generator[None]:
        """After Ctrl-C within this context, it is unknown whether a job was started."""
        self._trail.sending = starts
        yield
        self._trail.sending = False

    @contextmanager
    def waiting(self, title: str, resume: str, *, several: bool = False) -> Generator[Progress]:
        """Show the progress of a wait. `resume` is the command that resumes it."""
        from .progress import Progress

        with self.resumable(resume), Progress(title, several=several) as progress:
            yield progress


@asynccontextmanager
async def opened(options: Options, **settings: Any) -> AsyncGenerator[CleanRoomsML]:
    """An open client for these options."""
    with quick.lean_imports():
        from ..client import CleanRoomsML

        client = CleanRoomsML(
            region_name=options.region,
            profile_name=options.profile,
            endpoint_url=options.endpoint_url,
            **settings,
        )
        await client.open()
    try:
        quick.imports_done()
        yield client
    finally:
        await client.close()


def execute(options: Options, body: Callable[[Session], Awaitable[None]]) -> None:
    """Open a client, run a command with it, and close it.

    Raises:
        Interrupted: The user pressed Ctrl-C.
    """
    if options.debug:
        _log_everything()
    trail = Trail()

    async def run() -> None:
        async with opened(options) as sdk:
            await body(Session(sdk, options, trail))

    with quick.interruptible():
        try:
            asyncio.run(run())
        except KeyboardInterrupt:
            raise Interrupted(trail.resume, sending=trail.sending) from None


def _log_everything() -> None:
    from ..untrusted import as_block

    class Plain(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return as_block(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Plain("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("crml_sdk").setLevel(logging.DEBUG)
