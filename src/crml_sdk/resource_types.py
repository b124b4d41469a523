"""The table of resource types: what the service calls each, and which operations it has.

ARNs, handles, waits, `by_name` and the search for a create whose reply was lost read it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Final

from .api import operations as api
from .operation import Operation

LONGEST: Final = 29 * 86_400.0
"""Seconds that waits last by default: jobs run for 28 days at the most (`maxRuntimeInSeconds`), and
may be queued for a day before."""


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One type of resource.

    Attributes:
        name: Its segment in ARNs, and the word for it in the text of handles: `trained-model`.
        noun: For sentences.
        arn: The attribute of rows and replies that identifies it: its ARN; for memberships and
            collaborations the identifier; for export jobs, which have neither, the ARN of what is
            exported.
        list: Lists it.
        get: Reads one; None where the row of a list is all there is to see.
        create: Creates or starts it.
        cancel: Stops it.
        delete: Deletes it, or what it holds.
        versions: Lists its versions.
        statuses: The enum of its statuses in the service model; empty when it is usable as soon as
            it exists, so that there is nothing to wait for.
        row_version: The attribute of a row that tells which version it is about.
        found_by: Members of the create request that narrow the list when it is looked for.
        row_name: The attribute of a row that holds its name.
        has_arn: Whether it has an ARN of its own.
        seen_by_members: How a collaboration shows it to every member: get, if there is one, and
            list. None when it does not, or when there is no other way to see it.
    """

    name: str
    noun: str
    arn: str
    list: Operation
    get: Operation | None = None
    create: Operation | None = None
    cancel: Operation | None = None
    delete: Operation | None = None
    versions: Operation | None = None
    statuses: str = ""
    row_version: str | None = None
    found_by: tuple[str, ...] = ()
    row_name: str = "name"
    has_arn: bool = True
    seen_by_members: tuple[Operation | None, Operation] | None = None

    @cached_property
    def scope(self) -> str:
        """What its calls are made in: `membership`, `collaboration` or `account`."""
        return self.list.scope

    @cached_property
    def rows(self) -> str:
        """The attribute of a page that holds its rows."""
        return self.list.items or ""

    @cached_property
    def get_version(self) -> str | None:
        """The parameter of `get` that names a version."""
        return self.get.version if self.get else None

    @cached_property
    def has_name(self) -> bool:
        """Whether it is found by its name among those of an ARN, for want of an identifier."""
        return not self.has_arn

    @cached_property
    def in_collaboration(self) -> ResourceType:
        """The same type as a collaboration shows it.

        Raises:
            ValueError: A collaboration does not show this type.
        """
        if self.scope == "collaboration":
            return self
        if self.seen_by_members is None:
            raise ValueError(f"a collaboration shows no {self.noun}s")
        get, rows = self.seen_by_members
        return replace(self, get=get, list=rows, create=None, versions=None, cancel=None)

    def narrowed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a create request, by wire names, that narrow the list for what it made."""
        names = (*self.found_by, *(("membershipIdentifier",) if self.scope == "membership" else ()))
        return {name: params[name] for name in names}

    def identity(self, row: Any) -> str:
        """What tells a row's resource from others of its name, as text for people."""
        if self.has_arn:
            return str(getattr(row, self.arn))
        owner = getattr(row, "creator_account_id", None)
        made = f"the {self.noun} {row.name!r} of {row.create_time.isoformat()}"
        return f"{made} by {owner}" if owner else made


