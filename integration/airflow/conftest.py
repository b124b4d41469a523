"""A real Airflow in a folder of its own, and a local Clean Rooms ML that it works with."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "orchestrators" / "airflow.md"
BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, check: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What `check` gives once it is true; the processes it looks at have no other way to tell."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds:g} s")


class Local:
    """A served local Clean Rooms ML in a process of its own, driven by its control path."""

    def __init__(self, lifecycle: str) -> None:
        self.seen: dict[str, float] = {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        seed = {"channels": ["data"]}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "crml_sdk.local", "--port", str(self.port)),
                *("--lifecycle", lifecycle, "--speed", "10"),
            ],
            stdout=subprocess.DEVNULL,
        )
        until("the local Clean Rooms ML answers", self._answers)
        self.control("seed", seed)
        self.control("jobs", {"action": "finish_all"})
        names = re.findall(
            r'"(arn:aws:[^"]*configured-model-algorithm-association/[^"]*)"', self.control("state")
        )
        self.association = names[0]
        self.forget = len(self.requests())

    def _answers(self) -> bool:
        try:
            return bool(self.control("health"))
        except OSError:
            return False

    def control(self, path: str, body: Any = None) -> str:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_local/{path}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.read().decode()

    def requests(self) -> list[dict[str, Any]]:
        return json.loads(self.control("requests"))["requests"]

    def sent(self, start: str) -> list[str]:
        """The names of the operations sent so far that begin so."""
        names = [request["operation"] for request in self.requests()]
        return sorted(name for name in names if name and name.startswith(start))

    def finish(self, older: float = 0.0) -> None:
        """End all jobs that are under way, once each has been so for that many seconds.

        Airflow fails a task whose trigger fires before the scheduler has heard of its deferral,
        which on a busy machine takes seconds; real jobs take minutes.
        """
        now = time.monotonic()
        ages = [
            now - self.seen.setdefault(f"{job['kind']} {job['name']}", now)
            for job in json.loads(self.control("jobs"))["jobs"]
        ]
        if ages and min(ages) >= older:
            self.control("jobs", {"action": "finish_all"})

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


class Airflow:
    """An Airflow home with the pipeline of the documentation as its only DAG."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        (home / "dags").mkdir(parents=True)
        (home / "dags" / "churn.py").write_text(pipeline(), "utf-8")
        self.port = free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AIRFLOW"))},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "not a secret: " + "x" * 64,
            # On a busy machine the first request to the API server may take 15 s.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "4",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
            "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "600",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def use(self, local: Local) -> None:
        """Connect it to a local Clean Rooms ML, before anything of it is started."""
        self.environment["ASSOCIATION"] = local.association
        self.environment["AIRFLOW_CONN_AWS_DEFAULT"] = json.dumps(
            {
                "conn_type": "aws",
                "login": "AKIALOCALMEMBER0001",
                "password": "local-secret-of-member-1",
                "extra": {"region_name": "us-east-1", "endpoint_url": local.url},
            }
        )

    def run(self, *words: str, timeout: float = 180.0) -> str:
        done = subprocess.run(
            [str(BIN / "airflow"), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
        return done.stdout + done.stderr

    def start(self, *words: str) -> None:
        log = (self.home / f"{words[0]}.log").open("ab")
        self.processes[words[0]] = subprocess.Popen(
            [str(BIN / "airflow"), *words],
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        """As a machine that is lost: the process and its children, with no chance to say anything."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        base = sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=30)
        try:
            return base.execute(sql, values).fetchall()
        finally:
            base.close()

    def states(self, run: str) -> dict[str, str]:
        """The state of each task, none of which may have failed."""
        rows = self.query("select task_id, state from task_instance where run_id = ?", run)
        states = dict(rows)
        assert "failed" not in states.values(), states
        return states

    def answers(self) -> bool:
        """The API server is up, and says so itself."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/api/v2/monitor/health", timeout=20
            ) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def xcom(self, run: str, task: str, key: str = "return_value") -> Any:
        sql = "select value from xcom where run_id = ? and task_id = ? and key = ?"
        rows = self.query(sql, run, task, key)
        return json.loads(rows[0][0]) if rows else None


def pipeline() -> str:
    """The DAG that the documentation shows, word for word."""
    found = re.search(r'```python title="churn.py"\n(.*?)```', PAGE.read_text("utf-8"), re.DOTALL)
    assert found, f"{PAGE} shows no DAG"
    return found.group(1)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    made = Airflow(tmp_path_factory.mktemp("airflow"))
    made.run("db", "migrate")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def held() -> Iterator[Local]:
    """A service whose jobs end when a test says so."""
    local = Local("manual")
    yield local
    local.stop()


@pytest.fixture(scope="session")
def quick() -> Iterator[Local]:
    local = Local("clock")
    yield local
    local.stop()
