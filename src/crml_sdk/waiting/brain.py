"""The rules of waiting, without input or output: what to ask next, and what the answers mean.

`due` says which requests to make, `answered` takes what came of one. The time reaches it as a
value (seconds since the wait began), and so do jitter and the pace, by a wait of tenacity's. One
wait is a group of one; `driver` runs it on an event loop. The rules, each at its place:

- Resources are grouped by the list in which they show. In each round a group is listed, or each
  resource that is left is read by itself when that takes fewer requests. Pages go first.
- A row that says that a resource has ended is followed by a get, since rows lack the details and
  may be out of date. If the time is up before, the row counts.
- Rows move between pages while a list is read, so one list proves nothing: what it did not show
  is read, or, where there is no get, missed in three lists in a row.
- A 404 ends a wait, unless the resource was never seen and may be too new to show.
- After a fault that may pass, the next look comes at the usual pace, and not before the service's
  `Retry-After`, which holds for the whole group.
- Shortly before the deadline there is one last look.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from .. import errors
from .faults import REFRESH_GRACE, is_missing, is_transient, retry_after
from .groups import (
    Group,
    Job,
    Listing,
    Place,
    Request,
    jobs_about,
    row_version,
    rows_of,
    to_read,
    versions_params,
)
from .handles import Handle
from .looks import SOON, Looks
from .outcomes import expiry, missing
from .statuses import Goal, Verdict

MISSES: Final = 3
"""What can only be listed is gone when so many lists in a row did not show it."""
PAGE_TRIES: Final = 3
"""Failures in a row of one page before the round is given up."""


class Brain(Looks):
    """All that one call of `wait`, `wait_all`, `as_completed` or `watch` knows.

    Args:
        handles, timeout, poll, details, rate, authenticated: As for `Looks`.
    """

    # ---- when to stop

    def handle_of(self, number: int, default: Handle) -> Handle:
        """What is waited for as it is known now: pinned to a version after a look."""
        jobs = (job for group in self._groups.values() for job in group.pending())
        return next((job.handle for job in jobs if job.number == number), default)

    def dropped(self, request: Request, now: float) -> None:
        """A request was put down before its answer came: it is to be made again."""
        if request not in self._flying:
            return
        self._flying.discard(request)
        about = request.about
        if isinstance(about, Listing):
            self._pages.appendleft(about)
            return
        about.place = Place.IDLE
        # What takes longer than the others do must not hold them up again and again.
        about.slow = about.slow or now - request.sent > 4 * self._usual
        self._enqueue(about)

    def _give_up_all(self, now: float) -> None:
        """The time is up: settle what rows have shown, and give up the rest."""
        for request in self._flying:
            cut = errors.CallTimeout(request.operation.name, "no reply before the time was up")
            for job in jobs_about(request.about):
                job.last_fault = job.last_fault or cut
                job.looks += isinstance(request.about, Job)
        self._flying.clear()
        for group in list(self._groups.values()):
            for job in list(group.pending()):
                self._give_up(job, now)

    def _give_up(self, job: Job, now: float) -> None:
        if job.claim:
            self._finish(job, now)
            return
        assert self._timeout is not None
        assert job.group is not None
        error = expiry(
            job.handle,
            job.status,
            job.last,
            elapsed=now,
            timeout=self._timeout,
            looks=job.looks + job.group.listings,
            last_fault=job.last_fault,
        )
        self._close(job, now, error)

    def closed(self, now: float) -> None:
        """The client was closed: no look will be taken any more."""
        self._flying.clear()
        for group in list(self._groups.values()):
            for job in list(group.pending()):
                operation = job.kind.get or job.kind.list
                self._close(job, now, errors.ClientClosed(operation.name))

    # ---- gets that failed, or need more than a get

    def _get_failed(self, job: Job, error: BaseException, now: float) -> None:
        group = job.group
        if group is None:
            return
        group.hold = max(group.hold, now + retry_after(error))
        for one in list(group.pending()) if group.unlocated else [job]:
            self._failed(one, error, now)
        if group.open:
            self._end_round(group, now, None, error)
        elif job.soon:
            self._hurry(group, now)

    def _failed(self, job: Job, error: BaseException, now: float) -> None:
        """A look at one job failed."""
        if is_missing(error):
            if job.handle.goal is Goal.DELETED:
                self._gone(job, now)
            elif not job.seen and now < job.grace:
                job.soon, job.last_fault = True, error
            else:
                self._close(job, now, error)
            return
        self._fault(job, error)
        if not self._survives(error, job.unreadable, now):
            self._close(job, now, error)
            return
        job.slow = job.slow or isinstance(error, errors.CallTimeout)
        text = f"a look failed, to be taken again: {error!r}"
        self._note(logging.DEBUG, text, job, crml_fault=repr(error))

    def _survives(self, error: BaseException, unreadable: int, now: float) -> bool:
        """Whether the wait goes on after a fault."""
        if not isinstance(error, errors.CredentialRefreshError):
            return is_transient(error, unreadable)
        if self._refresh_failing is None:
            self._refresh_failing = now
        if error.seconds_left is not None and error.seconds_left >= -REFRESH_GRACE:
            return True
        return self._authenticated and now - self._refresh_failing <= REFRESH_GRACE

    def _locate(self, group: Group, collaboration: str, now: float) -> None:
        """It is known now in which collaboration's list export jobs show."""
        for job in list(group.pending()):
            self._leave(job)
            job.place_in(collaboration)
            self._join(job, now)

    def _scan_for_base(self, job: Job, now: float) -> None:
        kind, group = job.kind, job.group
        assert group is not None
        job.place = Place.BUSY
        job.scan = Listing(kind.versions or kind.list, versions_params(job), group, now, job)
        self._pages.append(job.scan)

    # ---- pages

    def _read_page(self, listing: Listing, page: Any, now: float) -> None:
        group = listing.group
        listing.touched = now
        group.unreadable = 0
        for row in rows_of(page, listing.operation):
            for job in listing.jobs_of(row):
                if job.kind.has_name or (job.handle.version is None and job.kind.row_version):
                    # Which row is meant shows when all were read.
                    listing.keep_newest(job, row)
                else:
                    self._show(listing, job, row, now)
        more = listing.turn_page(page)
        if listing.job is not None:
            self._read_scan(listing, listing.job, more, now)
            return
        if not more:
            group.pages, group.broken = listing.pages, 0
            self._listed(listing, now)
            return
        unseen = self._unseen(listing)
        if group.kind.get is not None and len(unseen) <= listing.pages:
            # Reading the few that are left costs less than reading on.
            group.pages, group.broken = max(group.pages, listing.pages + bool(unseen)), 0
            for job in unseen:
                self._enqueue(job)
            self._end_round(group, now)
        else:
            self._pages.append(listing)

    def _read_scan(self, scan: Listing, job: Job, more: bool, now: float) -> None:
        """A page of the versions of one model, read for its base version."""
        group = scan.group
        if job.group is None or (more and job.number not in scan.seen):
            if job.group is not None:
                self._pages.append(scan)
                return
        else:
            job.scan, job.place = None, Place.IDLE
            if job.number not in scan.seen:
                self._missed(job, now)
        if group.open:
            self._end_round(group, now, job.status)

    def _show(self, listing: Listing, job: Job, row: Any, now: float) -> None:
        """One row is of one job."""
        listing.seen.add(job.number)
        job.misses = 0
        job.row = job.last = row
        job.model = None
        verdict = self._observe(job, row, now)
        job.claim = verdict in (Verdict.REACHED, Verdict.FAILED)
        if not job.claim:
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
        for job in list(group.pending()):
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
        if (not job.seen and now < job.grace) or job.misses < MISSES:
            job.soon = True
        elif job.handle.goal is Goal.DELETED:
            self._gone(job, now)
        else:
            self._close(job, now, missing(job.handle, now))

    def _page_failed(self, listing: Listing, error: BaseException, now: float) -> None:
        group = listing.group
        listing.tries += 1
        unreadable = isinstance(error, errors.ResponseShapeError)
        group.unreadable = group.unreadable + 1 if unreadable else 0
        group.hold = max(group.hold, now + retry_after(error))
        waiting = [listing.job] if listing.job is not None else list(group.pending())
        for job in waiting:
            job.last_fault = error
        if self._survives(error, group.unreadable, now):
            text = f"a page of {listing.operation.name} failed, to be asked for again: {error!r}"
            self._note(logging.DEBUG, text, waiting[0], crml_fault=repr(error))
            if listing.token is not None and listing.tries < PAGE_TRIES:
                pause = min(SOON * listing.tries, group.pace.last if group.pace else SOON)
                self._schedule(listing, now + pause)
                return
        elif listing.job is not None:
            listing.job.place = Place.IDLE
            self._failed(listing.job, error, now)
        elif listing.token is not None and group.broken + 1 < PAGE_TRIES:
            group.broken += (
                1  # the token may have run out: the next round begins with the first page
            )
        elif group.kind.get is None:
            for job in waiting:
                self._close(job, now, error)
        else:
            text = f"{listing.operation.name} is refused, reading one by one: {error!r}"
            self._note(logging.DEBUG, text, waiting[0], crml_fault=repr(error))
            group.unlistable, group.listing = True, None
            self._schedule(group, now)
            return
        if listing.job is not None:
            listing.job.scan, listing.job.place = None, Place.IDLE
            if not group.open:
                return
        self._end_round(group, now, None, error)
