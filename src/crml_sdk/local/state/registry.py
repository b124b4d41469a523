"""The records of one instance, and the one way to change them: inside a transaction.

A transaction is saved when its outermost block ends. If that fails, or the block raises, everything
that it changed is put back. Memory is what is read; the store is only written.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from ..clock import LocalClock
from ..jobs.job import Job
from ..service.failures import Conflict, Missing, OverQuota
from ..service.schema import JsonObject
from ..settings import Settings
from .index import Indices, OrderedIndex
from .kinds import KEYED_MEMBERS, KINDS, TRAINED_MODEL
from .paging import Paging
from .records import Record
from .store import Batch, NoStore, SavedRecord, Store
from .transaction import Change
from .world import World

_log = logging.getLogger(__name__)
IN_PROGRESS = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
ENDED = frozenset({"INACTIVE", "CREATE_FAILED"})
# What `clear` replaces, and an undone `clear` puts back.
_REPLACED = (
    "settings",
    "world",
    "tags",
    "_names",
    "_records",
    "_indices",
    "_counts",
    "_under_way",
    "_expiring",
    "_next_expiry",
)


class Registry:
    """Records by kind and key, their names, tags and quotas."""

    def __init__(self, settings: Settings, clock: LocalClock, world: World) -> None:
        self.clock = clock
        self.lock: Any = threading.RLock()
        self.store: Store = NoStore()
        self.store_is_empty: bool = False
        """True until the first change is saved to a new store, together with all that there is."""
        self.paging: Paging = Paging(lambda: self.settings)
        self._change: Change | None = None
        self._last_id = 0
        self._last_number = 0
        self._replace(settings, world)

    def _replace(self, settings: Settings, world: World) -> None:
        self.settings = settings
        self.world = world
        self.tags: dict[str, dict[str, str]] = {}
        self._names: dict[tuple[str, str, str], str] = {}
        self._records: dict[tuple[str, str, str | None], Record] = {}
        self._indices = Indices()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._under_way: dict[int, Job] = {}
        self._expiring: dict[int, Record] = {}
        self._next_expiry = float("inf")

    # Transactions

    @contextmanager
    def transaction(self) -> Generator[Change]:
        """Holds the lock; the outermost block saves what was changed, or undoes it all.

        Raises `Unsaved` if it cannot be saved; whatever the block raises goes on after the undo.
        """
        with self.lock:
            if self._change is not None:
                yield self._change
                return
            change = self._change = Change((self._last_id, self._last_number))
            try:
                yield change
                self._save(change)
            except BaseException:
                self._undo(change)
                raise
            finally:
                self._change = None
            for action in change.after:
                try:
                    action()
                except Exception:
                    _log.exception("What was to follow a change failed")

    @property
    def present(self) -> Change:
        """The present transaction. Raises RuntimeError outside of one."""
        if self._change is None:
            raise RuntimeError("The state is changed inside a transaction only")
        return self._change

    def _save(self, change: Change) -> None:
        if self.store.keeps and not change.is_empty:
            self.store.commit(self._batch(change))
            self.store_is_empty = False

    def _batch(self, change: Change) -> Batch:
        everything = change.everything or self.store_is_empty
        if everything:
            records: list[Record] = list(self.records())
            removed: list[int] = []
            begun = {record.number for record in records if record.job is not None}
            tags: dict[str, dict[str, str] | None] = dict(self.tags)
            parts = {"settings", "world", "progress"}
        else:
            touched = [record for record, _ in change.before.values()]
            records = [record for record in touched if self.holds(record)]
            removed = [record.number for record in touched if not self.holds(record)]
            begun = change.begun
            tags = {arn: self.tags.get(arn) for arn in change.tags}
            # A saved record says itself how far clock and counters are.
            parts = change.parts if records and not removed else {*change.parts, "progress"}
        saved = [
            SavedRecord(
                record.number,
                record.kind,
                record.key,
                record.version,
                record.owner,
                record.to_json(),
                record.job.request if record.job and record.number in begun else None,
            )
            for record in records
        ]
        return Batch(saved, removed, tags, {name: self.part(name) for name in parts}, everything)

    def part(self, name: str) -> JsonObject:
        """A saved part of the state beside records and tags: settings, world or progress."""
        if name == "settings":
            return self.settings.to_json()
        if name == "world":
            return self.world.to_json()
        return {
            "clock": self.clock.to_json(),
            "counters": {"id": self._last_id, "number": self._last_number},
        }

    def _undo(self, change: Change) -> None:
        for action in reversed(change.undo):
            action()
        if not change.everything:  # otherwise `clear` has put everything back
            touched = list(change.before.values())
            for record, _ in touched:
                if self.holds(record):
                    self._unlink(record)
            for record, before in touched:
                if before is not None:
                    record.put_back(before)
                    self._link(record)
            for arn, tags in change.tags.items():
                if tags is None:
                    self.tags.pop(arn, None)
                else:
                    self.tags[arn] = tags
        self._last_id, self._last_number = change.counters

    def clear(self, settings: Settings, world: World) -> None:
        """Forgets everything, and starts again from a world."""
        change = self.present
        before = {name: getattr(self, name) for name in _REPLACED}
        # What this transaction did before is undone as well, after the old state is back.
        earlier = Change(change.counters, dict(change.before), dict(change.tags))

        def put_back() -> None:
            for name, value in before.items():
                setattr(self, name, value)
            self._undo(earlier)

        if not change.everything:
            change.undo.append(put_back)
            change.everything = True
        self._replace(settings, world)
        self._last_id = self._last_number = 0

    def change_settings(self, settings: Settings) -> None:
        """Other settings from now on."""
        change, before = self.present, self.settings
        change.parts.add("settings")
        change.undo.append(lambda: setattr(self, "settings", before))
        self.settings: Settings = settings

    def change_world(self) -> World:
        """The world, to be changed inside the present transaction."""
        change = self.present
        if "world" not in change.parts:
            change.parts.add("world")
            before = self.world.to_json()
            change.undo.append(lambda: self.world.put_back(before))
        return self.world

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

    def set_counters(self, counters: JsonObject) -> None:
        self._last_id = int(counters["id"])
        self._last_number = max(self._last_number, int(counters["number"]))

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
        name_in: str | None = None,
        claim: str | None = None,
        results: JsonObject | None = None,
    ) -> Record:
        """Adds a record with its times.

        In: `name_in`, a scope in which it claims a name of its own (its `name`, or `claim`), and
        the members that it gets when it becomes ACTIVE. Raises `Conflict` for a name that another
        resource of the kind has there.
        """
        change = self.present
        claims = [] if name_in is None else [(name_in, claim or data["name"])]
        for scope, name in claims:
            if self.holder_of_name(kind, scope, name) not in (None, key):
                said = data["name"]
                raise Conflict(f"A {kind.replace('-', ' ')} with the name {said!r} exists already")
        self._last_number += 1
        moment = self.clock.stamp()
        data = {"createTime": moment, "updateTime": moment, **data}
        record = Record(
            kind,
            key,
            self._last_number,
            owner,
            membership,
            collaboration,
            data,
            version,
            claims,
            results or {},
        )
        change.before[record.number] = (record, None)
        self._link(record)
        return record

    def restore(self, record: Record) -> None:
        """Enters a finished record as it is."""
        self.present.before.setdefault(record.number, (record, None))
        self._last_number = max(self._last_number, record.number)
        self._link(record)

    def change(self, record: Record, **members: Any) -> None:
        """Sets members of a record, by wire name; None takes one away."""
        self._touch(record)
        rekeyed = not KEYED_MEMBERS.isdisjoint(members)
        counted = rekeyed or "status" in members
        if rekeyed:
            self._indices.leave(record)
        if counted:
            self._count(record, -1)
        data = record.data
        for name, value in members.items():
            if value is None:
                data.pop(name, None)
            else:
                data[name] = value
        if counted:
            self._count(record, 1)
        if rekeyed:
            self._indices.enter(record)

    def amend(self, record: Record, **fields: Any) -> None:
        """Sets what a record holds beside its members, such as its policy or its results."""
        self._touch(record)
        for name, value in fields.items():
            setattr(record, name, value)

    def touch(self, record: Record) -> None:
        """Moves `updateTime` to now."""
        self.change(record, updateTime=self.clock.stamp())

    def remove(self, record: Record) -> None:
        """Takes a record out. The last one of an ARN takes its tags along."""
        self._touch(record)
        self._unlink(record)
        heir = self.versions(record.key).oldest()
        if heir is None:
            self.set_tags(record.key, None)
        elif not heir.stands_for_model or record.claims:
            self._touch(heir)
            self._unlink(heir)
            heir.stands_for_model = True
            heir.claims = [*record.claims, *heir.claims]
            self._link(heir)

    def stand_for_model(self, record: Record) -> None:
        """Lets a version with an identifier be the one by which its model is listed."""
        self._touch(record)
        self._indices.leave(record)
        record.stands_for_model = True
        self._indices.enter(record)

    def base_version(self, arn: str) -> str | None:
        """The identifier of a model's base version: None, unless the setting gives it one."""
        if self.settings.base_version == "uuid" and self.find(TRAINED_MODEL, arn) is None:
            for record in self.versions(arn):
                if record.stands_for_model:
                    return record.version
        return None

    def set_tags(self, arn: str, tags: dict[str, str] | None) -> None:
        """Replaces the tags of an ARN; None takes them away."""
        before = self.tags.get(arn)
        if before != tags:
            self.present.tags.setdefault(arn, before)
            if tags is None:
                del self.tags[arn]
            else:
                self.tags[arn] = tags

    def _touch(self, record: Record) -> None:
        change = self.present
        if record.number not in change.before:
            change.before[record.number] = (record, record.before())

    def holds(self, record: Record) -> bool:
        """True unless the record was taken out."""
        return self._records.get((record.kind, record.key, record.version)) is record

    def _link(self, record: Record) -> None:
        """Enters a record wherever its fields say."""
        self._records[(record.kind, record.key, record.version)] = record
        self._indices.enter(record)
        self._count(record, 1)
        for scope, name in record.claims:
            self._names[(record.kind, scope, name)] = record.key
        if record.expires is not None:
            self._expiring[record.number] = record
            self._next_expiry = min(self._next_expiry, record.expires)
        if record.job is not None:
            self._under_way[record.number] = record.job

    def _unlink(self, record: Record) -> None:
        del self._records[(record.kind, record.key, record.version)]
        self._indices.leave(record)
        self._count(record, -1)
        for scope, name in record.claims:
            self._names.pop((record.kind, scope, name), None)
        self._expiring.pop(record.number, None)
        self._under_way.pop(record.number, None)

    # Looking up

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

    def numbered(self, number: int) -> Record | None:
        """The record with a number."""
        return next((r for r in self._records.values() if r.number == number), None)

    def index(self, *key: str | None) -> OrderedIndex:
        """The records under an index key (see `index.index_keys`); empty if there are none."""
        return self._indices.of(*key)

    def versions(self, arn: str) -> OrderedIndex:
        """All versions of a trained model, oldest first."""
        return self.index("versions", arn)

    def holder_of_name(self, kind: str, scope: str, name: str) -> str | None:
        """The key of the resource that has this name in a scope."""
        return self._names.get((kind, scope, name))

    # Quotas

    def check_quotas(
        self,
        kind: str,
        *,
        account: str | None = None,
        membership: str | None = None,
        parent: str | None = None,
    ) -> None:
        """Raises `OverQuota` if one more of a kind would be too many for one of these."""
        scopes = {"account": account, "membership": membership, "parent": parent}
        for quota in KINDS[kind].quotas:
            scope = scopes[quota.per]
            if scope is not None:
                self.check_quota(quota.name, self._counts[(quota.counts, kind, scope)] + 1)

    def check_quota(self, name: str, count: int) -> None:
        """Raises `OverQuota` if `count` is more than a quota allows."""
        limit = (self.settings.quotas or {}).get(name)
        if limit is not None and count > limit:
            raise OverQuota(f"The quota {name!r} of {limit} is used up", name=name, value=limit)

    def _count(self, record: Record, by: int) -> None:
        kind, status = record.kind, record.status
        counted_by = KINDS[kind].counted_by
        parent = record.data.get(counted_by) if counted_by else None
        for scope in (record.owner, record.membership, parent):
            if scope is None:
                continue
            if status in IN_PROGRESS:
                self._counts[("in-progress", kind, scope)] += by
            if status not in ENDED:
                self._counts[("live", kind, scope)] += by

    # What an executor may ask of the present transaction

    def after_commit(self, action: Callable[[], object]) -> None:
        """Runs an action when the present transaction is saved; never, if it is undone."""
        self.present.after.append(action)

    def on_undo(self, action: Callable[[], object]) -> None:
        """Runs an action if the present transaction is undone."""
        self.present.undo.append(action)
