"""Everything about the stand-in that can be chosen, with its default.

The first part is ordinary configuration. The second part is what the service's documents leave
open: each such question is a setting here, and docs/local/settings.md says what is documented,
what is assumed and how to switch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

Mode = Literal["reads", "clock", "at-once", "manual"]

# Names and values as the service's quota page gives them, where it does; the last one is assumed.
DEFAULT_QUOTAS: Mapping[str, int] = {
    "Pending and in-progress training jobs per account": 10,
    "Pending and in-progress training jobs per membership": 5,
    "Pending and in-progress inference jobs per account": 10,
    "Pending and in-progress inference jobs per membership": 5,
    "Pending and in-progress audience models per account": 2,
    "Pending and in-progress audience generation jobs per account": 10,
    "Pending and in-progress audience export jobs per account": 20,
    "Active audience export jobs per audience generation job": 25,
    "Active configured model algorithms per account": 1000,
    "Active configured model algorithm associations per membership": 1000,
    "Active ML input channels per membership": 100,
    "Collaborations created per account": 10,
    "Members invited per collaboration": 5,
    "Memberships per account": 100,
    "Configured tables per account": 250,
    "Columns per configured table allowlist": 100,
    "Active, pending and in-progress versions per trained model": 100,
}


@cache
def _choices() -> dict[str, tuple[str, ...]]:
    """The settings that have a fixed set of values, with these."""
    hints = get_type_hints(Settings).items()
    return {name: get_args(hint) for name, hint in hints if get_origin(hint) is Literal}


@dataclass(frozen=True)
class Lifecycle:
    """How jobs move from one status to the next.

    `mode` is one of
    `reads`: a job moves on after it was seen `reads` times in the status it is in (a Get of it, or
    a list page that shows it);
    `clock`: PENDING lasts `pending` seconds and IN_PROGRESS `running` seconds of the local clock;
    `at-once`: a job is in its final status when the reply to its request leaves;
    `manual`: nothing moves until a test says so (`local.jobs`).
    """

    mode: Mode = "reads"
    reads: int = 1
    pending: float = 1.0
    running: float = 4.0

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ValueError(f"Lifecycle.mode must be one of {', '.join(get_args(Mode))}")
        if self.reads < 1:
            raise ValueError("Lifecycle.reads must be at least 1")
        if self.pending < 0 or self.running < 0:
            raise ValueError("Lifecycle durations must not be negative")


@dataclass(frozen=True)
class Settings:
    """The choices of one stand-in. Immutable; `dataclasses.replace` makes a changed copy."""

    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    quotas: Mapping[str, int] | None = field(default_factory=lambda: dict(DEFAULT_QUOTAS))
    """Quota name to value; a name left out, or None for all of them, means no limit."""
    max_body_bytes: int = 2 * 1024 * 1024
    keep_requests: int = 10_000
    """How many requests `local.requests` remembers; the oldest go first."""
    simulated_time: bool = True
    """Clients of `local.sdk()` do not sleep between polls: they move the local clock instead."""
    id_seed: str = "crml"
    """Identifiers are made from this and a counter: equal calls give equal identifiers."""

    # What the documents leave open.
    new_version_rule: Literal["same-name", "any-incremental", "never"] = "same-name"
    duplicate_job_names: Literal["conflict", "allow"] = "conflict"
    base_version: Literal["absent", "NULL", "uuid"] = "absent"
    list_order: Literal["newest-first", "oldest-first", "scrambled"] = "newest-first"
    list_rows: Literal["per-model", "per-version"] = "per-model"
    default_page_size: int = 100
    version_page_size: int = 10
    latest_version: Literal["newest", "newest-active"] = "newest"
    inference_version: Literal["base", "latest"] = "base"
    export_version: Literal["base", "latest"] = "base"
    incremental_version: Literal["latest", "base"] = "latest"
    cancelled_status: Literal["INACTIVE", "CREATE_FAILED"] = "INACTIVE"
    deleted_output: Literal["inactive", "gone"] = "inactive"
    delete_while_running: Literal["conflict", "allow"] = "conflict"
    unusable_input: Literal["conflict", "validation", "allow"] = "conflict"
    association_in_use: Literal["conflict", "allow"] = "conflict"
    membership_in_use: Literal["conflict", "allow"] = "conflict"
    deletion_under_way: Literal["unused", "in-use"] = "unused"
    channel_must_match_association: bool = True
    ml_configuration_required: bool = False
    query_ability_required: bool = True
    export_without_policy: Literal["allow", "deny"] = "allow"
    export_membership: Literal["caller", "receiver"] = "caller"
    publish_status: Literal["policy", "always", "never"] = "policy"
    expired_channel: Literal["inactive", "keep"] = "inactive"
    seed_audience_shown_to: Literal["others", "starter", "everyone"] = "others"

    def __post_init__(self) -> None:
        for name, allowed in _choices().items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        for name in ("default_page_size", "version_page_size"):
            if not 1 <= getattr(self, name) <= 100:
                raise ValueError(f"{name} must be from 1 to 100")

    def to_json(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Settings:
        """Settings from plain JSON values; what is left out keeps its default.

        Raises ValueError for a name that is not a setting.
        """
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            raise ValueError(f"Unknown settings: {', '.join(unknown)}")
        values = dict(document)
        if isinstance(values.get("lifecycle"), Mapping):
            values["lifecycle"] = Lifecycle(**values["lifecycle"])
        return cls(**values)
