"""The asset, materialised by Dagster, against a served local Clean Rooms ML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from crml_sdk.dagster import CleanRoomsMLResource, trained_model_asset

from .conftest import Shop


@pytest.fixture
def served(quick: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Shop, Any]]:
    with quick.local.serve_in_thread() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield (
            quick,
            CleanRoomsMLResource(
                region_name="us-east-1",
                endpoint_url=server.url,
                membership=quick.local.world.membership_id,
            ),
        )


def test_an_asset_is_a_trained_model(served: tuple[Shop, Any]) -> None:
    shop, resource = served
    months = dg.StaticPartitionsDefinition(["2026-06", "2026-07"])
    model = trained_model_asset(
        "churn_model",
        lambda context: shop.training(
            f"churn-{context.partition_key}", hyperparameters={"epochs": "3"}
        ),
        partitions_def=months,
    )
    for tries in (1, 2):
        result = dg.materialize(
            [model], resources={"clean_rooms_ml": resource}, partition_key="2026-07"
        )
        assert result.success
        (made,) = result.asset_materializations_for_node("churn_model")
        metadata = {key: value.value for key, value in made.metadata.items()}
        assert metadata["trained model"].endswith("@base")
        assert metadata["status"] == "ACTIVE"
        assert metadata["resumed"] is (tries == 2)
        assert metadata["hyperparameters"] == {"epochs": "3"}
        assert "churn-2026-07" in metadata["lineage"]
        assert "metrics status" in metadata
    assert shop.sends() == 1


def test_a_failed_training_fails_the_run_with_its_reason(served: tuple[Shop, Any]) -> None:
    shop, resource = served
    shop.local.jobs.fail_next(message="no such column")
    model = trained_model_asset(
        "churn_model",
        lambda context: shop.training(),
        retry_policy=dg.RetryPolicy(max_retries=3, delay=0),
    )
    result = dg.materialize([model], resources={"clean_rooms_ml": resource}, raise_on_error=False)
    assert not result.success
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "no such column" in str(event.step_failure_data.error)
    # Found: it was tried as often as the policy allows, to find the same failure each time.
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert shop.sends() == 1
