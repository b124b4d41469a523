"""Lookalike modelling: training datasets, audience models, audiences and their exports."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ..service.failures import Conflict, Denied, Invalid, Missing
from ..service.schema import JsonObject
from ..state.kinds import (
    AUDIENCE_EXPORT_JOB,
    AUDIENCE_MODEL,
    CONFIGURED_AUDIENCE_MODEL,
    GENERATION_JOB,
    TRAINING_DATASET,
)
from ..state.records import Record
from . import policies
from .call import Call
from .input_channels import check_query

DEFAULT_MIN_MATCHING_SEED_SIZE = 500
# What a simulated lookalike model yields.
RELEVANCE, RECALL = 4.2, 0.42


def create_dataset(call: Call) -> JsonObject:
    state = call.state
    call.check_tags()
    call.own_role(call["roleArn"])
    arn = state.new_arn(TRAINING_DATASET, call.account)
    data = call.given("name", "roleArn", "trainingData", "description")
    data.update(trainingDatasetArn=arn, status="ACTIVE")
    state.add(TRAINING_DATASET, arn, data, owner=call.account, name_in=call.account)
    call.put_tags(arn)
    return {"trainingDatasetArn": arn}


def get_dataset(call: Call) -> JsonObject:
    record = call.owned(TRAINING_DATASET, call["trainingDatasetArn"])
    return call.shown(record, call.with_tags(record))


def list_datasets(call: Call) -> JsonObject:
    return call.page("trainingDatasets", TRAINING_DATASET, call.account)


def delete_dataset(call: Call) -> JsonObject:
    record = call.owned(TRAINING_DATASET, call["trainingDatasetArn"])
    _require_unused(call, record, AUDIENCE_MODEL)
    call.state.remove(record)
    return {}


def create_model(call: Call) -> JsonObject:
    state = call.state
    call.check_tags()
    call.owned(TRAINING_DATASET, call["trainingDatasetArn"])
    start, end = call.params.get("trainingDataStartTime"), call.params.get("trainingDataEndTime")
    if start is not None and end is not None and start >= end:
        raise Invalid("Value at 'trainingDataStartTime' must be before 'trainingDataEndTime'")
    state.check_quotas(AUDIENCE_MODEL, account=call.account)
    arn = state.new_arn(AUDIENCE_MODEL, call.account)
    data = call.given(
        "name",
        "trainingDatasetArn",
        "trainingDataStartTime",
        "trainingDataEndTime",
        "kmsKeyArn",
        "description",
    )
    data.update(audienceModelArn=arn, status="CREATE_PENDING")
    record = state.add(AUDIENCE_MODEL, arn, data, owner=call.account, name_in=call.account)
    call.put_tags(arn)
    state.begin(record, "create", call.params)
    return {"audienceModelArn": arn}


def get_model(call: Call) -> JsonObject:
    record = call.owned(AUDIENCE_MODEL, call["audienceModelArn"])
    return call.shown(record, call.with_tags(record))


def list_models(call: Call) -> JsonObject:
    return call.page("audienceModels", AUDIENCE_MODEL, call.account)


def delete_model(call: Call) -> JsonObject:
    record = call.owned(AUDIENCE_MODEL, call["audienceModelArn"])
    _require_unused(call, record, CONFIGURED_AUDIENCE_MODEL)
    _delete(call, record)
    return {}


def create_configured_model(call: Call) -> JsonObject:
    state = call.state
    call.check_tags()
    model = call.owned(AUDIENCE_MODEL, call["audienceModelArn"])
    call.require_usable(model)
    _check_sizes(call)
    arn = state.new_arn(CONFIGURED_AUDIENCE_MODEL, call.account)
    data = call.given(
        "name",
        "audienceModelArn",
        "outputConfig",
        "description",
        "sharedAudienceMetrics",
        "audienceSizeConfig",
    )
    data.update(
        configuredAudienceModelArn=arn,
        minMatchingSeedSize=call.params.get("minMatchingSeedSize", DEFAULT_MIN_MATCHING_SEED_SIZE),
        childResourceTagOnCreatePolicy=call.params.get(
            "childResourceTagOnCreatePolicy", "FROM_PARENT_RESOURCE"
        ),
        status="ACTIVE",
    )
    state.add(CONFIGURED_AUDIENCE_MODEL, arn, data, owner=call.account, name_in=call.account)
    call.put_tags(arn)
    return {"configuredAudienceModelArn": arn}


def get_configured_model(call: Call) -> JsonObject:
    record = _shared_model(call, "GetConfiguredAudienceModel")
    data = call.with_tags(record) if record.owner == call.account else record.data
    return call.shown(record, data)


def list_configured_models(call: Call) -> JsonObject:
    return call.page("configuredAudienceModels", CONFIGURED_AUDIENCE_MODEL, call.account)


def update_configured_model(call: Call) -> JsonObject:
    record = call.owned(CONFIGURED_AUDIENCE_MODEL, call["configuredAudienceModelArn"])
    if "audienceModelArn" in call.params:
        call.require_usable(call.owned(AUDIENCE_MODEL, call["audienceModelArn"]))
    _check_sizes(call)
    state = call.state
    state.change(
        record,
        **call.given(
            "outputConfig",
            "audienceModelArn",
            "sharedAudienceMetrics",
            "minMatchingSeedSize",
            "audienceSizeConfig",
            "description",
        ),
    )
    state.touch(record)
    return {"configuredAudienceModelArn": record.arn}


def delete_configured_model(call: Call) -> JsonObject:
    record = call.owned(CONFIGURED_AUDIENCE_MODEL, call["configuredAudienceModelArn"])
    _require_unused(call, record, GENERATION_JOB)
    call.state.remove(record)
    return {}


def put_policy(call: Call) -> JsonObject:
    record = call.owned(CONFIGURED_AUDIENCE_MODEL, call["configuredAudienceModelArn"])
    text = call["configuredAudienceModelPolicy"]
    policies.check(text)
    current = record.policy
    condition = call.params.get("policyExistenceCondition")
    if condition == "POLICY_MUST_EXIST" and current is None:
        raise Invalid("The configured audience model has no policy, but POLICY_MUST_EXIST was set")
    if condition == "POLICY_MUST_NOT_EXIST" and current is not None:
        raise Invalid("The configured audience model has a policy, but it must not exist")
    expected = call.params.get("previousPolicyHash")
    if expected is not None and (current is None or expected != _hash(current)):
        raise Invalid("Value at 'previousPolicyHash' is not the hash of the current policy")
    call.state.amend(record, policy=text)
    return {"configuredAudienceModelPolicy": text, "policyHash": _hash(text)}


def get_policy(call: Call) -> JsonObject:
    record = call.owned(CONFIGURED_AUDIENCE_MODEL, call["configuredAudienceModelArn"])
    text = _policy(record)
    return {
        "configuredAudienceModelArn": record.arn,
        "configuredAudienceModelPolicy": text,
        "policyHash": _hash(text),
    }


def delete_policy(call: Call) -> JsonObject:
    record = call.owned(CONFIGURED_AUDIENCE_MODEL, call["configuredAudienceModelArn"])
    _policy(record)
    call.state.amend(record, policy=None)
    return {}


def _policy(record: Record) -> str:
    text = record.policy
    if text is None:
        raise Missing(f"{record.arn} has no policy")
    return text


def _hash(policy: str) -> str:
    return sha256(policy.encode()).hexdigest()


def _shared_model(call: Call, action: str) -> Record:
    """A configured audience model of the caller's, or one whose policy lets the caller in."""
    record = call.state.find(CONFIGURED_AUDIENCE_MODEL, call["configuredAudienceModelArn"])
    if record is None:
        raise Missing(f"Resource {call['configuredAudienceModelArn']} does not exist")
    if record.owner == call.account:
        return record
    context = {"cleanrooms-ml:CollaborationId": call.params.get("collaborationId", "")}
    text = record.policy
    if text is None or not policies.allows(text, call.account, action, record.arn, context):
        raise Denied(f"Account {call.account} has no access to {record.arn}")
    return record


