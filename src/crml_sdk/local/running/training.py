"""A training: its containers and their artifacts."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..jobs.executor import Artifact, JobFailed, JobView, Results, RunContext
from . import archives, channels, containers, live, policies, reports
from .layers import Layers
from .layout import Channel, Model, Training, lay_out, variables
from .places import Outside, read_start
from .process import Outcome, Process, start
from .sandbox import Container, Sandbox
from .workspace import Workspace

ALGORITHM_ERROR = "AlgorithmError"
FAILURE_LENGTH = 1024
MODEL_ARCHIVE, OUTPUT_ARCHIVE = "model.tar.gz", "output.tar.gz"
CLOSING_SECONDS = 2


@dataclass(frozen=True)
class Algorithm:
    """The configured algorithm of a job, and its association."""

    container: Mapping[str, Any]
    association: Mapping[str, Any]


def algorithm_of(context: RunContext, association_arn: str, member: str) -> Algorithm:
    """The container configuration that a job uses. Raises `JobFailed` if it is gone."""
    try:
        association = context.get("configured-model-algorithm-association", association_arn)
        arn = association["configuredModelAlgorithmArn"]
        algorithm = context.get("configured-model-algorithm", arn)
        return Algorithm(algorithm[member], association)
    except LookupError as fault:
        raise JobFailed(
            containers.CLIENT_ERROR, f"The algorithm no longer exists: {fault}"
        ) from None


def run(job: JobView, context: RunContext, workspace: Workspace, sandbox: Sandbox) -> Results:
    """Trains a model.

    Raises:
        JobFailed: It did not succeed, or its artifacts are not allowed.
    """
    algorithm = algorithm_of(
        context,
        job.data["configuredModelAlgorithmAssociationArn"],
        "trainingContainerConfig",
    )
    training = _training(job, context, workspace)
    work = context.folder / "containers"
    try:
        started = [
            _container(index, job, training, algorithm, workspace, sandbox, work, context.log)
            for index in range(training.instances)
        ]
        return _Run(job, context, workspace, sandbox, algorithm, training, started).results()
    finally:
        containers.clear(work)
        containers.clear(context.folder / "incremental")


def _training(job: JobView, context: RunContext, workspace: Workspace) -> Training:
    request = job.request
    resources: Mapping[str, Any] = request["resourceConfig"]
    return Training(
        name=job.name,
        arn=job.arn,
        channels=[
            Channel(
                entry["channelName"],
                channels.load(context, entry["mlInputChannelArn"]),
                entry.get("s3DataDistributionType") == "ShardedByS3Key",
            )
            for entry in request["dataChannels"]
        ],
        model=_incremental(job, context),
        mode=request.get("trainingInputMode", "File"),
        hyperparameters=request.get("hyperparameters", {}),
        instance_type=resources["instanceType"],
        instances=resources.get("instanceCount", 1),
        header=workspace.run.training_header,
        keep_archive=workspace.run.incremental_artifacts == "archive",
    )


def _incremental(job: JobView, context: RunContext) -> Model | None:
    asked: Sequence[Mapping[str, Any]] = job.request.get("incrementalTrainingDataChannels", ())
    if not asked:
        return None
    shown: Sequence[Mapping[str, Any]] = job.data.get("incrementalTrainingDataChannels", asked)
    version = version_of(shown[0].get("versionIdentifier"))
    folder = context.folder / "incremental"
    return artifacts_of(
        context, asked[0]["trainedModelArn"], version, folder, asked[0]["channelName"]
    )


def version_of(identifier: str | None) -> str | None:
    """A version identifier as records have it: None for the base."""
    return None if identifier in (None, "NULL") else identifier


def artifacts_of(
    context: RunContext, arn: str, version: str | None, folder: Path, name: str = ""
) -> Model:
    """The artifacts of a trained model, unpacked into `folder`.

    Raises:
        JobFailed: There are none (its training was simulated, or its output was deleted), or the
            archive is not one that can be unpacked.
    """
    archive: Path | None = None
    try:
        archive = context.folder_of(arn, version) / MODEL_ARCHIVE
    except LookupError:
        archive = None
    if archive is None or not archive.is_file():
        seeded = context.artifacts_of(arn, version)
        if seeded is None:
            raise JobFailed(
                containers.CLIENT_ERROR,
                (
                    f"The trained model {arn} has no artifacts, because its training was"
                    " simulated or its output was deleted."
                ),
            )
        archive = seeded if seeded.is_file() else seeded / MODEL_ARCHIVE
        if not archive.is_file():
            return Model(name, None, seeded)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        archives.unpack(archive, folder)
    except (OSError, tarfile.TarError, EOFError) as fault:
        raise JobFailed(
            containers.CLIENT_ERROR, f"The artifacts of {arn} cannot be unpacked: {fault}"
        ) from None
    return Model(name, archive, folder)


def _container(
    index: int,
    job: JobView,
    training: Training,
    algorithm: Algorithm,
    workspace: Workspace,
    sandbox: Sandbox,
    work: Path,
    log: Path,
) -> Container:
    """One instance, laid out and ready to start."""
    hostname = training.hosts[index]
    folder = work / hostname
    layers = Layers.below(folder)
    entry = containers.entry_of(workspace, algorithm.container["imageUri"])
    image = containers.build(entry, layers, sandbox, folder)
    if index == 0:
        note(log, image.notes)
    feeds = lay_out(training, layers, folder / "tools", index)
    toolkit = containers.toolkit_arguments(training.hyperparameters)
    argv = containers.training_command(image, entry, algorithm.container, toolkit)
    environment = {**variables(training, index), **job.request.get("environment", {})}
    made = containers.assemble(folder, image, argv, environment, sandbox, hostname)
    made.feeds = feeds
    sandbox.prepare(made, training.hosts)
    return made


def note(log: Path, lines: Sequence[str]) -> None:
    """Write messages of the server into a job's log."""
    with log.open("ab") as file:
        for line in lines:
            file.write(f"[crml] {line}\n".encode())


