"""What a fresh process does once and reports: `python -m benchmarks.child WHAT NAME URL`."""

import asyncio
import json
import os
import sys
import time
from typing import Any

from . import contenders, memory

CLIENTS = 8


async def opened(name: str, url: str, keep: list[contenders.Client]) -> Any:
    """A client with its own defaults that has had its first reply."""
    client = contenders.make(name)
    keep.append(client)
    await client.open(url, None)
    await client.get()
    return client


async def cold(name: str, url: str, keep: list[contenders.Client]) -> dict[str, float]:
    """From nothing to the first reply; the parent knows when this process was started."""
    await opened(name, url, keep)
    return {"at": time.monotonic()}


async def second(name: str, url: str, keep: list[contenders.Client]) -> dict[str, float]:
    """Seconds from a second client's start to its first reply, when a first one is at work."""
    first = await opened(name, url, keep)
    start = time.perf_counter()
    if name.startswith("aiobotocore"):  # one session, two clients: how aiobotocore is used
        keep.append(first.client)
        await first.open_client(url)
        await first.get()
    else:
        await opened(name, url, keep)
    return {"seconds": time.perf_counter() - start}


async def clients(name: str, url: str, keep: list[contenders.Client]) -> dict[str, float]:
    """Bytes after the import, with one client at work, and for each client after it."""
    bare = memory.resident_bytes()
    contenders.make(name)
    after_import = memory.resident_bytes()
    await opened(name, url, keep)
    after_first = memory.resident_bytes()
    for _ in range(CLIENTS):
        await opened(name, url, keep)
    each = (memory.resident_bytes() - after_first) / CLIENTS
    return {"import": after_import - bare, "open": after_first - bare, "each": each}


PROGRAMS = {"cold": cold, "second": second, "clients": clients}


async def finish(program: Any, name: str, url: str) -> None:
    """Ends the process with its clients open: what closing costs is not part of the question."""
    keep: list[contenders.Client] = []
    print(json.dumps(await program(name, url, keep)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(finish(PROGRAMS[sys.argv[1]], sys.argv[2], sys.argv[3]))
