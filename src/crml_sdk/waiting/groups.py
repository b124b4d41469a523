"""What is waited for, in groups that show in the same list, and how it is asked for, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from ..errors import MissingMembership
from ..naming import to_wire
from ..operation import Operation
from ..resource_types import ResourceType
from ..versions import replaced
from .handles import Handle
from .pace import Pace
from .statuses import Goal, Verdict

PAGE_SIZE: Final = 100
SEEN_MISSES: Final = 2
"""Resources seen before that are read after the first list that missed them; later `MORE_MISSES`."""
MORE_MISSES: Final = 20

_wire_name = lru_cache(maxsize=64)(to_wire)


class Place(Enum):
    """Where a job stands on its way to be read by itself."""

    IDLE = 0
    QUEUED = 1
    BUSY = 2


class Job:
    """One resource that is waited for."""

    __slots__ = (
        "claim",
        "doubts",
        "due",
        "grace",
        "group",
        "handle",
        "kind",
        "last",
        "last_fault",
        "looks",
        "misses",
        "model",
        "number",
        "place",
        "row",
        "scan",
        "scope",
        "seen",
        "slow",
        "soon",
        "status",
        "unreadable",
        "verdict",
    )

    def __init__(self, handle: Handle, number: int, grace: float) -> None:
        self.handle: Handle = handle
        self.kind: ResourceType = handle.resource
        self.scope = handle.scope
        self.number: int = number
        self.grace: float = grace  # until when it may be missing, if it was never seen
        self.group: Group | None = None  # None when it is settled
        self.place: Place = Place.IDLE
        self.due: float | None = None
        self.scan: Listing | None = None
        self.slow: bool = False
        self.soon: bool = False  # worth another look soon
        self.seen: bool = False
        self.status: str | None = None
        self.verdict: Verdict = Verdict.PENDING
        self.claim: bool = (
            False  # its row says that it has ended, and no get has said otherwise since
        )
        self.row: Any = None  # the last row
        self.model: Any = None  # the last reply, if it was a get's
        self.last: Any = None  # the last reply, whichever it was
        self.doubts: int = 0
        self.misses: int = 0  # lists in a row that did not show it
        self.looks: int = 0  # gets that were made for it
        self.unreadable: int = 0
        self.last_fault: BaseException | None = None

    @property
    def unlocated(self) -> bool:
        """Whether it is not known yet in which collaboration's list it shows."""
        return self.kind.list.scope == "collaboration" and self.scope is None

    def place_in(self, collaboration: str) -> None:
        """Note the collaboration in whose list it shows."""
        self.handle = replaced(self.handle, collaboration=collaboration)
        self.kind, self.scope = self.handle.resource, self.handle.scope

    def list_key(self) -> tuple[Any, ...]:
        """What all resources have in common that show in the same list."""
        if self.unlocated:
            return ("unlocated", self.handle.membership, self.handle.arn)
        one = self.handle.arn if self.kind.has_name else None
        return (self.kind.list.name, self.scope, one)


class Group:
    """Resources that show in the same list."""

    def __init__(self, key: Any, job: Job) -> None:
        self.key = key
        self.kind: ResourceType = job.kind
        self.handle: Handle = job.handle
        self.scope: str | None = job.scope
        self.unlocated: bool = job.unlocated
        self.jobs: dict[str, list[Job]] = {}
        self.count: int = 0
        self.pace: Pace | None = None  # made when it is first needed: most waits are short
        self.due: float | None = None  # the next round, if that is planned
        self.hold: float = 0.0  # no request before: the service asked for it
        self.open = False  # each is being read by itself, and none has answered yet
        self.listing: Listing | None = None
        self.listings = 0
        self.pages = 1  # of the list, as far as is known
        self.broken = 0  # rounds in a row that ended before the list did
        self.unlistable = False
        self.unreadable = 0
        self.queued = 0  # gets that are to be made
        self.gets = 0  # gets that were made since the round began

    def add(self, job: Job) -> None:
        """Take one in."""
        self.jobs.setdefault(job.handle.arn, []).append(job)
        self.count += 1
        job.group = self

    def remove(self, job: Job) -> None:
        """Let one go."""
        left = [other for other in self.jobs[job.handle.arn] if other is not job]
        if left:
            self.jobs[job.handle.arn] = left
        else:
            del self.jobs[job.handle.arn]
        self.count -= 1

    def pending(self) -> Iterable[Job]:
        """All that are left."""
        return (job for jobs in self.jobs.values() for job in jobs)

    @property
    def lists(self) -> bool:
        """Whether listing is the cheaper way to look at what is left."""
        if self.kind.get is None:
            return True
        return not self.unlistable and self.count > self.pages

    def owner(self, job: Job) -> Job:
        """Whom a get asks for: the job, or what it belongs to while its list is not known."""
        if not self.unlocated:
            return job
        handle = replaced(job.handle, kind="trained-model", name=None, version=None)
        return Job(handle, job.number, job.grace)


