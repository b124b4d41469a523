"""An export of a trained model: its archives go to the receiving member."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..jobs.executor import JobFailed, JobView, Results, RunContext
from . import policies, results
from .containers import CLIENT_ERROR
from .training import MODEL_ARCHIVE, OUTPUT_ARCHIVE, version_of

ARCHIVES = {"MODEL": MODEL_ARCHIVE, "OUTPUT": OUTPUT_ARCHIVE}


def run(job: JobView, context: RunContext, store: results.Store) -> Results:
    """Deliver the files that the association's policy allows.

    Without a `trainedModelExports` policy the local service decides whether the request is
    accepted; here it then means all files.

    Raises:
        JobFailed: The model has no artifacts, or they are larger than `maxSize`.
    """
    arn = job.data["trainedModelArn"]
    version = version_of(job.data.get("trainedModelVersionIdentifier"))
    try:
        model = context.get("trained-model", arn, version)
        association = context.get(
            "configured-model-algorithm-association",
            model["configuredModelAlgorithmAssociationArn"],
        )
    except LookupError as fault:
        raise JobFailed(
            CLIENT_ERROR, f"The model or its association no longer exists: {fault}"
        ) from None
    policy = policies.of(association, "trainedModelExports")
    wanted: Sequence[str] = policy.get("filesToExport", tuple(ARCHIVES))
    files = _files(context, arn, version, wanted)
    total = sum(path.stat().st_size for path in files)
    most = policies.bytes_of(policy, "maxSize")
    if most is not None and total > most:
        raise JobFailed(
            "ExportSizeExceeded",
            f"The files have {total:,} bytes, but maxSize allows only {most:,}.",
        )
    return Results(artifacts=results.deliver(job, context, store, model["name"], files))


def _files(context: RunContext, arn: str, version: str | None, wanted: Sequence[str]) -> list[Path]:
    try:
        folder = context.folder_of(arn, version)
    except LookupError:
        folder = Path("/nonexistent")
    files = [folder / ARCHIVES[kind] for kind in wanted]
    found = [path for path in files if path.is_file()]
    if not found:
        raise JobFailed(
            CLIENT_ERROR,
            f"The trained model {arn} has no artifacts: its training was simulated, or its output "
            "was deleted.",
        )
    return found
