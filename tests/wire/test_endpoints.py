"""Where requests go, and calls that must not leave this machine for AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig

from crml_sdk import CleanRoomsML, errors
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.wire.endpoints import is_local

from ..support.canned import CannedServer, reply
from ..support.samples import MODEL, model_reply

ML, ROOMS, BOTH = "AWS_ENDPOINT_URL_CLEANROOMSML", "AWS_ENDPOINT_URL_CLEANROOMS", "AWS_ENDPOINT_URL"
MEMBERSHIPS: dict[str, Any] = {"membershipSummaries": []}


def answer(request: Any) -> Any:
    return reply(200, MEMBERSHIPS if request.path == "/memberships" else model_reply())


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:4577", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:80", True),
        ("http://0.0.0.0:4577", True),
        ("http://localhost", True),
        ("https://crml.localhost:1", True),
        ("http://crml:4577", True),
        ("http://host.docker.internal:4577", True),
        ("http://crml.team.svc.cluster.local:4577", True),
        ("http://crml.team.svc.:4577", True),
        ("http://CRML.TEAM.LOCAL", True),
        ("http://crml.test", True),
        ("http://local.example.com", False),
        ("http://crml.notlocal", False),
        ("https://vpce-1.cleanrooms-ml.us-east-1.vpce.amazonaws.com", False),
        ("http://10.0.0.7", False),
        ("https://proxy.example.org", False),
        ("", False),
        (None, False),
    ],
)
def test_what_is_local(url: str | None, local: bool) -> None:
    assert is_local(url) is local


async def test_a_call_to_the_other_service_does_not_leave_for_aws(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.handler = answer
    monkeypatch.setenv(ML, canned.url)
    async with CleanRoomsML(region_name="us-east-1") as sdk:
        assert (await sdk.trained_models.get(MODEL)).name == "m"
        with pytest.raises(
            errors.ConfigurationError, match=r"nothing was sent.*CLEANROOMS "
        ) as caught:
            await sdk.memberships()
    assert canned.url in str(caught.value)
    assert len(canned.received) == 1


async def test_nor_the_other_way_round(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.handler = answer
    monkeypatch.setenv(ROOMS, canned.url)
    async with CleanRoomsML(region_name="us-east-1") as sdk:
        assert await sdk.memberships() == []
        with pytest.raises(errors.ConfigurationError, match="Set AWS_ENDPOINT_URL_CLEANROOMSML"):
            await sdk.trained_models.get(MODEL)
        with pytest.raises(errors.ConfigurationError, match="AWS_ENDPOINT_URL_CLEANROOMSML"):
            await sdk.raw.list_audience_models()


@pytest.mark.parametrize("names", [(ML, ROOMS), (BOTH,)])
async def test_both_are_here(
    names: tuple[str, ...], canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.handler = answer
    for name in names:
        monkeypatch.setenv(name, canned.url)
    async with CleanRoomsML(region_name="local") as sdk:
        await sdk.trained_models.get(MODEL)
        await sdk.memberships()
    assert len(canned.received) == 2


async def test_one_endpoint_given_is_for_both(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.handler = answer
    monkeypatch.setenv(ML, "http://127.0.0.1:9")
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
        assert await sdk.memberships() == []


@pytest.mark.parametrize(
    ("url", "config"),
    [
        ("https://vpce-1.cleanrooms-ml.us-east-1.vpce.amazonaws.com", None),
        ("http://127.0.0.1:4577", AioConfig(ignore_configured_endpoint_urls=True)),
    ],
)
async def test_an_endpoint_of_one_service_alone_stays_usable(
    url: str, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call goes out, as far as the closed port that tests have for a proxy."""
    monkeypatch.setenv(ML, url)
    async with CleanRoomsML(region_name="us-east-1", max_attempts=1, config=config) as sdk:
        with pytest.raises(errors.TransportError, match="proxy"):
            await sdk.memberships()


async def test_a_local_stand_in_in_the_process_is_not_asked_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ML, "http://127.0.0.1:4577")
    async with LocalCleanRoomsML().sdk() as sdk:
        assert await sdk.memberships()


async def test_an_endpoint_in_the_services_section(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canned.handler = answer
    (tmp_path / "config").write_text(
        "[profile mine]\nservices = s\nregion = us-east-9\n"
        "aws_access_key_id = a\naws_secret_access_key = b\n"
        f"[services s]\ncleanroomsml =\n  endpoint_url = {canned.url}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    async with CleanRoomsML(profile_name="mine") as sdk:
        assert sdk.region_name == "us-east-9"
        await sdk.trained_models.get(MODEL)
        with pytest.raises(errors.ConfigurationError, match="AWS_ENDPOINT_URL_CLEANROOMS "):
            await sdk.memberships()


@pytest.mark.parametrize("region", ["us-east-9", "local", "us-eest-1"])
async def test_without_an_endpoint_the_region_is_checked(region: str) -> None:
    with pytest.raises(errors.UnknownRegion, match=region):
        await CleanRoomsML(region_name=region).open()


@pytest.mark.parametrize("region", ["us-east-1-fips", "fips-us-east-1"])
async def test_pseudo_regions_are_what_botocore_makes_of_them(region: str) -> None:
    async with CleanRoomsML(region_name=region) as sdk:
        assert sdk.region_name == "us-east-1"
        assert sdk.raw.meta.config.use_fips_endpoint is True
        assert "fips" in sdk.raw.meta.endpoint_url
