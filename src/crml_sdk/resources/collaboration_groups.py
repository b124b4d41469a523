"""What all members of a collaboration see of each other's resources.

Environment, hyperparameters, keys and tags of other members are not there, so these are types of
their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api.collaboration_configured_model_algorithm_associations import (
    CollaborationConfiguredModelAlgorithmAssociationsOperations,
)
from ..api.collaboration_export_jobs import CollaborationExportJobsOperations
from ..api.collaboration_inference_jobs import CollaborationInferenceJobsOperations
from ..api.collaboration_ml_input_channels import CollaborationMLInputChannelsOperations
from ..api.collaboration_trained_models import CollaborationTrainedModelsOperations
from ..resource_types import LONGEST
from .waitable import CollaborationWaitable

if TYPE_CHECKING:
    from datetime import timedelta

    from ..models import (  # noqa: F401
        CollaborationTrainedModelExportJobSummary,
        CollaborationTrainedModelInferenceJobSummary,
        GetCollaborationMLInputChannelResponse,
        GetCollaborationTrainedModelResponse,
    )
    from ..versions import TrainedModelRef
    from ..waiting import Handle, Poll, Report


class CollaborationConfiguredModelAlgorithmAssociations(
    CollaborationConfiguredModelAlgorithmAssociationsOperations
):
    """Configured model algorithm associations in a collaboration, whoever made them."""


class CollaborationMLInputChannels(
    CollaborationMLInputChannelsOperations,
    CollaborationWaitable["GetCollaborationMLInputChannelResponse"],
):
    """ML input channels in a collaboration, whoever made them."""

    _kind = "ml-input-channel"


class CollaborationInferenceJobs(
    CollaborationInferenceJobsOperations,
    CollaborationWaitable["CollaborationTrainedModelInferenceJobSummary"],
):
    """Inference jobs in a collaboration, whoever made them."""

    _kind = "trained-model-inference-job"


class CollaborationTrainedModels(
    CollaborationTrainedModelsOperations,
    CollaborationWaitable["GetCollaborationTrainedModelResponse"],
):
    """Trained models in a collaboration, whoever made them."""

    _kind = "trained-model"


class CollaborationExportJobs(CollaborationExportJobsOperations):
    """Export jobs of trained models in a collaboration. They have no identifier but their name."""

    def handle(
        self, trained_model_arn: str | TrainedModelRef, *, name: str
    ) -> Handle[CollaborationTrainedModelExportJobSummary]:
        """An export job as a value to wait for, although the service gives it no identifier.

        Args:
            trained_model_arn: The exported model; a reference narrows it to one version.
            name: The name that the export was started with.
        """
        from ..waiting import Handle

        model = Handle.of(trained_model_arn)
        return Handle(
            "trained-model-export-job",
            model.arn,
            version=model.version,
            collaboration=self._collaboration,
            name=name,
        )

    async def wait(
        self,
        trained_model_arn: str | TrainedModelRef,
        *,
        name: str,
        timeout: float | timedelta | None = LONGEST,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> CollaborationTrainedModelExportJobSummary:
        """Wait for an export job, found by model, version and name; the newest if there are more.

        Args:
            trained_model_arn: The exported model; a reference narrows it to one version.
            name: The name that the export was started with.
            timeout: Seconds for all of it, calls included; None for no end.
            poll: When to look again: any wait of tenacity's, or seconds.
            on_update: Called (and awaited, if async) with each `StatusChange`, the first included.

        Raises:
            WaitTimeout: The time was up; the error tells how to resume.
            ResourceFailed: It failed, or the list does not show it within half a minute.
            ServiceError, TransportError: A fault that looking again would not cure.
        """
        return await self._core.waiting.wait(
            self.handle(trained_model_arn, name=name),
            timeout=timeout,
            poll=poll,
            on_update=on_update,
        )
