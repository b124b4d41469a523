"""Speed, with much room: what is tested here is that nothing grows with the number of resources."""

from __future__ import annotations

import json
import statistics
import time

from crml_sdk.local import LocalCleanRoomsML

AUTHORISED = {"authorization": "AWS4-HMAC-SHA256 Credential=x/y/z"}


def test_a_further_instance_starts_in_no_time() -> None:
    laps = []
    for _ in range(5):
        start = time.perf_counter()
        LocalCleanRoomsML()
        laps.append(time.perf_counter() - start)
    assert min(laps) < 0.05


def test_pages_of_100_000_resources_come_quickly() -> None:
    local = LocalCleanRoomsML()
    local.seed({"models": ["first"]})
    state = local._state
    (first,) = local.records("trained-model", local.world.membership_id)
    with state.transaction():
        for number in range(100_000):
            arn = f"{first.arn}-{number}"
            data = {**first.data, "trainedModelArn": arn, "name": str(number)}
            state.add(
                "trained-model",
                arn,
                data,
                owner=first.owner,
                membership=first.membership,
                collaboration=first.collaboration,
            )
    target = f"/memberships/{local.world.membership_id}/trained-models?maxResults=100"
    token, laps, seen = "", [], 0
    for page in range(1001):
        start = time.perf_counter()
        reply = json.loads(local.handle("GET", target + token, AUTHORISED, b"").body)
        laps.append(time.perf_counter() - start)
        seen += len(reply["trainedModels"])
        assert ("nextToken" in reply) == (page < 1000)
        token = f"&nextToken={reply.get('nextToken')}"
    assert seen == 100_001
    assert statistics.median(laps) < 0.02
    assert statistics.median(laps[-100:]) < 5 * statistics.median(laps[:100])
