"""Inference jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.inference_jobs import InferenceJobsOperations
from .waitable import Cancellable

if TYPE_CHECKING:
    from ..models import GetTrainedModelInferenceJobResponse  # noqa: F401


class InferenceJobs(InferenceJobsOperations, Cancellable["GetTrainedModelInferenceJobResponse"]):
    """Operations on inference jobs."""

    _kind = "trained-model-inference-job"
