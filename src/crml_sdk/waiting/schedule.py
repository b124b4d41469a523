"""When to ask for what: the schedule of a wait, and the limiter that a client's waits share.

Rounds come at the pace of each group, requests go out by a few lanes, and a last round comes
shortly before the deadline. What the answers mean is in `brain`.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import Any, Final

from .groups import (
    Group,
    Job,
    Listing,
    Note,
    Place,
    Request,
    get_params,
    list_params,
    scope_params,
)
from .handles import Handle
from .outcomes import Outcome, StatusChange
from .pace import Pace, Poll
from .statuses import FINAL

LANE: Final = 6
"""Requests under way at once: pages and gets."""
SLOW_LANE: Final = 2
"""Gets under way at once, beside the others, of resources whose gets were slow before."""
SLOW: Final = 5.0
"""A get that takes longer, while others wait for its place, moves its resource to the slow lane."""
PAGES_FIRST: Final = 5.0
"""Seconds for which gets wait for the pages of a list that is being read: a page tells of a hundred."""
CALL_LIMIT: Final = 20.0
"""Seconds after which a request is given up."""
LEAST_TIME: Final = 0.5
"""Seconds that the first request of a wait gets, however short its timeout is."""
SOON: Final = 2.0
"""Seconds until the next poll of a doubtful status, or of a resource that does not show yet."""
LAST_POLL_GAP: Final = 5.0
"""A last poll before the deadline is worth a request after so many seconds without one."""
STALE: Final = 60.0
"""A list whose next page was not asked for in so many seconds is read from the first page again."""

BURST: Final = 20.0
"""Requests that may go at once after a quiet time, at the most."""
BURST_SECONDS: Final = 4.0
"""A burst holds what the rate gives in so many seconds, so that a low rate has a small one."""
_SLOWEST_SHARE: Final = 0.1
_RECOVERY_SHARE: Final = 0.05
RECHECK: Final = 1.0
"""Seconds after which a wait in the queue asks again for its turn."""


class Schedule:
    """When to ask for what, in one call of `wait`, `wait_all`, `as_completed` or `watch`.

    Args:
        handles: What is waited for, each once, with the seconds for which it may be missing.
        timeout: Seconds for all of it, the calls included; None for no end.
        poll: When to poll again, per group; None for the default.
        details: Whether what ended well is read by a get, too; False: its row is enough.
        rate: Requests a second that can be reckoned with; None for no limit.
        authenticated: Whether the client's credentials have been good before.
    """

    def __init__(
        self,
        handles: Iterable[tuple[Handle, float]],
        *,
        timeout: float | None,
        poll: Poll | None = None,
        details: bool = True,
        rate: float | None = None,
        authenticated: bool = False,
    ) -> None:
        self._timeout = timeout
        self._poll = poll
        self._details = details
        self._rate = rate
        self._authenticated = authenticated
        self._heard = False
        self._groups: dict[Any, Group] = {}
        self._pages: deque[Listing] = deque()
        self._gets: tuple[deque[Job], deque[Job]] = (
            deque(),
            deque(),
        )  # the second is the slow lane
        self._next: Listing | Job | None = None
        self._agenda: list[tuple[float, int, Group | Listing | Job]] = []
        self._order = count()
        self.usual: float = 0.1  # seconds that a request takes
        self.flying: set[Request] = set()  # requests that were handed out and not answered yet
        self.pending: int = 0  # resources whose wait has not ended
        self.ready: deque[tuple[int, Outcome[Any]]] = deque()
        self.changes: deque[StatusChange[Any]] = deque()
        self.notes: deque[Note] = deque()
        for number, (handle, grace) in enumerate(handles):
            self.pending += 1
            self._join(Job(handle, number, grace), 0.0)

    # ---- what the driver asks

    @property
    def deadline(self) -> float | None:
        """When the time is up; a wait without any still makes its first request."""
        if self._timeout is None or self._heard:
            return self._timeout
        return max(self._timeout, LEAST_TIME)

    def wants(self, now: float) -> bool:
        """Whether a request is due that may be made now."""
        self._wake(now)
        if self._next is None or not self._wanted(self._next, now):
            self._next = self._pick(now)
        return self._next is not None

    def next_due(self, now: float) -> float | None:
        """When something will be due that no answer brings about; None for never."""
        while self._agenda and self._agenda[0][2].due != self._agenda[0][0]:
            heapq.heappop(self._agenda)
        times = [self._agenda[0][0]] if self._agenda else []
        if self.deadline is not None:
            times.append(self.deadline)
        return min(times, default=None)

    # ---- what is next

    def _schedule(self, what: Group | Listing | Job, at: float) -> None:
        what.due = at
        heapq.heappush(self._agenda, (at, next(self._order), what))

    def _wake(self, now: float) -> None:
        """Take up whatever its time has come for."""
        while self._agenda and self._agenda[0][0] <= now:
            at, _, what = heapq.heappop(self._agenda)
            if what.due != at:
                continue
            what.due = None
            if isinstance(what, Listing):
                self._pages.append(what)
            elif isinstance(what, Job):
                self._gets[what.slow].append(what)
            elif what.count:
                self._begin_round(what, now)

    def _wanted(self, what: Listing | Job, now: float) -> bool:
        """Whether it is still to be asked for, and may be now."""
        group, at = what.group, now
        if isinstance(what, Listing):
            wanted = what.live
        else:
            wanted = what.place is Place.QUEUED
            if group is not None and group.listing is not None:
                at = group.listing.began + PAGES_FIRST
        if group is None or not wanted:
            return False
        at = max(at, group.hold)
        if at > now:
            self._schedule(what, at)
        return at <= now

    def _pick(self, now: float) -> Listing | Job | None:
        slow = sum(request.slow for request in self.flying)
        quick_gets, slow_gets = self._gets
        queues = (self._pages, quick_gets) if len(self.flying) - slow < LANE else ()
        for queue in (*queues, slow_gets) if slow < SLOW_LANE else queues:
            while queue:
                if self._wanted(what := queue.popleft(), now):
                    return what
        return None

    def take(self, now: float) -> Request:
        """The request that `wants` has found, which is in flight from here on."""
        about, self._next = self._next, None
        assert about is not None
        request = self._request(about, now)
        self.flying.add(request)
        return request

    def _request(self, about: Listing | Job, now: float) -> Request:
        limit = CALL_LIMIT
        if self.deadline is not None:
            limit = min(limit, max(self.deadline - now, 0.0))
        if isinstance(about, Listing):
            if about.pages and now - about.touched > STALE:
                about = replace(about)
                (about.job or about.group).listing = about
            about.touched = now
            return Request(about.operation, about.page_params(), limit, now, about)
        if not about.slow and self.pending > LANE:
            limit = min(limit, max(SLOW, 4 * self.usual))
        assert about.group is not None
        about.group.gets += 1
        about.place = Place.BUSY
        asked = about.group.asked(about)
        operation = asked.kind.get
        assert operation is not None
        return Request(operation, get_params(asked), limit, now, about, about.slow)

    # ---- groups and rounds

    def _join(self, job: Job, now: float) -> None:
        """Put a job where the others are that show in the same list."""
        key = job.list_key()
        group = self._groups.get(key)
        if group is None:
            if not (unlocated := job.unlocated):
                scope_params(job.kind, job.scope)  # if it is missing, nothing is sent
            group = self._groups[key] = Group(key, job.kind, unlocated)
        group.add(job)
        if group.count == 1:
            self._schedule(group, now)

    def _leave(self, job: Job) -> None:
        group, job.group = job.group, None
        assert group is not None
        group.remove(job)
        job.place, job.due, job.listing = Place.IDLE, None, None
        if not group.count:
            del self._groups[group.key]
            group.due = group.listing = None

    def _begin_round(self, group: Group, now: float) -> None:
        jobs, by_list = group.pending(), group.lists
        if group.hold > now:
            self._schedule(group, group.hold)
            return
        if group.gets < group.pages and any(
            job.place is Place.QUEUED and not job.slow for job in jobs
        ):
            # Rounds that come faster than the polling rate allows must not starve the gets.
            self._schedule(group, now + SOON)
            return
        group.gets = 0
        for job in jobs[:1] if group.unlocated else jobs:
            if job.verdict in FINAL or group.unlocated:
                self._enqueue(job)
        rest = [] if group.unlocated else [job for job in jobs if job.place is Place.IDLE]
        if rest and by_list:
            self._list(group, now)
            return
        for job in rest:
            self._enqueue(job)
        group.open = True  # its first answer ends the round

    def _list(self, group: Group, now: float, job: Job | None = None) -> None:
        """Begin to read the list of a group, or the one in which a job's versions show."""
        kind = group.kind
        if job is None:
            params = list_params(group.pending()[0], own=kind.has_name)
            listing = Listing(kind.list, params, group, now)
            group.listings += 1
        else:
            params = list_params(job, own=kind.versions is not None)
            listing = Listing(kind.versions or kind.list, params, group, now, job)
        (job or group).listing = listing
        self._pages.append(listing)

    def _end_round(
        self, group: Group, now: float, outcome: Any = None, error: BaseException | None = None
    ) -> None:
        group.open, group.listing = False, None
        if not group.count:
            return
        for job in group.pending():
            if job.place is Place.QUEUED and job.due is not None:
                self._schedule(job, now)
        group.pace = group.pace or Pace(self._poll)
        due = now + group.pace.after(now, outcome, error)
        self._schedule(group, self._before_deadline(group, due, now))
        if any(job.soon for job in group.pending()):
            self._hurry(group, now)

    def _before_deadline(self, group: Group, due: float, now: float) -> float:
        """When the next round would come too late: one last round before the deadline."""
        if self._timeout is None or due < self._timeout:
            return due
        requests = group.pages if group.lists else group.count
        takes = 2 * self.usual + requests / (self._rate or 1e9)
        last = self._timeout - min(max(2 * takes, 1.0), 30.0)
        return last if last - now >= LAST_POLL_GAP else due

    def _hurry(self, group: Group, now: float) -> None:
        """Poll again soon, if a poll costs little."""
        at = now + SOON * (group.pages if group.lists else 1)
        if group.due is not None and at < group.due:
            self._schedule(group, at)

    def _enqueue(self, job: Job) -> None:
        if job.place is Place.IDLE and job.group is not None:
            job.place = Place.QUEUED
            self._gets[job.slow].append(job)


