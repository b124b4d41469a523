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

from . import contenders, memory, payload

LOOK_EVERY = 10_000


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
    """The first `items` of the stream: seconds an item, and how the memory grew after the first."""
    count, first, highest = 0, 0, 0
    wall, cpu = time.perf_counter(), time.process_time()
    items = client.stream()
    async for _ in items:
        count += 1
        if count % LOOK_EVERY == 0:
            now = memory.resident_bytes()
            first = first or now
            highest = max(highest, now)
            if count >= command["items"]:
                break
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    await items.aclose()  # type: ignore[attr-defined]
    growth = highest - first
    return {"wall": wall / count, "cpu": cpu / count, "items": count, "growth_bytes": growth}


async def waited(client: Any, command: dict[str, Any]) -> dict[str, float]:
    """Waits for all jobs at once; they are in progress in the first two rounds of lists."""
    arns = [payload.job_arn(number) for number in range(payload.JOB_COUNT)]
    wall, cpu = time.perf_counter(), time.process_time()
    outcomes = await client.sdk.wait_all(arns, poll=0.01, timeout=120)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if not all(outcome.ok for outcome in outcomes):
        raise RuntimeError(f"not every job was seen to end: {outcomes[0]}")
    return {"wall": wall, "cpu": cpu}


async def checked(client: Any, command: dict[str, Any]) -> dict[str, float]:
    """Checks the arguments of a create, which is what happens before anything is sent."""
    from crml_sdk.checking import checked

    arguments = payload.snake(payload.create_arguments())
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(command["calls"]):
        checked("CreateTrainedModelRequest", arguments)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall": wall / command["calls"], "cpu": cpu / command["calls"]}


RUNS = {"stream": streamed, "wait": waited, "check": checked}


async def serve(name: str, url: str) -> None:
    client = contenders.make(name)
    await client.open(url)
    loop = asyncio.get_running_loop()
    print(json.dumps({"ready": name}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        run = RUNS.get(command["run"], timed)
        print(json.dumps(await run(client, command)), flush=True)
    await client.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
