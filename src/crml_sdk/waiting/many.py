"""Many waits at once: shared lists, one get to finish each, and nobody held up by another.

What is waited for is grouped by the list in which it shows: one membership's inference jobs, one
collaboration's export jobs of a model. In each round a group is either listed, a page at a time,
or, when fewer are left than the list has pages, each of its resources is read by itself. A row
that says that a resource has ended is followed by one get, since rows lack the status details and
may be out of date; a resource that a whole list did not show is read before anything is
concluded.

The work is done in single requests, started by one scheduler: it may be put down after any of
them and taken up again, which is how ``as_completed`` leaves nothing running between two items.
"""

from __future__ import annotations

import heapq
import inspect
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .._runtime import Event, Runtime, TaskGroup
from ..errors import CallTimeout
from .faults import is_missing, is_transient
from .handles import Handle
from .limiter import Limiter
from .pace import Pace, Poll
from .polling import CALL_LIMIT, SOON, Report, expiry, failure, missing
from .reading import (
    Caller,
    Missing,
    Reader,
    list_params,
    page_params,
    row_matches,
    row_version,
    rows_of,
)
from .statuses import Goal, Verdict
from .tracker import Stopwatch, Tracker, logger

#: Requests under way at once: pages and gets, and gets of resources that were slow before.
LANE = 6
SLOW_LANE = 2
#: A get that takes longer moves its resource to the slow lane.
SLOW = 5.0
#: Resources read in one round because a whole list did not show them: those missing for the
#: first time, and all.
FIRST_MISSES = 2
MISSES = 10
#: A listing that was put down for so long is begun again.
STALE_LISTING = 60.0
#: Failures in a row of one page before the round is given up.
PAGE_TRIES = 3


