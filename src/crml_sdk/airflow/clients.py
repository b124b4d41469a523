"""Clients that triggers share: one for each connection and event loop, with one rate limiter."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async

from ..client import CleanRoomsML
from .hook import CleanRoomsMLHook


class _Shared:
    """A client, the task that opens it, and the number of its users."""

    def __init__(self, make: Callable[[], CleanRoomsML]) -> None:
        self.users = 0
        self.opening = asyncio.ensure_future(_opened(make))


# A triggerer creates its triggers from text, one by one, and they share nothing but the process. So
# this is the only table of the package that no object of the user holds. It is empty when the last
# trigger of an event loop has ended.
_TABLES: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Shared]]] = (
    WeakKeyDictionary()
)


async def _opened(make: Callable[[], CleanRoomsML]) -> CleanRoomsML:
    # Reading the connection, the session and the service's data files takes a third of a second.
    client = await sync_to_async(make)()
    return await client.open()


@asynccontextmanager
async def shared_client(parameters: Mapping[str, Any]) -> AsyncIterator[CleanRoomsML]:
    """The open client of a connection, shared by all its users in one event loop.

    Args:
        parameters: The arguments of the hook.

    Returns:
        A context manager for the client.
    """
    table = _TABLES.setdefault(asyncio.get_running_loop(), {})
    key = json.dumps(parameters, sort_keys=True, default=repr)
    shared = table.get(key)
    if shared is None:
        shared = table[key] = _Shared(lambda: CleanRoomsMLHook(**parameters).sdk(warm=True))
    shared.users += 1
    try:
        # If a trigger is cancelled meanwhile, the others must keep the client.
        yield await asyncio.shield(shared.opening)
    finally:
        shared.users -= 1
        if not shared.users:
            if table.get(key) is shared:
                del table[key]
            await _close(shared)


async def _close(shared: _Shared) -> None:
    try:
        client = await shared.opening
    except Exception:
        return  # its users got the error
    await client.close()
