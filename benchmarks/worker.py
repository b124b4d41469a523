"""One contender in a process of its own; the parent says what to run and reads the time.

`python -m benchmarks.worker NAME URL` reads one JSON command a line from its standard input and
answers each with one JSON line.
"""

import asyncio
import gc
import json
import sys
import time
from typing import Any

from . import contenders, memory

COLLECT_EVERY = 10_000


async def repeat(coroutine_function: Any, calls: int, at_once: int) -> None:
    if at_once == 1:
        for _ in range(calls):
            await coroutine_function()
        return
    for _ in range(calls // at_once):
        await asyncio.gather(*[coroutine_function() for _ in range(at_once)])


async def timed(client: contenders.Client, command: dict[str, Any]) -> dict[str, float]:
    """Seconds a call, by the wall and by this process's own CPU."""
    calls, at_once = command["calls"], command["at_once"]
    coroutine_function = getattr(client, command["run"])
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    await repeat(coroutine_function, calls, at_once)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall / calls, "cpu": cpu / calls}


async def streamed(client: contenders.Client, command: dict[str, Any]) -> dict[str, float]:
    """The whole stream, or its first `items`: seconds an item, and how the memory grew."""
    count, first, highest = 0, 0, 0
    wall, cpu = time.perf_counter(), time.process_time()
    items = client.stream()
    async for _ in items:
        count += 1
        if count % COLLECT_EVERY == 0:
            now = memory.resident_bytes()
            first = first or now
            highest = max(highest, now)
            if count == command["items"]:
                break
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    await items.aclose()  # type: ignore[attr-defined]
    return {
        "wall": wall / count,
        "cpu": cpu / count,
        "items": count,
        "growth_bytes": highest - first,
    }


async def serve(name: str, url: str) -> None:
    client = contenders.make(name)
    await client.open(url)
    loop = asyncio.get_running_loop()
    print(json.dumps({"ready": name}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        run = streamed if command["run"] == "stream" else timed
        print(json.dumps(await run(client, command)), flush=True)
    await client.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
