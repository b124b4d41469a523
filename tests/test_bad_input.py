"""What bad input gets: one clear error, and nothing sent where the fault could be seen before."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors

from .support.canned import CannedServer, error, reply
from .support.samples import (
    ACCOUNT,
    CHANNEL,
    INFERENCE,
    JOB,
    MEMBERSHIP,
    MODEL,
    TRAINING,
    model_reply,
)


@pytest.mark.parametrize("region", ["us-eest-1", "us-east-11", "us_east_1", "mars", "US-EAST-1"])
async def test_an_unknown_region(region: str) -> None:
    """Found: a name that only looks like a region went on to a name server."""
    with pytest.raises(errors.UnknownRegion, match=f"region '{region}'") as caught:
        await CleanRoomsML(region_name=region).open()
    if region in ("us-eest-1", "us-east-11", "us_east_1"):
        assert re.search("did you mean .*us-east-1", str(caught.value))


async def test_a_region_that_is_new_works_with_an_endpoint(canned: CannedServer) -> None:
    async with CleanRoomsML(region_name="us-north-9", endpoint_url=canned.url) as sdk:
        assert sdk.region_name == "us-north-9"


async def test_no_region() -> None:
    with pytest.raises(errors.MissingRegion, match="region_name="):
        await CleanRoomsML().open()


@pytest.fixture
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", os.devnull)
    return


@pytest.mark.usefixtures("without_credentials")
async def test_no_credentials(canned: CannedServer) -> None:
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
        with pytest.raises(errors.MissingCredentials, match="nothing was sent"):
            await sdk.trained_models.get(MODEL)
    assert not canned.received


async def test_half_of_the_credentials(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(errors.MissingCredentials):
        async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
            await sdk.trained_models.get(MODEL)
    assert not canned.received


async def test_an_unknown_profile() -> None:
    with pytest.raises(errors.ConfigurationError, match="nobody"):
        await CleanRoomsML(region_name="us-east-1", profile_name="nobody").open()


async def test_an_endpoint_that_is_no_url() -> None:
    with pytest.raises(errors.ConfigurationError, match="no url"):
        await CleanRoomsML(region_name="us-east-1", endpoint_url="no url").open()


async def test_an_unknown_backend_and_no_attempts() -> None:
    with pytest.raises(errors.ConfigurationError, match="http_backend"):
        await CleanRoomsML(region_name="us-east-1", http_backend="curl").open()  # type: ignore[arg-type]
    with pytest.raises(errors.ConfigurationError, match="retries"):
        await CleanRoomsML(region_name="us-east-1", max_attempts=0).open()


def test_a_membership_that_is_none() -> None:
    with pytest.raises(errors.ConfigurationError, match="8-4-4-4-12"):
        CleanRoomsML(membership="mine")


async def test_a_scope_that_is_none(sdk: CleanRoomsML) -> None:
    for make in (sdk.membership, sdk.collaboration):
        for given in ("mine", "", None, 7):
            with pytest.raises(errors.RequestValidationError, match="_identifier"):
                make(given)  # type: ignore[arg-type]


AUDIENCE = f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:audience-model/x"


@pytest.mark.parametrize("wrong", [JOB, AUDIENCE, "x" * 30, f"arn:aws:s3:::{'b' * 30}"])
async def test_an_arn_of_another_kind(sdk: CleanRoomsML, canned: CannedServer, wrong: str) -> None:
    """Found: without a membership in it, a wrong ARN was called a missing membership."""
    with pytest.raises(errors.RequestValidationError, match="a trained-model") as caught:
        await sdk.trained_models.get(wrong)
    assert [fault.path for fault in caught.value.faults] == ["trained_model_arn"]
    if wrong == AUDIENCE:
        assert "not of an audience-model" in str(caught.value)
    assert not canned.received


async def test_a_name_of_64_characters(sdk: CleanRoomsML, canned: CannedServer) -> None:
    with pytest.raises(errors.RequestValidationError, match=r"has 64 characters.*1 to 63"):
        await sdk.trained_models.create(**TRAINING | {"name": "n" * 64})
    assert not canned.received


async def test_max_payload_of_101(sdk: CleanRoomsML, canned: CannedServer) -> None:
    with pytest.raises(
        errors.RequestValidationError, match="given 101; allowed: 1 to 100"
    ) as caught:
        await sdk.inference_jobs.start(
            MODEL, **INFERENCE, container_execution_parameters={"max_payload_in_mb": 101}
        )
    (fault,) = caught.value.faults
    assert fault.path == "container_execution_parameters.max_payload_in_mb"
    assert not canned.received


async def test_two_kinds_of_fault_at_once(sdk: CleanRoomsML, canned: CannedServer) -> None:
    with pytest.raises(errors.RequestValidationError, match="2 faults") as caught:
        await sdk.inference_jobs.start(
            MODEL,
            **INFERENCE | {"name": 7, "resource_config": {"instance_type": "ml.m5.huge"}},
        )
    assert [fault.path for fault in caught.value.faults] == [
        "name",
        "resource_config.instance_type",
    ]
    assert not canned.received


@pytest.mark.parametrize("backend", ["aiohttp", "httpx"])
async def test_an_endpoint_that_refuses_connections(backend: Any) -> None:
    async with CleanRoomsML(
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        max_attempts=1,
        http_backend=backend,
    ) as sdk:
        with pytest.raises(errors.TransportError, match=r"127\.0\.0\.1:9") as caught:
            await sdk.inference_jobs.start(MODEL, **INFERENCE)
    assert caught.value.request_sent is False
    assert caught.value.operation == "StartTrainedModelInferenceJob"


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"null", b"[]", b'"ok"', b"\xff\xfe"])
async def test_a_reply_that_is_not_the_documented_json(
    sdk: CleanRoomsML, canned: CannedServer, body: bytes
) -> None:
    canned.answers = [reply(200, body, x_amzn_RequestId="r-1")]
    with pytest.raises(errors.ResponseShapeError, match="GetTrainedModel") as caught:
        await sdk.trained_models.get(MODEL)
    assert caught.value.payload == body
    assert caught.value.request_id == "r-1"
    assert len(canned.received) == 1


async def test_a_reply_without_a_required_member(sdk: CleanRoomsML, canned: CannedServer) -> None:
    """The ARN of a job just paid for may be in there: the payload is carried, and sent is sent."""
    canned.answers = [reply(200, {"trainedModelInferenceJob": JOB})]
    with pytest.raises(errors.ResponseShapeError, match="trainedModelInferenceJobArn") as caught:
        await sdk.inference_jobs.start(MODEL, **INFERENCE)
    assert JOB.encode() in caught.value.payload
    assert len(canned.received) == 1


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("createTime", "yesterday"),
        ("name", 7),
        ("dataChannels", {}),
        ("status", 3),
        ("resourceConfig", {"volumeSizeInGB": "ten", "instanceType": "ml.m5.large"}),
    ],
)
async def test_a_reply_with_a_member_of_a_wrong_type(
    sdk: CleanRoomsML, canned: CannedServer, member: str, wrong: Any
) -> None:
    canned.answers = [reply(200, model_reply(**{member: wrong}))]
    with pytest.raises(errors.ResponseShapeError, match=member):
        await sdk.trained_models.get(MODEL)


async def test_an_enum_value_nobody_knows_is_no_error(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, model_reply(status="SUSPENDED"))]
    model = await sdk.trained_models.get(MODEL)
    assert model.status == "SUSPENDED"
    assert model.status.is_known is False
    canned.answers = [reply(200, model_reply(status="ACTIVE"))]
    assert (await sdk.trained_models.get(MODEL)).status.is_known is True


async def test_an_enum_value_nobody_knows_is_not_sent(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    with pytest.raises(errors.RequestValidationError, match="did you mean 'FastFile'"):
        await sdk.trained_models.create(**TRAINING, training_input_mode="Fastfile")  # type: ignore[arg-type]
    assert not canned.received


async def test_an_argument_nobody_knows(sdk: CleanRoomsML, canned: CannedServer) -> None:
    with pytest.raises(errors.RequestValidationError, match="did you mean 'instance_type'"):
        await sdk.inference_jobs.start(
            MODEL,
            **INFERENCE | {"resource_config": {"instance_typ": "ml.m5.large"}},
        )
    assert not canned.received


async def test_no_membership(sdk: CleanRoomsML, canned: CannedServer) -> None:
    with pytest.raises(errors.MissingMembership, match="membership_identifier="):
        await sdk.ml_configuration.get()
    assert not canned.received


async def test_an_error_page_that_is_not_json(canned: CannedServer) -> None:
    canned.answers = [reply(503, b"<html>busy</html>")]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1
    ) as sdk:
        with pytest.raises(errors.ServiceError) as caught:
            await sdk.trained_models.get(MODEL)
    assert caught.value.status_code == 503
    assert caught.value.operation == "GetTrainedModel"


async def test_an_error_nobody_documented(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [error("TeapotException", 418, "short and stout")]
    with pytest.raises(errors.ServiceError, match="short and stout") as caught:
        await sdk.trained_models.get(MODEL)
    assert type(caught.value) is errors.ServiceError
    assert caught.value.code == "TeapotException"


async def test_a_client_that_is_not_open(canned: CannedServer) -> None:
    sdk = CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url)
    with pytest.raises(errors.CleanRoomsMLError, match="not open"):
        await sdk.trained_models.get(MODEL)
    with pytest.raises(errors.CleanRoomsMLError, match="not open"):
        sdk.raw  # noqa: B018
    async with sdk:
        pass
    with pytest.raises(errors.ClientClosed, match="ListMemberships: the client was closed"):
        await sdk.memberships()


async def test_wire_names_are_understood_in_nested_dicts(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, {"trainedModelInferenceJobArn": JOB})]
    await sdk.inference_jobs.start(
        MODEL,
        **INFERENCE | {"data_source": {"mlInputChannelArn": CHANNEL}},
    )
    assert canned.received[0].json["dataSource"] == {"mlInputChannelArn": CHANNEL}
    with pytest.raises(errors.RequestValidationError, match="is given twice"):
        await sdk.inference_jobs.start(
            MODEL,
            **INFERENCE
            | {"data_source": {"mlInputChannelArn": CHANNEL, "ml_input_channel_arn": CHANNEL}},
        )
    assert MEMBERSHIP in canned.received[0].path
