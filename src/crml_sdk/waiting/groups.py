"""What a wait knows of each resource, and the requests that ask for it, as data.

A `Job` is one resource, a `Group` the resources that one list shows, a `Listing` one reading of
that list, page by page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from ..errors import MissingMembership
from ..naming import to_wire
from ..operation import Operation
from ..resource_types import ResourceType
from ..versions import replaced
from .handles import BASE_VERSION, Handle
from .pace import Pace
from .statuses import Goal, Verdict

PAGE_SIZE: Final = 100
SEEN_MISSES: Final = 2
"""Resources seen before that are read after the first list that missed them; later `MORE_MISSES`."""
MORE_MISSES: Final = 20

_wire_name = lru_cache(maxsize=64)(to_wire)


class Place(Enum):
    """Where a job stands on its way to a get of its own."""

    IDLE = 0
    QUEUED = 1
    BUSY = 2


@dataclass(slots=True, eq=False)
class Job:
    """One resource that is waited for."""

    handle: Handle
    number: int
    grace: float  # until when it may be missing, if it was never seen
    kind: ResourceType = field(init=False)
    scope: str | None = field(init=False)
    group: Group | None = None  # None when its wait has ended
    place: Place = Place.IDLE
    due: float | None = None
    listing: Listing | None = None  # the one that is read for this job alone
    slow: bool = False
    soon: bool = False  # the next poll should come soon
    status: str | None = None  # None until it is seen
    verdict: Verdict = Verdict.PENDING
    row: Any = None  # the last row
    model: Any = None  # the last reply, if it was a get's
    doubts: int = 0
    misses: int = 0  # lists in a row that did not show it
    gets: int = 0
    unreadable: int = 0
    last_fault: BaseException | None = None

    def __post_init__(self) -> None:
        self.kind, self.scope = self.handle.resource, self.handle.scope

    @property
    def last(self) -> Any:
        """The last reply about it: a get's, or a row."""
        return self.row if self.model is None else self.model

    @property
    def unlocated(self) -> bool:
        """Whether it is not known yet in which collaboration's list it shows."""
        return self.kind.list.scope == "collaboration" and self.scope is None

    def place_in(self, collaboration: str) -> None:
        """Note the collaboration in whose list it shows."""
        self.handle = replaced(self.handle, collaboration=collaboration)
        self.__post_init__()

    def list_key(self) -> tuple[Any, ...]:
        """What all resources have in common that show in the same list."""
        if self.unlocated:
            return ("unlocated", self.handle.membership, self.handle.arn)
        return (self.kind.list.name, self.scope, self.kind.has_name and self.handle.arn)


@dataclass(slots=True, eq=False)
class Group:
    """Resources that show in the same list."""

    key: Any
    kind: ResourceType
    unlocated: bool
    jobs: dict[str, list[Job]] = field(default_factory=dict[str, list[Job]])
    count: int = 0
    pace: Pace | None = None  # made when it is first needed: most waits are short
    due: float | None = None  # the next round, if that is planned
    hold: float = 0.0  # no request before: the service asked for it
    open: bool = False  # each is being read by itself, and none has answered yet
    listing: Listing | None = None
    listings: int = 0
    pages: int = 1  # of the list, as far as is known
    broken: int = 0  # rounds in a row that ended before the list did
    unlistable: bool = False
    unreadable: int = 0
    gets: int = 0  # gets that were made since the round began

    def add(self, job: Job) -> None:
        """Take one in."""
        self.jobs.setdefault(job.handle.arn, []).append(job)
        self.count += 1
        job.group = self

    def remove(self, job: Job) -> None:
        """Let one go."""
        jobs = self.jobs[job.handle.arn]
        jobs.remove(job)
        if not jobs:
            del self.jobs[job.handle.arn]
        self.count -= 1

    def pending(self) -> list[Job]:
        """All that are left."""
        return [job for jobs in self.jobs.values() for job in jobs]

    @property
    def lists(self) -> bool:
        """Whether a list is the cheaper way to poll what is left."""
        return self.kind.get is None or (not self.unlistable and self.count > self.pages)

    def asked(self, job: Job) -> Job:
        """Whom a get asks for: the job, or its trained model while its collaboration is unknown."""
        if not self.unlocated:
            return job
        handle = replaced(job.handle, kind="trained-model", name=None, version=None)
        return Job(handle, job.number, job.grace)


