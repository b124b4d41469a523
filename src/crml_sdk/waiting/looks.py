"""What to ask next, and what the reply about one resource means: the part of `brain` below lists."""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Iterable
from itertools import count
from typing import Any, Final

from .. import errors
from .groups import (
    Group,
    Job,
    Listing,
    Note,
    Place,
    Request,
    about_another,
    get_params,
    list_params,
    page_params,
    scope_params,
)
from .handles import Handle
from .outcomes import Outcome, StatusChange, failure
from .pace import Pace, Poll
from .statuses import STATUSES, VERDICTS, Verdict

LANE: Final = 6
"""Requests under way at once: pages and gets."""
SLOW_LANE: Final = 2
"""Gets under way at once of resources that were slow before, beside the others."""
SLOW: Final = 5.0
"""A get that takes longer, while others wait for its place, moves its resource to the slow lane."""
PAGES_FIRST: Final = 5.0
"""Seconds for which gets wait for the pages of a list that is being read: one page tells of a hundred."""
CALL_LIMIT: Final = 20.0
"""Seconds after which a request is given up."""
LEAST_LOOK: Final = 0.5
"""Seconds that a wait without time left still gives its first look."""
SOON: Final = 2.0
"""A doubtful status, or a resource that does not show yet, is looked at again this soon."""
DOUBTS: Final = 3
"""A doubtful status counts when it was seen so many times in a row."""
LAST_LOOK_GAP: Final = 5.0
"""A last look before the deadline is worth a request after so many seconds without one."""
STALE: Final = 60.0
"""A listing that was put down for so many seconds is begun again."""