def _check_sizes(call: Call) -> None:
    sizes: JsonObject | None = call.params.get("audienceSizeConfig")
    if sizes is None:
        return
    bins: list[int] = sizes["audienceSizeBins"]
    if sizes["audienceSizeType"] == "PERCENTAGE" and max(bins) > 100:
        raise Invalid("Value at 'audienceSizeConfig.audienceSizeBins': a percentage is at most 100")


def start_generation(call: Call) -> JsonObject:
    state = call.state
    call.check_tags()
    configured = _shared_model(call, "StartAudienceGenerationJob")
    _check_seed(call["seedAudience"])
    room = None
    if "collaborationId" in call.params:
        room = state.world.collaboration(call["collaborationId"])
        if room is None:
            raise Missing(f"Collaboration {call['collaborationId']} does not exist")
        call.require_member(room)
    elif configured.owner != call.account:
        raise Denied("Another account's model can be used in a collaboration only")
    state.check_quotas(GENERATION_JOB, account=call.account)
    arn = state.new_arn(GENERATION_JOB, call.account)
    data = call.given(
        "name",
        "configuredAudienceModelArn",
        "seedAudience",
        "includeSeedInOutput",
        "collaborationId",
        "description",
    )
    data.update(audienceGenerationJobArn=arn, startedBy=call.account, status="CREATE_PENDING")
    if "sqlParameters" in call["seedAudience"]:
        data["protectedQueryIdentifier"] = state.new_id()
    record = state.add(
        GENERATION_JOB,
        arn,
        data,
        owner=call.account,
        name_in=_job_names_in(call),
        results={"metrics": _metrics(configured)},
    )
    _tag_generation(call, configured, arn)
    state.begin(record, "create", call.params)
    return {"audienceGenerationJobArn": arn}


