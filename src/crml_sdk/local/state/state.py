"""The state of one stand-in: records, names, tags, quotas, jobs."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from ..clock import LocalClock
from ..jobs.control import JobControl
from ..jobs.executor import Executor
from ..jobs.job import Job, Phase
from ..service.failures import Conflict, Missing, OverQuota
from ..service.schema import JsonObject
from ..settings import Settings
from . import records as kinds
from .paging import Paging
from .records import OrderedIndex, Record
from .world import World

IN_PROGRESS = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
ENDED = frozenset({"INACTIVE", "CREATE_FAILED"})
# Kinds that vanish when their deletion ends; the others keep their row and become INACTIVE.
VANISHING = frozenset({kinds.AUDIENCE_MODEL, kinds.GENERATION_JOB})
SECONDS_A_DAY = 86_400


class State:
    """Records and what hangs on them. Not thread-safe by itself: callers hold `lock`."""

    def __init__(self, settings: Settings, clock: LocalClock, world: World) -> None:
        self.clock = clock
        self.lock: Any = threading.RLock()
        self.paging: Paging = Paging(lambda: self.settings)
        self.executor: Executor | None = None
        self.jobs: JobControl = JobControl(lambda: iter(list(self._under_way.values())), self.lock)
        self.clear(settings, world)

    def clear(self, settings: Settings, world: World) -> None:
        """Forgets everything, and starts again from a world."""
        self.settings = settings
        self.world = world
        self.tags: dict[str, dict[str, str]] = {}
        self.names: dict[tuple[str, ...], str] = {}
        self._records: dict[tuple[str, str, str | None], Record] = {}
        self._indices: dict[tuple[str | None, ...], OrderedIndex] = {}
        self._counts: Counter[tuple[str, str, str]] = Counter()
        for job in list(getattr(self, "_under_way", {}).values()):
            job.record.job = None  # the executor may still hold it
        self._under_way: dict[int, Job] = {}
        self._expiring: dict[int, Record] = {}
        self._next_expiry = float("inf")
        self._last_number = 0
        self._last_id = 0

    # Identifiers

    def new_id(self) -> str:
        """A UUID, made from the settings' seed and a counter."""
        self._last_id += 1
        digest = blake2b(f"{self.settings.id_seed}:{self._last_id}".encode(), digest_size=16)
        return str(uuid.UUID(bytes=digest.digest(), version=4))

    def new_arn(self, kind: str, owner: str, membership: str | None = None) -> str:
        """A fresh ARN of a kind, below a membership if one is given."""
        place = f"membership/{membership}/" if membership else ""
        return f"arn:aws:cleanrooms-ml:{self.world.region}:{owner}:{place}{kind}/{self.new_id()}"

    def counters(self) -> JsonObject:
        """What makes the next identifiers, for saving."""
        return {"id": self._last_id, "number": self._last_number}

    def set_counters(self, counters: JsonObject) -> None:
        self._last_id = int(counters["id"])
        self._last_number = int(counters["number"])

    # Records

    def add(
        self,
        kind: str,
        key: str,
        data: JsonObject,
        *,
        owner: str,
        membership: str | None = None,
        collaboration: str | None = None,
        version: str | None = None,
    ) -> Record:
        """Adds a record with its times, and enters it into every index."""
        self._last_number += 1
        moment = self.clock.stamp()
        data = {"createTime": moment, "updateTime": moment, **data}
        record = Record(
            kind, key, self._last_number, owner, membership, collaboration, data, version
        )
        self.restore(record)
        return record

    def restore(self, record: Record) -> None:
        """Enters a finished record into every index."""
        self._last_number = max(self._last_number, record.number)
        self._records[(record.kind, record.key, record.version)] = record
        for key in index_keys(record):
            index = self._indices.get(key)
            if index is None:
                index = self._indices[key] = OrderedIndex()
            index.add(record)
        self._count(record, record.status, 1)
        if record.expires is not None:
            self.expire_at(record, record.expires)

    def remove(self, record: Record) -> None:
        """Takes a record out, with its name and tags."""
        self._records.pop((record.kind, record.key, record.version), None)
        for key in index_keys(record):
            index = self._indices.get(key)
            if index is not None:
                index.remove(record)
                if not len(index):
                    del self._indices[key]
        self._count(record, record.status, -1)
        self._expiring.pop(record.number, None)
        self._drop_job(record)
        heir = self.versions(record.key).oldest()
        if heir is not None:
            self._promote(heir)
        else:
            self.tags.pop(record.key, None)
            for name, key in list(self._names_of(record)):
                if key == record.key:
                    del self.names[name]

    def _promote(self, record: Record) -> None:
        """Makes the oldest version that is left stand for its model in the lists of models."""
        record.hidden["stands_for_model"] = True
        for key in index_keys(record):
            self._indices.setdefault(key, OrderedIndex()).add(record)

    def _names_of(self, record: Record) -> Iterator[tuple[tuple[str, ...], str]]:
        name = record.data.get("name")
        if name is not None:
            for scope in (record.collaboration, record.membership, record.owner):
                entry = (record.kind, scope or "", name)
                if entry in self.names:
                    yield entry, self.names[entry]

    def reindex(self, record: Record, changes: JsonObject) -> None:
        """Changes members of a record that an index may be keyed by."""
        for key in index_keys(record):
            self._indices[key].remove(record)
        record.data.update(changes)
        for key in index_keys(record):
            self._indices.setdefault(key, OrderedIndex()).add(record)

    def find(self, kind: str, key: str, version: str | None = None) -> Record | None:
        """A record by kind, ARN and version (None: the base, or a kind without versions)."""
        return self._records.get((kind, key, version))

    def get(self, kind: str, key: str, version: str | None = None) -> Record:
        """Like `find`, but raises `Missing`."""
        record = self.find(kind, key, version)
        if record is None:
            what = f" version {version}" if version else ""
            raise Missing(f"Resource {key}{what} does not exist")
        return record

    def records(self) -> Iterator[Record]:
        """All records, oldest first."""
        return iter(sorted(self._records.values(), key=lambda record: record.number))

    def index(self, *key: str | None) -> OrderedIndex:
        """The records under an index key (see `index_keys`); empty if there are none."""
        return self._indices.get(key) or OrderedIndex()

    def versions(self, arn: str) -> OrderedIndex:
        """All versions of a trained model, oldest first."""
        return self.index("versions", arn)

    # Names

    def holder_of_name(self, kind: str, scope: str, name: str) -> str | None:
        """The key of the resource that has this name in a scope."""
        return self.names.get((kind, scope, name))

    def claim_name(self, kind: str, scope: str, name: str, key: str) -> None:
        """Gives a name to a resource. Raises `Conflict` if another one has it."""
        holder = self.names.get((kind, scope, name))
        if holder is not None and holder != key:
            raise Conflict(f"A {kind.replace('-', ' ')} with the name {name!r} exists already")
        self.names[(kind, scope, name)] = key

    # Quotas

    def check_quota(self, name: str, used: int) -> None:
        """Raises `OverQuota` if one more would be too many."""
        limit = (self.settings.quotas or {}).get(name)
        if limit is not None and used >= limit:
            raise OverQuota(f"The quota {name!r} of {limit} is used up", name=name, value=limit)

    def in_progress(self, kind: str, scope: str) -> int:
        """How many of a kind an account or membership has pending or being created."""
        return self._counts[("in-progress", kind, scope)]

    def live(self, kind: str, scope: str) -> int:
        """How many of a kind are neither failed nor inactive, in an account or a membership.

        Also the versions of a trained model, and the exports of an audience generation job, by ARN.
        """
        return self._counts[("live", kind, scope)]

    def _count(self, record: Record, status: str, by: int) -> None:
        parent = record.data.get("audienceGenerationJobArn")
        if record.kind == kinds.TRAINED_MODEL:
            parent = record.key
        for scope in (record.owner, record.membership, parent):
            if scope is None:
                continue
            if status in IN_PROGRESS:
                self._counts[("in-progress", record.kind, scope)] += by
            if status not in ENDED:
                self._counts[("live", record.kind, scope)] += by

    # Life cycles

    def begin(self, record: Record, phase: Phase, request: JsonObject) -> None:
        """Starts a job on a record: X_PENDING now, moved on by the executor."""
        assert self.executor is not None
        self._drop_job(record)
        job = Job(record, phase, request, self._set_status, self._end_job)
        record.job = job
        record.reads = 0
        self._under_way[record.number] = job
        self._set_status(record, f"{phase.upper()}_PENDING", None)
        self.jobs.plan_for(job)
        self.executor.submit(job)

    def resume(self, record: Record, saved: JsonObject) -> None:
        """Puts a loaded record's job back under way, in the status that it had."""
        assert self.executor is not None
        job = Job(record, saved["phase"], saved["request"], self._set_status, self._end_job)
        job.planned_failure = saved.get("planned_failure")
        job.stalled = bool(saved.get("stalled"))
        record.job = job
        self._under_way[record.number] = job
        self.executor.submit(job)

    def seen(self, record: Record) -> None:
        """Tells the executor that a reply has shown this record."""
        if record.job is not None and self.executor is not None:
            self.executor.seen(record.job)

    def tick(self) -> None:
        """Lets time do its work: due jobs move on, old channels expire."""
        now = self.clock.now()
        if self.executor is not None:
            self.executor.tick(now)
        if self._next_expiry <= now:
            self._expire(now)

    def set_status(self, record: Record, status: str, at: float | None = None) -> None:
        """Changes a status by decree; a job under way on the record is dropped."""
        self._drop_job(record)
        self._set_status(record, status, at)

    def touch(self, record: Record) -> None:
        """Moves `updateTime` to now."""
        record.data["updateTime"] = self.clock.stamp()

    def expire_at(self, record: Record, moment: float) -> None:
        """Lets the record become INACTIVE at an epoch second."""
        record.expires = moment
        self._expiring[record.number] = record
        self._next_expiry = min(self._next_expiry, moment)

    def _expire(self, now: float) -> None:
        for record in list(self._expiring.values()):
            assert record.expires is not None
            if record.expires <= now:
                del self._expiring[record.number]
                if record.status == "ACTIVE":
                    self._set_status(record, "INACTIVE", record.expires)
        moments = [entry.expires or 0.0 for entry in self._expiring.values()]
        self._next_expiry = min(moments, default=float("inf"))

    def _set_status(self, record: Record, status: str, at: float | None) -> None:
        self._count(record, record.status, -1)
        record.data["status"] = status
        self._count(record, status, 1)
        record.data["updateTime"] = self.clock.stamp() if at is None else at

    def _drop_job(self, record: Record) -> None:
        record.job = None
        self._under_way.pop(record.number, None)

    def _end_job(self, job: Job, failure: JsonObject | None, at: float | None) -> None:
        record = job.record
        self._drop_job(record)
        if failure is not None:
            record.data["statusDetails"] = failure
            self._set_status(record, f"{job.phase.upper()}_FAILED", at)
            return
        record.data.pop("statusDetails", None)
        if job.phase == "create":
            self._set_status(record, "ACTIVE", at)
            self._complete(record)
        elif job.phase == "cancel":
            self._set_status(record, self.settings.cancelled_status, at)
        elif record.kind in VANISHING or self.settings.deleted_output == "gone":
            self.remove(record)
        else:
            self._set_status(record, "INACTIVE", at)

    def _complete(self, record: Record) -> None:
        record.data.update(record.hidden.pop("on_active", {}))
        days = record.data.get("retentionInDays")
        if days is not None and self.settings.expired_channel == "inactive":
            self.expire_at(record, record.data["updateTime"] + days * SECONDS_A_DAY)


