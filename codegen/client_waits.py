"""Writes crml_sdk/api/waits.py: waits for any resource, for a client and its view of a membership."""

from __future__ import annotations

from .models import HEADER
from .parameters import Parameter, docstring, method, overload, passed
from .waits import DETAILS, FAILED, FAULT, ON_UPDATE, POLL, TIME_UP, TIMEOUT, UNFIT

ANYTHING = (
    "An ARN, a `TrainedModelRef`, a reply that contains the ARN, or a handle or its text. A handle also says what to"
    " wait for: the end, the deletion or the cancellation."
)
SEVERAL = "Several[str] | Several[Waited[Any]] | Several[str | Waited[Any]]"


def render() -> dict[str, str]:
    """The waits for any resource that a client and its view of a membership have."""
    options = [TIMEOUT, POLL, ON_UPDATE]
    target = Parameter("target", "Waited[Any] | str", ANYTHING, required=True)
    doc = docstring(
        "Wait for any resource with a life cycle, or resume an earlier wait.",
        [target, *options],
        "The final Get response, or for an export job, which has no Get operation, its final row in the list. None"
        " if the resource is gone after a deletion.",
        [UNFIT, TIME_UP, FAILED, FAULT],
    )
    names = passed(p.name for p in options)
    body = f"return await self._core.waiting.wait(target, {names})"
    typed = Parameter("target", "Waited[M]", "", required=True)
    plain = Parameter("target", "str", "", required=True)
    wait = overload("wait", [typed], options, "M") + overload("wait", [plain], options, "Any")
    wait += method("wait", [target], options, "Any", doc, body)
    text = (
        "Wait for many resources, of any kinds and memberships, with shared requests.\n\n"
        "For N resources of one kind and membership, each round takes about N/100 list requests. Each resource that"
        " ends takes one Get more, except, with `details=False`, those that succeeded. If all have ended already, this"
        " takes about N divided by the client's polling rate, in seconds."
    )
    returns = (
        "One outcome per target, in the same order. It has `outcome.model`, or the error that `wait` would have raised"
        " as `outcome.error`. `outcome.result()` returns the model or raises the error. At the deadline, targets that"
        " have ended in the list are reported with their row, and the others with a `WaitTimeout`."
    )
    return {
        "api/waits.py": HEADER
        + CLIENT_HEAD
        + "\n".join(
            [
                wait,
                render_several("wait_all", "Outcomes", text, returns),
                render_several(
                    "as_completed",
                    "Completions",
                    "Iterate over the outcomes of many waits as they end: `async for outcome in ...`.\n\n"
                    "The waits share their requests, as in `wait_all`.",
                    "An iterator over the same outcomes as from `wait_all`. A target that is given twice has one"
                    " outcome.",
                ),
            ]
        )
    }


def render_several(name: str, kind: str, text: str, returns: str) -> str:
    """A wait for several targets, with its overloads: for models, for rows, or for anything."""
    waits = kind == "Outcomes"
    options = [TIMEOUT, POLL, ON_UPDATE]
    ways = ""
    for given, details, gives in (
        ("Several[Waited[M]]", "Literal[True] = True", "M"),
        ("Several[Listed[M]]", "Literal[False]", "M"),
        (SEVERAL, "bool = True", "Any"),
    ):
        targets = Parameter("targets", given, "", required=True)
        also = Parameter("details", details, "", required=True)
        ways += overload(name, [targets], [*options, also], f"{kind}[{gives}]", waits=waits)
    targets = Parameter(
        "targets", "Several[Any]", "The targets, each as for `wait`.", required=True
    )
    given = [*options, DETAILS]
    doc = docstring(text, [targets, *given], returns, [UNFIT])
    names = passed(p.name for p in given)
    body = f"return {'await ' * waits}self._core.waiting.{name}(targets, {names})"
    return ways + method(name, [targets], given, f"{kind}[Any]", doc, body, waits=waits)


CLIENT_HEAD = '''
"""Waiting for any resource, for a client and its view of a membership."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ..resource_types import LONGEST
from .groups import MembershipGroups

if TYPE_CHECKING:
    from datetime import timedelta

    from ..waiting import Completions, Outcomes, Poll, Report
    from ..waiting.handles import Listed, Several, Waited

M = TypeVar("M")


class Waits(MembershipGroups):
    """Waiting for any resource, for a client and its view of a membership."""

'''