def _job_names_in(call: Call) -> str | None:
    """The scope in which a job's name is its own."""
    return call.account if call.state.settings.duplicate_job_names == "conflict" else None


def _check_seed(seed: JsonObject) -> None:
    if len({"dataSource", "sqlParameters"} & seed.keys()) != 1:
        raise Invalid(
            "Value at 'seedAudience': exactly one of dataSource and sqlParameters must be set"
        )
    if "sqlParameters" in seed:
        check_query(seed["sqlParameters"])


def _metrics(configured: Record) -> JsonObject | None:
    """The quality of a simulated audience, for every size that the model was configured with."""
    sizes: JsonObject = configured.data.get("audienceSizeConfig", {})
    kind = sizes.get("audienceSizeType")
    return {
        "relevanceMetrics": [
            {"audienceSize": {"type": kind, "value": value}, "score": RELEVANCE}
            for value in sizes.get("audienceSizeBins", ())
        ],
        "recallMetric": RECALL,
    }


def _tag_generation(call: Call, configured: Record, arn: str) -> None:
    inherits = configured.data["childResourceTagOnCreatePolicy"] == "FROM_PARENT_RESOURCE"
    inherited = call.state.tags.get(configured.arn, {}) if inherits else {}
    if configured.owner == call.account:
        call.put_tags(arn, inherited)
    elif inherited:  # the tags of a request from another account are never applied
        call.state.set_tags(arn, dict(inherited))


def get_generation(call: Call) -> JsonObject:
    record = _reachable_generation(call)
    data = call.with_tags(record) if record.owner == call.account else dict(record.data)
    rule = call.state.settings.seed_audience_shown_to
    started = record.data["startedBy"] == call.account
    if rule != "everyone" and started == (rule == "others"):
        data.pop("seedAudience", None)
    metrics = data.get("metrics")
    if metrics is not None and not _sees_metrics(call, record):
        data.pop("metrics")
    return call.shown(record, data)


def _reachable_generation(call: Call) -> Record:
    """A generation job that the caller started, or that ran on the caller's configured model."""
    arn = call["audienceGenerationJobArn"]
    record = call.state.find(GENERATION_JOB, arn)
    if record is None:
        raise call.not_found(f"Resource {arn} does not exist")
    if call.account not in (record.owner, _model_owner(call, record)):
        raise Denied(f"Account {call.account} has no access to {arn}")
    return record


def _model_owner(call: Call, record: Record) -> str | None:
    configured = call.state.find(
        CONFIGURED_AUDIENCE_MODEL, record.data["configuredAudienceModelArn"]
    )
    return configured.owner if configured else None


def _sees_metrics(call: Call, record: Record) -> bool:
    configured = call.state.find(
        CONFIGURED_AUDIENCE_MODEL, record.data["configuredAudienceModelArn"]
    )
    if configured is None or configured.owner == call.account:
        return True
    return "ALL" in configured.data["sharedAudienceMetrics"]


def list_generations(call: Call) -> JsonObject:
    model = call.params.get("configuredAudienceModelArn")
    room = call.params.get("collaborationId")

    def fits(record: Record) -> bool:
        data: JsonObject = record.data
        return (
            call.account in (record.owner, _model_owner(call, record))
            and model in (None, data["configuredAudienceModelArn"])
            and room in (None, data.get("collaborationId"))
        )

    if model is not None or room is not None:
        index: tuple[Any, ...] = (GENERATION_JOB, "of", model or room)
    else:
        index = (GENERATION_JOB, call.account)
    return call.page("audienceGenerationJobs", *index, keep=fits)