def index_keys(record: Record) -> list[tuple[Any, ...]]:
    """The indices that a record is entered in."""
    kind, data = record.kind, record.data
    places = [place for place in (record.membership, record.collaboration) if place]
    if kind == kinds.TRAINED_MODEL:
        keys: list[tuple[Any, ...]] = [("versions", record.key)]
        keys.append(("uses", data["configuredModelAlgorithmAssociationArn"]))
        keys += [("model-versions", place) for place in places]
        if record.version is None or record.hidden.get("stands_for_model"):
            keys += [(kind, place) for place in places]
        return keys
    if kind in (kinds.INFERENCE_JOB, kinds.EXPORT_JOB):
        model, version = data["trainedModelArn"], data.get("trainedModelVersionIdentifier")
        return [
            key
            for place in places
            for key in ((kind, place), (kind, place, model), (kind, place, model, version))
        ]
    if places:
        keys = [(kind, place) for place in places]
        if kind == kinds.ASSOCIATION:
            keys.append((kind, "of", data["configuredModelAlgorithmArn"]))
        if kind == kinds.INPUT_CHANNEL:
            keys += [("uses", arn) for arn in data["configuredModelAlgorithmAssociations"]]
        return keys
    keys = [(kind, record.owner)]
    for member in _PARENTS.get(kind, ()):
        if data.get(member):
            keys.append((kind, "of", data[member]))
    return keys


_PARENTS = {
    kinds.AUDIENCE_MODEL: ("trainingDatasetArn",),
    kinds.CONFIGURED_AUDIENCE_MODEL: ("audienceModelArn",),
    kinds.GENERATION_JOB: ("configuredAudienceModelArn", "collaborationId"),
    kinds.AUDIENCE_EXPORT_JOB: ("audienceGenerationJobArn",),
}
