"""The table of commands that are made from the data of operations."""

from __future__ import annotations

from typing import Any, Final

from .table import Command, Listing


def _policy(reply: Any) -> str:
    return str(reply.configured_audience_model_policy)


NO_CONFIGURATION: Final = (
    "the membership has no ML configuration, so there is no S3 location for results",
    "crml config set --s3-uri s3://BUCKET/PREFIX --role ARN",
)
"""What the service's "not found" means, and what to do."""

COMMANDS: Final = (
    # models
    Command(
        "models train",
        "CreateTrainedModel",
        positional=("name",),
        flags={"configured_model_algorithm_association_arn": "association"},
        shorthands=("channels", "from"),
        wait="finished",
        costs=True,
    ),
    Command(
        "models show",
        "GetTrainedModel",
        ("trained_model_arn",),
        view="GetCollaborationTrainedModel",
    ),
    Command(
        "models cancel",
        "CancelTrainedModel",
        ("trained_model_arn",),
        wait="cancelled",
        done="cancelling {0}",
    ),
    Command(
        "models delete-output",
        "DeleteTrainedModelOutput",
        ("trained_model_arn",),
        wait="deleted",
        done="deleting the output of {0}",
    ),
    Command(
        "models export",
        "StartTrainedModelExportJob",
        ("trained_model_arn",),
        version="latest-active",
        shorthands=("receiver",),
        wait="finished",
        method="start_export",
    ),
    # jobs
    Command(
        "jobs start",
        "StartTrainedModelInferenceJob",
        ("trained_model_arn",),
        defaults={"resource_config.instance_type": "ml.m5.xlarge"},
        version="latest-active",
        shorthands=("receiver",),
        wait="finished",
        costs=True,
    ),
    Command("jobs show", "GetTrainedModelInferenceJob", ("trained_model_inference_job_arn",)),
    Command(
        "jobs cancel",
        "CancelTrainedModelInferenceJob",
        ("trained_model_inference_job_arn",),
        wait="cancelled",
        done="cancelling {0}",
    ),
    # channels
    Command(
        "channels create",
        "CreateMLInputChannel",
        ("name",),
        flags={
            "input_channel.role_arn": "role",
            "configured_model_algorithm_associations": "association",
            **{
                f"input_channel.data_source.protected_query_input_parameters.{member}": flag
                for member, flag in (
                    ("sql_parameters.parameters", "parameter"),
                    ("compute_configuration.worker.type", "worker-type"),
                    ("compute_configuration.worker.number", "workers"),
                )
            },
        },
        wait="finished",
        costs=True,
    ),
    Command(
        "channels show",
        "GetMLInputChannel",
        ("ml_input_channel_arn",),
        view="GetCollaborationMLInputChannel",
    ),
    Command(
        "channels delete",
        "DeleteMLInputChannelData",
        ("ml_input_channel_arn",),
        wait="deleted",
        done="deleting the data of {0}",
    ),
    # algorithms and associations
    Command(
        "algorithms create",
        "CreateConfiguredModelAlgorithm",
        ("name",),
        flags={
            "training_container_config.image_uri": "training-image",
            "inference_container_config.image_uri": "inference-image",
        },
        shorthands=("metrics",),
    ),
    Command("algorithms show", "GetConfiguredModelAlgorithm", ("configured_model_algorithm_arn",)),
    Command(
        "algorithms delete",
        "DeleteConfiguredModelAlgorithm",
        ("configured_model_algorithm_arn",),
        done="deleted {0}",
    ),
    Command(
        "associations create",
        "CreateConfiguredModelAlgorithmAssociation",
        ("name",),
    ),
    Command(
        "associations show",
        "GetConfiguredModelAlgorithmAssociation",
        ("configured_model_algorithm_association_arn",),
        view="GetCollaborationConfiguredModelAlgorithmAssociation",
    ),
    Command(
        "associations delete",
        "DeleteConfiguredModelAlgorithmAssociation",
        ("configured_model_algorithm_association_arn",),
        done="deleted {0}",
    ),
    # the membership's ML configuration
    Command("config show", "GetMLConfiguration", absent=NO_CONFIGURATION),
    Command("config set", "PutMLConfiguration", done="the ML configuration is set"),
    Command(
        "config delete",
        "DeleteMLConfiguration",
        done="the ML configuration is deleted",
        absent=NO_CONFIGURATION,
    ),
    # tags
    Command("tags show", "ListTagsForResource", ("resource_arn",)),
    Command("tags add", "TagResource", ("resource_arn", "tags"), done="tagged {0}"),
    Command("tags remove", "UntagResource", ("resource_arn", "tag_keys"), done="untagged {0}"),
    # audiences
    Command("audiences datasets create", "CreateTrainingDataset", ("name",)),
    Command("audiences datasets show", "GetTrainingDataset", ("training_dataset_arn",)),
    Command(
        "audiences datasets delete",
        "DeleteTrainingDataset",
        ("training_dataset_arn",),
        done="deleted {0}",
    ),
    Command(
        "audiences models create",
        "CreateAudienceModel",
        ("name",),
        wait="finished",
        costs=True,
    ),
    Command("audiences models show", "GetAudienceModel", ("audience_model_arn",)),
    Command(
        "audiences models delete",
        "DeleteAudienceModel",
        ("audience_model_arn",),
        wait="deleted",
        done="deleting {0}",
    ),
    Command("audiences configured create", "CreateConfiguredAudienceModel", ("name",)),
    Command(
        "audiences configured show",
        "GetConfiguredAudienceModel",
        ("configured_audience_model_arn",),
    ),
    Command(
        "audiences configured update",
        "UpdateConfiguredAudienceModel",
        ("configured_audience_model_arn",),
    ),
    Command(
        "audiences configured delete",
        "DeleteConfiguredAudienceModel",
        ("configured_audience_model_arn",),
        done="deleted {0}",
    ),
    Command(
        "audiences policy show",
        "GetConfiguredAudienceModelPolicy",
        ("configured_audience_model_arn",),
    ),
    Command(
        "audiences policy set",
        "PutConfiguredAudienceModelPolicy",
        ("configured_audience_model_arn",),
        flags={"configured_audience_model_policy": "policy"},
        text=_policy,
    ),
    Command(
        "audiences policy delete",
        "DeleteConfiguredAudienceModelPolicy",
        ("configured_audience_model_arn",),
        done="deleted the policy of {0}",
    ),
    Command(
        "audiences jobs start",
        "StartAudienceGenerationJob",
        ("name",),
        wait="finished",
        costs=True,
    ),
    Command("audiences jobs show", "GetAudienceGenerationJob", ("audience_generation_job_arn",)),
    Command(
        "audiences jobs delete",
        "DeleteAudienceGenerationJob",
        ("audience_generation_job_arn",),
        wait="deleted",
        done="deleting {0}",
    ),
    Command(
        "audiences exports start",
        "StartAudienceExportJob",
        ("name",),
        flags={"audience_size.type": "size-type", "audience_size.value": "size"},
        wait="finished",
    ),
    # operations of AWS Clean Rooms
    Command("collaborations show", "GetCollaboration", ("collaboration_identifier",)),
)

