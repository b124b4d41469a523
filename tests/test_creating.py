"""Creating once: after a fault that leaves it open, what was made is found, or the doubt is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, unquote

import pytest

from crml_sdk import BASE, CleanRoomsML, errors, models
from crml_sdk.api import operations
from crml_sdk.resource_types import RESOURCE_TYPES

from .support import samples
from .support.canned import CannedServer, Received, error, reply


class FakeClock:
    """Time that passes when something sleeps."""

    def __init__(self) -> None:
        self.now = 500.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def sdk(canned: CannedServer, clock: FakeClock) -> AsyncIterator[CleanRoomsML]:
    async with CleanRoomsML(
        region_name="us-east-1",
        endpoint_url=canned.url,
        clock=clock,
        sleep=clock.sleep,
        read_timeout=0.2,
        membership=samples.MEMBERSHIP,
    ) as client:
        yield client


def stamp(seconds: float = 0.0) -> str:
    """A time as the service writes it, so many seconds from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


class Models:
    """A service that trains models, and does to the first POST what it is told to."""

    def __init__(self, canned: CannedServer, fault: Any) -> None:
        self.canned = canned
        self.faults = list(fault) if isinstance(fault, list) else [fault]
        self.happens = True
        self.rows: list[dict[str, Any]] = []
        self.shows_after = 0
        self.details: dict[str, Any] = {}
        self.date: Callable[[], dict[str, str]] = dict
        canned.handler = self.answer

    @property
    def posts(self) -> int:
        return sum(request.method == "POST" for request in self.canned.received)

    def add(self, body: dict[str, Any], **members: Any) -> dict[str, Any]:
        arn = samples.arn("trained-model", f"made-{len(self.rows)}")
        sent = {
            name: value for name, value in body.items() if name != "incrementalTrainingDataChannels"
        }
        row = samples.model_row(
            **{**sent, "trainedModelArn": arn, "createTime": stamp(), **members}
        )
        self.rows.append(row)
        return row

    def answer(self, request: Received) -> Any:
        if request.method == "POST":
            fault = self.faults.pop(0) if self.faults else None
            if fault is None or self.happens:
                row = self.add(request.json)
            return (
                reply(body={"trainedModelArn": row["trainedModelArn"]}) if fault is None else fault
            )
        arn = unquote(request.path).partition("/trained-models/")[2]
        if arn:
            (row,) = (
                row for row in self.rows if row["trainedModelArn"] == arn.removesuffix("/versions")
            )
            if arn.endswith("/versions"):
                return reply(body={"trainedModels": [row]}, **self.date())
            return reply(body={**samples.model_reply(**row), **self.details}, **self.date())
        self.shows_after -= 1
        rows = [] if self.shows_after >= 0 else self.rows
        return reply(
            body={
                "trainedModels": [
                    {k: v for k, v in row.items() if k != "dataChannels"} for row in rows
                ]
            },
            **self.date(),
        )


AMBIGUOUS = {
    "read timeout": "hang",
    "reset": "cut",
    "500": error("InternalServiceException", 500),
    "503": error("ServiceUnavailable", 503),
}


