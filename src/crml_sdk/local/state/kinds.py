"""The kinds of resources, one row each: their parents, their end and their quotas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

# Kinds are named by their segment in an ARN.
TRAINED_MODEL = "trained-model"
INFERENCE_JOB = "trained-model-inference-job"
EXPORT_JOB = "trained-model-export-job"
INPUT_CHANNEL = "ml-input-channel"
ALGORITHM = "configured-model-algorithm"
ASSOCIATION = "configured-model-algorithm-association"
ML_CONFIGURATION = "ml-configuration"
TRAINING_DATASET = "training-dataset"
AUDIENCE_MODEL = "audience-model"
CONFIGURED_AUDIENCE_MODEL = "configured-audience-model"
GENERATION_JOB = "audience-generation-job"
AUDIENCE_EXPORT_JOB = "audience-export-job"
TABLE = "configuredtable"
TABLE_ASSOCIATION = "configuredtableassociation"


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit on a kind: its name, what counts (`in-progress`: pending or being created; `live`:
    neither failed nor inactive), and for each of what."""

    name: str
    counts: Literal["in-progress", "live"]
    per: Literal["account", "membership", "parent"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource.

    `has_job`: it comes about, or goes, by a job. `vanishes`: it is gone when its deletion ends;
    the others keep their row and become INACTIVE. `parents`: the members that name what it hangs
    on, by which it can be listed. `used`: the members that name what must stay while it is used.
    `counted_by`: the member that names the parent of its quotas.
    """

    segment: str
    has_job: bool = False
    vanishes: bool = False
    parents: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    counted_by: str | None = None
    quotas: tuple[Quota, ...] = ()


def _in_progress(what: str) -> tuple[Quota, ...]:
    name = f"Pending and in-progress {what} per"
    return (
        Quota(f"{name} account", "in-progress", "account"),
        Quota(f"{name} membership", "in-progress", "membership"),
    )


_ROWS = (
    Kind(
        TRAINED_MODEL,
        has_job=True,
        used=("configuredModelAlgorithmAssociationArn",),
        counted_by="trainedModelArn",
        quotas=(
            *_in_progress("training jobs"),
            Quota("Active, pending and in-progress versions per trained model", "live", "parent"),
        ),
    ),
    Kind(INFERENCE_JOB, has_job=True, quotas=_in_progress("inference jobs")),
    Kind(EXPORT_JOB, has_job=True),
    Kind(
        INPUT_CHANNEL,
        has_job=True,
        parents=("protectedQueryIdentifier",),
        used=("configuredModelAlgorithmAssociations",),
        quotas=(Quota("Active ML input channels per membership", "live", "membership"),),
    ),
    Kind(
        ALGORITHM,
        quotas=(Quota("Active configured model algorithms per account", "live", "account"),),
    ),
    Kind(
        ASSOCIATION,
        parents=("configuredModelAlgorithmArn",),
        quotas=(
            Quota(
                "Active configured model algorithm associations per membership",
                "live",
                "membership",
            ),
        ),
    ),
    Kind(ML_CONFIGURATION),
    Kind(TABLE, quotas=(Quota("Configured tables per account", "live", "account"),)),
    Kind(TABLE_ASSOCIATION, parents=("configuredTableId",)),
    Kind(TRAINING_DATASET),
    Kind(
        AUDIENCE_MODEL,
        has_job=True,
        vanishes=True,
        parents=("trainingDatasetArn",),
        quotas=(
            Quota("Pending and in-progress audience models per account", "in-progress", "account"),
        ),
    ),
    Kind(CONFIGURED_AUDIENCE_MODEL, parents=("audienceModelArn",)),
    Kind(
        GENERATION_JOB,
        has_job=True,
        vanishes=True,
        parents=("configuredAudienceModelArn", "collaborationId"),
        quotas=(
            Quota(
                "Pending and in-progress audience generation jobs per account",
                "in-progress",
                "account",
            ),
        ),
    ),
    Kind(
        AUDIENCE_EXPORT_JOB,
        has_job=True,
        parents=("audienceGenerationJobArn",),
        counted_by="audienceGenerationJobArn",
        quotas=(
            Quota(
                "Pending and in-progress audience export jobs per account",
                "in-progress",
                "account",
            ),
            Quota("Active audience export jobs per audience generation job", "live", "parent"),
        ),
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({row.segment: row for row in _ROWS})
JOB_KINDS = tuple(row.segment for row in _ROWS if row.has_job)

# The members that an index may be keyed by (see `index.index_keys`).
KEYED_MEMBERS = frozenset(
    {
        "trainedModelArn",
        "trainedModelVersionIdentifier",
        *(name for row in _ROWS for name in (*row.parents, *row.used)),
    }
)
