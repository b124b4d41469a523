"""Containers that do not do their part: one clear failure each, in the status and in the log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local.running.workspace import ImageEntry

from .support import INFER, TRAIN, Bench, processes_of, program

FORKS = """
import os, time
while True:
    try:
        if os.fork() == 0:
            time.sleep(600)
    except OSError:
        pass
"""
FILLS = """
import os
for number in range(1000):
    with open(f"/opt/ml/model/{number}", "wb") as file:
        file.write(os.urandom(1 << 20))
"""
FILLS_UNSEEN = """
import os, time
held = []
for number in range(3):
    held.append(open("/tmp/x", "wb"))
    os.unlink("/tmp/x")
    held[-1].write(os.urandom(25 << 20))
    held[-1].flush()
time.sleep(600)
"""
HELD = "import time\nheld = [b'x' * (64 << 20) for _ in range(4)]\ntime.sleep(600)"
ONE_PIECE = "held = b'x' * (1 << 30)"
SHARED = """
import os, time
for _ in range(5):
    if os.fork() == 0:
        held = b'x' * (50 << 20)
        time.sleep(600)
time.sleep(600)
"""
IN_MEMORY = "import time\nopen('/dev/shm/x', 'wb').write(b'x' * (100 << 20))\ntime.sleep(600)"
SEGMENTS = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
for _ in range(8):
    at = libc.shmat(libc.shmget(0, 25 << 20, 0o1600), None, 0)
    ctypes.memset(at, 1, 25 << 20)
    libc.shmdt(ctypes.c_void_p(at))
time.sleep(600)
"""
ONE_FILE = """
with open("/opt/ml/model/m", "wb", buffering=0) as file:
    while True:
        file.write(b"x" * (1 << 20))
"""
CLOSES = """
import os
os.makedirs("/opt/ml/model/a/b")
open("/opt/ml/model/a/b/c", "w").write("1")
os.chmod("/opt/ml/model/a/b", 0)
os.chmod("/opt/ml/model/a", 0)
raise SystemExit(7)
"""
PRINTS = "import sys\nwhile True:\n    sys.stdout.write('x' * 99 + chr(10))"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "wrote nothing to /opt/ml/model or /opt/ml/output/data"),
        ("import sys\nprint('no column age')\nsys.exit(2)", "exited with status 2. The last line printed: no column age"),
        ("import sys\nsys.exit(2)", "exited with status 2. It printed nothing."),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "signal 11 (SIGSEGV)"),
        ("open('/opt/ml/output/failure', 'w').write('é' * 2000)\nraise SystemExit(1)", "é" * 1024),
        ("import os\nos.symlink('/etc/passwd', '/opt/ml/output/failure')\nraise SystemExit(1)", "exited with status 1"),
        ("import os\nos.mkfifo('/opt/ml/output/failure')\nraise SystemExit(1)", "exited with status 1"),
        ("import os, shutil\nshutil.rmtree('/opt/ml/model')\nos.symlink('/etc', '/opt/ml/model')", "/opt/ml/model cannot be packed"),
        ("import shutil\nshutil.rmtree('/opt/ml/model')", "/opt/ml/model cannot be packed"),
        (CLOSES, "exited with status 7"),
        (FORKS, "processes, but only 40 are allowed"),
        (FILLS, "more than 0.05 GB of disk"),
        (FILLS_UNSEEN, "more than 0.05 GB of disk"),
        (HELD, "MemoryError"),
        (ONE_PIECE, "MemoryError"),
        (SHARED, "more than 0.15 GB of memory"),
        (SEGMENTS, "more than 0.15 GB of memory"),
        (ONE_FILE, "more than 0.05 GB of disk"),
        (PRINTS, "printed more than 2 MB"),
    ],
    ids=[
        "writes nothing", "exits 2", "exits silently", "signal", "failure file", "failure link",
        "failure pipe", "model link", "no model", "closed folders", "forks", "fills the disk", "fills it unseen",
        "memory", "memory at once", "memory of many", "memory that nobody holds", "one file fills the disk", "prints",
    ],
)  # fmt: skip
def test_a_bad_training(tmp_path: Path, any_sandbox: None, code: str, said: str) -> None:
    bench = Bench(
        tmp_path, train=program(tmp_path, code),
        processes=40, disk_gb=0.05, memory_gb=0.15, log_mb=2,
    )  # fmt: skip
    bench.channel()
    job = bench.training(stoppingCondition={"maxRuntimeInSeconds": 60})
    fault = bench.failure(job)
    assert said in fault.message
    assert fault.status_code == "AlgorithmError"
    assert len(fault.message) <= 1024
    assert said[:60] in job[1].log.read_text(errors="replace")
    assert job[1].log.stat().st_size < 3 << 20
    assert processes_of(tmp_path) == []
    assert not (job[1].folder / "containers").exists()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("RUN x\nCOPY gone /opt/ml/code/", "Dockerfile, line 3: COPY: there is no gone"),
        ('ENTRYPOINT ["nothing-of-this-name"]', "nothing-of-this-name"),
        ('WORKDIR /opt/ml/code\nENTRYPOINT ["/opt/ml/code/main.py"]', "Permission denied"),
        ("ENV A=1", "train: "),
    ],
)
def test_an_image_that_cannot_be_started(
    tmp_path: Path, any_sandbox: None, lines: str, said: str
) -> None:
    context = program(tmp_path, "print(1)")
    (context / "Dockerfile").write_text(f"FROM a\n{lines}\nCOPY main.py /opt/ml/code/\n")
    bench = Bench(tmp_path, train=context)
    bench.channel()
    job = bench.training()
    assert said in bench.failure(job).message
    assert said in job[1].log.read_text()


