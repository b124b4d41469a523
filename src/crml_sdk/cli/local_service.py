"""The local service at an endpoint, and what it knows about the jobs that it ran."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from .failures import FAILED, Refused

if TYPE_CHECKING:
    import aiohttp

    from .session import Session

AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
"""Endpoints that are never a local service."""
SECONDS: Final = 10.0


class LocalService:
    """A local Clean Rooms ML, reached through its control path."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.url: str = url.rstrip("/")

    async def answers(self) -> bool:
        """Whether there is a local service at this address."""
        import aiohttp

        try:
            async with self._http.get(f"{self.url}/_local/health") as reply:
                told: Any = await reply.json()
            return isinstance(told, dict) and told.get("service") == "cleanroomsml"  # pyright: ignore
        except (aiohttp.ClientError, OSError, ValueError):
            return False

    async def ask(self, path: str) -> dict[str, Any]:
        """The reply to a GET below `/_local`.

        Raises:
            Refused: It does not answer, or answers with an error.
        """
        import aiohttp

        try:
            async with self._http.get(f"{self.url}/_local/{path}") as reply:
                told: dict[str, Any] = await reply.json()
                if reply.status != 200:
                    raise Refused(str(told.get("message", reply.reason)), None, FAILED)
                return told
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem = f"the local service at {self.url} does not answer: {error or 'time is up'}"
            raise Refused(problem, "is it still running?", FAILED) from None

    async def jobs_of(self, arn: str) -> list[dict[str, Any]]:
        """The jobs of a resource, oldest first. A model has one for each version."""
        return (await self.ask(f"jobs?arn={quote(arn, safe='')}"))["jobs"]


@asynccontextmanager
async def local_service(session: Session) -> AsyncGenerator[LocalService | None]:
    """The local service of the session. None for AWS or another stand-in."""
    import aiohttp

    url: str = session.sdk.raw.meta.endpoint_url
    if (urlsplit(url).hostname or "").endswith(AWS):
        yield None
        return
    limits = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=limits) as http:
        service = LocalService(http, url)
        yield service if await service.answers() else None
