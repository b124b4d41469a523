"""What a finished job shows beside its status: image digests, log and metrics publishing."""

from __future__ import annotations

from hashlib import sha256

from ..service.schema import JsonObject
from ..settings import Settings


def image_digest(image_uri: str) -> str:
    """The digest of a container image. Simulated: made from the image's address."""
    return f"sha256:{sha256(image_uri.encode()).hexdigest()}"


def training_results(settings: Settings, association: JsonObject) -> JsonObject:
    """The publishing statuses of a training job, by the association's privacy policies."""
    policy = _policy(association, "trainedModels")
    return {
        **_published(settings, "logs", "containerLogs" in policy),
        **_published(settings, "metrics", "containerMetrics" in policy),
    }


def inference_results(settings: Settings, association: JsonObject | None) -> JsonObject:
    """The publishing statuses of an inference job. No policy of theirs speaks of metrics."""
    policy = _policy(association, "trainedModelInferenceJobs")
    return {
        **_published(settings, "logs", "containerLogs" in policy),
        **_published(settings, "metrics", allowed=False),
    }


def _policy(association: JsonObject | None, name: str) -> JsonObject:
    policies = (association or {}).get("privacyConfiguration", {}).get("policies", {})
    return policies.get(name, {})


def _published(settings: Settings, what: str, allowed: bool) -> JsonObject:
    rule = settings.publish_status
    if rule == "always" or (rule == "policy" and allowed):
        return {f"{what}Status": "PUBLISH_SUCCEEDED"}
    return {}
