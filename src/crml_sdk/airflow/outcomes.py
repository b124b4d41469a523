"""The outcomes of waits as plain values for Airflow's database and XCom."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from ..errors import ResourceFailed, WaitTimeout
from ..orchestration import text_of
from ..waiting import Handle

if TYPE_CHECKING:
    from ..client import CleanRoomsML


async def outcomes_of(
    sdk: CleanRoomsML,
    handles: Sequence[str],
    *,
    timeout: float | None,
    poll: float | None,
) -> list[dict[str, Any]]:
    """Wait for all handles.

    Args:
        sdk: An open client.
        handles: The texts of handles.
        timeout: Seconds for the wait. None means no limit.
        poll: Seconds between two polls. None means the default of the SDK.

    Returns:
        A dict of plain values for each handle.
    """
    return _entries(await sdk.wait_all(handles, timeout=timeout, poll=poll))


def _entries(outcomes: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "handle": str(outcome.handle),
            "status": None if outcome.status is None else str(outcome.status),
            "ended": _ending(outcome.error),
            "message": None if outcome.error is None else str(outcome.error),
        }
        for outcome in outcomes
    ]


def fault(handles: Iterable[str], error: BaseException) -> list[dict[str, Any]]:
    """The outcomes if waiting itself was impossible.

    Args:
        handles: The texts of handles.
        error: The reason.

    Returns:
        A dict of plain values for each handle.
    """
    message = f"{type(error).__name__}: {error}"
    return [
        {"handle": handle, "status": None, "ended": "fault", "message": message}
        for handle in handles
    ]


def _ending(error: BaseException | None) -> str:
    if error is None:
        return "well"
    if isinstance(error, ResourceFailed):
        return "failed"
    return "timeout" if isinstance(error, WaitTimeout) else "fault"


def texts_or_raise(event: Mapping[str, Any], *, again: bool) -> list[str]:
    """The results for XCom.

    Args:
        event: The event of the trigger.
        again: Whether another attempt would start a failed job again.

    Returns:
        The result of each handle, in the order of the event.

    Raises:
        AirflowFailException: A job has failed, and another attempt would find the same.
        AirflowException: A job has failed, took too long or could not be read.
    """
    outcomes: Sequence[Mapping[str, Any]] = event["outcomes"]
    bad = [outcome for outcome in outcomes if outcome["ended"] != "well"]
    if not bad:
        return [text_of(Handle.parse(outcome["handle"])) for outcome in outcomes]
    message = "\n".join(str(outcome["message"]) for outcome in bad)
    final = all(outcome["ended"] == "failed" for outcome in bad)
    raise (AirflowFailException if final and not again else AirflowException)(message)


async def poll_once(sdk: CleanRoomsML, handles: Sequence[str]) -> list[dict[str, Any]] | None:
    """Poll each handle once.

    Args:
        sdk: An open client.
        handles: The texts of handles.

    Returns:
        The outcomes if all have ended, else None.
    """
    seen: set[str] = set()
    unfinished = asyncio.Event()

    def note(change: Any) -> None:
        seen.add(str(change.handle))
        if len(seen) == len(wanted):
            unfinished.set()

    wanted = set(handles)
    wait = asyncio.ensure_future(sdk.wait_all(handles, on_update=note))
    enough = asyncio.ensure_future(unfinished.wait())
    try:
        await asyncio.wait({wait, enough}, return_when=asyncio.FIRST_COMPLETED)
        if not wait.done():  # an outcome follows right after its status was seen
            await asyncio.wait({wait}, timeout=1.0)
        return _entries(wait.result()) if wait.done() else None
    finally:
        wait.cancel()
        enough.cancel()
        await asyncio.gather(wait, enough, return_exceptions=True)
