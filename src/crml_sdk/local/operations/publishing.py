"""What a finished job shows beside its status: image digests, and each member's word on whether
logs and metrics were published to it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ..jobs.executor import Publish
from ..service.schema import JsonObject
from ..state.kinds import ASSOCIATION, INFERENCE_JOB, ML_CONFIGURATION, TRAINED_MODEL
from ..state.records import Record
from ..state.state import State

_POLICIES = {TRAINED_MODEL: "trainedModels", INFERENCE_JOB: "trainedModelInferenceJobs"}


def image_digest(image_uri: str) -> str:
    """The digest of a container image. Simulated: made from the image's address."""
    return f"sha256:{sha256(image_uri.encode()).hexdigest()}"


def published(state: State, record: Record) -> dict[str, JsonObject]:
    """By account, the publishing statuses of a training or inference job that has ended.

    Logs go to the accounts that the association's policy allows, metrics to every member, if there
    is a policy for them; both only to members with an ML configuration. To the others publishing
    failed, whatever the policy says (docs.aws.amazon.com/clean-rooms/latest/userguide/
    custom-model-logs.html; the words are assumed).
    """
    rule, name = state.settings.publish_status, _POLICIES.get(record.kind)
    room = state.world.collaborations.get(record.collaboration or "")
    if rule == "never" or name is None or room is None:
        return {}
    policy = _policy(state, record, name)
    told: dict[str, JsonObject] = {}
    for account, member in room.members.items():
        configured = rule == "always" or (
            state.find(ML_CONFIGURATION, member.membership_id) is not None
        )
        logs = _status(configured, rule == "always" or _may_read_logs(policy, account))
        metrics = _status(configured, rule == "always" or "containerMetrics" in policy)
        if record.kind == INFERENCE_JOB and rule != "always":
            metrics = None  # no policy of theirs speaks of metrics
        told[account] = Publish(
            logs,
            _reason("logs") if logs == "PUBLISH_FAILED" else None,
            metrics,
            _reason("metrics") if metrics == "PUBLISH_FAILED" else None,
        ).members()
    return told


def _status(configured: bool, allowed: bool) -> Any:
    if not configured:
        return "PUBLISH_FAILED"
    return "PUBLISH_SUCCEEDED" if allowed else None


def _reason(what: str) -> str:
    return f"Failed to publish {what} as no ML Config role is set"


def _may_read_logs(policy: JsonObject, account: str) -> bool:
    return any(account in log["allowedAccountIds"] for log in policy.get("containerLogs", ()))


def _policy(state: State, record: Record, name: str) -> JsonObject:
    arn = record.data.get("configuredModelAlgorithmAssociationArn", "")
    association = state.find(ASSOCIATION, arn)
    data: JsonObject = association.data if association else {}
    return data.get("privacyConfiguration", {}).get("policies", {}).get(name, {})
