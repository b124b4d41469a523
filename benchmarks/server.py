"""The canned service: a bare asyncio protocol that answers from bytes made beforehand.

Runs as its own process (`python -m benchmarks.server`), prints its port, and ends when its
standard input is closed. It looks at the path, a page token, and the length of the request, and
at nothing else, so that what is measured is the client.
"""

import asyncio
import json
import re
import sys
from collections import Counter

from . import payload

_TOKEN = re.compile(rb"[?&]nextToken=(\d+)")
_HEADERS = (
    b"HTTP/1.1 200 OK\r\n"
    b"Date: Sun, 01 Jun 2025 12:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: keep-alive\r\n"
    b"x-amzn-RequestId: 6f3a2f0e-5a55-4c3c-9a3a-0123456789ab\r\n"
    b"x-amz-apigw-id: AbCdEfGhIjKlMnO=\r\n"
    b"X-Amzn-Trace-Id: Root=1-683c3f00-0123456789abcdef01234567\r\n"
    b"\r\n"
)


def reply(body: bytes) -> bytes:
    return _HEADERS % len(body) + body


def encode(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


class Replies:
    """Every reply the service gives; `answer` picks one by method and path."""

    def __init__(self, stream_pages: int) -> None:
        self.stream_pages = stream_pages
        self.requests: Counter[str] = Counter()
        self._page = reply(encode(payload.page()))
        self._model = reply(encode(payload.model()))
        self._created = reply(encode(payload.created()))
        stream = encode(payload.page(payload.STREAM_MODEL_ARN))
        self._stream_last = reply(stream)
        room = b'"nextToken":"%s",' % (b"0" * payload.STREAM_TOKEN_LENGTH)
        whole = reply(stream[:1] + room + stream[1:])
        at = whole.index(room) + len(b'"nextToken":"')
        self._stream_head = whole[:at]
        self._stream_tail = whole[at + payload.STREAM_TOKEN_LENGTH :]
        self._jobs: dict[tuple[int, str], bytes] = {}

    def answer(self, method: bytes, target: bytes) -> bytes:
        if method == b"POST":
            return self._created
        if b"/versions" in target:
            if target.startswith(b"/memberships/" + payload.STREAM_MEMBERSHIP.encode()):
                return self._stream(target)
            return self._page
        if b"/trained-models/" in target:
            return self._model
        if b"/trained-model-inference-jobs" in target:
            return self._job(target)
        if target == b"/requests":
            counts, self.requests = self.requests, Counter()
            return reply(encode(counts))
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"

    def _stream(self, target: bytes) -> bytes:
        found = _TOKEN.search(target)
        number = int(found[1]) if found else 0
        if number + 1 >= self.stream_pages:
            return self._stream_last
        token = b"%0*d" % (payload.STREAM_TOKEN_LENGTH, number + 1)
        return self._stream_head + token + self._stream_tail

    def _job(self, target: bytes) -> bytes:
        """Jobs are in progress in the first two rounds of lists and done in the third."""
        path = target.partition(b"?")[0]
        if not path.endswith(b"/trained-model-inference-jobs"):
            self.requests["gets"] += 1
            return reply(encode(payload.job_detail(int(path[-36:-28], 16))))
        found = _TOKEN.search(target)
        start = int(found[1]) if found else 0
        if start == 0:
            self.requests["rounds"] += 1
        self.requests["lists"] += 1
        status = "ACTIVE" if self.requests["rounds"] >= 3 else "CREATE_IN_PROGRESS"
        if (start, status) not in self._jobs:
            rows = [payload.job(number, status) for number in range(start, start + 100)]
            document: dict[str, object] = {"trainedModelInferenceJobs": rows}
            if start + 100 < payload.JOB_COUNT:
                document["nextToken"] = str(start + 100)
            self._jobs[start, status] = reply(encode(document))
        return self._jobs[start, status]


class Connection(asyncio.Protocol):
    """One kept-alive connection: a request is complete when its head and body have arrived."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while buffer:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                break
            method, target, _ = buffer[: buffer.index(b"\r\n")].split(b" ", 2)
            whole = end + 4 + (_length(buffer[:end]) if method == b"POST" else 0)
            if len(buffer) < whole:
                break
            buffer = buffer[whole:]
            self._transport.write(self._replies.answer(method, target))
        self._buffer = buffer


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return int(found[1]) if found else 0


async def serve(stream_pages: int) -> None:
    loop = asyncio.get_running_loop()
    replies = Replies(stream_pages)
    server = await loop.create_server(lambda: Connection(replies), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
