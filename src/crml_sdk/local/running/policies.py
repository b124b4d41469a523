"""What an association's privacy configuration allows of a job: sizes, logs, metrics, exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..jobs.executor import RunContext

GB = 1_000_000_000
"""The unit of the policies' sizes. Not documented; assumed to be the decimal one."""


def of(association: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """One policy of an association: `trainedModels`, `trainedModelInferenceJobs`, ..."""
    policies: Mapping[str, Any] = association.get("privacyConfiguration", {}).get("policies", {})
    return policies.get(name, {})


def bytes_of(policy: Mapping[str, Any], member: str) -> int | None:
    """A size limit in bytes, or None."""
    size: Mapping[str, Any] | None = policy.get(member)
    return None if size is None else int(size["value"] * GB)


def readers(
    policy: Mapping[str, Any], collaboration: str | None, context: RunContext
) -> dict[str, list[Mapping[str, Any]]]:
    """The log policies by account, of the accounts that have an ML configuration."""
    policies: Sequence[Mapping[str, Any]] = policy.get("containerLogs", ())
    if not policies or collaboration is None:
        return {}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for member in context.members(collaboration):
        theirs = [entry for entry in policies if member.account_id in entry["allowedAccountIds"]]
        if theirs and has_configuration(context, member.membership_id):
            found[member.account_id] = theirs
    return found


def has_configuration(context: RunContext, membership: str) -> bool:
    """True if a membership has an ML configuration."""
    try:
        context.get("ml-configuration", membership)
    except LookupError:
        return False
    return True
