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
from contextlib import suppress
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


def until(what: str, check: Callable[[], Any], seconds: float = 240.0) -> Any:
    """What `check` gives once it is true; the processes it looks at have no other way to tell.

    The limits are generous, since a machine may be busy; what goes wrong is noticed by `check`.
    """
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
        self.association = self._arn("configured-model-algorithm-association")
        self.channel = self._arn("ml-input-channel")
        self.forget = len(self.requests())

    def _arn(self, kind: str) -> str:
        return re.findall(
            rf'"(arn:aws:[^"]*:membership/[^"]*/{kind}/[^"]*)"', self.control("state")
        )[0]

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

    def finish(self) -> None:
        """End all jobs that are under way."""
        self.control("jobs", {"action": "finish_all"})

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


class Airflow:
    """An Airflow home with the pipeline of the documentation as its only DAG."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.deferred: dict[tuple[str, str], float] = {}
        (home / "dags").mkdir(parents=True)
        (home / "dags" / "churn.py").write_text(pipeline(), "utf-8")
        (home / "dags" / "stoppable.py").write_text(STOPPABLE, "utf-8")
        self.port = free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AIRFLOW"))},
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "not a secret: " + "x" * 64,
            # On a busy machine the first request to the API server may take 15 s.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "120",
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
        self.environment["CHANNEL"] = local.channel
        self.environment["AIRFLOW_CONN_AWS_DEFAULT"] = json.dumps(
            {
                "conn_type": "aws",
                "login": "AKIALOCALMEMBER0001",
                "password": "local-secret-of-member-1",
                "extra": {"region_name": "us-east-1", "endpoint_url": local.url},
            }
        )

    def run(self, *words: str) -> str:
        return self._done(str(BIN / "airflow"), *words)

    def python(self, program: str) -> str:
        return self._done(sys.executable, "-c", program)

    def _done(self, *command: str) -> str:
        done = subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
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

    def end(self, name: str) -> None:
        """As a deployment does it: the process is asked to stop, and given the time."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def task_log(self, run: str) -> str:
        """What the tasks of a run and their triggers have logged."""
        folder = self.home / "logs"
        logs = (path for path in folder.rglob("*") if path.is_file() and f"={run}/" in str(path))
        return "\n".join(path.read_text("utf-8", "replace") for path in logs)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        base = sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True, timeout=30)
        try:
            return base.execute(sql, values).fetchall()
        finally:
            base.close()

    def states(self, run: str) -> dict[str, str]:
        """The state of each task, none of which may have failed, nor a process have ended."""
        gone = [name for name, process in self.processes.items() if process.poll() is not None]
        assert not gone, f"{gone} ended by itself:\n{self.errors()}"
        rows = self.query("select task_id, state from task_instance where run_id = ?", run)
        states = dict(rows)
        assert not {"failed", "up_for_retry"} & set(states.values()), f"{states}\n{self.errors()}"
        return states

    def errors(self) -> str:
        """What the processes complain of, the last lines of it."""
        logs = sorted(self.home.glob("*.log"))
        lines = [
            f"{log.stem}: {line[:500]}"
            for log in logs
            for line in log.read_text("utf-8", "replace").splitlines()
            if re.search(r"\[(error|critical) |Error: ", line) and "XCom not found" not in line
        ]
        return "\n".join(lines[-12:])

    def waited_for(self, run: str, task: str) -> bool:
        """The task is deferred, and the scheduler has heard of it.

        Airflow fails a task whose trigger fires before that, which on a busy machine takes seconds;
        real jobs take minutes. Nothing but the scheduler's log tells; should its words change, half
        a minute is enough.
        """
        if self.states(run).get(task) != "deferred":
            self.deferred.pop((run, task), None)
            return False
        since = self.deferred.setdefault((run, task), time.monotonic())
        log = (self.home / "scheduler.log").read_text("utf-8", "replace")
        heard = rf"Received executor event .*task_id='{task}', run_id='{run}'"
        return bool(re.search(heard, log)) or time.monotonic() > since + 30

    def set_state(self, dag: str, run: str, task: str, state: str) -> None:
        """Mark a task as somebody does in the user interface."""
        token = self.call("GET", "/auth/token")["access_token"]
        self.call(
            "PATCH",
            f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}",
            {"new_state": state},
            Authorization=f"Bearer {token}",
        )

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The reply of the API server."""
        url = f"http://127.0.0.1:{self.port}{path}"
        headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.loads(reply.read())

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


STOPPABLE = """
import os
from datetime import datetime

from airflow.sdk import DAG

from crml_sdk.airflow import CleanRoomsMLTrainModelOperator

with DAG("stoppable", start_date=datetime(2026, 1, 1), schedule=None):
    CleanRoomsMLTrainModelOperator(
        task_id="train",
        name="{{ run_id }}",
        configured_model_algorithm_association_arn=os.environ["ASSOCIATION"],
        resource_config={"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
        data_channels=[{"ml_input_channel_arn": os.environ["CHANNEL"], "channel_name": "train"}],
        cancel_on_kill=True,
    )

with DAG("kept", start_date=datetime(2026, 1, 1), schedule=None):
    CleanRoomsMLTrainModelOperator(
        task_id="train",
        name="{{ run_id }}",
        configured_model_algorithm_association_arn=os.environ["ASSOCIATION"],
        resource_config={"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
        data_channels=[{"ml_input_channel_arn": os.environ["CHANNEL"], "channel_name": "train"}],
    )
"""
"""A task whose training is cancelled when somebody marks or clears it, and one whose training is not."""


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
def running(airflow: Airflow, held: Local) -> Airflow:
    """All processes of an Airflow, which works with the service that is held."""
    airflow.use(held)
    for words in (
        ("api-server", "--host", "127.0.0.1", "--port", str(airflow.port)),
        ("dag-processor",),
        ("scheduler",),
        ("triggerer",),
    ):
        airflow.start(*words)
    until("the API server answers", airflow.answers)
    parsed = "select 1 from serialized_dag where dag_id in ('churn', 'kept', 'stoppable')"
    until("the DAGs are parsed", lambda: len(airflow.query(parsed)) == 3)
    return airflow


@pytest.fixture(scope="session")
def quick() -> Iterator[Local]:
    local = Local("clock")
    yield local
    local.stop()
