"""How waits ended, as the plain text that Airflow's database and XCom hold."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from ..errors import ResourceFailed, WaitTimeout
from ..versions import BASE, TrainedModelRef
from ..waiting import Handle

if TYPE_CHECKING:
    from ..client import CleanRoomsML


def text_of(handle: Handle) -> str:
    """What XCom gets: `ARN@version`, an ARN, or the text of the handle of what has no ARN."""
    if handle.kind == "trained-model":
        version = BASE if handle.is_base else handle.version
        return str(TrainedModelRef(handle.arn, version))
    return str(handle) if handle.name else handle.arn


async def outcomes_of(
    sdk: CleanRoomsML,
    handles: Sequence[str],
    *,
    timeout: float | None,
    poll: float | None,
) -> list[dict[str, Any]]:
    """Wait for all, and give an entry of plain values for each."""
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
    """The same when waiting itself was impossible."""
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
    """What XCom gets of each, in order.

    Args:
        event: The trigger's.
        again: Whether another try would start anew what has failed; else there is none.

    Raises:
        AirflowFailException: What was waited for has failed, and another try would find just that.
        AirflowException: It failed, took too long or could not be read.
    """
    outcomes: Sequence[Mapping[str, Any]] = event["outcomes"]
    bad = [outcome for outcome in outcomes if outcome["ended"] != "well"]
    if not bad:
        return [text_of(Handle.parse(outcome["handle"])) for outcome in outcomes]
    message = "\n".join(str(outcome["message"]) for outcome in bad)
    final = all(outcome["ended"] == "failed" for outcome in bad)
    raise (AirflowFailException if final and not again else AirflowException)(message)


async def look(sdk: CleanRoomsML, handles: Sequence[str]) -> list[dict[str, Any]] | None:
    """Look at each once: their endings when all have ended, else None."""
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
        if not wait.done():  # what has ended is settled right after it was seen
            await asyncio.wait({wait}, timeout=1.0)
        return _entries(wait.result()) if wait.done() else None
    finally:
        wait.cancel()
        enough.cancel()
        await asyncio.gather(wait, enough, return_exceptions=True)


async def cancel(sdk: CleanRoomsML, handle: Handle) -> bool:
    """Cancel what a handle names; False for what the service cannot cancel."""
    if handle.kind == "trained-model":
        version = BASE if handle.is_base else handle.version
        await sdk.trained_models.cancel(
            handle.arn, version=version or BASE, membership_identifier=handle.membership
        )
    elif handle.kind == "trained-model-inference-job":
        await sdk.inference_jobs.cancel(handle.arn, membership_identifier=handle.membership)
    else:
        return False
    return True
