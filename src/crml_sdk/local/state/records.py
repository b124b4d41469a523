"""Resources in the local service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..service.schema import JsonObject

if TYPE_CHECKING:
    from ..jobs.job import Job

# What a saved record holds, and in this order what a constructor takes.
SAVED = (
    "kind",
    "key",
    "number",
    "owner",
    "membership",
    "collaboration",
    "data",
    "version",
    "claims",
    "results",
    "publish",
    "policy",
    "stands_for_model",
    "artifacts",
    "expires",
)
_CHANGING = ("claims", "results", "publish", "policy", "stands_for_model", "artifacts", "expires")


@dataclass(slots=True, eq=False)
class Record:
    """One resource, or one version of a trained model. Only `State` changes it.

    `data` holds the members as the replies show them, by wire name. `number` is the order of
    creation in this instance. `version` identifies a version of a trained model; None is a base
    version without an identifier.
    """

    kind: str
    key: str
    number: int
    owner: str
    membership: str | None
    collaboration: str | None
    data: JsonObject
    version: str | None = None
    claims: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The names that it holds among its kind, each in a scope."""
    results: JsonObject = field(default_factory=dict[str, Any])
    """The members that it gets when it becomes ACTIVE."""
    publish: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    """What each account is told about the publishing of logs and metrics."""
    policy: str | None = None
    """The resource policy of a configured audience model."""
    stands_for_model: bool = False
    """True for a later version that is the oldest one left."""
    artifacts: str | None = None
    """A folder of unpacked artifacts that a seed names for a model."""
    expires: float | None = None
    job: Job | None = None
    reads: int = 0
    """How often it was shown in its present status. Not saved."""

    @property
    def arn(self) -> str:
        """The ARN. Export jobs have none; theirs is an internal key."""
        return self.key

    @property
    def name(self) -> str:
        return self.data["name"]

    @property
    def status(self) -> str:
        return self.data.get("status", "ACTIVE")

    def to_json(self) -> JsonObject:
        """The record as plain JSON values, without the request of its job."""
        document = {name: getattr(self, name) for name in SAVED}
        if self.job is not None:
            document["job"] = self.job.to_json()
        return document

    @classmethod
    def from_json(cls, document: JsonObject) -> Record:
        """A record without its job. Raises KeyError or TypeError for a document that is none."""
        fields = {name: document[name] for name in SAVED}
        fields["claims"] = [(scope, name) for scope, name in fields["claims"]]
        for name, kind in (("data", dict), ("results", dict), ("publish", dict), ("number", int)):
            if not isinstance(fields[name], kind):
                raise TypeError(f"{name} of a record is not a {kind.__name__}")
        return cls(**fields)

    def before(self) -> tuple[Any, ...]:
        """What `State` may change, to be put back by `put_back`."""
        return (dict(self.data), self.job, *(getattr(self, name) for name in _CHANGING))

    def put_back(self, before: tuple[Any, ...]) -> None:
        self.data, self.job, *rest = before
        for name, value in zip(_CHANGING, rest, strict=True):
            setattr(self, name, value)
