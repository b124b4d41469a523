"""An inference job: the model is unpacked, containers serve, a batch transform asks them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..jobs.executor import JobFailed, JobView, Results, RunContext
from . import channels, containers, policies, reports, results
from .channels import ChannelData
from .layers import Layers
from .layout import MODEL_DIRECTORY
from .process import Process, start
from .sandbox import Container, Sandbox
from .training import (
    ALGORITHM_ERROR,
    CLOSING_SECONDS,
    Algorithm,
    algorithm_of,
    artifacts_of,
    last_line,
    note,
    version_of,
)
from .transform import DEFAULT_PAYLOAD, Counted, Transform, TransformFailed, Wishes
from .workspace import Workspace

DEFAULT_ACCEPT = "text/csv"
ENDING_SECONDS = 0.5


def run(
    job: JobView,
    context: RunContext,
    workspace: Workspace,
    sandbox: Sandbox,
    store: results.Store,
) -> Results:
    """Predicts with a trained model.

    Raises:
        JobFailed: The model has no artifacts, a container did not do its part, or the output
            cannot be delivered.
    """
    algorithm = algorithm_of(
        context,
        job.data["configuredModelAlgorithmAssociationArn"],
        "inferenceContainerConfig",
    )
    results.receivers(job, context)  # before any work is done
    arn = job.data["trainedModelArn"]
    version = version_of(job.data.get("trainedModelVersionIdentifier"))
    data = channels.load(context, job.request["dataSource"]["mlInputChannelArn"])
    work = context.folder / "containers"
    predictions = context.folder / "predictions"
    predictions.mkdir(exist_ok=True)
    try:
        model = artifacts_of(context, arn, version, work / "model")
        assert model.folder is not None
        return _Run(
            job,
            context,
            workspace,
            sandbox,
            algorithm,
            data,
            model.folder,
            work,
            predictions,
            store,
        ).results()
    finally:
        containers.clear(work)


@dataclass
class _Run:
    job: JobView
    context: RunContext
    workspace: Workspace
    sandbox: Sandbox
    algorithm: Algorithm
    data: ChannelData
    model: Path
    work: Path
    predictions: Path
    store: results.Store
    fault: JobFailed | None = None
    made: dict[str, Path] = field(default_factory=dict[str, Path])
    printed: list[reports.Printed] = field(default_factory=list[reports.Printed])

    def results(self) -> Results:
        count = self.job.request["resourceConfig"].get("instanceCount", 1)
        hosts = [f"algo-{number}" for number in range(1, count + 1)]
        started = [self._container(index, host) for index, host in enumerate(hosts)]
        counted = Counted(self._most_output())
        others = [
            threading.Thread(target=self._guarded, args=(index, started, counted), daemon=True)
            for index in range(1, count)
        ]
        for thread in others:
            thread.start()
        self._guarded(0, started, counted)
        for thread in others:
            thread.join()
        log = self.context.log
        if count > 1:
            self._merge_logs(log)
        report = self._report()
        if self.fault is not None:
            note(log, [self.fault.message])
            self.fault.results = Results(
                publish=report.publish, artifacts=report.artifacts, log=log
            )
            raise self.fault
        files = [self.made[name] for name in sorted(self.made)]
        model = self.context.get(
            "trained-model",
            self.job.data["trainedModelArn"],
            version_of(self.job.data.get("trainedModelVersionIdentifier")),
        )
        delivered = results.deliver(self.job, self.context, self.store, model["name"], files)
        return Results(publish=report.publish, artifacts=[*delivered, *report.artifacts], log=log)

    def _container(self, index: int, hostname: str) -> Container:
        folder = self.work / hostname
        layers = Layers.below(folder)
        entry = containers.entry_of(self.workspace, self.algorithm.container["imageUri"])
        image = containers.build(entry, layers, self.sandbox, folder)
        if index == 0:
            note(self.context.log, image.notes)
        try:
            layers.copy(self.model, MODEL_DIRECTORY)
        except OSError as fault:
            raise JobFailed(
                containers.CLIENT_ERROR, f"The model cannot be unpacked: {fault}"
            ) from None
        argv = containers.inference_command(image, entry)
        environment = {**self._variables(), **self.job.request.get("environment", {})}
        made = containers.assemble(folder, image, argv, environment, self.sandbox, hostname)
        self.sandbox.prepare(made, [hostname])
        return made

    @property
    def payload_mb(self) -> int | None:
        parameters: Mapping[str, int] = self.job.request.get("containerExecutionParameters", {})
        return parameters.get("maxPayloadInMB")

    def _variables(self) -> dict[str, str]:
        return {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self.payload_mb or DEFAULT_PAYLOAD),
            "SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD",
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "1",
            "SM_MODEL_DIR": MODEL_DIRECTORY,
        }

    def _most_output(self) -> int:
        policy = policies.of(self.algorithm.association, "trainedModelInferenceJobs")
        most = policies.bytes_of(policy, "maxOutputSize")
        return min(most or self.sandbox.limits.disk, self.sandbox.limits.disk)

    def _wishes(self) -> Wishes:
        output: Mapping[str, Any] = self.job.request["outputConfiguration"]
        options = self.workspace.run
        return Wishes(
            accept=output.get("accept") or DEFAULT_ACCEPT,
            payload_mb=self.payload_mb,
            header=options.inference_header,
            seconds_to_start=options.seconds_to_start,
            seconds_to_answer=options.seconds_to_answer,
            most_output=self._most_output(),
        )

    # One instance

    def _guarded(self, index: int, started: list[Container], counted: Counted) -> None:
        try:
            self._instance(index, started, counted)
        except JobFailed as fault:
            self.fault = self.fault or fault
        except Exception as fault:
            self.fault = self.fault or JobFailed("InternalServerError", f"{fault}")

    def _instance(self, index: int, started: list[Container], counted: Counted) -> None:
        """Serves and asks one instance. The thread that starts a container also waits for it."""
        count = len(started)
        container = started[index]
        log = self.context.log if count == 1 else self.work / f"{container.hostname}.log"
        files = sorted(self.data.files)[index::count]
        with start(self.sandbox, [container], log=log) as process:
            asking = _Asking(
                Transform(
                    process.request_connection, self._wishes(), counted, lambda: process.ended
                ),
                self.data,
                files,
                self.predictions,
            )
            asking.start()
            self._attend(process, asking)
            self.printed += process.printed()
            self._take(process, asking, log)

    def _attend(self, process: Process, asking: _Asking) -> None:
        """Takes in what the container prints until all is asked, or nothing more will come."""
        while asking.is_alive() and not process.ended and not self._over():
            process.pump(0.05)
        if asking.fault is not None:
            process.watch(seconds=ENDING_SECONDS)  # a lost connection may be its end
        if process.ended:
            asking.join(5)
        grace = min(self.workspace.run.seconds_to_stop, CLOSING_SECONDS)
        if self.context.reason == "cancel":
            grace = self.workspace.run.seconds_to_stop
        asking.ended_first = process.ended
        process.stop(grace, hurry=lambda: self.context.reason in ("close", "forget"))
        while asking.is_alive():
            asking.join(0.1)
            process.refuse_connections()

    def _over(self) -> bool:
        return self.context.stopping.is_set() or self.fault is not None

    def _take(self, process: Process, asking: _Asking, log: Path) -> None:
        if self.context.stopping.is_set():
            raise JobFailed(ALGORITHM_ERROR, "The inference job was stopped.")
        outcome = process.all_outcomes()[0]
        if outcome.limit is not None or outcome.fault is not None:
            raise JobFailed(ALGORITHM_ERROR, outcome.sentence() + last_line(log))
        if asking.fault is not None:
            ended = f" {outcome.sentence()}" if asking.ended_first else ""
            raise JobFailed(ALGORITHM_ERROR, asking.fault + ended + last_line(log))
        for path in asking.made:
            self.made[path.name] = path

    # Logs

    def _merge_logs(self, log: Path) -> None:
        with log.open("ab") as merged:
            for printed in sorted(self.printed, key=lambda each: each.source):
                with printed.path.open("rb") as file:
                    for line in file:
                        merged.write(f"[{printed.source}] ".encode() + line.rstrip(b"\n") + b"\n")

    def _report(self) -> reports.Report:
        policy = policies.of(self.algorithm.association, "trainedModelInferenceJobs")
        return reports.read(
            sorted(self.printed, key=lambda each: each.source),
            self.context.folder / "logs",
            readers=policies.readers(policy, self.job.collaboration, self.context),
            failed=self.fault is not None,
        )


class _Asking(threading.Thread):
    """The requests of one instance, beside the thread that attends to its container."""

    def __init__(
        self, transform: Transform, data: ChannelData, files: list[Path], folder: Path
    ) -> None:
        super().__init__(daemon=True, name="crml-transform")
        self.transform = transform
        self.arguments = (data, files, folder)
        self.made: list[Path] = []
        self.fault: str | None = None
        self.ended_first = False

    def run(self) -> None:
        try:
            self.made = self.transform.run(*self.arguments)
        except TransformFailed as fault:
            self.fault = str(fault)
        except Exception as fault:
            self.fault = f"The predictions could not be saved: {fault}"
