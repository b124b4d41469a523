"""The quick loader gives what botocore's gives, from the same places."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.session import AioSession
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader, create_loader

from crml_sdk.wire.fast.loader import KEPT, QuickFiles, QuickLoader, decoded, register_loader


def quick() -> QuickLoader:
    return QuickLoader(create_loader().search_paths)


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        ("cleanroomsml", "service-2"),
        ("cleanroomsml", "endpoint-rule-set-1"),
        ("cleanroomsml", "paginators-1"),
        ("cleanrooms", "service-2"),
        ("sts", "service-2"),
    ],
)
def test_it_loads_what_botocore_loads(service: str, kind: str):
    assert quick().load_service_model(service, kind) == Loader().load_service_model(service, kind)


def test_of_the_endpoints_the_services_that_may_be_asked_for_are_the_same():
    whole, path = Loader().load_data_with_path("endpoints")
    ours, our_path = quick().load_data_with_path("endpoints")
    assert our_path == path
    for partition in whole["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in KEPT if name in services}
    assert ours == whole
    assert {"sts", "portal.sso", "oidc"} <= set(ours["partitions"][0]["services"])


@pytest.mark.parametrize(
    "content",
    [
        b'{"version":3,"partitions":[{"services":{"s3":{}}}]}',
        b'{\n    "services" : {\n      "sts" : {"a": 1}}}',
    ],
)
def test_endpoints_laid_out_otherwise_are_read_whole(content: bytes):
    assert decoded(content, of_endpoints=True) == json.loads(content)


@pytest.mark.parametrize("name", ["partitions", "_retry", "sdk-default-configuration"])
def test_general_data_is_the_same(name: str):
    data, path = quick().load_data_with_path(name)
    assert (data, path) == Loader().load_data_with_path(name)
    assert quick().is_builtin_path(path)


def test_members_keep_their_order():
    ours = quick().load_service_model("cleanroomsml", "service-2")["shapes"]
    theirs = Loader().load_service_model("cleanroomsml", "service-2")["shapes"]
    assert list(ours) == list(theirs)


def test_only_the_service_asked_for_is_looked_up(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    usual = Loader.list_available_services
    monkeypatch.setattr(
        Loader,
        "list_available_services",
        lambda self, type_name: asked.append(type_name) or usual(self, type_name),
    )
    loader = quick()
    loader.load_service_model("cleanroomsml", "service-2")
    assert asked == []
    assert len(loader.list_available_services("service-2")) > 100


def test_an_unknown_service_is_botocores_error():
    with pytest.raises(UnknownServiceError, match=r"Unknown service: 'nosuch'.*cleanroomsml"):
        quick().load_service_model("nosuch", "service-2")


def test_the_users_own_data_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "cleanroomsml" / "2099-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps({"metadata": {"mine": True}}))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    session: Any = AioSession()
    register_loader(session)
    loader = session.get_component("data_loader")
    assert loader.load_service_model("cleanroomsml", "service-2") == {"metadata": {"mine": True}}


def test_what_botocore_adds_to_a_service_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "cleanroomsml" / "2099-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps({"metadata": {"mine": True}}))
    extras = {"merge": {"metadata": {"added": True}}}
    (folder / "service-2.sdk-extras.json").write_text(json.dumps(extras))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    session: Any = AioSession()
    register_loader(session)
    found = session.get_component("data_loader").load_service_model("cleanroomsml", "service-2")
    assert found == {"metadata": {"mine": True, "added": True}}


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_what_pydantic_cannot_read_is_left_to_botocore(tmp_path: Path, suffix: str):
    content = rb'{"lone": "\ud800"}'
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    assert QuickFiles().load_file(str(tmp_path / "odd")) == {"lone": "\ud800"}


def test_a_file_that_is_not_there_is_none(tmp_path: Path):
    assert QuickFiles().load_file(str(tmp_path / "nothing")) is None