def delete_generation(call: Call) -> JsonObject:
    record = call.owned(GENERATION_JOB, call["audienceGenerationJobArn"])
    busy = any(
        export.job is not None for export in call.state.index(AUDIENCE_EXPORT_JOB, "of", record.arn)
    )
    if busy:
        raise Conflict(f"{record.arn} is being exported")
    _delete(call, record)
    return {}


def start_export(call: Call) -> JsonObject:
    state = call.state
    generation = _reachable_generation(call)
    configured = state.get(CONFIGURED_AUDIENCE_MODEL, generation.data["configuredAudienceModelArn"])
    call.require_usable(generation)
    _check_size(call["audienceSize"], configured)
    state.check_quotas(AUDIENCE_EXPORT_JOB, account=call.account, parent=generation.arn)
    key = f"{AUDIENCE_EXPORT_JOB}/{state.new_id()}"
    data = call.given("name", "audienceGenerationJobArn", "audienceSize", "description")
    data["status"] = "CREATE_PENDING"
    place: str = configured.data["outputConfig"]["destination"]["s3Destination"]["s3Uri"]
    record = state.add(
        AUDIENCE_EXPORT_JOB,
        key,
        data,
        owner=call.account,
        name_in=_job_names_in(call),
        claim=f"{generation.arn}|{call['name']}",
        results={"outputLocation": f"{place.rstrip('/')}/{key.split('/')[1]}"},
    )
    state.begin(record, "create", call.params)
    return {}


def _check_size(size: JsonObject, configured: Record) -> None:
    sizes: JsonObject | None = configured.data.get("audienceSizeConfig")
    if size["type"] == "PERCENTAGE" and size["value"] > 100:
        raise Invalid("Value at 'audienceSize.value': a percentage is at most 100")
    if sizes is not None and (
        size["type"] != sizes["audienceSizeType"] or size["value"] not in sizes["audienceSizeBins"]
    ):
        raise Invalid("Value at 'audienceSize' is not one that the configured audience model has")


def list_exports(call: Call) -> JsonObject:
    generation = call.params.get("audienceGenerationJobArn")
    if generation is None:
        return call.page("audienceExportJobs", AUDIENCE_EXPORT_JOB, call.account)
    return call.page(
        "audienceExportJobs",
        AUDIENCE_EXPORT_JOB,
        "of",
        generation,
        keep=lambda record: record.owner == call.account,
    )


def _require_unused(call: Call, record: Record, by: str) -> None:
    for user in call.state.index(by, "of", record.arn):
        raise Conflict(f"{record.arn} is used by {user.arn}")


def _delete(call: Call, record: Record) -> None:
    """Start a deletion. Deleting twice is allowed. Deleting a resource while it is created is an error."""
    if record.status in ("DELETE_PENDING", "DELETE_IN_PROGRESS"):
        return
    if record.job is not None and call.state.settings.delete_while_running == "conflict":
        raise Conflict(f"{record.arn} cannot be deleted: its status is {record.status}")
    call.state.begin(record, "delete", call.params)


HANDLERS = {
    "CreateTrainingDataset": create_dataset,
    "GetTrainingDataset": get_dataset,
    "ListTrainingDatasets": list_datasets,
    "DeleteTrainingDataset": delete_dataset,
    "CreateAudienceModel": create_model,
    "GetAudienceModel": get_model,
    "ListAudienceModels": list_models,
    "DeleteAudienceModel": delete_model,
    "CreateConfiguredAudienceModel": create_configured_model,
    "GetConfiguredAudienceModel": get_configured_model,
    "ListConfiguredAudienceModels": list_configured_models,
    "UpdateConfiguredAudienceModel": update_configured_model,
    "DeleteConfiguredAudienceModel": delete_configured_model,
    "PutConfiguredAudienceModelPolicy": put_policy,
    "GetConfiguredAudienceModelPolicy": get_policy,
    "DeleteConfiguredAudienceModelPolicy": delete_policy,
    "StartAudienceGenerationJob": start_generation,
    "GetAudienceGenerationJob": get_generation,
    "ListAudienceGenerationJobs": list_generations,
    "DeleteAudienceGenerationJob": delete_generation,
    "StartAudienceExportJob": start_export,
    "ListAudienceExportJobs": list_exports,
}
