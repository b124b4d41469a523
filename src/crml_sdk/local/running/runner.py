"""The runner of a workspace, which really runs the jobs of the local service."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..jobs.executor import JobFailed, JobView, Results, RunContext
from . import containers, exports, inference, queries, training
from .faults import WorkspaceError
from .pythons import Python, ask
from .results import Store
from .sandbox import GIGABYTE, MEGABYTE, Choice, Limits, Sandbox, choose
from .workspace import Workspace

TRAINED_MODEL = "trained-model"
INFERENCE_JOB = "trained-model-inference-job"
EXPORT_JOB = "trained-model-export-job"
INPUT_CHANNEL = "ml-input-channel"
AWS_FILES = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)


class ContainerRunner:
    """Runs trainings, inference jobs, exports and input channels as a workspace file says.

    A sandbox is chosen when it is made, by a trial with a real process. Without one that works,
    nothing is run and every job is simulated.

    Args:
        workspace: The workspace.
        python: The Python that containers run with unless their image names one.
        hidden: Files and folders that no container may see, such as the state file.
        results: The folder that stands for S3 if the workspace names none.
        choice: A sandbox that was chosen before.

    Raises:
        WorkspaceError: A Python that the workspace names cannot be run, or the sandbox that it
            asks for does not work.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        python: Path | None = None,
        hidden: Iterable[Path] = (),
        results: Path | None = None,
        choice: Choice | None = None,
    ) -> None:
        self.workspace = workspace
        self._results = results
        self._pythons: dict[Path, Python] = {}
        options = workspace.run
        self.choice: Choice = choice or choose(
            options.sandbox,
            self._python(python or containers.default_python()),
            limits=Limits(
                memory=int(options.memory_gb * GIGABYTE),
                processes=options.processes,
                disk=int(options.disk_gb * GIGABYTE),
                log=int(options.log_mb * MEGABYTE),
            ),
            network=options.network,
            visible=options.visible,
            hidden=tuple(_hidden(hidden)),
        )
        if self.choice.sandbox is None and options.sandbox != "auto":
            raise WorkspaceError(f"run.sandbox: {self.choice.reason}")
        for entry in workspace.images.values():
            if entry.python is not None:
                self._python(entry.python)

    @property
    def at_once(self) -> int:
        """How many jobs run at the same time."""
        return self.workspace.run.jobs

    @property
    def report(self) -> list[str]:
        """What runs, what is simulated, and why: messages for the start of the server."""
        workspace = self.workspace
        lines = [self.choice.reason]
        if self.choice.sandbox is None:
            return lines
        if not self.choice.sandbox.isolated:
            lines.append("Programs are not isolated from this machine. Use this sandbox only in CI")
        if workspace.images:
            lines.append(f"Trainings and inference jobs run, with {len(workspace.images)} images")
        else:
            lines.append(
                "Trainings and inference jobs are simulated, because the workspace has no images"
            )
        if workspace.tables:
            lines.append(f"Input channels run their query, on {len(workspace.tables)} tables")
        else:
            lines.append("Input channels are simulated, because the workspace has no tables")
        return lines

    # What the local service calls

    def runs(self, job: JobView) -> bool:
        """True for the jobs that the workspace has something for."""
        if job.kind == INPUT_CHANNEL:
            return bool(self.workspace.tables)
        if self.choice.sandbox is None:
            return False
        return job.kind in (TRAINED_MODEL, INFERENCE_JOB, EXPORT_JOB) and bool(
            self.workspace.images
        )

    def run(self, job: JobView, context: RunContext) -> Results:
        """Does the work of one job. Raises `JobFailed`."""
        context.folder.mkdir(parents=True, exist_ok=True)
        try:
            return self._work(job)(job, context)
        except JobFailed as fault:
            if fault.results is None:
                training.note(context.log, [fault.message])
                fault.results = Results(log=context.log)
            raise

    def discard(self, arn: str, version: str | None) -> None:
        """Nothing is kept outside a job's own folder but its results, which stay."""

    def close(self) -> None:
        """Nothing is left open between jobs."""

    # The kinds

    def _work(self, job: JobView) -> Callable[[JobView, RunContext], Results]:
        return {
            TRAINED_MODEL: self._train,
            INFERENCE_JOB: self._infer,
            EXPORT_JOB: self._export,
            INPUT_CHANNEL: self._query,
        }[job.kind]

    def _train(self, job: JobView, context: RunContext) -> Results:
        if self._is_simulated(job, context, "trainingContainerConfig"):
            return Results(log=context.log)
        with self._sandbox(job, context, "trainingContainerConfig") as sandbox:
            return training.run(job, context, self.workspace, sandbox)

    def _infer(self, job: JobView, context: RunContext) -> Results:
        if self._is_simulated(job, context, "inferenceContainerConfig"):
            return Results(log=context.log)
        with self._sandbox(job, context, "inferenceContainerConfig") as sandbox:
            return inference.run(job, context, self.workspace, sandbox, self._store(context))

    def _export(self, job: JobView, context: RunContext) -> Results:
        return exports.run(job, context, self._store(context))

    def _query(self, job: JobView, context: RunContext) -> Results:
        return queries.run(job, context, self.workspace)

    def _is_simulated(self, job: JobView, context: RunContext, member: str) -> bool:
        if self.workspace.run.unknown_images == "fail":
            return False
        uri = self._image_uri(job, context, member)
        if self.workspace.image(uri) is not None:
            return False
        training.note(
            context.log, [f"The workspace has no entry for {uri}, so its jobs are simulated"]
        )
        return True

    @staticmethod
    def _image_uri(job: JobView, context: RunContext, member: str) -> str:
        arn = job.data["configuredModelAlgorithmAssociationArn"]
        return training.algorithm_of(context, arn, member).container["imageUri"]

    @contextmanager
    def _sandbox(self, job: JobView, context: RunContext, member: str) -> Generator[Sandbox]:
        """The sandbox with the Python of the job's image; `direct` is for one job at a time."""
        sandbox = self.choice.sandbox
        assert sandbox is not None
        entry = containers.entry_of(self.workspace, self._image_uri(job, context, member))
        if entry.python is not None:
            sandbox = replace(sandbox, python=self._python(entry.python))
        if sandbox.isolated:
            yield sandbox
            return
        while not sandbox.one_at_a_time.acquire(timeout=0.1):
            if context.stopping.is_set():
                raise JobFailed(training.ALGORITHM_ERROR, "The job was stopped before it began.")
        try:
            yield sandbox
        finally:
            sandbox.one_at_a_time.release()

    def _python(self, path: Path) -> Python:
        if path not in self._pythons:
            self._pythons[path] = ask(path)
        return self._pythons[path]

    def _store(self, context: RunContext) -> Store:
        folder = self.workspace.results or self._results or context.folder / "results"
        return Store(folder, self.workspace.endpoint_url)


def _hidden(paths: Iterable[Path]) -> Iterator[Path]:
    """What is never shown: what the caller says, and AWS files wherever they lie."""
    yield from (Path(os.path.abspath(path)) for path in paths)
    yield Path.home() / ".aws"
    for name in AWS_FILES:
        value = os.environ.get(name)
        if value and value != os.devnull:
            yield Path(os.path.abspath(value))
