"""What all members of a collaboration see of each other's resources.

Environment, hyperparameters, keys and tags of other members are not there, so these are types of
their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .generated.collaboration_configured_model_algorithm_associations import (
    CollaborationConfiguredModelAlgorithmAssociationsOperations,
)
from .generated.collaboration_export_jobs import CollaborationExportJobsOperations
from .generated.collaboration_inference_jobs import CollaborationInferenceJobsOperations
from .generated.collaboration_ml_input_channels import CollaborationMLInputChannelsOperations
from .generated.collaboration_trained_models import CollaborationTrainedModelsOperations

if TYPE_CHECKING:
    from ..models import (
        CollaborationConfiguredModelAlgorithmAssociationSummary,
        CollaborationMLInputChannelSummary,
        CollaborationTrainedModelExportJobSummary,
        CollaborationTrainedModelInferenceJobSummary,
        CollaborationTrainedModelSummary,
    )
    from ..versions import TrainedModelRef


class CollaborationConfiguredModelAlgorithmAssociations(
    CollaborationConfiguredModelAlgorithmAssociationsOperations
):
    """Configured model algorithm associations in a collaboration, whoever made them."""

    async def by_name(self, name: str) -> CollaborationConfiguredModelAlgorithmAssociationSummary:
        """The one configured model algorithm association with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(
            rows,
            name,
            "configured model algorithm association",
            lambda row: row.configured_model_algorithm_association_arn,
        )


class CollaborationMLInputChannels(CollaborationMLInputChannelsOperations):
    """ML input channels in a collaboration, whoever made them."""

    async def by_name(self, name: str) -> CollaborationMLInputChannelSummary:
        """The one ML input channel with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(
            rows, name, "ML input channel", lambda row: row.ml_input_channel_arn
        )


class CollaborationInferenceJobs(CollaborationInferenceJobsOperations):
    """Inference jobs in a collaboration, whoever made them."""

    async def by_name(self, name: str) -> CollaborationTrainedModelInferenceJobSummary:
        """The one inference job with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(
            rows, name, "inference job", lambda row: row.trained_model_inference_job_arn
        )


class CollaborationTrainedModels(CollaborationTrainedModelsOperations):
    """Trained models in a collaboration, whoever made them."""

    async def by_name(self, name: str) -> CollaborationTrainedModelSummary:
        """The one trained model with exactly that name; reads every page of the list.

        Args:
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(max_results=100)
        return await self._by_name(rows, name, "trained model", lambda row: row.trained_model_arn)


class CollaborationExportJobs(CollaborationExportJobsOperations):
    """Export jobs of trained models in a collaboration. They have no identifier but their name."""

    async def by_name(
        self, trained_model_arn: str | TrainedModelRef, name: str
    ) -> CollaborationTrainedModelExportJobSummary:
        """The one export job of a model with exactly that name; reads every page of the list.

        Args:
            trained_model_arn: The exported model; a reference narrows it to one version.
            name: The whole name; case matters.

        Raises:
            NoSuchName: None has it.
            AmbiguousName: More than one has it.
        """
        rows = self.list(trained_model_arn, max_results=100)
        return await self._by_name(
            rows,
            name,
            "export job",
            lambda row: f"{row.name} of {row.create_time.isoformat()} by {row.creator_account_id}",
        )
