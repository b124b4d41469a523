"""An application with the client in its lifespan, tested with FastAPI's own client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crml_sdk import errors
from crml_sdk.fastapi import SDK, STATUSES, BackgroundWaits, add_exception_handlers, lifespan

from .conftest import Shop, short_sleep


@pytest.fixture
def client(shop: Shop) -> Iterator[TestClient]:
    app = FastAPI(lifespan=lifespan(shop.sdk(clock=time.monotonic, sleep=short_sleep)))
    add_exception_handlers(app)
    done: list[str] = []

    @app.get("/models")
    async def models(sdk: SDK) -> list[str]:
        return [row.name async for row in sdk.trained_models.list()]

    @app.get("/models/{name}")
    async def model(name: str, sdk: SDK) -> Any:
        return (await sdk.trained_models.by_name(name)).model_dump(mode="json")

    @app.post("/models/{name}", status_code=202)
    async def train(name: str, sdk: SDK, waits: BackgroundWaits) -> dict[str, str]:
        made = await sdk.trained_models.create(**shop.training(name), resume=True)

        async def note(model: Any) -> None:
            done.append(model.name)

        return {"handle": waits.start(made, note)}

    @app.get("/waits")
    async def wait(handle: str, waits: BackgroundWaits) -> Any:
        return waits.state(handle)

    @app.get("/done")
    async def ended() -> list[str]:
        return done

    with TestClient(app) as opened:
        yield opened


def state(client: TestClient, handle: str, done: bool) -> dict[str, Any]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        shown = client.get("/waits", params={"handle": handle}).json()
        if shown["done"] is done and shown["status"]:
            return shown
        time.sleep(0.02)
    raise AssertionError(shown)


def test_it_trains_in_the_background(shop: Shop, client: TestClient) -> None:
    reply = client.post("/models/july")
    assert reply.status_code == 202
    handle = reply.json()["handle"]
    assert client.post("/models/july").json()["handle"] == handle
    assert shop.sends() == 1
    assert state(client, handle, False)["status"] == "CREATE_PENDING"
    shop.local.jobs.finish_all()
    assert state(client, handle, True) == {
        "handle": handle,
        "status": "ACTIVE",
        "done": True,
        "error": None,
    }
    assert client.get("/done").json() == ["july"]
    assert client.get("/models").json() == ["july"]


def test_a_failure_is_told(shop: Shop, client: TestClient) -> None:
    shop.local.jobs.fail_next(message="no such column")
    handle = client.post("/models/july").json()["handle"]
    shop.local.jobs.finish_all()
    assert "no such column" in state(client, handle, True)["error"]
    again = client.post("/models/july")
    assert again.status_code == 424
    assert "no such column" in again.json()["detail"]["message"]


def test_errors_become_replies(shop: Shop, client: TestClient) -> None:
    reply = client.get("/models/none")
    assert reply.status_code == 404
    assert reply.json()["detail"]["error"] == "NoSuchName"
    wrong = client.post("/models/" + "n" * 64)
    assert wrong.status_code == 422
    assert wrong.json()["detail"]["faults"][0]["path"] == "name"
    shop.local.faults.throttle("ListTrainedModels", times=10)
    late = client.get("/models")
    assert (late.status_code, late.headers["retry-after"]) == (429, "5")
    assert late.json()["detail"]["request_id"]


def test_every_error_has_a_status() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.CleanRoomsMLError)
    ]
    without = [
        kind.__name__ for kind in kinds if not any(base in STATUSES for base in kind.__mro__)
    ]
    assert without == ["CleanRoomsMLError"]


def test_leaving_ends_the_waiting_and_cancels_nothing(shop: Shop, client: TestClient) -> None:
    handle = client.post("/models/july").json()["handle"]
    state(client, handle, False)
    client.__exit__(None, None, None)
    assert shop.sends("CancelTrainedModel") == 0
    client.__enter__()
