"""Waiting and creating once over real sockets: what goes out, how soon it ends, what stays open.

On asyncio with both backends and on trio; the server runs on a thread of its own, so that no event
loop of the test serves it.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import unquote

import anyio
import pytest
import trio

from crml_sdk import CleanRoomsML, Handle, errors

from ..support import samples
from ..support.canned import CannedServer, Received, error, reply
from .stage import job, job_row, model


class ServerThread:
    """A canned server on its own event loop and thread."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.canned = CannedServer()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with self.canned:
            self._started.set()
            await self._stop.wait()

    def __enter__(self) -> CannedServer:
        self._thread.start()
        assert self._started.wait(5)
        return self.canned

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with ServerThread() as canned:
        yield canned


Test = Callable[[CleanRoomsML], Awaitable[None]]


@pytest.fixture(params=["asyncio+aiohttp", "asyncio+httpx", "trio+httpx"])
def run(request: pytest.FixtureRequest, server: CannedServer) -> Callable[[Test], None]:
    """Runs a test with an open client of the server."""
    library, _, backend = request.param.partition("+")

    async def main(test: Test) -> None:
        async with CleanRoomsML(
            region_name="us-east-1",
            endpoint_url=server.url,
            membership=samples.MEMBERSHIP,
            http_backend=backend,
            read_timeout=5,
            polling_rate=None,
        ) as sdk:
            await test(sdk)
            # What was cut must not stay open until the client closes.
            for _ in range(200):
                if not server.hanging:
                    break
                await anyio.sleep(0.01)
            assert not server.hanging, "sockets left open"
        if library == "asyncio":
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"tasks left behind: {left}"

    def runner(test: Test) -> None:
        if library == "trio":
            trio.run(main, test)
        else:
            asyncio.run(main(test), debug=True)
        gc.collect()  # a warning about something not closed fails the test

    return runner


def operations(server: CannedServer) -> Counter[str]:
    return Counter(
        f"{request.method} {'list' if request.path.endswith('-jobs') else 'get'}"
        for request in server.received
    )


def test_faults_are_survived(run: Any, server: CannedServer) -> None:
    server.answers = [
        error("ThrottlingException", 429),
        error("InternalServiceException", 500),
        "cut",
        reply(body=b"<html>not JSON</html>"),
        reply(body=job("CREATE_IN_PROGRESS")),
        error("ServiceUnavailable", 503),
        reply(body=job("ACTIVE")),
    ]

    async def test(sdk: CleanRoomsML) -> None:
        done = await sdk.inference_jobs.wait(samples.JOB, timeout=10, poll=0.01)
        assert done.status == "ACTIVE"
        assert len(server.received) == 7

    run(test)


@pytest.mark.parametrize(
    "fault",
    ["hang", "cut", error("ThrottlingException", 429), error("InternalServiceException", 500)],
    ids=["hang", "cut", "429", "500"],
)
def test_the_deadline_is_kept_whatever_the_server_does(
    run: Any, server: CannedServer, fault: Any
) -> None:
    server.answers = [*[reply(body=job("CREATE_IN_PROGRESS"))] * 2, fault]

    async def test(sdk: CleanRoomsML) -> None:
        await sdk.inference_jobs.get(samples.JOB)  # whatever loads on first use
        began = time.monotonic()
        with pytest.raises(errors.WaitTimeout) as caught:
            await sdk.inference_jobs.wait(samples.JOB, timeout=0.25, poll=0.02)
        assert 0.24 <= time.monotonic() - began < 1.25
        assert caught.value.status == "CREATE_IN_PROGRESS"

    run(test)


def test_refusals_take_one_request(run: Any, server: CannedServer) -> None:
    server.answers = [error("AccessDeniedException", 403)]

    async def test(sdk: CleanRoomsML) -> None:
        with pytest.raises(errors.AccessDeniedException):
            await sdk.inference_jobs.wait(samples.JOB, timeout=5)
        assert len(server.received) == 1

    run(test)


