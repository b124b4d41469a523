"""Resuming: a create or start that first searches for what an earlier try of the same has made.

An orchestrator runs a failed task again, and the service has no idempotency token. With `resume`
the SDK compares the resources of that exact name with the request before it sends anything; for a
trained model it compares every version. It then creates through `creating`.

Two tries at the same moment may both search before either sends. Most names are unique in the
service, so it refuses the second one with a conflict, and that one searches again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, Literal

from .creating import PAUSES, create_once
from .errors import ConflictException, ResourceFailed, ResumeAmbiguous, ResumeMismatch
from .model import with_mark
from .naming import to_wire
from .request_search import PARENT, Candidate, RequestSearch

if TYPE_CHECKING:
    from typing import TypeAlias

    from .core import Core
    from .operation import Operation

logger: logging.Logger = logging.getLogger("crml_sdk")

Resume: TypeAlias = "bool | Literal['retry']"
"""True; or "retry", which sends the request under the next free name when an earlier try failed."""

Since: TypeAlias = "datetime | timedelta"
"""The earliest create time of what is resumed, or how long ago that is."""

LONGEST_NAME: Final = 63
"""The most characters of a name; the SDK cuts a longer one before it appends "-2"."""

MOST_TRIES: Final = 100
"""The last number of NAME-2, NAME-3, ..."""

# A resource with such a status never becomes ACTIVE again; one with an unknown status may.
_DEAD: Final = ("CREATE_FAILED", "INACTIVE", "CANCEL_", "DELETE_")


@dataclass(frozen=True)
class Resumed:
    """A resource that an earlier try created and this one found.

    Attributes:
        create_time: When it was created.
        status: Its status when it was found.
        not_compared: The paths of the settings in the request that the service does not show.
    """

    create_time: datetime
    status: str
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started:
    """The result of a create or start.

    Attributes:
        reply: The reply, or what it would have been; None for an operation without one.
        name: The name of the resource: the given one, or one that ends in "-2" and so on.
        version: The version of the trained model that the request names, or that was found.
        resumed: What was found, or None when the resource is new.
    """

    reply: Any
    name: str
    version: str | None = None
    resumed: Resumed | None = None


def check_resume(resume: Any, since: Any) -> datetime | None:
    """Check the values of `resume` and `resume_since`.

    Returns:
        The earliest create time of what is resumed, or None.

    Raises:
        ValueError: A value is not allowed; the text says what is.
    """
    if resume not in (True, False, "retry"):
        raise ValueError(f'resume= is True, False or "retry", not {resume!r}')
    if since is None:
        return None
    if not resume:
        raise ValueError("resume_since= needs resume=True")
    if isinstance(since, timedelta):
        return datetime.now(timezone.utc) - since
    if not isinstance(since, datetime):
        raise ValueError(f"resume_since= is a datetime or a timedelta, not {since!r}")
    if since.tzinfo is None:
        raise ValueError(f"resume_since={since} has no time zone: add one, such as timezone.utc")
    return since


async def start_or_resume(
    core: Core,
    operation: Operation,
    params: dict[str, Any],
    timeout: float | timedelta | None,
    *,
    retry: bool,
    since: datetime | None,
) -> Started:
    """Send a request, unless an earlier try of it has created the resource already.

    Args:
        core: Sends the calls.
        operation: A create or start of something that has a life cycle.
        params: The request by wire names, checked.
        timeout: Seconds for each call with all its retries.
        retry: Whether to send the request under the next free name when an earlier try failed.
        since: The earliest create time of what is resumed.

    Returns:
        What was created or found.

    Raises:
        ResumeMismatch: A resource with other settings has the name, or one that is too old.
        ResumeAmbiguous: More than one resource has the name and the settings.
        ResourceFailed: What an earlier try created has failed, or was cancelled or deleted.
        CleanRoomsMLError: As any create.
    """
    search = _ResumeSearch(core, operation, params, timeout)
    found = await search.decide(retry, since)
    if isinstance(found, Started):
        return found
    try:
        reply = await create_once(core, operation, {**params, "name": found}, timeout)
        return Started(reply, found, params.get("trainedModelVersionIdentifier"))
    except ConflictException:
        for pause in PAUSES:
            if pause:
                await core.sleep(pause)
            again = await search.decide(retry, since)
            if isinstance(again, Started):
                return again
        raise


class _ResumeSearch(RequestSearch):
    """Searches for what earlier tries of a request have created, and decides what to do."""

    async def decide(self, retry: bool, since: datetime | None) -> Started | str:
        """Find what can be resumed.

        Returns:
            What was found, or the name to send the request with.

        Raises:
            ResumeMismatch, ResumeAmbiguous, ResourceFailed: As for `start_or_resume`.
        """
        names = list(_names(self._params["name"]))
        rows = await self.with_versions((await self.rows(names))[0])
        failed: Candidate | None = None
        for name in names:
            compared = [await self.compared(row) for row in rows if row.name == name]
            rivals = [one for one in compared if not self._is_sibling(one)]
            if not rivals and (failed is None or retry):
                return name
            if not rivals:
                break
            fitting = [
                one
                for one in rivals
                if one.setting is None and (since is None or one.row.create_time >= since)
            ]
            if not fitting:
                first, found = rivals[0], self.identity(rivals[0].row)
                setting, made = first.setting or "create_time", first.row.create_time
                raise ResumeMismatch(self._operation.name, name, found, setting, made)
            living = [one for one in fitting if not one.details.status.startswith(_DEAD)]
            if len(living) > 1:
                several = [self.identity(one.row) for one in living]
                raise ResumeAmbiguous(name, self._operation.name, several)
            if living:
                return self._resumed(name, living[0])
            failed = max(fitting, key=lambda one: one.row.create_time)
        assert failed is not None
        raise _failure(failed)

    def _is_sibling(self, one: Candidate) -> bool:
        """Whether it is just another version of the model, trained from another version."""
        if one.setting != PARENT:
            return False
        sent = self._params.get(to_wire(PARENT))
        if sent:
            return one.row.trained_model_arn == sent[0]["trainedModelArn"]
        return one.details.incremental_training_data_channels[0].model_name == self._params["name"]

    def _resumed(self, name: str, one: Candidate) -> Started:
        row, status = one.row, str(one.details.status)
        resumed = Resumed(row.create_time, status, one.not_compared)
        logger.info(
            "%s: resumed %s, %s, created %s%s",
            self._operation.name,
            self.identity(row),
            status,
            row.create_time.isoformat(),
            f"; not compared: {', '.join(one.not_compared)}" if one.not_compared else "",
            extra={
                "crml_operation": self._operation.name,
                "crml_resource": self.identity(row),
                "crml_status": status,
            },
        )
        version = getattr(row, "trained_model_version_identifier", None)
        return Started(with_mark(self.reply(one), resumed), name, version, resumed)


def _failure(one: Candidate) -> ResourceFailed:
    from .waiting import Handle

    handle, status = Handle.of(one.row), str(one.details.status)
    return ResourceFailed(handle, status=status, elapsed=0.0, model=one.details)


def _names(name: str) -> Iterator[str]:
    """NAME, NAME-2, NAME-3 and so on."""
    yield name
    for number in range(2, MOST_TRIES + 1):
        ending = f"-{number}"
        yield name[: LONGEST_NAME - len(ending)] + ending
