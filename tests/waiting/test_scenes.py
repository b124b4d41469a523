"""The same scenes for one wait, many waits and `as_completed`: each has the same end every way."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from crml_sdk import errors
from crml_sdk.waiting import Goal, Handle
from crml_sdk.waiting.driver import TICK

from ..support import samples
from .stage import (
    GENERATION_JOB,
    Service,
    audience_export_row,
    export_row,
    hang,
    job,
    job_row,
    model,
    paged,
    reset,
    service_error,
)
from .ways import WAYS, Way

GET = "GetTrainedModelInferenceJob"
LIST = "ListTrainedModelInferenceJobs"
ROWS = "trainedModelInferenceJobs"
NAMES = ("a", "b", "c")


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def arn(name: str | int) -> str:
    return samples.arn("trained-model-inference-job", str(name))


class Jobs:
    """Three inference jobs, shown by get and list alike, unless a test says otherwise.

    Attributes:
        status: The status of each at a time.
        get, page: What a test puts before the usual answer; None goes on to that.
        hidden: Names that the list does not show.
    """

    def __init__(self, service: Service, status: Callable[[str, float], str]) -> None:
        self.service = service
        self.status = status
        self.get: Callable[[str, float], Any] = lambda name, now: None
        self.page: Callable[[float], Any] = lambda now: None
        self.hidden: set[str] = set()
        self.extra: dict[str, Any] = {}
        service.on(GET, self._get).on(LIST, self._list)

    @property
    def handles(self) -> list[Handle]:
        return [Handle.of(arn(name)) for name in NAMES]

    def _get(self, params: dict[str, Any]) -> Any:
        one = params["trainedModelInferenceJobArn"]
        name, now = one.rpartition("/")[2], self.service.now
        answer = self.get(name, now)
        return job(self.status(name, now), one, **self.extra) if answer is None else answer

    def _list(self, params: dict[str, Any]) -> Any:
        now = self.service.now
        answer = self.page(now)
        if answer is not None:
            return answer
        shown = [name for name in NAMES if name not in self.hidden]
        return {ROWS: [job_row(self.status(name, now), arn(name)) for name in shown]}


def ends_at(end: float, status: str = "ACTIVE") -> Callable[[str, float], str]:
    return lambda name, now: status if now >= end else "CREATE_IN_PROGRESS"


@pytest.mark.parametrize(
    ("goal", "status", "error"),
    [
        (Goal.FINISHED, "ACTIVE", None),
        (Goal.FINISHED, "CREATE_FAILED", "ResourceFailed"),
        (Goal.FINISHED, "INACTIVE", "ResourceFailed"),
        (Goal.FINISHED, "CANCEL_FAILED", "ResourceFailed"),
        (Goal.CANCELLED, "INACTIVE", None),
        (Goal.CANCELLED, "ACTIVE", None),
        (Goal.CANCELLED, "CREATE_FAILED", None),
        (Goal.CANCELLED, "CANCEL_FAILED", "ResourceFailed"),
        (Goal.DELETED, "INACTIVE", None),
        (Goal.DELETED, "ACTIVE", "WaitTimeout"),
        (Goal.FINISHED, "CANCEL_IN_PROGRESS", "WaitTimeout"),
        (Goal.FINISHED, "RESTING", "WaitTimeout"),
    ],
)
def test_what_a_status_means(
    run: Any, way: Way, goal: Goal, status: str, error: str | None
) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(20, status))
        handles = [handle.with_goal(goal) for handle in jobs.handles]
        verdicts = await way(service, handles, timeout=120)
        assert {verdict.plain for verdict in verdicts} == {(error, status)}

    run(main)


def test_the_last_reply_is_known_at_the_deadline(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(1e9))
        for verdict in await way(service, jobs.handles, timeout=60):
            assert verdict.plain == ("WaitTimeout", "CREATE_IN_PROGRESS")
            assert verdict.reply is not None
            assert verdict.reply.status == "CREATE_IN_PROGRESS"
            assert verdict.cause.polls > 3
            assert verdict.elapsed == pytest.approx(60, abs=2 * TICK)

    run(main)


@pytest.mark.parametrize("seconds", [40, 100])
def test_retry_after_is_honoured_in_full(run: Any, way: Way, seconds: int) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(0))
        fault = service_error("ThrottlingException", **{"retry-after": str(seconds)})
        jobs.get = jobs.page = lambda *_: fault if service.now < 5 else None  # type: ignore[assignment]
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}
        early = [call for call in service.calls if 0 < call.at < seconds]
        assert not early
        assert min(call.at for call in service.calls if call.at > 0) == pytest.approx(seconds)

    run(main)


def test_retry_after_of_one_get_holds_for_the_others(run: Any) -> None:
    """It is the service that wants to be left alone, not one job."""

    async def main() -> None:
        service = Service(rate=5.0, latency=0.01)
        arns = [arn(f"{n:03}") for n in range(100)]
        service.on(LIST, lambda params: {ROWS: [job_row("ACTIVE", one) for one in arns]})
        throttled = service_error("ThrottlingException", **{"retry-after": "40"})
        count = iter(range(1000))
        service.on(
            GET,
            lambda params: (
                throttled
                if next(count) == 3
                else job("ACTIVE", params["trainedModelInferenceJobArn"])
            ),
        )
        outcomes = await service.room.wait_all(map(Handle.of, arns), timeout=600)
        assert all(outcome.model is not None for outcome in outcomes)
        gaps = [later.at - before.at for before, later in pairwise(service.calls)]
        assert max(gaps) == pytest.approx(40, abs=0.1)

    run(main)


def test_a_retry_after_beyond_the_deadline(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(0))
        fault = service_error("ThrottlingException", **{"retry-after": "90"})
        jobs.get = jobs.page = lambda *_: fault  # type: ignore[assignment]
        for verdict in await way(service, jobs.handles, timeout=60):
            assert verdict.plain == ("WaitTimeout", None)
            assert isinstance(verdict.cause.last_fault, errors.ThrottlingException)
            assert verdict.elapsed == pytest.approx(60)
        assert {call.at for call in service.calls} == {0}

    run(main)


@pytest.mark.parametrize("misses", [1, 2])
def test_a_list_that_misses_the_base_version_proves_nothing(
    run: Any, way: Way, misses: int
) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
        lists = 0

        def rows(params: dict[str, Any]) -> Any:
            nonlocal lists
            lists += 1
            shown = [] if lists <= misses else [model("ACTIVE", versionIdentifier="NULL")]
            return {"trainedModels": [later, *shown]}

        service.on("GetTrainedModel", lambda params: later)
        service.on("ListTrainedModelVersions", rows)
        (verdict,) = await way(service, [Handle.of(samples.MODEL).pinned(None)], timeout=120)
        assert verdict.plain == (None, "ACTIVE")
        assert verdict.reply.version_identifier is None
        assert lists == misses + 1

    run(main)


def test_a_base_version_that_three_lists_miss_is_gone(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        later = model("ACTIVE", versionIdentifier=samples.VERSION_1)
        service.on("GetTrainedModel", lambda params: later)
        service.on("ListTrainedModelVersions", lambda params: {"trainedModels": [later]})
        handle = Handle.of(samples.MODEL).pinned(None)
        (verdict,) = await way(service, [handle], timeout=120)
        assert verdict.plain == ("ResourceFailed", None)
        assert service.counts()["ListTrainedModelVersions"] == 3
        (verdict,) = await way(service, [handle.with_goal(Goal.DELETED)], timeout=120)
        assert verdict.plain == (None, None)
        assert service.counts()["ListTrainedModelVersions"] == 6

    run(main)


def test_a_get_about_another_resource_is_not_believed(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(60))
        jobs.get = lambda name, now: job("ACTIVE", arn("other")) if now < 50 else None
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}
        assert all(verdict.elapsed >= 60 for verdict in verdicts)
        jobs.get = lambda name, now: job("CREATE_FAILED", arn("other"))
        jobs.page = lambda now: service_error("AccessDeniedException")
        jobs.status = ends_at(0, "CREATE_FAILED")
        for verdict in await way(service, jobs.handles, timeout=100):
            assert verdict.plain == ("WaitTimeout", None)
            assert "is about" in str(verdict.cause.last_fault)

    run(main)


def test_a_get_about_another_version_is_not_believed(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        wrong = model("ACTIVE", versionIdentifier=samples.VERSION_2)
        right = model("CREATE_FAILED", versionIdentifier=samples.VERSION_1)
        service.on("GetTrainedModel", lambda params: wrong if service.now < 30 else right)
        handle = Handle.of(samples.MODEL).pinned(samples.VERSION_1)
        (verdict,) = await way(service, [handle], timeout=600)
        assert verdict.plain == ("ResourceFailed", "CREATE_FAILED")

    run(main)


# ---- what is missing


def test_a_404_ends_a_wait_whether_the_list_shows_it_or_not(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(30))
        missing = service_error("ResourceNotFoundException")
        jobs.hidden = {"b"}
        jobs.get = lambda name, now: missing if name == "b" else None
        verdicts = await way(service, jobs.handles, timeout=600)
        assert [verdict.error for verdict in verdicts] == [None, "ResourceNotFoundException", None]
        assert verdicts[1].elapsed < 1

    run(main)


def test_grace_is_for_what_was_never_seen(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(50))
        missing = service_error("ResourceNotFoundException")
        jobs.hidden = set(NAMES)
        jobs.get = lambda name, now: missing if now < 8 else None
        service.started.update({arn(name): service.clock() for name in NAMES})
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}

        service.started.update({arn(name): service.clock() for name in NAMES})
        began = service.now
        jobs.status = ends_at(1e9)
        jobs.get = lambda name, now: missing if now - began > 4 else None
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.error for verdict in verdicts} == {"ResourceNotFoundException"}
        assert 4 < min(verdict.elapsed for verdict in verdicts) < 9, "it was seen before"
        assert max(verdict.elapsed for verdict in verdicts) < 12

    run(main)


def test_grace_is_over_after_ten_seconds(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(0))
        jobs.hidden = set(NAMES)
        jobs.get = lambda name, now: service_error("ResourceNotFoundException")
        service.started.update({arn(name): service.clock() for name in NAMES})
        for verdict in await way(service, jobs.handles, timeout=600):
            assert verdict.error == "ResourceNotFoundException"
            assert 10 <= verdict.elapsed < 14

    run(main)


def test_rows_that_come_and_go(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(100))
        turns = iter(range(10_000))

        def page(now: float) -> Any:
            jobs.hidden = {NAMES[next(turns) % 3]}
            return None

        jobs.page = page
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}

    run(main)


# ---- faults


@pytest.mark.parametrize(
    "fault",
    [
        reset(),
        service_error("InternalServiceException"),
        service_error("ThrottlingException"),
        errors.ResponseShapeError("Get", "not JSON", b"<html>"),
        errors.CredentialRefreshError("the container endpoint answered 500"),
    ],
    ids=["reset", "500", "429", "not JSON", "credentials"],
)
def test_faults_that_pass_are_survived(run: Any, way: Way, fault: Exception) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        service.room.authenticated = True
        jobs = Jobs(service, ends_at(30))
        jobs.get = jobs.page = lambda *_: fault if service.now < 9 else None  # type: ignore[assignment]
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}

    run(main)


@pytest.mark.parametrize(
    "fault",
    [
        service_error("AccessDeniedException"),
        service_error("ValidationException"),
        errors.MissingCredentials("log in again"),
        errors.ConfigurationError("the certificate is not trusted"),
        errors.CredentialRefreshError("never were any"),
    ],
    ids=["403", "400", "no credentials", "certificate", "never any credentials"],
)
def test_refusals_end_all_waits_at_once(run: Any, way: Way, fault: Exception) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(30))
        jobs.get = jobs.page = lambda *_: fault  # type: ignore[assignment]
        for verdict in await way(service, jobs.handles, timeout=600):
            assert verdict.cause is fault
        assert service.now < 2
        assert len(service.calls) <= 4

    run(main)


def test_credentials_that_stay_away_are_given_a_quarter_of_an_hour(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(1e9))
        fault = errors.CredentialRefreshError("the container endpoint answered 500")
        jobs.get = jobs.page = lambda *_: fault if service.now > 100 else None  # type: ignore[assignment]
        for verdict in await way(service, jobs.handles, timeout=7200):
            assert verdict.cause is fault
            assert 1000 < verdict.elapsed < 1080

    run(main)


def test_a_get_that_is_refused_although_the_list_shows_the_job(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(0))
        jobs.get = lambda name, now: service_error("AccessDeniedException")
        verdicts = await way(service, jobs.handles, timeout=600)
        assert {verdict.error for verdict in verdicts} == {"AccessDeniedException"}

    run(main)


def test_replies_that_hang_end_with_the_deadline(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(1e9))
        jobs.get = jobs.page = lambda *_: hang() if service.now > 12 else None  # type: ignore[assignment]
        for verdict in await way(service, jobs.handles, timeout=30):
            assert verdict.plain == ("WaitTimeout", "CREATE_IN_PROGRESS")
            assert isinstance(verdict.cause.last_fault, errors.CallTimeout)
            assert verdict.elapsed == pytest.approx(30)

    run(main)


# ---- time


@pytest.mark.parametrize("timeout", [0, -1, 0.0])
def test_without_time_there_is_one_look(run: Any, way: Way, timeout: float) -> None:
    async def main() -> None:
        service = Service(rate=5.0, latency=0.1)
        jobs = Jobs(service, ends_at(0))
        verdicts = await way(service, jobs.handles, timeout=timeout)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}
        jobs.status = ends_at(1e9)
        verdicts = await way(service, jobs.handles, timeout=timeout)
        assert {verdict.plain for verdict in verdicts} == {("WaitTimeout", "CREATE_IN_PROGRESS")}
        jobs.get = jobs.page = lambda *_: hang()  # type: ignore[assignment]
        for verdict in await way(service, jobs.handles, timeout=timeout):
            assert verdict.plain == ("WaitTimeout", None)
            assert verdict.elapsed == pytest.approx(0.5)

    run(main)


def test_there_is_a_last_look_before_the_deadline(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        jobs = Jobs(service, ends_at(93))
        verdicts = await way(service, jobs.handles, timeout=100, poll=60)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}

    run(main)


def test_a_poll_that_gives_nothing_does_not_spin(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=None)
        jobs = Jobs(service, ends_at(5))
        verdicts = await way(service, jobs.handles, timeout=60, poll=lambda state: 0.0)
        assert {verdict.plain for verdict in verdicts} == {(None, "ACTIVE")}
        assert len(service.calls) <= 1.1 * 3 * 5 / 0.01

    run(main)


# ---- what can only be listed


def test_of_several_exports_of_a_name_the_newest_is_meant(run: Any, way: Way) -> None:
    """Whatever the order of the rows, and on whichever page it stands."""

    async def main() -> None:
        service = Service(rate=5.0)
        for order in (1, -1):
            rows = [
                audience_export_row("CREATE_FAILED"),
                {**audience_export_row("ACTIVE"), "createTime": "2026-02-01T00:00:00Z"},
                audience_export_row("CREATE_FAILED", "other"),
            ][::order]
            service.on(
                "ListAudienceExportJobs",
                paged(lambda rows=rows: rows, "audienceExportJobs", size=1),  # type: ignore[misc]
            )
            handle = Handle("audience-export-job", GENERATION_JOB, name="e")
            (verdict,) = await way(service, [handle], timeout=60)
            assert verdict.plain == (None, "ACTIVE")

    run(main)


def test_an_export_that_was_seen_is_missed_three_times_before_it_is_gone(
    run: Any, way: Way
) -> None:
    async def main() -> None:
        service = Service(rate=5.0)

        def rows(params: dict[str, Any]) -> Any:
            now = service.now
            shown = now < 35 or 37 <= now < 60
            return {"audienceExportJobs": [audience_export_row("CREATE_PENDING")] if shown else []}

        service.on("ListAudienceExportJobs", rows)
        handle = Handle("audience-export-job", GENERATION_JOB, name="e")
        (verdict,) = await way(service, [handle], timeout=300, poll=1)
        assert verdict.plain == ("ResourceFailed", None)
        assert verdict.elapsed == pytest.approx(62)

    run(main)


def test_the_model_of_an_export_is_asked_once_for_its_collaboration(run: Any, way: Way) -> None:
    async def main() -> None:
        service = Service(rate=5.0)
        service.on("GetTrainedModel", lambda params: model("ACTIVE"))
        listed = [export_row("ACTIVE", name) for name in ("one", "two")]
        service.on(
            "ListCollaborationTrainedModelExportJobs",
            lambda params: {"collaborationTrainedModelExportJobs": listed},
        )
        handle = Handle("trained-model-export-job", samples.MODEL, name="two")
        (verdict,) = await way(service, [handle], timeout=60)
        assert verdict.plain == (None, "ACTIVE")
        assert service.counts() == {
            "GetTrainedModel": 1,
            "ListCollaborationTrainedModelExportJobs": 1,
        }

    run(main)


# ---- many that have ended already


def finished(service: Service, count: int, failed: int) -> list[Handle]:
    arns = [arn(f"{n:04}") for n in range(count)]
    bad = set(arns[:: count // failed][:failed] if failed else ())
    status = {one: "CREATE_FAILED" if one in bad else "ACTIVE" for one in arns}
    details = {"statusDetails": {"statusCode": "AlgorithmError", "message": "exit code 1"}}
    service.on(LIST, paged(lambda: [job_row(status[one], one) for one in arns], ROWS))

    def get(params: dict[str, Any]) -> Any:
        one = params["trainedModelInferenceJobArn"]
        return job(status[one], one, **(details if one in bad else {}))

    service.on(GET, get)
    return [Handle.of(one) for one in arns]


@pytest.fixture(params=["wait_all", "as_completed"])
def many(request: pytest.FixtureRequest) -> Any:
    """Outcomes of many waits, either way."""

    async def outcomes(service: Service, handles: list[Handle], **options: Any) -> list[Any]:
        if request.param == "wait_all":
            return await service.room.wait_all(handles, **options)
        return [one async for one in service.room.as_completed(handles, **options)]

    return outcomes


def test_a_thousand_that_had_ended_are_all_settled_by_the_deadline(run: Any, many: Any) -> None:
    """None is called running, and billed, whose row has said that it ended."""

    async def main() -> None:
        service = Service(rate=5.0, latency=0.05)
        handles = finished(service, 1000, 0)
        outcomes = await many(service, handles, timeout=60)
        assert len(outcomes) == 1000
        assert all(outcome.ok and outcome.status == "ACTIVE" for outcome in outcomes)
        assert all(outcome.row is not None for outcome in outcomes)
        with_details = [outcome for outcome in outcomes if outcome.model is not None]
        assert 280 <= len(with_details) <= 320, "as many as the polling rate allows"
        assert service.counts()[LIST] == 10
        assert service.now == pytest.approx(60, abs=0.1)

    run(main)


def test_many_that_failed_are_told_from_their_rows(run: Any, many: Any) -> None:
    async def main() -> None:
        service = Service(rate=5.0, latency=0.05)
        handles = finished(service, 120, 120)
        outcomes = await many(service, handles, timeout=10)
        assert {type(outcome.error) for outcome in outcomes} == {errors.ResourceFailed}
        assert {outcome.error.status for outcome in outcomes} == {"CREATE_FAILED"}
        codes = [outcome.error.status_code for outcome in outcomes]
        assert 50 <= codes.count("AlgorithmError") <= 75
        assert all(
            (code is None) == (one.model is None) for code, one in zip(codes, outcomes, strict=True)
        )
        assert not any("bill" in str(outcome.error) for outcome in outcomes)

    run(main)


def test_without_details_a_thousand_take_seconds(run: Any, many: Any) -> None:
    async def main() -> None:
        service = Service(rate=5.0, latency=0.05)
        handles = finished(service, 1000, 20)
        outcomes = await many(service, handles, timeout=600, details=False)
        assert service.now <= 15
        assert service.counts() == {LIST: 10, GET: 20}
        bad = [outcome for outcome in outcomes if not outcome.ok]
        assert [outcome.error.status_code for outcome in bad] == ["AlgorithmError"] * 20
        good = [outcome for outcome in outcomes if outcome.ok]
        assert all(outcome.model is None and outcome.result() is outcome.row for outcome in good)

    run(main)


def test_with_details_it_is_the_number_over_the_rate(run: Any, many: Any) -> None:
    async def main() -> None:
        service = Service(rate=5.0, latency=0.05)
        handles = finished(service, 400, 4)
        outcomes = await many(service, handles, timeout=3600)
        assert all(outcome.model is not None for outcome in outcomes)
        assert service.now < 400 / 5 + 5
        assert service.counts() == {LIST: 4, GET: 400}
        operations = [call.operation for call in service.calls]
        assert operations[:4] == [LIST] * 4, "pages come first, details after"

    run(main)


def test_raise_for_failures(run: Any) -> None:
    async def main() -> None:
        service = Service(rate=None)
        outcomes = await service.room.wait_all(finished(service, 10, 0), timeout=60)
        assert outcomes.raise_for_failures() is outcomes
        outcomes = await service.room.wait_all(finished(service, 20, 10), timeout=60)
        with pytest.raises(errors.WaitsFailed, match=r"^10 of 20 waits failed:") as caught:
            outcomes.raise_for_failures()
        assert [one.status for one in caught.value.failures] == ["CREATE_FAILED"] * 10
        assert caught.value.total == 20
        assert caught.value.__cause__ is caught.value.failures[0].error
        assert "AlgorithmError" in str(caught.value)
        assert "and 5 more" in str(caught.value)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), len(again.failures)) == (str(caught.value), 10)

    run(main)
