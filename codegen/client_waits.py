"""Writes crml_sdk/api/waits.py: the waits of a client and its view of a membership, for anything."""

from __future__ import annotations

from .models import HEADER
from .parameters import Parameter, docstring, method, overload, passed
from .waits import DETAILS, FAILED, FAULT, ON_UPDATE, POLL, TIME_UP, TIMEOUT, UNFIT

ANYTHING = (
    "A handle or its text (which says what is waited for: that it finishes, is deleted or is cancelled), an ARN, a"
    " `TrainedModelRef`, or a reply that names it."
)
SEVERAL = "Several[str] | Several[Waited[Any]] | Several[str | Waited[Any]]"


def render() -> dict[str, str]:
    """The waits that a client and its view of a membership have, for anything."""
    options = [TIMEOUT, POLL, ON_UPDATE]
    target = Parameter("target", "Waited[Any] | str", ANYTHING, required=True)
    doc = docstring(
        "Wait for anything that has a life cycle, or take up a wait that was put down.",
        [target, *options],
        "The final Get response, or the final row of what has no get (export jobs); None for what is gone after a"
        " deletion.",
        [UNFIT, TIME_UP, FAILED, FAULT],
    )
    names = passed(p.name for p in options)
    body = f"return await self._core.waiting.wait(target, {names})"
    typed = Parameter("target", "Waited[M]", "", required=True)
    plain = Parameter("target", "str", "", required=True)
    wait = overload("wait", [typed], options, "M") + overload("wait", [plain], options, "Any")
    wait += method("wait", [target], options, "Any", doc, body)
    text = (
        "Wait for many resources, of any kinds and memberships, sharing the requests.\n\n"
        "Waiting for N resources of one membership and kind costs about N/100 requests a round, and one to finish"
        " each: for N that have ended already, N divided by the client's polling rate in seconds. `details=False`"
        " saves that one for those that ended well."
    )
    returns = (
        "An outcome for each, in the same order: `outcome.model`, or `outcome.error`, which a wait for it alone would"
        " have raised. `outcome.result()` gives the one or raises the other. At the deadline, what the list has shown"
        " to have ended is settled by its row; the rest has a `WaitTimeout`."
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
                    "Give the outcomes of many waits as they come about: `async for outcome in ...`.\n\n"
                    "The requests are shared as by `wait_all`.",
                    "An iterator over the outcomes, as `wait_all` gives them. What is there twice comes once.",
                ),
            ]
        )
    }


def render_several(name: str, kind: str, text: str, returns: str) -> str:
    """A wait for several targets, with its types: by models, by rows, or of anything."""
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
    targets = Parameter("targets", "Several[Any]", "As for `wait`, each.", required=True)
    given = [*options, DETAILS]
    doc = docstring(text, [targets, *given], returns, [UNFIT])
    names = passed(p.name for p in given)
    body = f"return {'await ' * waits}self._core.waiting.{name}(targets, {names})"
    return ways + method(name, [targets], given, f"{kind}[Any]", doc, body, waits=waits)


CLIENT_HEAD = '''
"""Waiting for anything, which a client and its view of a membership share."""

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
    """Waiting for anything, which a client and its view of a membership share."""

'''