@dataclass(frozen=True)
class Outcome:
    """How the wait for one of many ended.

    Attributes:
        handle: what was waited for.
        model: the last reply that showed it; its Get response if it finished; or None.
        error: None, or the error that a ``wait`` for it alone would have raised.
        elapsed: seconds since the wait began.
    """

    handle: Handle
    model: Any
    error: Exception | None
    elapsed: float

    @property
    def ok(self) -> bool:
        """What was waited for came about."""
        return self.error is None

    @property
    def status(self) -> Any:
        """The last status that was seen, or None."""
        if self.model is not None:
            return self.model.status
        return getattr(self.error, "status", None)

    def result(self) -> Any:
        """The model; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.model


class Outcomes(list[Outcome]):
    """What `wait_all` gives: a list that a notebook shows as a timeline, from create to end."""

    def to_svg(self) -> str:
        """The timeline as an SVG picture."""
        from ..display.timelines import svg

        return svg(self)

    def _repr_html_(self) -> str:
        return self.to_svg()


class _Job:
    """One resource among many."""

    __slots__ = ("busy", "group", "misses", "number", "queued", "slow", "tracker")

    def __init__(self, handle: Handle, number: int) -> None:
        self.tracker = Tracker(handle)
        self.number = number
        self.busy = False  # a get is under way
        self.queued = False  # a get is to be made
        self.slow = False
        self.misses = 0
        self.group: _Group | None = None


class _Listing:
    """One reading of a list, a page at a time."""

    __slots__ = ("began", "newest", "pages", "seen", "token", "tokens")

    def __init__(self, began: float) -> None:
        self.began = began
        self.token: str | None = None
        self.tokens: set[str] = set()
        self.pages = 0
        self.seen: set[int] = set()
        self.newest: dict[int, Any] = {}


class _Group:
    """Resources that show in the same list."""

    def __init__(self, key: Any, handle: Handle, pace: Pace) -> None:
        self.key = key
        self.resource = handle.resource
        self.params = list_params(handle)
        self.jobs: dict[str, list[_Job]] = {}
        self.count = 0
        self.pace = pace
        self.due = 0.0
        self.busy = False
        self.listing: _Listing | None = None
        self.pages = 1  # how many the last listing took, as far as is known
        self.tries = 0
        self.broken = 0  # rounds in a row that ended before the list did
        self.unlistable = False

    def add(self, job: _Job) -> None:
        self.jobs.setdefault(job.tracker.handle.arn, []).append(job)
        self.count += 1
        job.group = self

    def remove(self, job: _Job) -> None:
        arn = job.tracker.handle.arn
        left = [other for other in self.jobs[arn] if other is not job]
        if left:
            self.jobs[arn] = left
        else:
            del self.jobs[arn]
        self.count -= 1
        if self.listing is not None:
            self.listing.seen.discard(job.number)

    def pending(self) -> Iterable[_Job]:
        return (job for jobs in self.jobs.values() for job in jobs)

    @property
    def lists(self) -> bool:
        """Whether listing is the cheaper way to look at what is left."""
        if self.resource.get is None:
            return True
        return not self.unlistable and self.count > self.pages


class Gathering:
    """Waits for many resources at once; ``advance`` goes on until there are outcomes.

    Args:
        core, limiter, runtime: as for one wait.
        handles: what is waited for, each once; an outcome tells which by its number.
        timeout: seconds for all of it, the calls included; None for no end.
        poll: when to look again, per group; None for the default.
        on_update: called with every change of a status.
        grace: says for how many seconds a handle's resource may be missing at the start.
    """

    def __init__(
        self,
        core: Caller,
        limiter: Limiter,
        runtime: Runtime,
        handles: Iterable[Handle],
        *,
        timeout: float | None,
        poll: Poll | None,
        on_update: Report | None = None,
        grace: Callable[[Handle], float] = lambda handle: 0.0,
    ) -> None:
        self._core = core
        self._limiter = limiter
        self._runtime = runtime
        self._reader = Reader(core, limiter, runtime)
        self._timeout = timeout
        self._poll = poll
        self._on_update = on_update
        self._grace = grace
        self._stopwatch = Stopwatch(core.clock)
        self._groups: dict[Any, _Group] = {}
        self._gets: deque[_Job] = deque()
        self._slow_gets: deque[_Job] = deque()
        self._later: list[tuple[float, int, _Job]] = []
        self._running = 0
        self._running_slow = 0
        self._permits = 0
        self._fetching = False
        self._alarms: set[float] = set()
        self._wake: Event = runtime.event()
        self._usual = 0.1
        self.pending: int = 0
        self.ready: deque[tuple[int, Outcome]] = deque()
        for number, handle in enumerate(handles):
            self._join(_Job(handle, number))
            self.pending += 1

    # ---- the scheduler

    async def advance(self, *, to_the_end: bool = False) -> None:
        """Go on until something is ready, or to the end. Nothing is left running after it."""
        self._wake = self._runtime.event()
        async with self._runtime.task_group() as tasks:
            while self.pending and (to_the_end or not self.ready):
                if self._expire():
                    break
                self._launch(tasks)
                await self._rest(tasks)
            if not to_the_end:
                await self._linger(tasks)
            tasks.cancel()
        self._alarms.clear()
        self._fetching = False

    async def _linger(self, tasks: TaskGroup) -> None:
        """Let the requests under way end, unless they take longer than is usual."""
        end = self._stopwatch.elapsed() + min(0.1 + 4 * self._usual, 2.0)
        while self._running and self._stopwatch.elapsed() < end:
            await self._rest(tasks, until=end)

    async def _rest(self, tasks: TaskGroup, until: float | None = None) -> None:
        """Sleep until a task has something to say or the next thing is due."""
        due = self._next_due() if until is None else until
        now = self._stopwatch.elapsed()
        # Never less than the clock can tell apart.
        seconds = None if due is None else max(due - now, 0.001)
        if seconds is not None and not (self._running or self._running_slow or self._fetching):
            await self._core.sleep(seconds)
            return
        if due is not None and seconds is not None and all(due < alarm for alarm in self._alarms):
            self._alarms.add(due)
            tasks.start(self._ring, seconds, due)
        await self._wake.wait()
        self._wake = self._runtime.event()

    async def _ring(self, seconds: float, due: float) -> None:
        # In real time: a clock that is moved by sleeping must not move while requests are under way.
        await self._runtime.sleep(seconds)
        self._alarms.discard(due)
        self._wake.set()

    def _next_due(self) -> float | None:
        times = [] if self._timeout is None else [self._timeout]
        if self._later:
            times.append(self._later[0][0])
        times += [group.due for group in self._groups.values() if not group.busy]
        if not times:
            return None
        # What is due but has no room or no permit yet is woken for by what it waits for.
        now = self._stopwatch.elapsed()
        ahead = [time for time in times if time > now]
        return min(ahead) if ahead else None

    def _expire(self) -> bool:
        """The deadline: everything left times out."""
        now = self._stopwatch.elapsed()
        if self._timeout is None or now < self._timeout:
            return False
        for group in list(self._groups.values()):
            for job in list(group.pending()):
                looks = group.pace.attempts - 1
                error = expiry(job.tracker, None, elapsed=now, timeout=self._timeout, looks=looks)
                self._close(job, None, error)
        return True

    def _launch(self, tasks: TaskGroup) -> None:
        """Start whatever is due, as far as there is room and the polling rate allows."""
        now = self._stopwatch.elapsed()
        while self._later and self._later[0][0] <= now:
            job = heapq.heappop(self._later)[2]
            if job.group is not None:
                self._enqueue(job)
        for group in list(self._groups.values()):
            if not group.busy and group.listing is None and group.due <= now:
                self._begin_round(group, now)
        while (start := self._next_start(now)) is not None:
            if not self._permits and not self._limiter.try_acquire():
                self._fetch_permit(tasks)
                return
            self._permits = max(self._permits - 1, 0)
            start(tasks)

    def _fetch_permit(self, tasks: TaskGroup) -> None:
        if not self._fetching:
            self._fetching = True
            tasks.start(self._acquire)

    async def _acquire(self) -> None:
        await self._limiter.acquire()
        self._permits += 1
        self._fetching = False
        self._wake.set()

    def _next_start(self, now: float) -> Callable[[TaskGroup], None] | None:
        """The next request to make, if one is due and has room."""
        if self._running < LANE:
            # Gets first: rounds that come faster than the polling rate allows would starve them.
            if _drop_closed(self._gets):
                return lambda tasks: self._start_get(tasks, self._gets.popleft())
            for group in self._groups.values():
                if group.listing is not None and not group.busy and group.due <= now:
                    return lambda tasks, group=group: self._start_page(tasks, group)
        if self._running_slow < SLOW_LANE and _drop_closed(self._slow_gets):
            return lambda tasks: self._start_get(tasks, self._slow_gets.popleft())
        return None

    # ---- groups and rounds

    def _join(self, job: _Job) -> None:
        """Put a job where the others are that show in the same list."""
        handle = job.tracker.handle
        kind = handle.resource
        located = kind.scope != "collaboration" or handle.collaboration is not None
        key: Any = (kind.list.name, handle.scope)
        if kind.filter_by_arn or not located:
            key = (*key, handle.arn)
        if not located:
            key = (*key, job.number)
        if key not in self._groups:
            pace = Pace(self._poll, self._stopwatch.elapsed)
            group = _Group if located else _Unlocated
            self._groups[key] = group(key, handle, pace)
        self._groups[key].add(job)

    def _leave(self, job: _Job) -> None:
        group, job.group = job.group, None
        assert group is not None
        group.remove(job)
        if not group.count:
            self._groups.pop(group.key, None)

    def _begin_round(self, group: _Group, now: float) -> None:
        if all(job.queued or job.busy for job in group.pending()):
            self._end_round(group, None)  # each is about to be read anyway
        elif group.lists:
            group.listing = _Listing(now)
        else:
            for job in group.pending():
                self._enqueue(job)
            self._end_round(group, None)

    def _end_round(self, group: _Group, error: BaseException | None) -> None:
        group.listing = None
        group.tries = 0
        now = self._stopwatch.elapsed()
        interval = group.pace.after(None, error)
        if any(job.tracker.doubts for job in group.pending()):
            interval = min(interval, SOON)
        group.due = self._before_deadline(now, now + interval, group)

    def _before_deadline(self, now: float, due: float, group: _Group) -> float:
        """When the next round would come too late: one last round before the deadline."""
        if self._timeout is None or due < self._timeout:
            return due
        requests = group.pages if group.lists else group.count
        takes = 2 * self._usual + requests / (self._limiter.rate or 1e9)
        last = self._timeout - min(max(2 * takes, 1.0), 30.0)
        return last if last - now >= 5.0 else due

    def _enqueue(self, job: _Job) -> None:
        if not job.queued and not job.busy:
            job.queued = True
            (self._slow_gets if job.slow else self._gets).append(job)

    # ---- pages

    def _start_page(self, tasks: TaskGroup, group: _Group) -> None:
        group.busy = True
        self._running += 1
        tasks.start(self._page, group)

    async def _page(self, group: _Group) -> None:
        try:
            await self._read_page(group)
        finally:
            group.busy = False
            self._running -= 1
            self._wake.set()

    async def _read_page(self, group: _Group) -> None:
        listing = group.listing
        assert listing is not None
        now = self._stopwatch.elapsed()
        if listing.pages and now - listing.began > STALE_LISTING + listing.pages:
            listing = group.listing = _Listing(now)
        params = page_params(group.params, listing.token)
        kind = group.resource
        began = self._stopwatch.elapsed()
        try:
            page = await self._reader.within(
                CALL_LIMIT,
                kind.list.name,
                lambda: self._reader.call(kind.list, params, paid=True),
            )
        except Exception as error:
            self._page_failed(group, listing, error)
            return
        self._took(began)
        group.tries = 0
        listing.pages += 1
        for row in rows_of(page, kind.list):
            await self._show(group, listing, row)
        token: str | None = page.next_token
        if not token or token in listing.tokens:
            group.pages, group.broken = listing.pages, 0
            await self._listed(group, listing)
            return
        unseen = self._unseen(group, listing)
        if not unseen:
            group.pages, group.broken = listing.pages, 0
            self._end_round(group, None)
        elif kind.get is not None and len(unseen) <= listing.pages:
            # Reading the few that are left costs less than reading on.
            group.pages, group.broken = max(group.pages, listing.pages + 1), 0
            for job in unseen:
                self._enqueue(job)
            self._end_round(group, None)
        else:
            listing.token = token
            listing.tokens.add(token)

    async def _show(self, group: _Group, listing: _Listing, row: Any) -> None:
        """Take note of what one row says."""
        for job in tuple(group.jobs.get(getattr(row, group.resource.arn), ())):
            if not row_matches(job.tracker.handle, row):
                continue
            if job.tracker.handle.version is None and group.resource.row_version:
                # Which row is of the latest version shows when all were read.
                newest = listing.newest.get(job.number)
                if newest is None or row.create_time > newest.create_time:
                    listing.newest[job.number] = row
            else:
                await self._show_job(group, listing, job, row)

    async def _show_job(self, group: _Group, listing: _Listing, job: _Job, row: Any) -> None:
        listing.seen.add(job.number)
        job.misses = 0
        if job.queued or job.busy:
            return
        await self._observe(job, row)
        if job.tracker.verdict() not in (Verdict.REACHED, Verdict.FAILED):
            return
        if group.resource.get is None:
            self._finish(job, row)
        else:
            self._enqueue(job)

    def _unseen(self, group: _Group, listing: _Listing) -> list[_Job]:
        return [job for job in group.pending() if job.number not in listing.seen]

    async def _listed(self, group: _Group, listing: _Listing) -> None:
        """A whole list was read. What it did not show may have moved between its pages."""
        if listing.newest:
            for job in self._unseen(group, listing):
                row = listing.newest.get(job.number)
                if row is not None:
                    self._pin(job, row_version(group.resource, row))
                    await self._show_job(group, listing, job, row)
        unseen = self._unseen(group, listing)
        for job in unseen:
            job.misses += 1
        if group.resource.get is None:
            self._missing_rows(unseen)
        else:
            for job in _to_read(unseen):
                self._enqueue(job)
        self._end_round(group, None)

    def _pin(self, job: _Job, version: str | None) -> None:
        """Keep to one version: a later one must not take its place."""
        job.tracker.handle = job.tracker.handle.pinned(version)

    def _missing_rows(self, unseen: list[_Job]) -> None:
        """Jobs without a get that no list shows: not there yet, or gone."""
        now = self._stopwatch.elapsed()
        for job in unseen:
            if not job.tracker.seen and now < self._grace(job.tracker.handle):
                continue
            if job.misses >= (3 if job.tracker.seen else 1):
                self._close(job, None, missing(job.tracker.handle, now))

    def _page_failed(self, group: _Group, listing: _Listing, error: Exception) -> None:
        group.tries += 1
        if is_transient(error, group.tries):
            logger.debug("a page of %s failed: %r", group.resource.list.name, error)
            for job in group.pending():
                job.tracker.last_fault = error
            if group.tries >= PAGE_TRIES:
                self._end_round(group, error)
            else:
                self._retry_page(group, error)
            return
        group.broken += 1
        if listing.token is not None and group.broken < PAGE_TRIES:
            # The token may have run out; the next round begins with the first page.
            self._end_round(group, error)
        elif group.resource.get is None:
            for job in list(group.pending()):
                self._close(job, None, error)
        else:
            logger.debug("%s is refused, reading one by one: %r", group.resource.list.name, error)
            group.unlistable = True
            group.listing = None

    def _retry_page(self, group: _Group, error: Exception) -> None:
        """Put the listing down; it is taken up where it was."""
        group.due = self._stopwatch.elapsed() + min(group.pace.after(None, error), SOON)

    # ---- gets

    def _start_get(self, tasks: TaskGroup, job: _Job) -> None:
        job.queued = False
        job.busy = True
        if job.slow:
            self._running_slow += 1
        else:
            self._running += 1
        tasks.start(self._get, job, job.slow)

    async def _get(self, job: _Job, slow: bool) -> None:
        ended = False
        try:
            await self._read(job, CALL_LIMIT if slow else max(SLOW, 4 * self._usual))
            ended = True
        finally:
            job.busy = False
            if slow:
                self._running_slow -= 1
            else:
                self._running -= 1
            if not ended and job.group is not None:
                # Put down with everything else; to be taken up again.
                self._again(job, SOON if slow else 0.0)
            self._wake.set()

    async def _read(self, job: _Job, limit: float) -> None:
        began = self._stopwatch.elapsed()
        handle = job.tracker.handle
        try:
            what = (handle.resource.get or handle.resource.list).name
            model = await self._reader.within(limit, what, lambda: self._read_now(job))
        except Exception as error:
            if isinstance(error, CallTimeout):
                self._took(began)
            self._get_failed(job, error)
            return
        if model is None:
            return
        self._took(began)
        job.slow = False
        job.misses = 0
        if handle.resource.get_version and handle.version is None:
            self._pin(job, model.version_identifier)
        await self._observe(job, model)
        if job.tracker.verdict() in (Verdict.REACHED, Verdict.FAILED):
            self._finish(job, model)

    def _took(self, began: float) -> None:
        """Learn what a request usually takes."""
        self._usual += (self._stopwatch.elapsed() - began - self._usual) / 8

    async def _read_now(self, job: _Job) -> Any:
        """The resource; or None after only finding out in which list it shows."""
        located = await self._reader.locate(job.tracker.handle, paid=True)
        if located is job.tracker.handle:
            return await self._reader.read(located, paid=True)
        assert job.group is not None
        self._leave(job)
        job.tracker.handle = located
        self._join(job)
        return None

    def _get_failed(self, job: _Job, error: Exception) -> None:
        tracker = job.tracker
        now = self._stopwatch.elapsed()
        if isinstance(error, Missing) or is_missing(error):
            if tracker.handle.goal is Goal.DELETED:
                self._close(job, None, None)
            elif not tracker.seen and now < self._grace(tracker.handle):
                self._again(job, SOON)
            else:
                gone = missing(tracker.handle, now) if isinstance(error, Missing) else error
                self._close(job, None, gone)
            return
        tracker.fault(error)
        if not is_transient(error, tracker.unreadable):
            self._close(job, None, error)
            return
        job.slow = job.slow or isinstance(error, CallTimeout)
        self._again(job, min(2.0**tracker.faults, 30.0))

    def _again(self, job: _Job, seconds: float) -> None:
        """Read it again in a while, whatever the group does."""
        assert job.group is not None
        seconds = min(seconds, job.group.pace.last)
        heapq.heappush(self._later, (self._stopwatch.elapsed() + seconds, job.number, job))

    # ---- outcomes

    async def _observe(self, job: _Job, model: Any) -> None:
        change = job.tracker.observe(model.status, model, self._stopwatch.elapsed())
        if change is not None and self._on_update is not None:
            result = self._on_update(change)
            if inspect.isawaitable(result):
                await result

    def _finish(self, job: _Job, model: Any) -> None:
        error = None
        if job.tracker.verdict() is Verdict.FAILED:
            error = failure(job.tracker, model, self._stopwatch.elapsed())
        self._close(job, model, error)

    def _close(self, job: _Job, model: Any, error: Exception | None) -> None:
        if job.group is None:
            return
        self._leave(job)
        self.pending -= 1
        outcome = Outcome(job.tracker.handle, model, error, self._stopwatch.elapsed())
        self.ready.append((job.number, outcome))


class _Unlocated(_Group):
    """A resource whose list is not known yet: it is looked for by itself."""

    def __init__(self, key: Any, handle: Handle, pace: Pace) -> None:
        super().__init__(key, replace(handle, collaboration="unknown"), pace)

    @property
    def lists(self) -> bool:
        return False


def _drop_closed(jobs: deque[_Job]) -> bool:
    """Drop jobs that ended while they were queued; says whether any is left."""
    while jobs and jobs[0].group is None:
        jobs.popleft()
    return bool(jobs)


def _to_read(unseen: list[_Job]) -> list[_Job]:
    """Which of the resources that a whole list did not show are read by themselves now."""
    deleted = [job for job in unseen if job.tracker.handle.goal is Goal.DELETED]
    others = [job for job in unseen if job.tracker.handle.goal is not Goal.DELETED]
    again = [job for job in others if job.misses > 1][:MISSES]
    return deleted + again + [job for job in others if job.misses == 1][:FIRST_MISSES]