@pytest.mark.parametrize("fault", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_the_lost_reply_was_about_is_adopted(
    canned: CannedServer, sdk: CleanRoomsML, fault: Any
) -> None:
    service = Models(canned, fault)
    made = await sdk.trained_models.create(**samples.TRAINING)
    assert isinstance(made, models.CreateTrainedModelResponse)
    assert made.trained_model_arn == service.rows[0]["trainedModelArn"]
    assert made.is_base
    assert made.response_metadata is not None
    assert made.response_metadata.operation == "GetTrainedModel"
    assert service.posts == 1


@pytest.mark.parametrize("fault", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_cannot_be_found_is_told(
    canned: CannedServer, sdk: CleanRoomsML, clock: FakeClock, fault: Any
) -> None:
    service = Models(canned, fault)
    service.happens = False
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await sdk.trained_models.create(**samples.TRAINING)
    assert service.posts == 1
    assert caught.value.operation == "CreateTrainedModel"
    assert caught.value.name == "m"
    assert caught.value.looked_at == ("ListTrainedModels shows nothing of that name",)
    assert isinstance(caught.value.__cause__, errors.CleanRoomsMLError)
    assert clock.slept == [1.0, 2.0, 4.0]


async def test_the_lists_may_lag_behind(canned: CannedServer, sdk: CleanRoomsML) -> None:
    service = Models(canned, "cut")
    service.shows_after = 2
    made = await sdk.trained_models.create(**samples.TRAINING)
    assert made.trained_model_arn == service.rows[0]["trainedModelArn"]


async def test_refused_connections_and_throttling_are_sent_again(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    service = Models(canned, error("ThrottlingException", 429))
    service.happens = False
    await sdk.trained_models.create(**samples.TRAINING)
    assert service.posts == 2
    assert len(canned.received) == 2


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ValidationException", 400),
        ("ConflictException", 409),
        ("ServiceQuotaExceededException", 402),
    ],
)
async def test_refusals_are_what_they_are(
    canned: CannedServer, sdk: CleanRoomsML, code: str, status: int
) -> None:
    service = Models(canned, error(code, status))
    service.happens = False
    with pytest.raises(errors.SERVICE_ERRORS[code]):
        await sdk.trained_models.create(**samples.TRAINING)
    assert len(canned.received) == 1
    assert service.posts == 1


async def test_off_by_a_switch(canned: CannedServer) -> None:
    service = Models(canned, error("InternalServiceException", 500))
    async with CleanRoomsML(
        region_name="us-east-1",
        endpoint_url=canned.url,
        membership=samples.MEMBERSHIP,
        find_lost_creates=False,
    ) as sdk:
        with pytest.raises(errors.InternalServiceException):
            await sdk.trained_models.create(**samples.TRAINING)
    assert len(canned.received) == service.posts == 1


async def test_an_own_conflict_after_a_retry_is_adopted(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    """The throttled try was carried out after all, so that the second one met the first."""
    service = Models(canned, [error("ThrottlingException", 429), error("ConflictException", 409)])
    calls = iter((True, False))

    def answer(request: Received) -> Any:
        if request.method == "POST":
            service.happens = next(calls)
        return service.answer(request)

    canned.handler = answer
    made = await sdk.trained_models.create(**samples.TRAINING)
    assert made.trained_model_arn == service.rows[0]["trainedModelArn"]
    assert service.posts == 2


async def test_anothers_conflict_after_a_retry_is_one(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    service = Models(canned, [error("ThrottlingException", 429), error("ConflictException", 409)])
    service.happens = False
    service.add({"name": "m"}, createTime=stamp(-3600))
    with pytest.raises(errors.ConflictException):
        await sdk.trained_models.create(**samples.TRAINING)
    assert service.posts == 2


# ---- what is ours


async def test_an_older_one_of_the_name_is_not_ours(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    service = Models(canned, "cut")
    service.happens = False
    service.add({"name": "m"}, createTime=stamp(-3600))
    with pytest.raises(errors.OutcomeUnknown, match="was made before"):
        await sdk.trained_models.create(**samples.TRAINING)


async def test_nor_is_one_with_other_settings(canned: CannedServer, sdk: CleanRoomsML) -> None:
    service = Models(canned, "cut")
    service.details = {"hyperparameters": {"epochs": "9"}}
    with pytest.raises(errors.OutcomeUnknown, match="differs in hyperparameters"):
        await sdk.trained_models.create(**samples.TRAINING, hyperparameters={"epochs": "3"})


async def test_nor_one_of_two(canned: CannedServer, sdk: CleanRoomsML) -> None:
    service = Models(canned, "cut")
    body = {"name": "m", "dataChannels": samples_wire()["dataChannels"]}
    service.add(body, createTime=stamp(1))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        await sdk.trained_models.create(**samples.TRAINING)
    assert sum("fits" in line for line in caught.value.looked_at) == 2


def samples_wire() -> dict[str, Any]:
    return {"dataChannels": [{"mlInputChannelArn": samples.CHANNEL, "channelName": "train"}]}


async def test_names_are_compared_whole(canned: CannedServer, sdk: CleanRoomsML) -> None:
    service = Models(canned, "cut")
    service.happens = False
    for name in ("M", "m2", "mm", "m "):
        service.add({"name": name})
    with pytest.raises(errors.OutcomeUnknown, match="nothing of that name"):
        await sdk.trained_models.create(**samples.TRAINING)


async def test_the_services_clock_decides_what_is_older(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    """The service's clock is four minutes ahead: one made a minute before the call is not ours."""
    ahead = 240.0
    service = Models(canned, "cut")
    service.happens = False
    service.date = lambda: {
        "Date": format_datetime(datetime.now(timezone.utc) + timedelta(seconds=ahead), usegmt=True)
    }
    service.add({"name": "m", **samples_wire()}, createTime=stamp(ahead - 60))
    with pytest.raises(errors.OutcomeUnknown, match="made before"):
        await sdk.trained_models.create(**samples.TRAINING)


async def test_and_one_made_meanwhile_is(canned: CannedServer, sdk: CleanRoomsML) -> None:
    """The service's clock is an hour behind, which the Date header tells."""
    behind = -3600.0
    service = Models(canned, "cut")
    service.happens = False
    service.date = lambda: {
        "Date": format_datetime(datetime.now(timezone.utc) + timedelta(seconds=behind), usegmt=True)
    }
    row = service.add({"name": "m", **samples_wire()}, createTime=stamp(behind))
    made = await sdk.trained_models.create(**samples.TRAINING)
    assert made.trained_model_arn == row["trainedModelArn"]


async def test_a_further_version_of_an_older_model_is_found(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    """A list may show one row per model; the version shows in the list of versions."""
    old = samples.model_row(createTime=stamp(-3600))
    new = samples.model_row(createTime=stamp(), versionIdentifier=samples.VERSION_1)
    incremental = [{"channelName": "before", "modelName": "m"}]

    def answer(request: Received) -> Any:
        if request.method == "POST":
            return "cut"
        if request.path.endswith("/versions"):
            return reply(body={"trainedModels": [old, new]})
        if request.query.get("versionIdentifier") == [samples.VERSION_1]:
            return reply(
                body=samples.model_reply(
                    **new, incrementalTrainingDataChannels=incremental, **samples_wire()
                )
            )
        if request.path.endswith(quote(samples.MODEL, safe="")):
            return reply(body=samples.model_reply(**old))
        return reply(body={"trainedModels": [old]})

    canned.handler = answer
    made = await sdk.trained_models.create(
        **samples.TRAINING,
        incremental_training_data_channels=[
            {"trained_model_arn": samples.MODEL, "channel_name": "before"}
        ],
    )
    assert made.version_identifier == samples.VERSION_1


async def test_looks_that_fail_are_told(canned: CannedServer, sdk: CleanRoomsML) -> None:
    def answer(request: Received) -> Any:
        return "cut" if request.method == "POST" else error("AccessDeniedException", 403, "no")

    canned.handler = answer
    with pytest.raises(errors.OutcomeUnknown, match="a search failed"):
        await sdk.trained_models.create(**samples.TRAINING)


async def test_after_the_callers_own_time_out_there_is_one_quick_look(
    canned: CannedServer, clock: FakeClock
) -> None:
    service = Models(canned, "hang")
    async with CleanRoomsML(
        region_name="us-east-1",
        endpoint_url=canned.url,
        membership=samples.MEMBERSHIP,
        clock=clock,
        sleep=clock.sleep,
    ) as sdk:
        made = await sdk.trained_models.create(**samples.TRAINING, timeout=0.5)
        assert made.trained_model_arn == service.rows[0]["trainedModelArn"]
        service.faults, service.happens = ["hang"], False
        service.rows.clear()
        with pytest.raises(errors.OutcomeUnknown):
            await sdk.trained_models.create(**samples.TRAINING, timeout=0.5)
    assert clock.slept == []


async def test_every_page_is_read(canned: CannedServer, sdk: CleanRoomsML) -> None:
    ours = samples.model_row(
        createTime=stamp(), trainedModelArn=samples.arn("trained-model", "ours")
    )

    def answer(request: Received) -> Any:
        if request.method == "POST":
            return "cut"
        if "/trained-models/" in request.path:
            return reply(body=samples.model_reply(**ours, **samples_wire()))
        assert request.query["maxResults"] == ["100"]
        if request.query.get("nextToken") == ["2"]:
            return reply(body={"trainedModels": [ours]})
        return reply(body={"trainedModels": [], "nextToken": "2"})

    canned.handler = answer
    made = await sdk.trained_models.create(**samples.TRAINING)
    assert made.trained_model_arn == ours["trainedModelArn"]


async def test_another_members_export_of_the_name_is_not_ours(
    canned: CannedServer, sdk: CleanRoomsML
) -> None:
    """The collaboration's list shows the exports of every member."""

    def row(membership: str) -> dict[str, Any]:
        return {
            "createTime": stamp(),
            "updateTime": stamp(),
            "name": "e",
            "outputConfiguration": {"members": [{"accountId": samples.ACCOUNT}]},
            "status": "ACTIVE",
            "creatorAccountId": samples.ACCOUNT,
            "trainedModelArn": samples.MODEL,
            "membershipIdentifier": membership,
            "collaborationIdentifier": samples.COLLABORATION,
        }

    rows = [row(samples.OTHER_MEMBERSHIP)]

    def answer(request: Received) -> Any:
        if request.method == "POST":
            return "cut"
        if samples.COLLABORATION in request.path:
            assert samples.MODEL in unquote(request.path)
            return reply(body={"collaborationTrainedModelExportJobs": rows})
        return reply(body=samples.model_reply())

    canned.handler = answer
    asked: Any = {
        "name": "e",
        "output_configuration": {"members": [{"account_id": samples.ACCOUNT}]},
    }
    with pytest.raises(errors.OutcomeUnknown, match="shows nothing of that name"):
        await sdk.trained_models.export(samples.MODEL, version=BASE, **asked)
    rows.append(row(samples.MEMBERSHIP))
    assert await sdk.trained_models.export(samples.MODEL, version=BASE, **asked) is None


# ---- every operation


def test_every_create_and_start_can_be_looked_up() -> None:
    creates = {operation.name for operation in operations.ALL if operation.creates}
    assert creates == {type_.create.name for type_ in RESOURCE_TYPES.values() if type_.create}


def test_nothing_else_is_looked_up() -> None:
    for operation in operations.ALL:
        if operation.name.startswith(("Create", "Start")):
            assert operation.creates, operation.name
