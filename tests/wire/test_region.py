"""Where the region comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from crml_sdk import CleanRoomsML, errors

from ..support.canned import CannedServer


@pytest.mark.parametrize(
    ("given", "default", "environment", "profile", "expected"),
    [
        ("us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "us-west-2"),
        (None, "eu-west-1", "eu-west-2", "eu-west-3", "eu-west-1"),
        (None, None, "eu-west-2", "eu-west-3", "eu-west-2"),
        (None, None, None, "eu-west-3", "eu-west-3"),
    ],
)
async def test_the_nearest_word_on_the_region_counts(
    given: str | None,
    default: str | None,
    environment: str | None,
    profile: str,
    expected: str,
    canned: CannedServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "config").write_text(f"[default]\nregion = {profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in (("AWS_DEFAULT_REGION", default), ("AWS_REGION", environment)):
        if value is not None:
            monkeypatch.setenv(name, value)
    async with CleanRoomsML(region_name=given, endpoint_url=canned.url) as sdk:
        assert sdk.region_name == expected


async def test_without_any_region_the_error_says_where_to_put_one(canned: CannedServer) -> None:
    with pytest.raises(errors.MissingRegion, match="AWS_REGION"):
        await CleanRoomsML(endpoint_url=canned.url).open()