def test_an_image_that_the_workspace_does_not_name(tmp_path: Path, any_sandbox: None) -> None:
    bench = Bench(tmp_path, infer=program(tmp_path, ""))
    bench.channel()
    fault = bench.failure(bench.training())
    assert fault.status_code == "ClientError"
    assert f"no build context for the image {TRAIN}:1. Did you mean {INFER}?" in fault.message
    bench = Bench(tmp_path / "b", infer=tmp_path / "image", unknown_images="simulate")
    assert bench.run(bench.training()).artifacts == ()


def test_a_context_that_is_gone(tmp_path: Path, any_sandbox: None) -> None:
    bench = Bench(tmp_path, train=ImageEntry(TRAIN, context=tmp_path / "gone"))
    bench.channel()
    assert "is not a directory" in bench.failure(bench.training()).message


# Inference

SERVE = """
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({ping}, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        {post}
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
{first}
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def serving(
    folder: Path, *, post: str = "self.answer(200, body)", ping: int = 200, first: str = ""
) -> Path:
    return program(folder, SERVE.format(post=post, ping=ping, first=first))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"post": "self.answer(500, b'no such column')"}, "answered with 500: no such column"),
        ({"post": "os._exit(4)"}, "exited with status 4"),
        ({"post": "time.sleep(600)"}, "did not answer POST /invocations within 1 seconds"),
        ({"post": "self.wfile.write(b'nonsense' + bytes([10]))"}, "POST /invocations was not answered"),
        ({"first": "time.sleep(600)"}, "within 3 seconds: [Errno 111] Connection refused"),
        ({"first": "sys.exit(5)"}, "ended before it answered GET /ping. The container exited with status 5"),
        ({"ping": 503}, "the last answer was 503"),
        ({"post": "self.answer(200, b'x' * 12_000_000)"}, "more than the allowed 10,000,000 bytes"),
    ],
    ids=["500", "dies", "hangs", "nonsense", "listens late", "exits", "not ready", "answers too much"],
)  # fmt: skip
def test_a_bad_inference(
    tmp_path: Path, any_sandbox: None, parts: dict[str, Any], said: str
) -> None:
    bench = Bench(
        tmp_path, infer=serving(tmp_path, **parts), seconds_to_start=3, seconds_to_answer=1
    )
    bench.channel()
    bench.policies["trainedModelInferenceJobs"] = {"maxOutputSize": {"unit": "GB", "value": 0.01}}
    seed(bench, tmp_path)
    job = bench.inference()
    begin = time.monotonic()
    fault = bench.failure(job)
    assert said in fault.message
    assert said in job[1].log.read_text()
    assert time.monotonic() - begin < 40
    assert processes_of(tmp_path) == []
    assert not bench.results.exists()


def seed(bench: Bench, folder: Path) -> None:
    """A model whose artifacts a seed names."""
    (folder / "seeded").mkdir()
    (folder / "seeded" / "weights.json").write_text('{"weights": [0, 1, 1]}')
    bench.training()
    bench.port.seeded[("arn:model", None)] = folder / "seeded"


def test_a_model_without_artifacts(tmp_path: Path, any_sandbox: None) -> None:
    bench = Bench(tmp_path, infer=serving(tmp_path))
    bench.channel()
    bench.training()
    fault = bench.failure(bench.inference())
    assert "arn:model has no artifacts" in fault.message


def test_a_receiver_without_an_ml_configuration(tmp_path: Path, any_sandbox: None) -> None:
    bench = Bench(tmp_path, infer=serving(tmp_path))
    bench.channel()
    seed(bench, tmp_path)
    output = {"members": [{"accountId": "444455556666"}]}
    fault = bench.failure(bench.inference(outputConfiguration=output))
    assert "444455556666 has no ML configuration" in fault.message
