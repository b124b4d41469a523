"""A workbench: containers run as the local service runs them, without a service around them."""

from __future__ import annotations

import itertools
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from crml_sdk.local.jobs.executor import JobFailed, JobView, Results, RunContext
from crml_sdk.local.running import channels
from crml_sdk.local.running.pythons import Python, ask
from crml_sdk.local.running.runner import ContainerRunner
from crml_sdk.local.running.sandbox import GIGABYTE, MEGABYTE, Choice, Limits, Sandbox, choose
from crml_sdk.local.running.workspace import ImageEntry, RunOptions, Workspace
from crml_sdk.local.state.world import Member

CONTAINERS = Path(__file__).parent / "containers"
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
TRAIN, INFER = f"{REGISTRY}/churn-train", f"{REGISTRY}/churn-infer"
ACCOUNT, OTHER = "111122223333", "444455556666"
COLLABORATION = "c0110000-0000-4000-8000-000000000001"
ASSOCIATION = "arn:association"
CHANNEL = "arn:channel"
MODEL = "arn:model"
LOSS = {"name": "loss", "regex": r"train_loss=([0-9.]+);"}


@cache
def sandbox_fault(kind: str) -> str:
    """Why a sandbox does not work on this machine; empty if it does."""
    choice = choose(kind, python())  # pyright: ignore[reportArgumentType]
    return "" if choice.sandbox else choice.reason


def best() -> str:
    """The sandbox that the tests use when any will do."""
    return next((kind for kind in ("unshare", "bubblewrap") if not sandbox_fault(kind)), "auto")


def chosen(kind: str, run: RunOptions) -> Choice:
    """A sandbox without a trial of its own: each kind was tried once."""
    limits = Limits(
        int(run.memory_gb * GIGABYTE),
        run.processes,
        int(run.disk_gb * GIGABYTE),
        int(run.log_mb * MEGABYTE),
    )
    return Choice(Sandbox(kind, python(), limits, hidden=(Path.home() / ".aws",)), ())  # pyright: ignore


@cache
def python() -> Python:
    return ask(Path(sys.executable))


class Port:
    """What the local service offers to a run, from plain dictionaries."""

    def __init__(self) -> None:
        self.resources: dict[tuple[str, str, str | None], dict[str, Any]] = {}
        self.numbers: dict[tuple[str, str | None], int] = {}
        self.seeded: dict[tuple[str, str | None], Path] = {}
        self.people = [Member(ACCOUNT, "m-1"), Member(OTHER, "m-2")]

    def get(self, kind: str, arn: str, version: str | None = None) -> Mapping[str, Any]:
        return self.resources[(kind, arn, version)]

    def find(self, kind: str, **members: Any) -> Iterator[Mapping[str, Any]]:
        for (each, _, _), data in self.resources.items():
            if each == kind and all(data.get(name) == value for name, value in members.items()):
                yield data

    def members(self, collaboration: str) -> tuple[Member, ...]:
        return tuple(self.people)

    def number(self, arn: str, version: str | None = None) -> int:
        return self.numbers[(arn, version)]

    def artifacts(self, arn: str, version: str | None = None) -> Path | None:
        return self.seeded.get((arn, version))

    def transaction(self) -> Any:
        return nullcontext()

    def after_commit(self, action: Callable[[], object]) -> None:
        action()

    def on_undo(self, action: Callable[[], object]) -> None:
        pass

    def now(self) -> float:
        return 0.0

    def view(self, job: Any) -> JobView:
        raise NotImplementedError