@dataclass(slots=True, eq=False)
class Listing:
    """One reading of a list, a page at a time.

    Args:
        operation, params: The list.
        group: Whose resources it shows.
        began: When, in seconds since the wait began.
        job: The only one that it is read for, or None for all of the group.
        tries: Failures in a row of the page that is next.
    """

    operation: Operation
    params: dict[str, Any]
    group: Group
    began: float
    job: Job | None = None
    tries: int = 0
    # What follows begins anew when a copy is made with `dataclasses.replace`.
    due: float | None = field(default=None, init=False)
    token: str | None = field(default=None, init=False)
    tokens: set[str] = field(default_factory=set[str], init=False)
    pages: int = field(default=0, init=False)
    touched: float = field(default=0.0, init=False)
    seen: set[int] = field(default_factory=set[int], init=False)
    newest: dict[int, Any] = field(default_factory=dict[int, Any], init=False)

    @property
    def live(self) -> bool:
        """Whether its next page is wanted."""
        return (self.job or self.group).listing is self

    def jobs(self) -> list[Job]:
        """Those that it is read for."""
        return self.group.pending() if self.job is None else [self.job]

    def jobs_of(self, row: Any) -> list[Job]:
        """Those that a row is about."""
        arn = getattr(row, self.group.kind.arn)
        jobs = self.group.jobs.get(arn, ()) if self.job is None else (self.job,)
        return [job for job in jobs if _is_row_of(job, row, arn)]

    def keep_newest(self, job: Job, row: Any) -> None:
        """Keep the newest of several rows; lists have no order that is documented."""
        kept = self.newest.get(job.number)
        if kept is None or _age(job.kind, row) > _age(job.kind, kept):
            self.newest[job.number] = row

    def turn_page(self, page: Any) -> bool:
        """Take note of a page; whether there is another. A repeated token ends the list, too."""
        self.pages += 1
        self.tries = 0
        self.token = page.next_token
        if not self.token or self.token in self.tokens:
            return False
        self.tokens.add(self.token)
        return True

    def page_params(self) -> dict[str, Any]:
        """The parameters of the next page."""
        token = {"nextToken": self.token} if self.token else {}
        return {**self.params, "maxResults": PAGE_SIZE, **token}


def _age(kind: ResourceType, row: Any) -> tuple[Any, bool]:
    # Of two made at the same moment, the base version is the older.
    return row.create_time, row_version(kind, row) is not None


def _is_row_of(job: Job, row: Any, arn: str) -> bool:
    """Whether a row is of the job's resource, in its version if the handle names one."""
    handle, kind = job.handle, job.kind
    if arn != handle.arn or (kind.has_name and row.name != handle.name):
        return False
    return handle.version is None or (row_version(kind, row) or BASE_VERSION) == handle.version


def row_version(kind: ResourceType, row: Any) -> str | None:
    """The version identifier in a row; None for the base version."""
    return getattr(row, kind.row_version) if kind.row_version else None


def scope_params(kind: ResourceType, scope: str | None) -> dict[str, Any]:
    """The membership or collaboration that calls are made in.

    Raises:
        MissingMembership: The call needs one, and neither handle nor ARN names it.
    """
    if kind.scope == "account":
        return {}
    if scope is None:
        raise MissingMembership((kind.get or kind.list).name)
    return {f"{kind.scope}Identifier": scope}


def list_params(job: Job, own: bool) -> dict[str, Any]:
    """The parameters of a list: of all in the scope, or of what belongs to the ARN (`own`)."""
    arn = {_wire_name(job.kind.arn): job.handle.arn} if own else {}
    return {**scope_params(job.kind, job.scope), **arn}


def get_params(job: Job) -> dict[str, Any]:
    """The parameters of the get of a resource, in its version."""
    version = _asked_version(job)
    return list_params(job, own=True) | ({"versionIdentifier": version} if version else {})


def _asked_version(job: Job) -> str | None:
    version = job.handle.version
    return None if version == BASE_VERSION or not job.kind.get_version else version


def cancel_params(handle: Handle) -> dict[str, Any] | None:
    """The parameters that cancel a handle's resource; None where that cannot be done safely.

    Without a version the service would cancel the base version, whichever is meant.
    """
    kind = handle.resource
    if kind.cancel is None or (kind.get_version is not None and handle.version is None):
        return None
    return get_params(Job(handle, 0, 0.0))


def about_another(job: Job, reply: Any) -> str | None:
    """How a get's reply shows that it is about something else than was asked for; None if not."""
    asked = job.handle.arn
    arn = getattr(reply, job.kind.arn, asked)
    if arn != asked:
        return f"asked for {asked}, the reply is about {arn}"
    version = _asked_version(job)
    if version and reply.version_identifier != version:
        found = reply.version_identifier or "the base"
        return f"asked for version {version}, the reply is about {found}"
    return None


@dataclass(frozen=True, eq=False)
class Request:
    """One request to make: a page of a listing, or the get of a job.

    Attributes:
        operation, params: What to call.
        limit: Seconds after which to give it up.
        sent: When it was handed out, in seconds since the wait began.
        about: The listing, or the job.
        slow: It is one of the gets that are known to be slow.
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
    handle: Handle
    facts: dict[str, Any]


def to_read(unseen: list[Job], pages: int) -> list[Job]:
    """Which of the resources that a whole list did not show are read by themselves now.

    All that were never seen, and that were waited for to be deleted; of the others, which have
    most likely moved between pages, first a few, and more when a second list misses them, too.
    """
    urgent: list[Job] = []
    first: list[Job] = []
    again: list[Job] = []
    for job in unseen:
        job.misses += 1
        if job.status is None or job.handle.goal is Goal.DELETED:
            urgent.append(job)
        else:
            (first if job.misses == 1 else again).append(job)
    return urgent + again[:MORE_MISSES] + first[: max(SEEN_MISSES, pages)]
