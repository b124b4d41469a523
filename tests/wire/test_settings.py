"""Settings that botocore honours reach the request, on both ways."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from crml_sdk import CleanRoomsML, errors

from ..support.canned import CannedServer, reply
from ..support.samples import MODEL, model_reply


@pytest.fixture(params=["fast", "ordinary"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "ordinary":
        monkeypatch.setattr("crml_sdk.wire.connection.install", lambda _: "off")
    return request.param


async def config_of(canned: CannedServer, **options: Any) -> Any:
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url, **options) as sdk:
        return sdk.raw.meta.config


async def agent_of(canned: CannedServer, **options: Any) -> str:
    canned.answers = [reply(200, model_reply())]
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url, **options) as sdk:
        await sdk.trained_models.get(MODEL)
    return canned.received[-1].headers["user-agent"]


async def test_the_user_agent(canned: CannedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = await agent_of(canned)
    assert plain.startswith("crml-sdk/")
    assert "app/" not in plain
    assert (await agent_of(canned, config=AioConfig(user_agent_extra="x/1"))).endswith(" x/1")
    given = AioConfig(user_agent_appid="my app")
    assert "app/my-app" in (await agent_of(canned, config=given)).split()
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "theirs")
    assert "app/theirs" in (await agent_of(canned)).split()
    assert "app/my-app" in (await agent_of(canned, config=given)).split()
    session: Any = AioSession()
    session.user_agent_extra = "tool/2"
    assert (await agent_of(canned, session=session)).endswith(" tool/2")
    assert (await agent_of(canned, config=AioConfig(user_agent="mine"))).split()[0] == "mine"


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ({}, {}, ("standard", None)),
        ({"max_attempts": 5}, {}, ("standard", 5)),
        ({"config": AioConfig(retries={"total_max_attempts": 2})}, {}, ("standard", 2)),
        ({"config": AioConfig(retries={"max_attempts": 2})}, {}, ("standard", 3)),
        ({"config": AioConfig(retries={"mode": "adaptive"})}, {}, ("adaptive", None)),
        (
            {"max_attempts": 5, "config": AioConfig(retries={"mode": "legacy"})},
            {},
            ("legacy", 5),
        ),
        (
            {"max_attempts": 5, "config": AioConfig(retries={"max_attempts": 1})},
            {},
            ("standard", 2),
        ),
        ({}, {"AWS_RETRY_MODE": "adaptive"}, ("adaptive", None)),
        ({"max_attempts": 5}, {"AWS_RETRY_MODE": "adaptive"}, ("adaptive", 5)),
        ({}, {"AWS_MAX_ATTEMPTS": "7"}, ("standard", 7)),
        (
            {"config": AioConfig(retries={"mode": "standard"})},
            {"AWS_RETRY_MODE": "legacy"},
            ("standard", None),
        ),
    ],
)
async def test_retries(
    options: Any,
    environment: dict[str, str],
    expected: Any,
    canned: CannedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    retries = (await config_of(canned, **options)).retries
    assert (retries["mode"], retries.get("total_max_attempts")) == expected
    again = (await config_of(canned, **options)).retries
    assert again == retries  # the caller's own config was not changed


async def test_the_default_config_of_a_session(canned: CannedServer) -> None:
    session: Any = AioSession()
    session.set_default_client_config(
        AioConfig(read_timeout=7, retries={"total_max_attempts": 2}, max_pool_connections=5)
    )
    config = await config_of(canned, session=session)
    assert (config.read_timeout, config.max_pool_connections) == (7, 5)
    assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 2)
    config = await config_of(canned, session=session, config=AioConfig(read_timeout=9))
    assert (config.read_timeout, config.max_pool_connections) == (9, 5)


async def test_time_limits(canned: CannedServer) -> None:
    config = await config_of(canned, connect_timeout=1, read_timeout=2.5)
    assert (config.connect_timeout, config.read_timeout) == (1, 2.5)
    config = await config_of(canned)
    assert (config.connect_timeout, config.read_timeout) == (60, 60)
    config = await config_of(canned, read_timeout=2, config=AioConfig(read_timeout=3))
    assert config.read_timeout == 3


@pytest.mark.parametrize("name", ["max_attempts", "max_connections"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", {"mode": "standard"}])
def test_a_number_is_wanted(name: str, value: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match=f"{name}=.*whole number"):
        CleanRoomsML(region_name="us-east-1", **{name: value})


async def test_an_unknown_backend() -> None:
    with pytest.raises(errors.ConfigurationError, match="aiohttp or httpx"):
        await CleanRoomsML(region_name="us-east-1", http_backend="curl").open()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize("value", ["6h", -1, True, float("nan"), [60], timedelta(seconds=-1)])
def test_a_length_of_time_is_wanted(name: str, value: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match=f"{name}=.*(seconds|negative)"):
        CleanRoomsML(**{name: value})


async def test_times_may_be_timedeltas(canned: CannedServer) -> None:
    canned.answers = ["hang"]
    async with CleanRoomsML(
        region_name="us-east-1",
        endpoint_url=canned.url,
        max_attempts=1,
        connect_timeout=timedelta(seconds=20),
        read_timeout=timedelta(milliseconds=50),
    ) as sdk:
        with pytest.raises(errors.TransportError, match="timed out"):
            await sdk.trained_models.get(MODEL)


@pytest.mark.parametrize("value", ["6h", 0, -1, True, float("nan"), timedelta(seconds=1)])
def test_a_rate_is_wanted(value: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"polling_rate=.*requests a second"):
        CleanRoomsML(polling_rate=value)
