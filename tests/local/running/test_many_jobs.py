"""Twenty jobs at once, cancelled at random: nothing is left."""

from __future__ import annotations

import random
import time
from pathlib import Path

from .support import Bench, processes_of, program

CODE = """
import subprocess, time
subprocess.Popen(["sleep", "613"], start_new_session=True)
print("begun", flush=True)
time.sleep(5)
open("/opt/ml/model/m", "w").write("1")
"""


def test_twenty_jobs_cancelled_at_random(tmp_path: Path, any_sandbox: None) -> None:
    bench = Bench(tmp_path, train=program(tmp_path, CODE), seconds_to_stop=1)
    bench.channel()
    chance = random.Random(3)
    jobs = [bench.training(arn=f"arn:model-{number}") for number in range(20)]
    started = [bench.start(job) for job in jobs]
    for job in chance.sample(jobs, 12):
        time.sleep(chance.random() / 10)
        job[1].reason = "cancel"
        job[1].stopping.set()
    for thread, _ in started:
        thread.join(120)
    assert not any(thread.is_alive() for thread, _ in started)
    for job, (_, ended) in zip(jobs, started, strict=True):
        stopped = job[1].stopping.is_set()
        assert ("was stopped" in str(ended[0])) == stopped, ended
    assert processes_of(tmp_path) == []
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert not list(tmp_path.glob("jobs/*/containers"))