class Limiter:
    """A bucket of tokens, one for each request; who comes first is served first.

    A throttled request halves the rate (to a tenth of what was set at the least) and empties the
    bucket. It holds a single token until the rate is back, of which each good request wins a
    twentieth: no burst follows a throttling.

    Args:
        rate: Requests per second; None for no limit.
        clock: Monotonic seconds.
    """

    def __init__(self, rate: float | None, *, clock: Callable[[], float]) -> None:
        if rate is not None and not rate > 0:
            raise ValueError("a polling rate is a positive number of requests a second, or None")
        self._set_rate = rate
        self._rate = rate or 0.0
        self._clock = clock
        self._tokens = self._capacity = self._full()
        self._filled = clock()
        self._queue: OrderedDict[object, int] = OrderedDict()
        self._numbers = count()

    @property
    def rate(self) -> float | None:
        """Requests a second as of now."""
        return self._rate if self._set_rate is not None else None

    def throttled(self) -> None:
        """Tell that the service refused a request for the rate of them."""
        if self._set_rate is not None:
            self._refill()
            self._rate = max(self._rate / 2, self._set_rate * _SLOWEST_SHARE)
            self._tokens, self._capacity = 0.0, 1.0

    def accepted(self) -> None:
        """Tell that the service answered a request."""
        if self._set_rate is not None and self._rate < self._set_rate:
            self._refill()
            self._rate = min(self._rate + self._set_rate * _RECOVERY_SHARE, self._set_rate)
            if self._rate == self._set_rate:
                self._capacity = self._full()

    def _full(self) -> float:
        return max(min(BURST, BURST_SECONDS * self._rate), 1.0)

    def _refill(self) -> None:
        now = self._clock()
        # A clock that was put back must not stop the filling for as long as it was put back.
        passed = max(now - self._filled, 0.0)
        self._filled = now
        self._tokens = min(self._tokens + passed * self._rate, self._capacity)

    def delay(self, who: object) -> float:
        """Seconds until it is worth asking again for a request; 0.0 when it may be made now.

        Args:
            who: Whose turn it is. It joins the queue here, and leaves it with its turn.
        """
        if self._set_rate is None:
            return 0.0
        self._refill()
        if who not in self._queue:
            self._queue[who] = next(self._numbers)
        ahead = self._queue[who] - next(iter(self._queue.values()))
        if ahead:
            return min(max((ahead + 1 - self._tokens) / self._rate, 0.01), RECHECK)
        # Time passes in steps that do not add up to whole tokens exactly.
        if self._tokens >= 1 - 1e-9:
            self._tokens = max(self._tokens - 1, 0.0)
            del self._queue[who]
            return 0.0
        return (1 - self._tokens) / self._rate

    def leave(self, who: object) -> None:
        """Give up a turn that has not come."""
        self._queue.pop(who, None)