class Looks:
    """All that one call of `wait`, `wait_all`, `as_completed` or `watch` knows.

    Args:
        handles: What is waited for, each once, with the seconds for which it may be missing.
        timeout: Seconds for all of it, the calls included; None for no end.
        poll: When to look again, per group; None for the default.
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
        self._refresh_failing: float | None = None
        self._heard = False
        self._usual = 0.1
        self._groups: dict[Any, Group] = {}
        self._pages: deque[Listing] = deque()
        self._gets: deque[Job] = deque()
        self._slow_gets: deque[Job] = deque()
        self._next: Listing | Job | None = None
        self._agenda: list[tuple[float, int, Group | Listing | Job]] = []
        self._order = count()
        self._flying: set[Request] = set()
        self._changes: list[StatusChange[Any]] = []
        self.pending: int = 0
        self.ready: deque[tuple[int, Outcome[Any]]] = deque()
        self.notes: deque[Note] = deque()
        for number, (handle, grace) in enumerate(handles):
            self.pending += 1
            self._join(Job(handle, number, grace), 0.0)

    # ---- what the driver asks

    @property
    def usual(self) -> float:
        """Seconds that a request usually takes."""
        return self._usual

    @property
    def in_flight(self) -> int:
        """Requests that were handed out and not answered yet."""
        return len(self._flying)

    @property
    def deadline(self) -> float | None:
        """When the time is up; a wait without any still has its first look."""
        if self._timeout is None or self._heard:
            return self._timeout
        return max(self._timeout, LEAST_LOOK)

    def wants(self, now: float) -> bool:
        """Whether a request is due that may be made now."""
        self._wake(now)
        if self._next is None or not self._wanted(self._next, now):
            self._next = self._pick(now)
        return self._next is not None

    def due(self, now: float, most: int | None = None) -> list[Request]:
        """The requests to make now, which are in flight from here on; no more than ``most``."""
        found: list[Request] = []
        while (most is None or len(found) < most) and self.wants(now):
            about, self._next = self._next, None
            assert about is not None
            request = self._request(about, now)
            if request is not None:
                self._flying.add(request)
                found.append(request)
        return found

    def next_due(self, now: float) -> float | None:
        """When something will be due that no answer brings about; None for never."""
        while self._agenda and self._agenda[0][2].due != self._agenda[0][0]:
            heapq.heappop(self._agenda)
        times = [self._agenda[0][0]] if self._agenda else []
        if self.deadline is not None:
            times.append(self.deadline)
        return min(times, default=None)

    def answered(self, request: Request, reply: Any, now: float) -> list[StatusChange[Any]]:
        """Take note of what came of a request.

        Args:
            request: As it was handed out. One that was put down, or whose time was up, says nothing.
            reply: The model, or the error.
            now: Seconds since the wait began.

        Returns:
            The changes of statuses that it showed; `ready` and `notes` may have grown, too.
        """
        if request not in self._flying:
            return []
        self._flying.discard(request)
        self._heard = True
        failed = isinstance(reply, BaseException)
        if not failed or isinstance(reply, errors.CallTimeout):
            self._usual += (now - request.sent - self._usual) / 8
        if not failed:
            self._authenticated, self._refresh_failing = True, None
        about = request.about
        if isinstance(about, Job):
            about.place = Place.IDLE
            about.looks += 1
            self._get_failed(about, reply, now) if failed else self._got(about, reply, now)
        elif about.live:
            self._page_failed(about, reply, now) if failed else self._read_page(about, reply, now)
        changes, self._changes = self._changes, []
        return changes

    def expire(self, now: float) -> bool:
        """If the time is up: settle what rows have shown, and give up the rest. Whether it is."""
        if self.deadline is None or now < self.deadline or not self.pending:
            return False
        self._give_up_all(now)
        return True

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
            if isinstance(what, Group):
                if what.count:
                    self._begin_round(what, now)
            elif isinstance(what, Listing):
                self._pages.append(what)
            else:
                (self._slow_gets if what.slow else self._gets).append(what)

    def _wanted(self, what: Listing | Job, now: float) -> bool:
        """Whether it is still to be asked for, and may be now."""
        if isinstance(what, Listing):
            if not what.live:
                return False
            group = what.group
        elif what.group is None or what.place is not Place.QUEUED:
            return False
        else:
            group = what.group
        at = group.hold
        if group.listing is not None and isinstance(what, Job):
            at = max(at, group.listing.began + PAGES_FIRST)
        if at > now:
            self._schedule(what, at)
            return False
        return True

    def _pick(self, now: float) -> Listing | Job | None:
        slow = sum(request.slow for request in self._flying)
        if len(self._flying) - slow < LANE:
            queues = (self._pages, self._gets)
            for queue in queues:
                while queue:
                    if self._wanted(what := queue.popleft(), now):
                        return what
        while slow < SLOW_LANE and self._slow_gets:
            if self._wanted(what := self._slow_gets.popleft(), now):
                return what
        return None

    def _request(self, about: Listing | Job, now: float) -> Request | None:
        deadline = self.deadline
        limit = CALL_LIMIT if deadline is None else min(CALL_LIMIT, max(deadline - now, 0.0))
        if isinstance(about, Listing):
            if about.pages and now - about.touched > STALE:
                about.restart()
            about.touched = now
            return Request(about.operation, page_params(about), limit, now, about)
        if not about.slow and self.pending > LANE:
            limit = min(limit, max(SLOW, 4 * self._usual))
        group = about.group
        assert group is not None
        group.queued -= not about.slow
        group.gets += 1
        about.place = Place.BUSY
        asked = group.owner(about)
        operation = asked.kind.get
        assert operation is not None
        return Request(operation, get_params(asked), limit, now, about, about.slow)

    # ---- groups and rounds

    def _join(self, job: Job, now: float) -> None:
        """Put a job where the others are that show in the same list."""
        if not job.unlocated:
            scope_params(job.kind, job.scope)  # that it is missing is said before anything is sent
        key = job.list_key()
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key, job)
            self._schedule(group, now)
        group.add(job)

    def _leave(self, job: Job) -> None:
        group, job.group = job.group, None
        assert group is not None
        if job.place is Place.QUEUED:
            group.queued -= not job.slow
        group.remove(job)
        job.place, job.due, job.scan = Place.IDLE, None, None
        if not group.count:
            del self._groups[group.key]
            group.due = group.listing = None

    def _begin_round(self, group: Group, now: float) -> None:
        if group.hold > now:
            self._schedule(group, group.hold)
            return
        if group.queued and group.gets < group.pages:
            # Rounds that come faster than the polling rate allows must not starve the gets.
            self._schedule(group, now + SOON)
            return
        group.gets = 0
        if group.unlocated:
            self._enqueue(next(iter(group.pending())))
            group.open = True
            return
        for job in group.pending():
            if job.claim:
                self._enqueue(job)
        rest = [job for job in group.pending() if job.place is Place.IDLE]
        if rest and group.lists:
            params = list_params(group.kind, group.handle, group.scope)
            group.listing = Listing(group.kind.list, params, group, now)
            group.listings += 1
            self._pages.append(group.listing)
            return
        for job in rest:
            self._enqueue(job)
        group.open = True  # its first answer ends the round

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
        takes = 2 * self._usual + requests / (self._rate or 1e9)
        last = self._timeout - min(max(2 * takes, 1.0), 30.0)
        return last if last - now >= LAST_LOOK_GAP else due

    def _hurry(self, group: Group, now: float) -> None:
        """Look again soon, if a look costs little."""
        pages = group.pages if group.lists else 1
        at = now + SOON * pages
        if group.due is not None and at < group.due:
            self._schedule(group, at)

    def _enqueue(self, job: Job) -> None:
        if job.place is Place.IDLE and job.group is not None:
            job.place = Place.QUEUED
            job.group.queued += not job.slow
            (self._slow_gets if job.slow else self._gets).append(job)

    # ---- gets

    def _got(self, job: Job, reply: Any, now: float) -> None:
        group = job.group
        if group is None:
            return
        wrong = about_another(group.owner(job), reply)
        if wrong is not None:
            operation = (job.kind.get or job.kind.list).name
            self._fault(job, errors.ResponseShapeError(operation, wrong, b""))
            text = f"the reply of a get is not believed, to be asked again: {wrong}"
            self._note(logging.WARNING, text, job, crml_fault=wrong)
            if group.open:
                self._end_round(group, now, None, job.last_fault)
        elif group.unlocated:
            self._locate(group, reply.collaboration_identifier, now)
        elif job.handle.is_base and reply.version_identifier is not None:
            # Left out, the version means the latest; an older base shows in the list only.
            self._scan_for_base(job, now)
        else:
            job.slow, job.claim, job.misses = False, False, 0
            if job.kind.get_version:
                self._pin(job, reply.version_identifier)
            job.model = job.last = reply
            if self._observe(job, reply, now) in (Verdict.REACHED, Verdict.FAILED):
                self._finish(job, now)
            if group.open:
                self._end_round(group, now, reply.status)

    def _fault(self, job: Job, error: BaseException) -> None:
        unreadable = isinstance(error, errors.ResponseShapeError)
        job.unreadable = job.unreadable + 1 if unreadable else 0
        job.last_fault = error

    # ---- what lists and faults say: see `brain`

    def _read_page(self, listing: Listing, page: Any, now: float) -> None:
        raise NotImplementedError

    def _page_failed(self, listing: Listing, error: BaseException, now: float) -> None:
        raise NotImplementedError

    def _get_failed(self, job: Job, error: BaseException, now: float) -> None:
        raise NotImplementedError

    def _scan_for_base(self, job: Job, now: float) -> None:
        raise NotImplementedError

    def _locate(self, group: Group, collaboration: str, now: float) -> None:
        raise NotImplementedError

    def _give_up_all(self, now: float) -> None:
        raise NotImplementedError

    # ---- one job

    def _pin(self, job: Job, version: str | None) -> None:
        """Keep to the version of the first look: a later one must not take its place."""
        if job.handle.version is None:
            job.handle = job.handle.pinned(version)

    def _observe(self, job: Job, reply: Any, now: float) -> Verdict:
        """Take note of a status, and say what it means."""
        job.seen, job.soon, job.unreadable, job.last_fault = True, False, 0, None
        status = reply.status
        text = str(getattr(status, "value", status))
        verdict = VERDICTS[job.kind.statuses, job.handle.goal].get(text, Verdict.PENDING)
        job.doubts = job.doubts + 1 if verdict is Verdict.DOUBTFUL else 0
        if verdict is Verdict.DOUBTFUL:
            job.soon = True
            if job.doubts >= DOUBTS:
                verdict = Verdict.FAILED
            elif job.group is not None:
                self._hurry(job.group, now)
        if job.status != text:
            previous, job.status = job.status, text
            self._changes.append(StatusChange(job.handle, status, previous, reply, now))
            if text not in STATUSES[job.kind.statuses]:
                words = f"has the status {text}, which this release does not know; waiting on"
                self._note(logging.WARNING, words, job, crml_status=text)
        job.verdict = verdict
        return verdict

    def _finish(self, job: Job, now: float) -> None:
        """The last reply settles it."""
        assert job.status is not None
        failed = job.verdict is Verdict.FAILED
        self._close(job, now, failure(job.handle, job.status, job.last, now) if failed else None)

    def _gone(self, job: Job, now: float) -> None:
        """It was waited for to be deleted, and is not there any more."""
        job.model = job.row = job.last = None
        self._close(job, now, None)

    def _close(self, job: Job, now: float, error: BaseException | None) -> None:
        if job.group is None:
            return
        self._leave(job)
        self.pending -= 1
        outcome: Any = Outcome(job.handle, job.model, error, now, job.row)  # type: ignore[arg-type]
        self.ready.append((job.number, outcome))

    def _note(self, level: int, text: str, job: Job, **facts: Any) -> None:
        self.notes.append(Note(level, text, {"crml_handle": job.handle, **facts}))