@dataclass
class _Run:
    job: JobView
    context: RunContext
    workspace: Workspace
    sandbox: Sandbox
    algorithm: Algorithm
    training: Training
    started: list[Container]
    late: bool = False
    order: list[int] = field(default_factory=list[int])
    """The instances in the order in which they ended."""

    def results(self) -> Results:
        log = self.context.log
        begin = time.monotonic()
        with start(self.sandbox, self.started, log=log) as process:
            with live.shown(self.context, process.printed, self._live_metrics()):
                outcomes = self._wait(process)
            printed = process.printed()
        seconds = time.monotonic() - begin
        fault = self._fault(outcomes, seconds)
        report = self._report(printed, failed=fault is not None)
        if fault is not None:
            note(log, [fault.message])
            fault.results = Results(
                publish=report.publish, metrics=report.metrics, artifacts=report.artifacts, log=log
            )
            raise fault
        try:
            packed = self._artifacts()
        except JobFailed as refused:
            note(log, [refused.message])
            raise
        return Results(
            publish=report.publish,
            metrics=report.metrics,
            artifacts=[*packed, *report.artifacts],
            log=log,
        )

    @property
    def most_seconds(self) -> int:
        condition: Mapping[str, int] = self.job.request.get("stoppingCondition", {})
        return condition.get("maxRuntimeInSeconds", self.workspace.run.training_seconds)

    def _wait(self, process: Process) -> list[Outcome]:
        stopping = self.context.stopping.is_set
        process.watch(seconds=self.most_seconds, stopping=stopping)
        self.late = not process.ended and not process.failed and not stopping()
        grace = self.workspace.run.seconds_to_stop
        if self.context.reason in ("close", "forget"):
            grace = min(grace, CLOSING_SECONDS)
        process.stop(grace, hurry=lambda: self.context.reason in ("close", "forget"))
        self.order = list(process.outcomes)
        return process.all_outcomes()

    def _fault(self, outcomes: list[Outcome], seconds: float) -> JobFailed | None:
        """Why the training failed; None if it did not."""
        if self.context.stopping.is_set():
            return JobFailed(ALGORITHM_ERROR, "The training was stopped.")
        if self.late:
            return JobFailed(
                "MaxRuntimeExceeded",
                f"The training ran longer than its maximum run time of {self.most_seconds} "
                f"seconds ({seconds:.0f} seconds).",
            )
        bad = [index for index in self.order if not outcomes[index].ok]
        if not bad:
            return None
        first = bad[0]  # the others were ended because of it
        return JobFailed(ALGORITHM_ERROR, self._message(first, outcomes[first]))

    def _message(self, index: int, outcome: Outcome) -> str:
        """The container's own message, or what is known about its end."""
        root = self.started[index].layers.ml
        if outcome.limit is None and outcome.fault is None:
            words = read_start(root, "output", "failure", most=4 * FAILURE_LENGTH)
            text = (words or b"").decode("utf-8", "replace").strip()
            if text:
                return text[:FAILURE_LENGTH]
        where = f" ({self.training.hosts[index]})" if self.training.instances > 1 else ""
        return outcome.sentence() + where + last_line(self.context.log)

    def _live_metrics(self) -> Sequence[Mapping[str, str]]:
        """What is read while the training runs; with noise, metrics come at the end only."""
        policy = policies.of(self.algorithm.association, "trainedModels")
        noise = policy.get("containerMetrics", {}).get("noiseLevel", "NONE")
        return self.algorithm.container.get("metricDefinitions", ()) if noise == "NONE" else ()

    def _report(self, printed: Sequence[reports.Printed], *, failed: bool) -> reports.Report:
        policy = policies.of(self.algorithm.association, "trainedModels")
        return reports.read(
            printed,
            self.context.folder / "logs",
            metrics=self.algorithm.container.get("metricDefinitions", ()),
            readers=policies.readers(policy, self.job.collaboration, self.context),
            failed=failed,
        )

    def _artifacts(self) -> list[Artifact]:
        roots = [container.layers.ml for container in self.started]
        folder = self.context.folder
        made: list[Artifact] = []
        total = files = 0
        left_out: list[str] = []
        for parts, name in ((("model",), MODEL_ARCHIVE), (("output", "data"), OUTPUT_ARCHIVE)):
            try:
                packed = archives.pack(
                    roots, parts, folder / name, most_bytes=self.sandbox.limits.disk
                )
            except Outside as fault:
                raise JobFailed(
                    ALGORITHM_ERROR, f"/opt/ml/{'/'.join(parts)} cannot be packed: {fault}"
                ) from None
            except OSError as fault:
                raise JobFailed(
                    "InternalServerError", f"{name} cannot be written: {fault}"
                ) from None
            total += packed.content_bytes
            files += packed.files
            left_out += [f"/opt/ml/{'/'.join(parts)}/{path}" for path in packed.left_out]
            made.append(Artifact(name, packed.path, packed.bytes))
        if left_out:
            note(self.context.log, [f"Omitted from the artifacts: {', '.join(left_out[:20])}"])
        self._check(total, files)
        return made

    def _check(self, total: int, files: int) -> None:
        policy = policies.of(self.algorithm.association, "trainedModels")
        most = policies.bytes_of(policy, "maxArtifactSize")
        if most is not None and total > most:
            raise JobFailed(
                "ArtifactSizeExceeded",
                (f"The artifacts have {total:,} bytes, but maxArtifactSize allows only {most:,}."),
            )
        if not files and self.workspace.run.empty_model == "fail":
            raise JobFailed(
                ALGORITHM_ERROR,
                "The container exited with status 0 but wrote nothing to /opt/ml/model or "
                "/opt/ml/output/data.",
            )


def last_line(log: Path) -> str:
    """The last line that a container printed, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4096))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    shown = "".join(sign if sign.isprintable() else " " for sign in lines[-1]) if lines else ""
    return (
        f" The last line printed: {shown.strip()[:400]}"
        if shown.strip()
        else " It printed nothing."
    )
