"""The resources that have a life to wait for: how each is read, listed and recognised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..api import operations
from ..arns import kind_of
from ..errors import ArnError
from ..operation import Operation


@dataclass(frozen=True)
class Kind:
    """One resource: its operations, and the attributes of its models that tell which it is.

    ``get`` is None where the service has no such operation (export jobs), and the row of a list
    is all there is to see.
    """

    name: str
    noun: str
    statuses: str
    arn: str
    get: Operation | None
    list: Operation
    arn_part: str | None = None
    get_version: str | None = None
    row_version: str | None = None
    versions: Operation | None = None
    cancel: Operation | None = None
    filter_by_arn: bool = False
    has_name: bool = False  # found by name, for want of an identifier

    @property
    def scope(self) -> str:
        """What its calls are made in: ``membership``, ``collaboration`` or ``account``."""
        return self.list.scope

    @property
    def rows(self) -> str:
        """The attribute of a page that holds its rows."""
        assert self.list.items is not None
        return self.list.items


_KINDS = (
    Kind(
        name="trained-model",
        noun="trained model",
        statuses="TrainedModelStatus",
        arn="trained_model_arn",
        arn_part="trained-model",
        get=operations.GET_TRAINED_MODEL,
        list=operations.LIST_TRAINED_MODELS,
        get_version="version_identifier",
        row_version="version_identifier",
        versions=operations.LIST_TRAINED_MODEL_VERSIONS,
        cancel=operations.CANCEL_TRAINED_MODEL,
    ),
    Kind(
        name="trained-model-inference-job",
        noun="inference job",
        statuses="TrainedModelInferenceJobStatus",
        arn="trained_model_inference_job_arn",
        arn_part="trained-model-inference-job",
        get=operations.GET_TRAINED_MODEL_INFERENCE_JOB,
        list=operations.LIST_TRAINED_MODEL_INFERENCE_JOBS,
        cancel=operations.CANCEL_TRAINED_MODEL_INFERENCE_JOB,
    ),
    Kind(
        name="ml-input-channel",
        noun="ML input channel",
        statuses="MLInputChannelStatus",
        arn="ml_input_channel_arn",
        arn_part="ml-input-channel",
        get=operations.GET_ML_INPUT_CHANNEL,
        list=operations.LIST_ML_INPUT_CHANNELS,
    ),
    Kind(
        name="trained-model-export-job",
        noun="export job",
        statuses="TrainedModelExportJobStatus",
        arn="trained_model_arn",
        get=None,
        list=operations.LIST_COLLABORATION_TRAINED_MODEL_EXPORT_JOBS,
        row_version="trained_model_version_identifier",
        filter_by_arn=True,
        has_name=True,
    ),
    Kind(
        name="audience-model",
        noun="audience model",
        statuses="AudienceModelStatus",
        arn="audience_model_arn",
        arn_part="audience-model",
        get=operations.GET_AUDIENCE_MODEL,
        list=operations.LIST_AUDIENCE_MODELS,
    ),
    Kind(
        name="audience-generation-job",
        noun="audience generation job",
        statuses="AudienceGenerationJobStatus",
        arn="audience_generation_job_arn",
        arn_part="audience-generation-job",
        get=operations.GET_AUDIENCE_GENERATION_JOB,
        list=operations.LIST_AUDIENCE_GENERATION_JOBS,
    ),
    Kind(
        name="audience-export-job",
        noun="audience export job",
        statuses="AudienceExportJobStatus",
        arn="audience_generation_job_arn",
        get=None,
        list=operations.LIST_AUDIENCE_EXPORT_JOBS,
        filter_by_arn=True,
        has_name=True,
    ),
)

#: Every kind by its name, which is also the word for it in a handle.
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _KINDS})

_BY_ARN_PART: Mapping[str, Kind] = MappingProxyType(
    {kind.arn_part: kind for kind in _KINDS if kind.arn_part}
)

#: How a collaboration shows what its members own: get, if there is one, and list.
_COLLABORATION_VIEWS: Mapping[str, tuple[Operation | None, Operation]] = MappingProxyType(
    {
        "trained-model": (
            operations.GET_COLLABORATION_TRAINED_MODEL,
            operations.LIST_COLLABORATION_TRAINED_MODELS,
        ),
        "trained-model-inference-job": (
            None,
            operations.LIST_COLLABORATION_TRAINED_MODEL_INFERENCE_JOBS,
        ),
        "ml-input-channel": (
            operations.GET_COLLABORATION_ML_INPUT_CHANNEL,
            operations.LIST_COLLABORATION_ML_INPUT_CHANNELS,
        ),
    }
)


def kind_of_arn(arn: str) -> Kind:
    """The kind of resource that an ARN names.

    Raises:
        ArnError: not an ARN of a resource that can be waited for.
    """
    kind = _BY_ARN_PART.get(kind_of(arn) or "")
    if kind is None:
        known = ", ".join(sorted(_BY_ARN_PART))
        raise ArnError(f"{arn!r} is not the ARN of a resource that can be waited for ({known})")
    return kind


def in_collaboration(kind: Kind) -> Kind:
    """The same resource as the collaboration shows it.

    Raises:
        ValueError: a collaboration has no view of this kind.
    """
    if kind.scope == "collaboration":
        return kind
    if kind.name not in _COLLABORATION_VIEWS:
        raise ValueError(f"a collaboration shows no {kind.noun}s")
    get, list_ = _COLLABORATION_VIEWS[kind.name]
    return replace(
        kind,
        get=get,
        list=list_,
        versions=None,
        cancel=None,
        get_version=kind.get_version if get else None,
    )
