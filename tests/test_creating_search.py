"""The search for a lost create by itself, on a core that a test scripts: no client, no server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crml_sdk import errors, models
from crml_sdk.api import operations
from crml_sdk.creating import create_once, may_have_happened
from crml_sdk.metadata import ResponseMetadata
from crml_sdk.request_search import RequestSearch

from .support import samples
from .waiting.stage import export_row

OTHER = samples.arn("trained-model", "other")
LOST = errors.TransportError("CreateTrainedModel", "the connection was lost", True)
PARAMS = {
    "name": "m",
    "membershipIdentifier": samples.MEMBERSHIP,
    "configuredModelAlgorithmAssociationArn": samples.ASSOCIATION,
}
DATE = "Thu, 01 Jan 2026 00:01:00 GMT"


class Core:
    """Fails at the create; shows the rows it is given."""

    find_lost_creates = True
    date = DATE

    def __init__(self, fault: Exception, *pages: list[dict[str, Any]]) -> None:
        self.fault = fault
        self.pages = pages
        self.tokens: list[str | None] = [None]
        self.versions: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any], float | None]] = []
        self.started: list[str] = []
        self.slept: list[float] = []
        self.clock: Callable[[], float] = lambda: 100.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def note_start(self, arn: str) -> None:
        self.started.append(arn)

    async def call(self, operation: Any, params: dict[str, Any], limit: float | None = None) -> Any:
        self.asked.append((operation.name, params, limit))
        if operation.creates:
            raise self.fault
        if operation.name == "ListTrainedModels":
            index = sum(name == operation.name for name, _, _ in self.asked) - 1
            token = self.tokens[index % len(self.tokens)]
            rows = self.pages[index % len(self.pages)]
            body = {"trainedModels": rows, **({"nextToken": token} if token else {})}
        elif operation.name == "ListTrainedModelVersions":
            body = {"trainedModels": self.versions}
        else:
            body = samples.model_reply(
                **{name: params[name] for name in params if name != "membershipIdentifier"}
            )
        reply = getattr(models, operation.output).model_validate_json(json.dumps(body))
        metadata = ResponseMetadata("r", 200, {"date": self.date}, 1, operation.name)
        object.__setattr__(reply, "_response_metadata", metadata)
        return reply

    def lists(self) -> int:
        return sum(name == "ListTrainedModels" for name, _, _ in self.asked)


def row(arn: str, second: float, **members: Any) -> dict[str, Any]:
    made = f"2026-01-01T00:{int(second) // 60:02}:{second % 60:06.3f}Z"
    return samples.model_row(trainedModelArn=arn, createTime=made, **members)


async def create(core: Core) -> Any:
    return await create_once(core, operations.CREATE_TRAINED_MODEL, PARAMS, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "limit", "lists"),
    [(LOST, 20.0, 4), (errors.CallTimeout("CreateTrainedModel", "no reply", True), 5.0, 1)],
)
async def test_how_often_and_how_long_is_looked(fault: Exception, limit: float, lists: int) -> None:
    core = Core(fault, [])
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await create(core)
    assert caught.value.operation == "CreateTrainedModel"
    assert [asked[2] for asked in core.asked] == [None] + [limit] * lists
    assert core.slept == ([1.0, 2.0, 4.0] if lists == 4 else [])


async def test_two_that_fit_end_the_search_at_once() -> None:
    core = Core(LOST, [row(samples.MODEL, 60), row(OTHER, 60)])
    with pytest.raises(errors.OutcomeUnknown, match="fits"):
        await create(core)
    assert core.lists() == 1
    assert core.slept == []


async def test_exports_of_other_members_with_the_name_are_not_found() -> None:
    class Exports(Core):
        async def call(self, operation: Any, params: Any, limit: float | None = None) -> Any:
            if operation.name == "GetTrainedModel":
                return await super().call(operation, params, limit)
            rows = [
                {**export_row("ACTIVE", "out"), "membershipIdentifier": membership}
                for membership in (samples.MEMBERSHIP, samples.OTHER_MEMBERSHIP)
            ]
            body = json.dumps({"collaborationTrainedModelExportJobs": rows})
            return getattr(models, operation.output).model_validate_json(body)

    params = {
        "name": "out",
        "membershipIdentifier": samples.MEMBERSHIP,
        "trainedModelArn": samples.MODEL,
    }
    start = operations.START_TRAINED_MODEL_EXPORT_JOB
    rows, _ = await RequestSearch(Exports(LOST), start, params, None).rows(("out",))  # type: ignore[arg-type]
    assert [row.membership_identifier for row in rows] == [samples.MEMBERSHIP]


async def test_a_page_without_a_token_is_the_last() -> None:
    core = Core(LOST, [row(samples.MODEL, 60)])
    assert (await create(core)).trained_model_arn == samples.MODEL
    assert core.lists() == 1
    assert core.started == [samples.MODEL]


async def test_a_list_that_never_ends_tells_nothing() -> None:
    core = Core(LOST, [], [row(samples.MODEL, 60)])
    core.tokens = ["again", "again"]
    with pytest.raises(errors.OutcomeUnknown, match=r"a search failed: .*repeated a page token"):
        await create(core)
    assert core.lists() == 8
    assert [asked[1].get("nextToken") for asked in core.asked[1:3]] == [None, "again"]


@pytest.mark.parametrize("date", [DATE, DATE.removesuffix(" GMT")])
@pytest.mark.parametrize(("second", "ours"), [(58.1, True), (57.9, False)])
async def test_two_seconds_are_tolerated_before_the_date_of_the_service(
    date: str, second: float, ours: bool
) -> None:
    core = Core(LOST, [row(samples.MODEL, second)])
    core.date = date
    core.versions = [row(samples.MODEL, second)]
    if ours:
        assert (await create(core)).trained_model_arn == samples.MODEL
    else:
        with pytest.raises(errors.OutcomeUnknown, match="was made before"):
            await create(core)


async def test_a_new_model_is_found_beside_an_older_one_of_the_name() -> None:
    core = Core(LOST, [row(OTHER, 1), row(samples.MODEL, 60)])
    core.versions = [row(OTHER, 1)]
    assert (await create(core)).trained_model_arn == samples.MODEL


async def test_a_client_that_was_closed_meanwhile_names_the_operation() -> None:
    core = Core(errors.ClientClosed("CreateTrainedModel", True))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await create(core)
    assert (caught.value.operation, caught.value.name) == ("CreateTrainedModel", "m")
    assert caught.value.looked_at[1].endswith("would show it (sdk.trained_models.list)")
    assert len(core.asked) == 1


# ---- when it is looked for


async def test_a_client_that_is_closed_while_it_looks_says_what_is_open() -> None:
    core = Core(LOST, [])

    async def sleep(seconds: float) -> None:
        raise errors.ClientClosed("ListTrainedModels")

    core.sleep = sleep  # type: ignore[method-assign]
    with pytest.raises(errors.OutcomeUnknown, match="before it could be looked for") as caught:
        await create(core)
    assert caught.value.__cause__ is LOST


@pytest.mark.parametrize(("second", "ours"), [(28.5, True), (27.5, False)])
async def test_the_time_of_the_call_counts(second: float, ours: bool) -> None:
    core = Core(LOST, [row(samples.MODEL, second)])
    core.versions = [row(samples.MODEL, second)]
    times = iter([100.0])
    core.clock = lambda: next(times, 130.0)
    if ours:
        assert (await create(core)).trained_model_arn == samples.MODEL
    else:
        with pytest.raises(errors.OutcomeUnknown, match="was made before"):
            await create(core)


def conflict(attempts: int) -> errors.ServiceError:
    return answered(409, "ConflictException", attempts)


def answered(status: int, code: str = "Other", attempts: int = 1) -> errors.ServiceError:
    response: Any = {
        "Error": {"Code": code, "Message": "told to"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": attempts - 1},
    }
    return errors.SERVICE_ERRORS.get(code, errors.ServiceError)(response, "Create")


@pytest.mark.parametrize(
    ("fault", "may"),
    [
        (LOST, True),
        (errors.TransportError("Create", "lost", None), True),
        (errors.TransportError("Create", "refused", False), False),
        (conflict(1), False),
        (conflict(2), True),
        (answered(408), True),
        (answered(409), False),
        (answered(429), False),
        (answered(499), False),
        (answered(500), True),
        (answered(503), True),
        (errors.ConfigurationError("not trusted"), False),
    ],
)
def test_what_may_have_been_carried_out(fault: Exception, may: bool) -> None:
    assert may_have_happened(fault) is may