_TYPES: Final = (
    ResourceType(
        "trained-model",
        "trained model",
        "trained_model_arn",
        list=api.LIST_TRAINED_MODELS,
        get=api.GET_TRAINED_MODEL,
        create=api.CREATE_TRAINED_MODEL,
        cancel=api.CANCEL_TRAINED_MODEL,
        delete=api.DELETE_TRAINED_MODEL_OUTPUT,
        versions=api.LIST_TRAINED_MODEL_VERSIONS,
        statuses="TrainedModelStatus",
        row_version="version_identifier",
        seen_by_members=(
            api.GET_COLLABORATION_TRAINED_MODEL,
            api.LIST_COLLABORATION_TRAINED_MODELS,
        ),
    ),
    ResourceType(
        "trained-model-inference-job",
        "inference job",
        "trained_model_inference_job_arn",
        list=api.LIST_TRAINED_MODEL_INFERENCE_JOBS,
        get=api.GET_TRAINED_MODEL_INFERENCE_JOB,
        create=api.START_TRAINED_MODEL_INFERENCE_JOB,
        cancel=api.CANCEL_TRAINED_MODEL_INFERENCE_JOB,
        statuses="TrainedModelInferenceJobStatus",
        found_by=("trainedModelArn",),
        seen_by_members=(None, api.LIST_COLLABORATION_TRAINED_MODEL_INFERENCE_JOBS),
    ),
    ResourceType(
        "trained-model-export-job",
        "export job",
        "trained_model_arn",
        list=api.LIST_COLLABORATION_TRAINED_MODEL_EXPORT_JOBS,
        create=api.START_TRAINED_MODEL_EXPORT_JOB,
        statuses="TrainedModelExportJobStatus",
        row_version="trained_model_version_identifier",
        found_by=("trainedModelArn",),
        has_arn=False,
    ),
    ResourceType(
        "ml-input-channel",
        "ML input channel",
        "ml_input_channel_arn",
        list=api.LIST_ML_INPUT_CHANNELS,
        get=api.GET_ML_INPUT_CHANNEL,
        create=api.CREATE_ML_INPUT_CHANNEL,
        delete=api.DELETE_ML_INPUT_CHANNEL_DATA,
        statuses="MLInputChannelStatus",
        seen_by_members=(
            api.GET_COLLABORATION_ML_INPUT_CHANNEL,
            api.LIST_COLLABORATION_ML_INPUT_CHANNELS,
        ),
    ),
    ResourceType(
        "configured-model-algorithm",
        "configured model algorithm",
        "configured_model_algorithm_arn",
        list=api.LIST_CONFIGURED_MODEL_ALGORITHMS,
        get=api.GET_CONFIGURED_MODEL_ALGORITHM,
        create=api.CREATE_CONFIGURED_MODEL_ALGORITHM,
        delete=api.DELETE_CONFIGURED_MODEL_ALGORITHM,
    ),
    ResourceType(
        "configured-model-algorithm-association",
        "configured model algorithm association",
        "configured_model_algorithm_association_arn",
        list=api.LIST_CONFIGURED_MODEL_ALGORITHM_ASSOCIATIONS,
        get=api.GET_CONFIGURED_MODEL_ALGORITHM_ASSOCIATION,
        create=api.CREATE_CONFIGURED_MODEL_ALGORITHM_ASSOCIATION,
        delete=api.DELETE_CONFIGURED_MODEL_ALGORITHM_ASSOCIATION,
        seen_by_members=(
            api.GET_COLLABORATION_CONFIGURED_MODEL_ALGORITHM_ASSOCIATION,
            api.LIST_COLLABORATION_CONFIGURED_MODEL_ALGORITHM_ASSOCIATIONS,
        ),
    ),
    ResourceType(
        "audience-model",
        "audience model",
        "audience_model_arn",
        list=api.LIST_AUDIENCE_MODELS,
        get=api.GET_AUDIENCE_MODEL,
        create=api.CREATE_AUDIENCE_MODEL,
        delete=api.DELETE_AUDIENCE_MODEL,
        statuses="AudienceModelStatus",
    ),
    ResourceType(
        "configured-audience-model",
        "configured audience model",
        "configured_audience_model_arn",
        list=api.LIST_CONFIGURED_AUDIENCE_MODELS,
        get=api.GET_CONFIGURED_AUDIENCE_MODEL,
        create=api.CREATE_CONFIGURED_AUDIENCE_MODEL,
        delete=api.DELETE_CONFIGURED_AUDIENCE_MODEL,
    ),
    ResourceType(
        "audience-generation-job",
        "audience generation job",
        "audience_generation_job_arn",
        list=api.LIST_AUDIENCE_GENERATION_JOBS,
        get=api.GET_AUDIENCE_GENERATION_JOB,
        create=api.START_AUDIENCE_GENERATION_JOB,
        delete=api.DELETE_AUDIENCE_GENERATION_JOB,
        statuses="AudienceGenerationJobStatus",
        found_by=("configuredAudienceModelArn",),
    ),
    ResourceType(
        "audience-export-job",
        "audience export job",
        "audience_generation_job_arn",
        list=api.LIST_AUDIENCE_EXPORT_JOBS,
        create=api.START_AUDIENCE_EXPORT_JOB,
        statuses="AudienceExportJobStatus",
        found_by=("audienceGenerationJobArn",),
        has_arn=False,
    ),
    ResourceType(
        "training-dataset",
        "training dataset",
        "training_dataset_arn",
        list=api.LIST_TRAINING_DATASETS,
        get=api.GET_TRAINING_DATASET,
        create=api.CREATE_TRAINING_DATASET,
        delete=api.DELETE_TRAINING_DATASET,
    ),
    ResourceType(
        "membership",
        "membership",
        "id",
        list=api.LIST_MEMBERSHIPS,
        get=api.GET_MEMBERSHIP,
        row_name="collaboration_name",
    ),
    ResourceType(
        "collaboration",
        "collaboration",
        "id",
        list=api.LIST_COLLABORATIONS,
        get=api.GET_COLLABORATION,
    ),
)

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = MappingProxyType(
    {type_.name: type_ for type_ in _TYPES}
)
"""Every type by its name."""


@cache
def type_of(operation: Operation) -> ResourceType:
    """The type of what an operation creates, starts or lists, as that operation shows it."""
    for type_ in _TYPES:
        if operation in (type_.create, type_.list):
            return type_
        if type_.seen_by_members and type_.seen_by_members[1] is operation:
            return type_.in_collaboration
    raise LookupError(operation.name)


@cache
def shown_by(model: str) -> ResourceType | None:
    """The type of what a model shows, as its operation sees it; None for other models.

    Args:
        model: The name of what a create or start returns, of a Get response, or of a list's row.
    """
    for type_ in _TYPES:
        if model in _shown((type_.create, type_.get, type_.list, type_.versions)):
            return type_
        if model in _shown(type_.seen_by_members or ()):
            return type_.in_collaboration
    return None


def _shown(operations: Iterable[Operation | None]) -> set[str | None]:
    return {operation.row or operation.output for operation in operations if operation}
