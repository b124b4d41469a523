"""A batch transform: files go to a container's /invocations in pieces, its answers are put together.

Documented in inference-model-guidelines (split by line, MultiRecord, the header only in the first
request for a file, 6 MB a request unless told otherwise) and in SageMaker's
your-algorithms-batch-code. This part knows nothing of sandboxes: it is given connections.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from .channels import ChannelData

MEGABYTE = 1 << 20
DEFAULT_PAYLOAD = 6
MOST_PAYLOAD = 100
MOST_AT_ONCE = 16
PING_SECONDS = 2
ANSWER_PIECE = 1 << 18

Connect = Callable[[], "socket.socket | str"]


class TransformFailed(Exception):
    """The container did not answer as required."""


@dataclass(frozen=True)
class Wishes:
    """What a request and the workspace say about a transform."""

    accept: str
    payload_mb: int | None
    header: bool
    seconds_to_start: float
    seconds_to_answer: float
    most_output: int


@dataclass
class Counted:
    """Bytes of output of all instances together."""

    most: int
    used: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, number: int) -> None:
        with self.lock:
            self.used += number
            if self.used > self.most:
                raise TransformFailed(f"The output has more than the allowed {self.most:,} bytes.")


class Connection(http.client.HTTPConnection):
    """An HTTP connection over a socket that somebody else opened."""

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        super().__init__("127.0.0.1", 8080, timeout=timeout)
        connected.settimeout(timeout)
        self.sock = connected


class Transform:
    """The requests of one instance.

    Args:
        connect: Gives a connection to the container's port 8080, or the reason why there is none.
        wishes: What was asked for.
        counted: Counts the output of all instances.
        ended: True once the container has ended: nothing will answer any more.
    """

    def __init__(
        self, connect: Connect, wishes: Wishes, counted: Counted, ended: Callable[[], bool]
    ) -> None:
        self.connect = connect
        self.wishes = wishes
        self.counted = counted
        self.ended = ended
        self.requests: int = 0

    def run(self, data: ChannelData, files: Sequence[Path], folder: Path) -> list[Path]:
        """Transforms files one after the other; returns the outputs, each NAME.out.

        Raises:
            TransformFailed: The container was not ready in time, or answered something else than
                200, or too much.
        """
        self.wait_until_ready()
        asked = self.execution_parameters()
        payload = self.wishes.payload_mb or asked.get("MaxPayloadInMB") or DEFAULT_PAYLOAD
        at_once = min(int(asked.get("MaxConcurrentTransforms") or 1), MOST_AT_ONCE)
        limit = min(int(payload), MOST_PAYLOAD) * MEGABYTE
        made: list[Path] = []
        for path in files:
            made.append(folder / f"{path.name}.out")
            with made[-1].open("xb") as output, ThreadPoolExecutor(max(at_once, 1)) as pool:
                self._file(data, path, limit, max(at_once, 1), output, pool)
        return made

    def _file(
        self,
        data: ChannelData,
        path: Path,
        limit: int,
        at_once: int,
        output: IO[bytes],
        pool: ThreadPoolExecutor,
    ) -> None:
        """The requests of one file, some at the same time, their answers in order."""
        under_way: list[Any] = []
        try:
            for payload in payloads(data, path, limit, header=self.wishes.header):
                under_way.append(pool.submit(self.invoke, payload, data.content_type))
                if len(under_way) >= at_once:
                    self._append(output, under_way.pop(0).result())
            while under_way:
                self._append(output, under_way.pop(0).result())
        finally:
            for waiting in under_way:
                waiting.cancel()

    def _append(self, output: IO[bytes], answer: bytes) -> None:
        if answer and not answer.endswith(b"\n"):
            answer += b"\n"
        self.counted.add(len(answer))
        output.write(answer)

    # Single requests

    def wait_until_ready(self) -> None:
        """Asks GET /ping until it answers 200. Raises `TransformFailed`."""
        deadline = time.monotonic() + self.wishes.seconds_to_start
        last = "it did not listen on port 8080"
        while True:
            if self.ended():
                raise TransformFailed("The container ended before it answered GET /ping.")
            if time.monotonic() >= deadline:
                break
            last = self._ping()
            if not last:
                return
            time.sleep(0.05)
        raise TransformFailed(
            f"The container did not answer GET /ping with 200 within "
            f"{self.wishes.seconds_to_start:g} seconds: {last}."
        )

    def _ping(self) -> str:
        """Why the container is not ready; empty if it is."""
        opened = self.connect()
        if not isinstance(opened, socket.socket):
            return opened
        try:
            status, _ = self._exchange(opened, "GET", "/ping", None, {}, PING_SECONDS)
        except (OSError, http.client.HTTPException) as fault:
            return str(fault) or type(fault).__name__
        return "" if status == 200 else f"the last answer was {status}"

    def execution_parameters(self) -> dict[str, Any]:
        """What GET /execution-parameters says; nothing if the container has no such path."""
        opened = self.connect()
        if not isinstance(opened, socket.socket):
            return {}
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, TransformFailed):
            status, body = self._exchange(opened, "GET", "/execution-parameters", None, {}, 5)
            if status == 200:
                values: Any = json.loads(body)
                if isinstance(values, dict):
                    known = cast("dict[str, Any]", values).items()
                    return {name: v for name, v in known if isinstance(v, int) and v > 0}
        return {}

    def invoke(self, payload: bytes, content_type: str) -> bytes:
        """One POST /invocations. Raises `TransformFailed` unless it is answered with 200."""
        self.requests += 1
        opened = self.connect()
        if not isinstance(opened, socket.socket):
            raise TransformFailed(f"The container could not be reached: {opened}.")
        headers = {"Content-Type": content_type, "Accept": self.wishes.accept}
        seconds = self.wishes.seconds_to_answer
        try:
            status, body = self._exchange(opened, "POST", "/invocations", payload, headers, seconds)
        except TimeoutError:
            raise TransformFailed(
                f"The container did not answer POST /invocations within {seconds:g} seconds."
            ) from None
        except (OSError, http.client.HTTPException) as fault:
            raise TransformFailed(
                f"POST /invocations was not answered: {fault or type(fault).__name__}."
            ) from None
        if status != 200:
            shown = body[:300].decode("utf-8", "replace").strip()
            raise TransformFailed(f"POST /invocations was answered with {status}: {shown}")
        return body

    def _exchange(
        self,
        opened: socket.socket,
        method: str,
        path: str,
        payload: bytes | None,
        headers: dict[str, str],
        seconds: float,
    ) -> tuple[int, bytes]:
        deadline = time.monotonic() + seconds
        connection = Connection(opened, seconds)
        try:
            connection.request(
                method, path, body=payload, headers={**headers, "Connection": "close"}
            )
            response = connection.getresponse()
            body = bytearray()
            while piece := response.read1(ANSWER_PIECE):
                body += piece
                if len(body) > self.counted.most:
                    self.counted.add(len(body))
                if time.monotonic() > deadline:
                    raise TimeoutError
            if response.length:
                raise http.client.IncompleteRead(bytes(body[:10]), response.length)
            return response.status, bytes(body)
        finally:
            connection.close()
            opened.close()


def payloads(data: ChannelData, path: Path, limit: int, *, header: bool) -> Iterator[bytes]:
    """The bodies of the requests for one file: whole lines, as many as fit.

    The header line of a CSV file stands in the first only, and only if `header` is true. A Parquet
    file goes in one piece (not documented; assumed, since it cannot be split by line).

    Raises:
        TransformFailed: A line, or a file that cannot be split, is larger than the limit.
    """
    too_large = f"{path.name}: {{}} is larger than maxPayloadInMB ({limit // MEGABYTE} MB)."
    if data.format != "CSV":
        if path.stat().st_size > limit:
            raise TransformFailed(too_large.format("a Parquet file, which is not split,"))
        yield path.read_bytes()
        return
    with path.open("rb") as file:
        first = file.readline()
        piece = bytearray(first if header else b"")
        empty = True
        for line in file:
            if len(line) > limit:
                raise TransformFailed(too_large.format("a line"))
            if piece and len(piece) + len(line) > limit:
                yield bytes(piece)
                piece = bytearray()
            piece += line
            empty = False
        if piece and not empty:
            yield bytes(piece)
