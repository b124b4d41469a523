"""Resuming: a create or start that first looks for what an earlier try of the same has made.

An orchestrator runs a failed task again, and the service has no idempotency token. So with
`resume` the resources of that exact name are compared with the request before anything is sent,
for a trained model every version of it. Creating, in turn, goes through `creating`.

Two tries at the very same moment cannot be told apart: both may look before either sends. Most
names are unique in the service, so that the second is refused with a conflict, and looks again.
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
"""True, or "retry" to send a try that failed again under the next free name."""

Since: TypeAlias = "datetime | timedelta"
"""The time before which nothing is resumed, or how long ago that is."""

LONGEST_NAME: Final = 63
"""Characters of a name; a longer one is cut before its "-2" is put behind it."""

MOST_TRIES: Final = 100
"""How far NAME-2, NAME-3, ... go."""

_DEAD: Final = ("CREATE_FAILED", "INACTIVE", "CANCEL_", "DELETE_")
# How statuses begin that end well no more; a status that is not known yet may.


@dataclass(frozen=True)
class Resumed:
    """What an earlier try had made, and this one found.

    Attributes:
        create_time: When it was made.
        status: Its status when it was found.
        not_compared: The settings of the request that the service does not show, by their paths.
    """

    create_time: datetime
    status: str
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started:
    """What a create or start came to.

    Attributes:
        reply: Its reply, or what that would have been; None where the operation has none.
        name: The name that it has: the given one, or one with "-2" and so on behind it.
        version: The trained model's version that was named in the request, or found.
        resumed: What was found, or None when it was made now.
    """

    reply: Any
    name: str
    version: str | None = None
    resumed: Resumed | None = None


def check_resume(resume: Any, since: Any) -> datetime | None:
    """Refuse wrong values before anything is sent.

    Returns:
        The time before which nothing is resumed.

    Raises:
        ValueError: With what is allowed.
    """
    if resume not in (True, False, "retry"):
        raise ValueError(f'resume= is True, False or "retry", not {resume!r}')
    if since is None:
        return None
    if not resume:
        raise ValueError("resume_since= says what may be resumed: it needs resume=True")
    if isinstance(since, timedelta):
        return datetime.now(timezone.utc) - since
    if not isinstance(since, datetime):
        raise ValueError(f"resume_since= is a datetime or a timedelta, not {since!r}")
    if since.tzinfo is None:
        raise ValueError(f"resume_since={since} has no time zone: say which, as in timezone.utc")
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
    """Take what an earlier try of this request has made, or send it.

    Args:
        core: Sends the calls.
        operation: A create or start of something that has a life cycle.
        params: The request by wire names, checked.
        timeout: Seconds for each call with all its retries.
        retry: After a try that failed, send with the next free name.
        since: What is older is refused.

    Returns:
        What was made or found.

    Raises:
        ResumeMismatch: The name is taken by something else.
        ResumeAmbiguous: More than one resource fits.
        ResourceFailed: What an earlier try made has failed, or was cancelled or deleted.
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
    """Searches for what earlier tries of a request have made, and decides what to do."""

    async def decide(self, retry: bool, since: datetime | None) -> Started | str:
        """Find what can be taken up, or the name to send the request with.

        Raises:
            ResumeMismatch, ResumeAmbiguous, ResourceFailed: Neither is possible.
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
        """Whether it is simply another version of the model, trained from something else."""
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
