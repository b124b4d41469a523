"""Batch transforms against a plain HTTP server: which requests are made, how answers are put together."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local.running import transform
from crml_sdk.local.running.channels import ChannelData
from crml_sdk.local.running.transform import Counted, Transform, TransformFailed, Wishes, payloads


class Container(ThreadingHTTPServer):
    """Answers as a container does; keeps what it was asked."""

    parameters: dict[str, Any] | None = None
    ready = 1
    answer = staticmethod(lambda body: body)

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.pings = 0

    def connect(self) -> socket.socket | str:
        return socket.create_connection(self.server_address[:2])


class Handler(BaseHTTPRequestHandler):
    server: Container

    def do_GET(self) -> None:
        if self.path == "/ping":
            self.server.pings += 1
            self.reply(200 if self.server.pings >= self.server.ready else 503, b"")
        elif self.server.parameters is None:
            self.reply(404, b"")
        else:
            self.reply(200, json.dumps(self.server.parameters).encode())

    def do_POST(self) -> None:
        assert self.path == "/invocations"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        self.server.headers.append(dict(self.headers))
        self.reply(200, self.server.answer(body))

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def container() -> Iterator[Container]:
    server = Container()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def small_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "MEGABYTE", 20)


def wishes(**changes: Any) -> Wishes:
    values = {
        "accept": "text/csv", "payload_mb": 1, "header": True,
        "seconds_to_start": 5, "seconds_to_answer": 5, "most_output": 1000,
    }  # fmt: skip
    return Wishes(**{**values, **changes})


def file_of(folder: Path, text: str, name: str = "part-00000.csv") -> ChannelData:
    folder.joinpath(name).write_text(text)
    return ChannelData("CSV", (folder / name,))


def run(container: Container, data: ChannelData, folder: Path, **changes: Any) -> list[str]:
    wanted = wishes(**changes)
    made = Transform(container.connect, wanted, Counted(wanted.most_output), lambda: False)
    return [path.read_text() for path in made.run(data, data.files, folder)]


LINES = "name,value\n" + "".join(f"row-{number},1\n" for number in range(5))


def test_the_header_goes_with_the_first_request_of_a_file_only(
    tmp_path: Path, container: Container
) -> None:
    data = ChannelData(
        "CSV",
        tuple(file_of(tmp_path, LINES, f"part-0000{number}.csv").files[0] for number in range(2)),
    )
    (tmp_path / "out").mkdir()
    outputs = run(container, data, tmp_path / "out")
    one_file = [b"name,value\nrow-0,1\n", b"row-1,1\nrow-2,1\n", b"row-3,1\nrow-4,1\n"]
    assert container.bodies == one_file * 2
    assert outputs == [LINES, LINES]
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [
        "part-00000.csv.out",
        "part-00001.csv.out",
    ]


def test_without_a_header(tmp_path: Path, container: Container) -> None:
    run(container, file_of(tmp_path, LINES), tmp_path, header=False)
    assert b"".join(container.bodies).decode() == LINES.partition("\n")[2]


def test_a_request_holds_as_many_lines_as_fit(tmp_path: Path, container: Container) -> None:
    """Exactly the limit fits; one byte more does not."""
    data = file_of(
        tmp_path, "h\n" + "x" * 9 + "\n" + "y" * 9 + "\n" + "z" * 10 + "\n" + "w" * 9 + "\n"
    )
    run(container, data, tmp_path, header=False)
    assert [len(body) for body in container.bodies] == [20, 11, 10]


def test_an_answer_gets_its_newline(tmp_path: Path, container: Container) -> None:
    container.answer = lambda body: body.strip()  # type: ignore[method-assign]
    assert run(container, file_of(tmp_path, LINES), tmp_path) == [LINES]


def test_what_is_sent(tmp_path: Path, container: Container) -> None:
    run(container, file_of(tmp_path, "h\n1\n"), tmp_path, accept="application/jsonlines")
    assert container.headers[0]["Content-Type"] == "text/csv"
    assert container.headers[0]["Accept"] == "application/jsonlines"


def test_execution_parameters(tmp_path: Path, container: Container) -> None:
    """The request's payload wins over the container's, which wins over 6."""
    container.parameters = {"MaxPayloadInMB": 2, "MaxConcurrentTransforms": 3, "Other": "x"}
    run(container, file_of(tmp_path, LINES), tmp_path, payload_mb=None)
    assert max(map(len, container.bodies)) in range(21, 41)
    container.bodies.clear()
    (tmp_path / "b").mkdir()
    assert run(container, file_of(tmp_path, LINES), tmp_path / "b") == [LINES]
    assert max(map(len, container.bodies)) <= 20


def test_answers_stay_in_order(tmp_path: Path, container: Container) -> None:
    container.parameters = {"MaxConcurrentTransforms": 4}
    text = "h\n" + "".join(f"{number:08d}\n" for number in range(40))
    assert run(container, file_of(tmp_path, text), tmp_path) == [text]


def test_a_container_that_needs_a_while(tmp_path: Path, container: Container) -> None:
    container.ready = 4
    run(container, file_of(tmp_path, "h\n1\n"), tmp_path)
    assert container.pings == 4


def test_a_container_that_has_ended(tmp_path: Path) -> None:
    made = Transform(lambda: "gone", wishes(), Counted(10), lambda: True)
    with pytest.raises(TransformFailed, match="ended before it answered GET /ping"):
        made.run(file_of(tmp_path, LINES), [], tmp_path)


def test_too_much_output(tmp_path: Path, container: Container) -> None:
    with pytest.raises(TransformFailed, match="more than the allowed 30 bytes"):
        run(container, file_of(tmp_path, LINES), tmp_path, most_output=30)


def test_what_cannot_be_split(tmp_path: Path) -> None:
    data = file_of(tmp_path, "h\n" + "x" * 30 + "\n")
    with pytest.raises(TransformFailed, match=r"a line is larger than maxPayloadInMB \(1 MB\)"):
        list(payloads(data, data.files[0], 20, header=True))
    path = tmp_path / "p.parquet"
    path.write_bytes(b"x" * 20)
    data = ChannelData("PARQUET", (path,))
    assert list(payloads(data, path, 20, header=True)) == [b"x" * 20]
    with pytest.raises(TransformFailed, match="a Parquet file"):
        list(payloads(data, path, 19, header=True))


@pytest.mark.parametrize("text", ["", "h\n"])
def test_a_file_without_rows_needs_no_request(tmp_path: Path, text: str) -> None:
    data = file_of(tmp_path, text)
    assert list(payloads(data, data.files[0], 20, header=True)) == []


def test_a_last_line_without_its_end(tmp_path: Path) -> None:
    data = file_of(tmp_path, "h\n1\n2")
    assert list(payloads(data, data.files[0], 20, header=True)) == [b"h\n1\n2"]