@pytest.mark.parametrize("where", ["in a call", "between calls"])
def test_a_cancelled_wait_ends_at_once(run: Any, server: CannedServer, where: str) -> None:
    server.answers = ["hang"] if where == "in a call" else [reply(body=job("CREATE_PENDING"))]

    async def test(sdk: CleanRoomsML) -> None:
        began = time.monotonic()
        with anyio.move_on_after(0.1) as scope:
            await sdk.inference_jobs.wait(samples.JOB, timeout=60)
        assert scope.cancelled_caught
        with anyio.move_on_after(0.1) as scope:
            await sdk.wait_all([samples.JOB, samples.arn("trained-model-inference-job", "y")])
        assert scope.cancelled_caught
        with anyio.move_on_after(0.1) as scope:
            async for _ in sdk.as_completed([samples.JOB, samples.MODEL]):
                pass
        assert scope.cancelled_caught
        with anyio.move_on_after(0.1) as scope:
            async for _ in sdk.inference_jobs.watch(samples.JOB):
                pass
        assert scope.cancelled_caught
        assert time.monotonic() - began < 1.2

    run(test)


def test_iterations_that_are_left_leave_nothing(run: Any, server: CannedServer) -> None:
    arns = [samples.arn("trained-model-inference-job", str(n)) for n in range(3)]

    def answer(request: Received) -> Any:
        arn = unquote(request.path).partition("-inference-jobs/")[2]
        if not arn:
            return reply(
                body={"trainedModelInferenceJobs": [job_row("ACTIVE", one) for one in arns]}
            )
        return "hang" if arn == arns[2] else reply(body=job("ACTIVE", arn))

    server.handler = answer

    async def test(sdk: CleanRoomsML) -> None:
        async for outcome in sdk.as_completed(arns, timeout=60):
            assert outcome.ok
            break
        async for change in sdk.inference_jobs.watch(arns[0]):
            assert change.status == "ACTIVE"
            break

    run(test)


def test_many_share_their_lists(run: Any, server: CannedServer) -> None:
    arns = [samples.arn("trained-model-inference-job", f"{n:04}") for n in range(250)]
    began: list[float] = []

    def answer(request: Received) -> Any:
        began.append(time.monotonic())
        status = "ACTIVE" if time.monotonic() - began[0] > 0.5 else "CREATE_IN_PROGRESS"
        arn = unquote(request.path).partition("-inference-jobs/")[2]
        if arn:
            return reply(body=job(status, arn))
        begin = int(request.query.get("nextToken", ["0"])[0])
        page: dict[str, Any] = {
            "trainedModelInferenceJobs": [job_row(status, one) for one in arns[begin : begin + 100]]
        }
        if begin + 100 < len(arns):
            page["nextToken"] = str(begin + 100)
        return reply(body=page)

    server.handler = answer

    async def test(sdk: CleanRoomsML) -> None:
        outcomes = await sdk.wait_all(arns, timeout=30, poll=0.2)
        assert all(outcome.ok for outcome in outcomes)
        counts = operations(server)
        assert counts["GET get"] == 250
        assert counts["GET list"] <= 15

    run(test)


def test_a_lost_reply_is_adopted(run: Any, server: CannedServer) -> None:
    def answer(request: Received) -> Any:
        if request.method == "POST":
            return "cut"
        if "/trained-models/" in request.path:
            return reply(
                body=model("CREATE_PENDING", createTime="2999-01-01T00:00:00Z", **CHANNELS)
            )
        return reply(body={"trainedModels": [samples.model_row(createTime="2999-01-01T00:00:00Z")]})

    server.handler = answer

    async def test(sdk: CleanRoomsML) -> None:
        made = await sdk.trained_models.create(**samples.TRAINING)
        assert made.trained_model_arn == samples.MODEL
        assert sum(request.method == "POST" for request in server.received) == 1

    run(test)


CHANNELS = {
    "dataChannels": [{"mlInputChannelArn": samples.CHANNEL, "channelName": "train"}],
    "resourceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGB": 10},
}


def test_a_wait_is_taken_up_by_another_client(run: Any, server: CannedServer) -> None:
    server.answers = [reply(body=job("CREATE_PENDING")), reply(body=job("ACTIVE"))]

    async def test(sdk: CleanRoomsML) -> None:
        with pytest.raises(errors.WaitTimeout) as caught:
            await sdk.inference_jobs.wait(samples.JOB, timeout=0.05)
        text = str(caught.value.handle)
        assert text == str(Handle.of(samples.JOB))
        assert (await sdk.wait(text, timeout=5)).status == "ACTIVE"

    run(test)