class Listing:
    """One reading of a list, a page at a time.

    Args:
        operation, params: The list.
        group: Whose resources it shows.
        began: When, in seconds since the wait began.
        job: The only one that it is read for, or None for all of the group.
    """

    __slots__ = (
        "began",
        "due",
        "group",
        "job",
        "newest",
        "operation",
        "pages",
        "params",
        "seen",
        "token",
        "tokens",
        "touched",
        "tries",
    )

    def __init__(
        self,
        operation: Operation,
        params: dict[str, Any],
        group: Group,
        began: float,
        job: Job | None = None,
    ) -> None:
        self.operation: Operation = operation
        self.params: dict[str, Any] = params
        self.group: Group = group
        self.began: float = began
        self.job: Job | None = job
        self.due: float | None = None
        self.restart()
        self.tries = 0  # of the page that is next

    def restart(self) -> None:
        """Begin again with the first page."""
        self.token: str | None = None
        self.tokens: set[str] = set()
        self.pages: int = 0
        self.touched: float = 0.0
        self.seen: set[int] = set()
        self.newest: dict[int, Any] = {}

    @property
    def live(self) -> bool:
        """Whether anybody still wants it."""
        if self.job is not None:
            return self.job.group is not None and self.job.scan is self
        return self.group.listing is self

    def jobs_of(self, row: Any) -> Iterable[Job]:
        """Whom a row is about."""
        if self.job is not None:
            return (self.job,) if row_matches(self.job.handle, self.job.kind, row) else ()
        kind = self.group.kind
        found = self.group.jobs.get(getattr(row, kind.arn), ())
        return [job for job in found if row_matches(job.handle, kind, row)]

    def keep_newest(self, job: Job, row: Any) -> None:
        """Keep the newest of several rows; lists have no order that is documented."""
        kept = self.newest.get(job.number)
        if kept is None or _age(job.kind, row) > _age(job.kind, kept):
            self.newest[job.number] = row

    def turn_page(self, page: Any) -> bool:
        """Take note of a page; whether there is another. A repeated token ends the list, too."""
        self.pages += 1
        self.tries: int = 0
        token: str | None = page.next_token
        self.token = token
        if not token or token in self.tokens:
            return False
        self.tokens.add(token)
        return True


def _age(kind: ResourceType, row: Any) -> tuple[Any, bool]:
    # Of two made at the same moment, the base version is the older.
    return row.create_time, row_version(kind, row) is not None


def page_params(listing: Listing) -> dict[str, Any]:
    """The parameters of the listing's next page."""
    page = {**listing.params, "maxResults": PAGE_SIZE}
    if listing.token:
        page["nextToken"] = listing.token
    return page


def rows_of(page: Any, operation: Operation) -> list[Any]:
    """The rows of a page."""
    assert operation.items is not None
    return getattr(page, operation.items) or []


def scope_params(kind: ResourceType, scope: str | None) -> dict[str, Any]:
    """The membership or collaboration that calls are made in.

    Raises:
        MissingMembership: The call needs one, and neither handle nor ARN names it.
    """
    wanted = kind.list.scope
    if wanted == "account":
        return {}
    if scope is None:
        raise MissingMembership((kind.get or kind.list).name)
    return {f"{wanted}Identifier": scope}


