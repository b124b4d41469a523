"""Random services, played to every way to wait: all of them come to the same verdict."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crml_sdk import errors
from crml_sdk.waiting import Goal, Handle

from ..support import samples
from .stage import Service, hang, job, job_row, reset, service_error
from .virtual import run_asyncio
from .ways import WAYS, Verdict

GET = "GetTrainedModelInferenceJob"
LIST = "ListTrainedModelInferenceJobs"
ROWS = "trainedModelInferenceJobs"

FINAL = ("ACTIVE", "CREATE_FAILED", "INACTIVE", "CANCEL_FAILED")
ON_THE_WAY = ("CREATE_PENDING", "CREATE_IN_PROGRESS", "CANCEL_IN_PROGRESS", "RESTING")

FAULTS = {
    "reset": reset(),
    "500": service_error("InternalServiceException"),
    "503": service_error("Unavailable"),
    "429": service_error("ThrottlingException"),
    "429 after 40": service_error("ThrottlingException", **{"retry-after": "40"}),
    "not renewed": errors.CredentialRefreshError("500"),
    "hang": "hang",
    "wrong": "wrong",
}
"""All of them pass."""


@dataclass(frozen=True)
class Life:
    """What becomes of one job: statuses from given times on, and perhaps a time when it is gone."""

    steps: tuple[tuple[float, str], ...]
    end: float
    final: str
    gone: float | None = None

    def status(self, now: float) -> str | None:
        if self.gone is not None and now >= self.gone:
            return None
        if now >= self.end:
            return self.final
        return [status for at, status in self.steps if at <= now][-1]

    @property
    def verdict(self) -> tuple[str | None, str | None]:
        """How a wait without a deadline must end."""
        if self.gone is not None and self.gone <= self.end:
            return "ResourceNotFoundException", None
        return (None if self.final == "ACTIVE" else "ResourceFailed"), self.final


@dataclass
class Play:
    """A whole service.

    Attributes:
        lives: The jobs.
        faults: When which requests fail, by (from, to) in seconds and the fault's name.
        hidden: Jobs that some lists do not show: by list, counted from 0.
        page: Rows in a page.
        latency: Seconds for each reply.
    """

    lives: list[Life]
    faults: list[tuple[float, float, str, str]]
    hidden: list[int]
    page: int
    latency: float
    said: set[tuple[str, str]] = field(default_factory=set, compare=False)
    """The statuses that were shown, by ARN."""

    def arn(self, number: int) -> str:
        return samples.arn("trained-model-inference-job", f"{number:03}")

    def put_on(self, service: Service) -> list[Handle]:
        lists = itertools.count()
        service.latency = self.latency
        self.said.clear()

        def fault(where: str) -> Any:
            for begin, end, name, place in self.faults:
                if begin <= service.now < end and place in (where, "both"):
                    return FAULTS[name]
            return None

        def get(params: dict[str, Any]) -> Any:
            one = params["trainedModelInferenceJobArn"]
            found = fault("get")
            if found == "hang":
                return hang()
            if found == "wrong":
                return job("ACTIVE", self.arn(999))
            if found is not None:
                return found
            status = self.lives[int(one[-3:])].status(service.now)
            if status is None:
                return service_error("ResourceNotFoundException")
            self.said.add((one, status))
            return job(status, one)

        def rows(params: dict[str, Any]) -> Any:
            found = fault("list")
            if found == "hang":
                return hang()
            if found is not None and found != "wrong":
                return found
            hidden = self.hidden[next(lists) % len(self.hidden)] if self.hidden else -1
            shown = [
                (number, life.status(service.now))
                for number, life in enumerate(self.lives)
                if number != hidden
            ]
            all_rows = [job_row(status, self.arn(n)) for n, status in shown if status is not None]
            begin = int(params.get("nextToken", "0"))
            page: dict[str, Any] = {ROWS: all_rows[begin : begin + self.page]}
            self.said |= {(row["trainedModelInferenceJobArn"], row["status"]) for row in page[ROWS]}
            if begin + self.page < len(all_rows):
                page["nextToken"] = str(begin + self.page)
            return page

        service.on(GET, get).on(LIST, rows)
        return [Handle.of(self.arn(number)) for number in range(len(self.lives))]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    times = sorted(draw(st.lists(st.floats(1, 200), max_size=3)))
    statuses = draw(st.lists(st.sampled_from(ON_THE_WAY), min_size=4, max_size=4))
    steps = tuple(zip([0.0, *times], statuses, strict=False))
    end = draw(st.one_of(st.just(0.0), st.floats(0, 400)))
    gone = draw(st.one_of(st.none(), st.none(), st.floats(0, 300)))
    final = draw(st.sampled_from(FINAL))
    # What is gone between its end and the next look is told one way or the other.
    if gone is not None and gone > end:
        gone = None
    return Life(steps, end, final, gone)


@st.composite
def plays(draw: st.DrawFn) -> Play:
    faults: list[tuple[float, float, str, str]] = []
    for _ in range(draw(st.integers(0, 4))):
        begin = draw(st.floats(0, 300))
        length = draw(st.sampled_from([0.5, 5.0, 20.0, 60.0]))
        name = draw(st.sampled_from(sorted(FAULTS)))
        faults.append((begin, begin + length, name, draw(st.sampled_from(["get", "list", "both"]))))
    return Play(
        draw(st.lists(lives(), min_size=1, max_size=9)),
        faults,
        draw(st.lists(st.integers(0, 8), max_size=6)),
        draw(st.integers(1, 5)),
        draw(st.sampled_from([0.0, 0.05, 1.5])),
    )


RATE = 5.0


def perform(play: Play, way: str, **options: Any) -> tuple[list[Verdict], Service, float]:
    async def main() -> tuple[list[Verdict], Service, float]:
        service = Service(rate=RATE)
        service.room.authenticated = True
        verdicts = await WAYS[way](service, play.put_on(service), **options)
        ended, calls = service.now, len(service.calls)
        await service.sleep(500)
        assert len(service.calls) == calls, "a request after the end"
        return verdicts, service, ended

    return run_asyncio(main)


@settings(max_examples=12, deadline=None)
@given(plays())
def test_all_ways_come_to_the_same_verdict(play: Play) -> None:
    wanted = [life.verdict for life in play.lives]
    for way in WAYS:
        for details in (True, False) if way != "wait" else (True,):
            verdicts, service, ended = perform(play, way, timeout=None, details=details)
            assert [one.plain for one in verdicts] == wanted, (way, details)
            assert len(service.calls) <= 20 + RATE * ended + 1, "the polling rate"


@settings(max_examples=10, deadline=None)
@given(plays(), st.sampled_from([0.0, 0.3, 7.0, 45.0, 150.0]), st.booleans())
def test_deadlines_are_kept_and_nothing_is_made_up(
    play: Play, timeout: float, details: bool
) -> None:
    for way in WAYS:
        verdicts, service, ended = perform(play, way, timeout=timeout, details=details)
        # as_completed holds an item back for the requests under way, and no more than that.
        assert ended <= max(timeout, 0.5) + 0.01
        assert len(service.calls) <= 20 + RATE * ended + 1
        for number, (one, life) in enumerate(zip(verdicts, play.lives, strict=True)):
            if one.error is None or one.error == "ResourceFailed":
                assert one.plain == life.verdict
                assert (play.arn(number), one.status) in play.said, "nobody said so"
            elif one.error == "WaitTimeout":
                assert one.status is None or (play.arn(number), one.status) in play.said
                # A status that stays doubtful takes three looks to count.
                if one.status in FINAL:
                    assert one.status == "CANCEL_FAILED"
            else:
                assert one.error == life.verdict[0] == "ResourceNotFoundException"


@settings(max_examples=5, deadline=None)
@given(plays(), st.sampled_from([Goal.CANCELLED, Goal.DELETED]))
def test_other_goals_agree_too(play: Play, goal: Goal) -> None:
    found: dict[str, list[Any]] = {}

    async def main(way: str) -> list[Any]:
        service = Service(rate=RATE)
        service.room.authenticated = True
        handles = [handle.with_goal(goal) for handle in play.put_on(service)]
        verdicts = await WAYS[way](service, handles, timeout=3600)
        return [one.error for one in verdicts]

    for way in WAYS:
        found[way] = run_asyncio(lambda way=way: main(way))
    assert found["wait"] == found["wait_all"] == found["as_completed"]
