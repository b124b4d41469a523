"""All settings of the local service, with their defaults.

The first part is ordinary configuration. The second part is for questions that the AWS
documentation leaves open. docs/local/settings.md says what is documented, what is assumed, and how
to change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

Mode = Literal["reads", "clock", "at-once", "manual"]

# Names and values from the service's quota page. The last one is assumed.
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
    """The settings with a fixed set of values, and these values."""
    hints = get_type_hints(Settings).items()
    return {name: get_args(hint) for name, hint in hints if get_origin(hint) is Literal}


@dataclass(frozen=True)
class Lifecycle:
    """How jobs move from one status to the next.

    Attributes:
        mode: What moves a job. With `reads` it moves after `reads` reads of its status by a Get or
            a list page. With `clock` it is PENDING for `pending` seconds and IN_PROGRESS for
            `running` seconds of the local clock. With `at-once` it has its final status after the
            request. With `manual` it moves only when a test calls `local.jobs`.
        reads: Reads for each status, in the mode `reads`.
        pending: Seconds, in the mode `clock`.
        running: Seconds, in the mode `clock`.
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
    """The settings of a local service, immutable. `dataclasses.replace` makes a changed copy."""

    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    quotas: Mapping[str, int] | None = field(default_factory=lambda: dict(DEFAULT_QUOTAS))
    """Quotas by name. A name that is not in it has no limit, and None means no limits at all."""
    max_body_bytes: int = 2 * 1024 * 1024
    keep_requests: int = 10_000
    """How many requests `local.requests` keeps."""
    simulated_time: bool = True
    """Whether clients of `local.sdk()` move the local clock instead of sleeping between polls."""
    id_seed: str = "crml"
    """The seed of all identifiers. With the same seed, the same calls create the same identifiers."""

    # Questions that the AWS documentation leaves open.
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
        """Settings from plain JSON values. Omitted ones have their defaults.

        Raises:
            ValueError: A name is not a setting, or a value is invalid.
        """
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        values = dict(document)
        if isinstance(values.get("lifecycle"), Mapping):
            values["lifecycle"] = Lifecycle(**values["lifecycle"])
        return cls(**values)