LISTINGS: Final = (
    Listing(
        "models list",
        "ListTrainedModels",
        "name version status created updated",
        view="ListCollaborationTrainedModels",
        view_columns="name version status maker created",
    ),
    Listing(
        "models versions",
        "ListTrainedModelVersions",
        "version status created updated parent",
        of="trained_model_arn",
        newest_first=True,
        given=("status",),
    ),
    Listing(
        "models exports",
        "ListCollaborationTrainedModelExportJobs",
        "name status version-of-job maker created",
        of="trained_model_arn",
    ),
    Listing(
        "jobs list",
        "ListTrainedModelInferenceJobs",
        "name status model created updated",
        by="trained_model_arn",
        view="ListCollaborationTrainedModelInferenceJobs",
        view_columns="name status model maker created",
    ),
    Listing(
        "channels list",
        "ListMLInputChannels",
        "name status created updated",
        view="ListCollaborationMLInputChannels",
        view_columns="name status maker created",
    ),
    Listing("algorithms list", "ListConfiguredModelAlgorithms", "name created updated description"),
    Listing(
        "associations list",
        "ListConfiguredModelAlgorithmAssociations",
        "name created updated description",
        view="ListCollaborationConfiguredModelAlgorithmAssociations",
        view_columns="name maker created description",
    ),
    Listing("collaborations list", "ListCollaborations", "name id member-status creator created"),
    Listing(
        "collaborations members",
        "ListMembers",
        "display-name account state-status abilities ml-abilities pays",
        statuses=("INVITED", "ACTIVE", "LEFT", "REMOVED"),
    ),
    Listing("collaborations memberships", "ListMemberships", "collaboration id status created"),
    Listing("audiences datasets list", "ListTrainingDatasets", "name status created updated"),
    Listing("audiences models list", "ListAudienceModels", "name status created updated"),
    Listing(
        "audiences configured list", "ListConfiguredAudienceModels", "name status created updated"
    ),
    Listing(
        "audiences jobs list",
        "ListAudienceGenerationJobs",
        "name status created updated",
        by="configured_audience_model_arn",
    ),
    Listing(
        "audiences exports list",
        "ListAudienceExportJobs",
        "name status created updated",
        by="audience_generation_job_arn",
    ),
)

GROUPS: Final = {
    "models": "Trained models and their versions.",
    "jobs": "Inference jobs.",
    "channels": "ML input channels: query results for training and inference.",
    "algorithms": "Configured model algorithms: containers for training and inference.",
    "associations": "Algorithm associations: algorithms in a collaboration.",
    "config": "The ML configuration of a membership: where results are written.",
    "tags": "Tags of any resource.",
    "audiences": "Lookalike audiences: datasets, models, jobs and exports.",
    "audiences datasets": "Training datasets for audience models.",
    "audiences models": "Audience models, trained on a training dataset.",
    "audiences configured": "Configured audience models, which other members may use.",
    "audiences policy": "Resource policies of configured audience models.",
    "audiences jobs": "Audience generation jobs and their metrics.",
    "audiences exports": "Audience export jobs.",
    "collaborations": "Collaborations and their members.",
    "policy": "IAM policies for callers and for the service's roles.",
}