def arn_params(kind: ResourceType, arn: str) -> dict[str, Any]:
    """The ARN as a parameter."""
    return {_wire_name(kind.arn): arn}


def get_params(job: Job) -> dict[str, Any]:
    """The parameters of the get of a resource, in its version."""
    kind, handle = job.kind, job.handle
    params = {**arn_params(kind, handle.arn), **scope_params(kind, job.scope)}
    if kind.get_version and handle.version and not handle.is_base:
        params[_wire_name(kind.get_version)] = handle.version
    return params


def list_params(kind: ResourceType, handle: Handle, scope: str | None) -> dict[str, Any]:
    """The parameters of the list in which a handle's resource shows."""
    params = scope_params(kind, scope)
    if kind.has_name:
        params.update(arn_params(kind, handle.arn))
    return params


def versions_params(job: Job) -> dict[str, Any]:
    """The parameters of the list of a resource's versions, or of its own list where there is none."""
    own = arn_params(job.kind, job.handle.arn) if job.kind.versions else {}
    return {**scope_params(job.kind, job.scope), **own}


def cancel_params(handle: Handle) -> Mapping[str, Any] | None:
    """The parameters that cancel a handle's resource; None where that cannot be done safely.

    Without a version the service would cancel the base version, whichever is meant.
    """
    kind = handle.resource
    if kind.cancel is None or (kind.get_version is not None and handle.version is None):
        return None
    params = {**arn_params(kind, handle.arn), **scope_params(kind, handle.scope)}
    if kind.get_version is not None and not handle.is_base:
        params["versionIdentifier"] = handle.version
    return params


def row_matches(handle: Handle, kind: ResourceType, row: Any) -> bool:
    """Whether a row is of the handle's resource, in the handle's version if it names one."""
    if getattr(row, kind.arn) != handle.arn:
        return False
    if kind.has_name and row.name != handle.name:
        return False
    wanted = None if handle.is_base else handle.version
    return handle.version is None or row_version(kind, row) == wanted


def row_version(kind: ResourceType, row: Any) -> str | None:
    """The version identifier in a row; None for the base version."""
    return getattr(row, kind.row_version) if kind.row_version else None


def about_another(job: Job, reply: Any) -> str | None:
    """How a get's reply shows that it is about something else than was asked for; None if not."""
    kind, handle = job.kind, job.handle
    arn = getattr(reply, kind.arn, handle.arn)
    if arn != handle.arn:
        return f"asked for {handle.arn}, the reply is about {arn}"
    if kind.get_version and handle.version and not handle.is_base:
        version = reply.version_identifier
        if version != handle.version:
            return f"asked for version {handle.version}, the reply is about {version or 'the base'}"
    return None


@dataclass(frozen=True, eq=False)
class Request:
    """One request to make: a page of a listing, or the get of a job.

    Attributes:
        operation, params: What to call.
        limit: Seconds after which to give it up.
        sent: When it was handed out, in seconds since the wait began.
        about: The listing, or the job.
        slow: It flies in the slow lane.
    """

    operation: Operation
    params: dict[str, Any]
    limit: float
    sent: float
    about: Listing | Job
    slow: bool = False


@dataclass(frozen=True)
class Note:
    """Something for the log, with its facts."""

    level: int
    text: str
    facts: dict[str, Any]


def jobs_about(about: Listing | Job) -> Iterable[Job]:
    if isinstance(about, Job):
        return (about,)
    return (about.job,) if about.job is not None else about.group.pending()


def to_read(unseen: list[Job], pages: int) -> list[Job]:
    """Which of the resources that a whole list did not show are read by themselves now.

    All that were never seen, and that were waited for to be deleted; of the others, which have
    most likely moved between pages, first a few, and more when a second list misses them, too.
    """
    for job in unseen:
        job.misses += 1
    urgent = [job for job in unseen if not job.seen or job.handle.goal is Goal.DELETED]
    others = [job for job in unseen if job.seen and job.handle.goal is not Goal.DELETED]
    first = [job for job in others if job.misses == 1][: max(SEEN_MISSES, pages)]
    again = [job for job in others if job.misses > 1][:MORE_MISSES]
    return urgent + again + first
