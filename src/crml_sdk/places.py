"""Where a job's log, metrics and results are: names in CloudWatch, addresses in S3.

The service tells none of them; they follow from what it documents.
"""

from __future__ import annotations

from typing import Final

from .arns import Arn
from .versions import TrainedModelRef

_NAMES: Final = {
    "trained-model": "/aws/cleanroomsml/TrainedModels",
    "trained-model-inference-job": "/aws/cleanroomsml/TrainedModelInferenceJobs",
}


def log_group(target: str | Arn | TrainedModelRef) -> str:
    """The CloudWatch log group that the log of a training or an inference job goes to.

    It is in the account and region of each member that the privacy configuration lets read it, if
    that member has an ML configuration. How its streams are called is not documented.

    Args:
        target: The ARN of a trained model, with or without a version, or of an inference job.

    Returns:
        Such as `/aws/cleanroomsml/TrainedModels`.

    Raises:
        ArnError: It is no ARN, or one of something else.

    [User guide: receiving model logs and metrics](https://docs.aws.amazon.com/clean-rooms/latest/userguide/custom-model-logs.html)
    """
    return _NAMES[_parsed(target).kind]


def metric_namespace(target: str | Arn | TrainedModelRef) -> str:
    """The CloudWatch namespace that the metrics of a training or an inference job are in.

    Those of `metric_definitions` exist for trainings only; an inference job has the system's (CPU,
    memory).

    Args:
        target: The ARN of a trained model, with or without a version, or of an inference job.

    Returns:
        Such as `/aws/cleanroomsml/TrainedModels`.

    Raises:
        ArnError: It is no ARN, or one of something else.

    [User guide: receiving model logs and metrics](https://docs.aws.amazon.com/clean-rooms/latest/userguide/custom-model-logs.html)
    """
    return log_group(target)


def results_uri(
    s3_uri: str,
    *,
    collaboration_identifier: str,
    trained_model_name: str,
    account_id: str,
    job_name: str,
) -> str:
    """The address below which an inference job or an export writes its files for one receiver.

    Args:
        s3_uri: The receiver's place, from its ML configuration: `s3://BUCKET/PREFIX`.
        collaboration_identifier: The collaboration's UUID.
        trained_model_name: The name of the trained model.
        account_id: The account that started the job.
        job_name: The name of the inference job or the export.

    Returns:
        `s3://BUCKET/PREFIX/COLLABORATION/MODEL/ACCOUNT/JOB/`. The version is no part of it.

    [User guide: inference model guidelines](https://docs.aws.amazon.com/clean-rooms/latest/userguide/inference-model-guidelines.html)
    """
    parts = (s3_uri.rstrip("/"), collaboration_identifier, trained_model_name, account_id, job_name)
    return "/".join((*parts, ""))


def _parsed(target: str | Arn | TrainedModelRef) -> Arn:
    if isinstance(target, Arn) and target.kind in _NAMES:
        return target
    text = target.trained_model_arn if isinstance(target, TrainedModelRef) else str(target)
    arn = Arn.parse(text.partition("@")[0])
    if arn.kind not in _NAMES:
        from .errors import ArnError

        raise ArnError(f"only trainings and inference jobs have logs and metrics, not {arn}")
    return arn
