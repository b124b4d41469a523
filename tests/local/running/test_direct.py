"""The sandbox `direct`: a link at /opt/ml, for containers that are thrown away."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from crml_sdk.local.running.sandbox import ML

from .conftest import skip_without
from .support import Bench, program
from .test_sandbox import KILLED, read, wait_for

CODE = """
import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(619)"], start_new_session=True)
open("/opt/ml/model/m", "w").write(os.environ["HOME"])
"""


def test_direct(tmp_path: Path) -> None:
    """One test for all of it: there is only one /opt/ml on a machine."""
    skip_without("direct")
    bench = Bench(tmp_path, train=program(tmp_path, CODE), sandbox="direct")
    bench.channel()
    jobs = [bench.training(arn=f"arn:model-{number}") for number in range(3)]
    started: list[tuple[threading.Thread, list[Any]]] = [bench.start(job) for job in jobs]
    for thread, ended in started:
        thread.join(60)
        assert ended[0].artifacts[0].name == "model.tar.gz", ended
    assert not ML.is_symlink()
    assert left() == []
    (tmp_path / "image" / "Dockerfile").write_text("FROM a\nCOPY main.py /app/\n")
    assert "the sandbox 'direct' has only /opt/ml" in bench.failure(bench.training()).message
    killed(tmp_path / "killed")


def left() -> list[int]:
    """Processes that the program has started, anywhere on the machine."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"time.sleep(619)" in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def killed(folder: Path) -> None:
    folder.mkdir()
    code = CODE + "\nprint('begun', flush=True)\nimport time\ntime.sleep(600)"
    context = program(folder, code)
    arguments = [str(folder), str(context), "direct", "1"]
    server = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], cwd=Path.cwd())
    wait_for(lambda: "begun" in read(folder), seconds=60)
    server.kill()
    server.wait()
    wait_for(lambda: left() == [] and not os.path.lexists(ML), seconds=20)