class Bench:
    """Runs jobs of one workspace in a folder."""

    def __init__(
        self,
        folder: Path,
        *,
        train: Path | ImageEntry | None = None,
        infer: Path | ImageEntry | None = None,
        sandbox: str | None = None,
        **options: Any,
    ) -> None:
        self.folder = folder
        self.port = Port()
        self._numbers = itertools.count(1)
        images = {
            uri: each if isinstance(each, ImageEntry) else ImageEntry(uri, context=each)
            for uri, each in ((TRAIN, train), (INFER, infer))
            if each is not None
        }
        options.setdefault("seconds_to_stop", 2)
        options.setdefault("seconds_to_start", 10)
        run = RunOptions(sandbox=sandbox or best(), **options)  # pyright: ignore[reportArgumentType]
        self.results = folder / "s3"
        self.runner = ContainerRunner(
            Workspace(images=images, run=run),
            results=self.results,
            choice=chosen(sandbox or best(), run),
        )
        self.policies: dict[str, Any] = {}
        self.algorithm: dict[str, Any] = {
            "trainingContainerConfig": {"imageUri": f"{TRAIN}:1", "metricDefinitions": [LOSS]},
            "inferenceContainerConfig": {"imageUri": f"{INFER}:1"},
        }
        self.configure(ACCOUNT, "m-1")
        self.put("configured-model-algorithm", "arn:algorithm", self.algorithm)
        self.put(
            "configured-model-algorithm-association",
            ASSOCIATION,
            {
                "configuredModelAlgorithmArn": "arn:algorithm",
                "privacyConfiguration": {"policies": self.policies},
            },
        )

    def put(self, kind: str, arn: str, data: dict[str, Any], version: str | None = None) -> None:
        self.port.resources[(kind, arn, version)] = data

    def configure(self, account: str, membership: str) -> None:
        location = {"destination": {"s3Destination": {"s3Uri": f"s3://bucket-{account}/ml/"}}}
        self.put("ml-configuration", membership, {"defaultOutputLocation": location})

    def context(self, number: int) -> RunContext:
        folder = self.folder / "jobs" / str(number)
        folder.mkdir(parents=True)
        return RunContext(self.port, folder, lambda each: self.folder / "jobs" / str(each))

    # Inputs

    def channel(self, arn: str = CHANNEL, *, files: int = 1, rows: int = 60, text: str = "") -> str:
        """An input channel whose label is one exactly if its two features add up to more than 1."""
        number = next(self._numbers)
        self.port.numbers[(arn, None)] = number
        folder = self.folder / "jobs" / str(number)
        (folder / channels.DIRECTORY).mkdir(parents=True)
        chance = random.Random(7)
        made: list[Path] = []
        for index in range(files):
            made.append(folder / channels.DIRECTORY / f"part-{index:05d}.csv")
            lines = ["a,b,label"]
            for _ in range(rows):
                a, b = chance.random(), chance.random()
                lines.append(f"{a:.4f},{b:.4f},{int(a + b > 1)}")
            made[-1].write_text(text or "\n".join(lines) + "\n")
        channels.save(folder, channels.ChannelData("CSV", tuple(made), files * rows))
        return arn

    # Jobs

    def view(
        self,
        kind: str,
        arn: str,
        request: dict[str, Any],
        data: dict[str, Any],
        version: str | None = None,
    ) -> tuple[JobView, RunContext]:
        number = next(self._numbers)
        self.port.numbers[(arn, version)] = number
        view = JobView(
            number,
            kind,
            arn,
            version,
            request["name"],
            ACCOUNT,
            "m-1",
            COLLABORATION,
            request,
            {**request, **data, "configuredModelAlgorithmAssociationArn": ASSOCIATION},
        )
        return view, self.context(number)

    def training(
        self, arn: str = MODEL, version: str | None = None, **members: Any
    ) -> tuple[JobView, RunContext]:
        request = {
            "name": "churn",
            "resourceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGB": 1},
            "dataChannels": [{"mlInputChannelArn": CHANNEL, "channelName": "train"}],
            **members,
        }
        self.put(
            "trained-model",
            arn,
            {"name": request["name"], "configuredModelAlgorithmAssociationArn": ASSOCIATION},
            version,
        )
        return self.view("trained-model", arn, request, {}, version)

    def inference(self, version: str | None = None, **members: Any) -> tuple[JobView, RunContext]:
        request = {
            "name": "july",
            "resourceConfig": {"instanceType": "ml.m5.large"},
            "outputConfiguration": {"members": [{"accountId": ACCOUNT}], "accept": "text/csv"},
            "dataSource": {"mlInputChannelArn": CHANNEL},
            "trainedModelArn": MODEL,
            **members,
        }
        data = {"trainedModelVersionIdentifier": version} if version else {}
        return self.view("trained-model-inference-job", f"arn:job-{members}", request, data)

    def run(self, job: tuple[JobView, RunContext]) -> Results:
        return self.runner.run(*job)

    def failure(self, job: tuple[JobView, RunContext]) -> JobFailed:
        try:
            self.runner.run(*job)
        except JobFailed as fault:
            return fault
        raise AssertionError("the job did not fail")

    def start(self, job: tuple[JobView, RunContext]) -> tuple[threading.Thread, list[Any]]:
        """Runs a job on a thread; its results or failure go into the list."""
        ended: list[Any] = []

        def work() -> None:
            try:
                ended.append(self.runner.run(*job))
            except Exception as fault:
                ended.append(fault)

        thread = threading.Thread(target=work)
        thread.start()
        return thread, ended


def program(folder: Path, code: str, *, name: str = "image") -> Path:
    """A build context of one program, which is both `train` and `serve`."""
    context = folder / name
    context.mkdir()
    (context / "main.py").write_text(code)
    (context / "Dockerfile").write_text(
        'FROM scratch\nCOPY main.py /opt/ml/code/\nENTRYPOINT ["python", "-u", "/opt/ml/code/main.py"]\n'
    )
    return context


def processes_of(folder: Path) -> list[int]:
    """Processes whose command line, directory or environment names a folder."""
    found: list[int] = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            words = (
                Path(f"/proc/{name}/cmdline").read_bytes()
                + Path(f"/proc/{name}/mountinfo").read_bytes()
            )
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(int(name))
    return found
