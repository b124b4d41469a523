"""The rules of waiting, without input or output: what the answers mean.

`wants` and `take` (in `schedule`) say which requests to make, `answered` takes what came of one. The time
reaches them as a value (seconds since the wait began), and so does the pace, as a wait of
tenacity's. One wait is a group of one; `driver` runs it on an event loop. The rules:

- Resources are grouped by the list in which they show. In each round a group is listed, or each
  resource that is left is read by itself when that takes fewer requests. Pages go first.
- A row that says that a resource has ended is followed by a get, since rows lack the details and
  may be out of date. If the time is up before, the row counts.
- Rows move between pages while a list is read, so one list proves nothing: what it did not show
  is read, or, where there is no get, missed in three lists in a row.
- A 404 ends a wait, unless the resource was never seen and may be too new to show.
- After a fault that may pass, the next poll comes at the usual pace, and not before the service's
  `Retry-After`, which holds for the whole group.
- Shortly before the deadline there is one last poll.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from .. import errors
from .faults import REFRESH_GRACE, is_missing, is_transient, retry_after
from .groups import Group, Job, Listing, Note, Place, Request, about_another, row_version, to_read
from .handles import Handle
from .outcomes import Outcome, StatusChange
from .schedule import SOON, Schedule
from .statuses import FINAL, STATUSES, VERDICTS, Goal, Verdict

DOUBTS: Final = 3
"""A doubtful status counts when it was seen so many times in a row."""
MISSES: Final = 3
"""What can only be listed is gone when so many lists in a row did not show it."""
PAGE_TRIES: Final = 3
"""Failures in a row of one page before the round is given up."""


class Brain(Schedule):
    """All that one call of `wait`, `wait_all`, `as_completed` or `watch` knows."""

    _refresh_failing: float | None = None  # since when credentials could not be renewed

    def handle_of(self, number: int, default: Handle) -> Handle:
        """What is waited for as it is known now: pinned to a version after the first poll."""
        return next((job.handle for job in self._left() if job.number == number), default)

    def answered(self, request: Request, reply: Any, now: float) -> None:
        """Take note of what came of a request: `changes`, `ready` and `notes` may grow.

        Args:
            request: As it was handed out. One that was dropped, or whose time was up, says nothing.
            reply: The model, or the error.
            now: Seconds since the wait began.
        """
        if request not in self.flying:
            return
        self.flying.discard(request)
        self._heard = True
        failed = isinstance(reply, BaseException)
        if not failed or isinstance(reply, errors.CallTimeout):
            self.usual: float = self.usual + (now - request.sent - self.usual) / 8
        if not failed:
            self._authenticated, self._refresh_failing = True, None
        about = request.about
        if isinstance(about, Job):
            about.place = Place.IDLE
            about.gets += 1
            if about.group is not None:
                answer = self._get_failed if failed else self._got
                answer(about, about.group, reply, now)
        elif about.live:
            self._page_failed(about, reply, now) if failed else self._read_page(about, reply, now)

    def dropped(self, request: Request, now: float) -> None:
        """A request was cancelled before its answer came: it is to be made again."""
        if request not in self.flying:
            return
        self.flying.discard(request)
        about = request.about
        if isinstance(about, Listing):
            self._pages.appendleft(about)
            return
        about.place = Place.IDLE
        # What takes longer than the others do must not hold them up again and again.
        about.slow = about.slow or now - request.sent > 4 * self.usual
        self._enqueue(about)

    # ---- when to stop

    def _left(self) -> list[Job]:
        return [job for group in self._groups.values() for job in group.pending()]

    def expire(self, now: float) -> bool:
        """If the time is up, end every wait: by its last row if that shows an end. Whether it is."""
        if self.deadline is None or now < self.deadline or not self.pending:
            return False
        for request in self.flying:
            cut = errors.CallTimeout(request.operation.name, "no reply before the time was up")
            about = request.about
            for job in (about,) if isinstance(about, Job) else about.jobs():
                job.last_fault = job.last_fault or cut
                job.gets += job is about
        self.flying.clear()
        for job in self._left():
            if job.verdict in FINAL:
                self._finish(job, now)
            else:
                self._give_up(job, now)
        return True

    def _give_up(self, job: Job, now: float) -> None:
        assert self._timeout is not None
        assert job.group is not None
        error = errors.WaitTimeout(
            job.handle,
            status=job.status,
            elapsed=now,
            timeout=self._timeout,
            polls=job.gets + job.group.listings,
            model=job.last,
            last_fault=job.last_fault,
        )
        error.__cause__ = job.last_fault
        self._close(job, now, error)

    def closed(self, now: float) -> None:
        """The client was closed: there will be no further poll."""
        self.flying.clear()
        for job in self._left():
            operation = job.kind.get or job.kind.list
            self._close(job, now, errors.ClientClosed(operation.name))

    # ---- gets

    def _got(self, job: Job, group: Group, reply: Any, now: float) -> None:
        wrong = about_another(group.asked(job), reply)
        if wrong is not None:
            operation = (job.kind.get or job.kind.list).name
            self._fault(job, errors.ResponseShapeError(operation, wrong, b""))
            text = f"a get returned another resource, to be asked again: {wrong}"
            self._note(logging.WARNING, text, job, crml_fault=wrong)
            if group.open:
                self._end_round(group, now, None, job.last_fault)
        elif group.unlocated:
            for one in group.pending():
                self._leave(one)
                one.place_in(reply.collaboration_identifier)
                self._join(one, now)
        elif job.handle.is_base and reply.version_identifier is not None:
            # Left out, the version means the latest; an older base shows in the list only.
            job.place = Place.BUSY
            self._list(group, now, job)
        else:
            job.slow, job.misses = False, 0
            if job.kind.get_version:
                self._pin(job, reply.version_identifier)
            job.model = reply
            if self._observe(job, reply, now) in FINAL:
                self._finish(job, now)
            if group.open:
                self._end_round(group, now, reply.status)

    def _get_failed(self, job: Job, group: Group, error: BaseException, now: float) -> None:
        group.hold = max(group.hold, now + retry_after(error))
        for one in group.pending() if group.unlocated else [job]:
            self._failed(one, error, now)
        if group.open:
            self._end_round(group, now, None, error)
        elif job.soon:
            self._hurry(group, now)

    def _failed(self, job: Job, error: BaseException, now: float) -> None:
        """A poll of one job failed."""
        if is_missing(error):
            if job.handle.goal is Goal.DELETED:
                self._gone(job, now)
            elif job.status is None and now < job.grace:
                job.soon, job.last_fault = True, error
            else:
                self._close(job, now, error)
            return
        self._fault(job, error)
        if not self._survives(error, job.unreadable, now):
            self._close(job, now, error)
            return
        job.slow = job.slow or isinstance(error, errors.CallTimeout)
        text = f"a poll failed and will be repeated: {error!r}"
        self._note(logging.DEBUG, text, job, crml_fault=repr(error))

    def _fault(self, job: Job, error: BaseException) -> None:
        unreadable = isinstance(error, errors.ResponseShapeError)
        job.unreadable = job.unreadable + 1 if unreadable else 0
        job.last_fault = error

    def _survives(self, error: BaseException, unreadable: int, now: float) -> bool:
        """Whether the wait goes on after a fault."""
        if not isinstance(error, errors.CredentialRefreshError):
            return is_transient(error, unreadable)
        if self._refresh_failing is None:
            self._refresh_failing = now
        if error.seconds_left is not None and error.seconds_left >= -REFRESH_GRACE:
            return True
        return self._authenticated and now - self._refresh_failing <= REFRESH_GRACE

    # ---- pages

    def _read_page(self, listing: Listing, page: Any, now: float) -> None:
        group = listing.group
        listing.touched = now
        group.unreadable = 0
        rows: list[Any] = getattr(page, listing.operation.items or "") or []
        for row in rows:
            for job in listing.jobs_of(row):
                if job.kind.has_name or (job.handle.version is None and job.kind.row_version):
                    # Which row is meant shows when all were read.
                    listing.keep_newest(job, row)
                else:
                    self._show(listing, job, row, now)
        more = listing.turn_page(page)
        if listing.job is not None:
            self._read_versions(listing, listing.job, more, now)
            return
        if not more:
            group.pages, group.broken = listing.pages, 0
            self._listed(listing, now)
        elif group.kind.get and len(unseen := self._unseen(listing)) <= listing.pages:
            # Reading the few that are left costs less than reading on.
            group.pages, group.broken = max(group.pages, listing.pages + bool(unseen)), 0
            for job in unseen:
                self._enqueue(job)
            self._end_round(group, now)
        else:
            self._pages.append(listing)

    def _read_versions(self, listing: Listing, job: Job, more: bool, now: float) -> None:
        """A page of the versions of one model, read for its base version."""
        unseen = job.group is not None and job.number not in listing.seen
        if unseen and more:
            self._pages.append(listing)
            return
        job.listing, job.place = None, Place.IDLE
        if unseen:
            self._missed(job, now)
        if listing.group.open:
            self._end_round(listing.group, now, job.status)

    def _show(self, listing: Listing, job: Job, row: Any, now: float) -> None:
        """One row is of one job."""
        listing.seen.add(job.number)
        job.misses = 0
        job.row, job.model = row, None
        verdict = self._observe(job, row, now)
        if verdict not in FINAL:
            return
        enough = job.kind.get is None or listing.job is not None
        if enough or (verdict is Verdict.REACHED and not self._details):
            self._finish(job, now)
        else:
            self._enqueue(job)

    def _unseen(self, listing: Listing) -> list[Job]:
        return [
            job
            for job in listing.group.pending()
            if job.number not in listing.seen and job.place is Place.IDLE
        ]

    def _listed(self, listing: Listing, now: float) -> None:
        """A whole list was read. What it did not show may have moved between its pages."""
        group = listing.group
        for job in group.pending():
            row = listing.newest.get(job.number)
            if row is not None:
                if job.kind.row_version:
                    self._pin(job, row_version(job.kind, row))
                self._show(listing, job, row, now)
        unseen = self._unseen(listing)
        if group.kind.get is None:
            for job in unseen:
                self._missed(job, now)
        else:
            for job in to_read(unseen, group.pages):
                self._enqueue(job)
        self._end_round(group, now)

    def _missed(self, job: Job, now: float) -> None:
        """A list, the only one that would show it, did not."""
        job.misses += 1
        if (job.status is None and now < job.grace) or job.misses < MISSES:
            job.soon = True
        elif job.handle.goal is Goal.DELETED:
            self._gone(job, now)
        else:
            self._close(job, now, errors.ResourceFailed(job.handle, status=None, elapsed=now))

    def _page_failed(self, listing: Listing, error: BaseException, now: float) -> None:
        group, alone = listing.group, listing.job
        listing.tries += 1
        unreadable = isinstance(error, errors.ResponseShapeError)
        group.unreadable = group.unreadable + 1 if unreadable else 0
        group.hold = max(group.hold, now + retry_after(error))
        waiting = listing.jobs()
        for job in waiting:
            job.last_fault = error
        if self._survives(error, group.unreadable, now):
            text = f"a page of {listing.operation.name} failed and will be repeated: {error!r}"
            self._note(logging.DEBUG, text, waiting[0], crml_fault=repr(error))
            if listing.token is not None and listing.tries < PAGE_TRIES:
                pause = min(SOON * listing.tries, group.pace.last if group.pace else SOON)
                self._schedule(listing, now + pause)
                return
        elif alone is not None:
            self._failed(alone, error, now)
        elif listing.token is not None and group.broken + 1 < PAGE_TRIES:
            group.broken += 1  # the token may have expired: the next round starts at the first page
        elif group.kind.get is None:
            for job in waiting:
                self._close(job, now, error)
        else:
            text = f"{listing.operation.name} is refused, reading one by one: {error!r}"
            self._note(logging.DEBUG, text, waiting[0], crml_fault=repr(error))
            group.unlistable, group.listing = True, None
            self._schedule(group, now)
            return
        if alone is not None:
            alone.listing, alone.place = None, Place.IDLE
        if alone is None or group.open:
            self._end_round(group, now, None, error)

    # ---- one job

    def _pin(self, job: Job, version: str | None) -> None:
        """Keep to the version of the first poll: a later one must not take its place."""
        if job.handle.version is None:
            job.handle = job.handle.pinned(version)

    def _observe(self, job: Job, reply: Any, now: float) -> Verdict:
        """Take note of a status, and say what it means."""
        job.soon, job.unreadable, job.last_fault = False, 0, None
        status = reply.status
        text = str(status)
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
            self.changes.append(StatusChange(job.handle, status, previous, reply, now))
            if text not in STATUSES[job.kind.statuses]:
                words = f"has the status {text}, which this release does not know; still waiting"
                self._note(logging.WARNING, words, job, crml_status=text)
        job.verdict = verdict
        return verdict

    def _finish(self, job: Job, now: float) -> None:
        """End a wait by the last reply."""
        error = None
        if job.verdict is Verdict.FAILED:
            error = errors.ResourceFailed(
                job.handle, status=job.status, elapsed=now, model=job.last
            )
        self._close(job, now, error)

    def _gone(self, job: Job, now: float) -> None:
        """It was waited for to be deleted, and is not there any more."""
        job.model = job.row = None
        self._close(job, now, None)

    def _close(self, job: Job, now: float, error: BaseException | None) -> None:
        if job.group is None:
            return
        self._leave(job)
        self.pending: int = self.pending - 1
        outcome: Any = Outcome(job.handle, job.model, error, now, job.row)  # type: ignore[arg-type]
        self.ready.append((job.number, outcome))

    def _note(self, level: int, text: str, job: Job, **facts: Any) -> None:
        self.notes.append(Note(level, text, job.handle, facts))
