"""The table of resource types agrees with the service's operations, shapes and models."""

from __future__ import annotations

import importlib
import inspect
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from crml_sdk import models
from crml_sdk.api import operations
from crml_sdk.api.constraints import SHAPES
from crml_sdk.naming import to_wire
from crml_sdk.operation import Operation
from crml_sdk.resource_types import (
    LONGEST,
    RESOURCE_TYPES,
    ResourceType,
    shown_by,
    type_of,
)
from crml_sdk.waiting.statuses import STATUSES

TYPES = list(RESOURCE_TYPES.values())
NOT_OF_A_TYPE = {"tags", "ml_configuration", "members"}
OTHER_METHODS = {"update", "get_policy", "put_policy", "delete_policy"}


def operations_of(type_: ResourceType) -> list[operations.Operation]:
    own = (type_.create, type_.get, type_.list, type_.versions, type_.cancel, type_.delete)
    return [operation for operation in (*own, *(type_.seen_by_members or ())) if operation]


def test_every_operation_stands_in_one_row() -> None:
    placed = [operation.name for type_ in TYPES for operation in operations_of(type_)]
    assert len(set(placed)) == len(placed)
    wanted = {
        operation.name
        for operation in operations.ALL
        if operation.group not in NOT_OF_A_TYPE and operation.method not in OTHER_METHODS
    }
    assert set(placed) == wanted


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_a_row_names_what_the_models_have(type_: ResourceType) -> None:
    row = getattr(models, type_.list.row or "")
    assert {type_.arn, type_.row_name, "create_time"} <= set(row.model_fields)
    assert type_.row_version is None or type_.row_version in row.model_fields
    if type_.get and type_.list.service == "cleanroomsml":
        assert to_wire(type_.arn) in [wire for wire, _ in SHAPES[type_.get.input][1].values()]
    if type_.create:
        asked = {wire for wire, _ in SHAPES[type_.create.input][1].values()}
        listed = {wire for wire, _ in SHAPES[type_.list.input][1].values()}
        assert set(type_.found_by) <= asked & listed
    if type_.create and type_.create.output:
        assert type_.arn in getattr(models, type_.create.output).model_fields
    assert not type_.statuses or type_.statuses in STATUSES


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_a_row_holds_operations_text_and_truth(type_: ResourceType) -> None:
    for name in ("get", "create", "cancel", "delete", "versions"):
        assert isinstance(getattr(type_, name), Operation | None), name
    assert isinstance(type_.statuses, str)
    assert type_.has_name is not type_.has_arn  # truth itself, of both


CREATED = [type_ for type_ in TYPES if type_.create]


@pytest.mark.parametrize("type_", CREATED, ids=lambda type_: type_.name)
def test_the_list_is_narrowed_by_all_that_it_takes_of_a_create(type_: ResourceType) -> None:
    """Else the list is refused, or what another has made is taken for what was lost."""
    assert type_.create
    asked = {wire: f"the {wire}" for wire, _ in SHAPES[type_.create.input][1].values()}
    _, members, required, _ = SHAPES[type_.list.input]
    takes = {wire for wire, _ in members.values()}
    narrowed = type_.narrowed(asked)
    # A lost export of no version may show under the version that the service has chosen.
    left_out = {"trainedModelVersionIdentifier", "collaborationId"}
    assert set(narrowed) == (asked.keys() & takes) - left_out
    assert set(required) - set(narrowed) <= {"collaborationIdentifier"}
    assert all(value == f"the {name}" for name, value in narrowed.items())


def test_what_has_no_arn_is_told_apart_by_its_time_and_its_owner() -> None:
    made = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)
    row: Any = SimpleNamespace(name="july", create_time=made, creator_account_id="111122223333")
    text = "the export job 'july' of 2026-01-02T03:04:00+00:00"
    identity = RESOURCE_TYPES["trained-model-export-job"].identity
    assert identity(row) == f"{text} by 111122223333"
    del row.creator_account_id
    assert identity(row) == text
    job: Any = SimpleNamespace(trained_model_inference_job_arn="arn:x")
    assert RESOURCE_TYPES["trained-model-inference-job"].identity(job) == "arn:x"


def test_a_wait_lasts_a_day_longer_than_a_job_may_run() -> None:
    _, _, longest = SHAPES["StoppingConditionMaxRuntimeInSecondsInteger"]
    assert longest + 86_400 == LONGEST


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_models_and_operations_lead_to_their_row(type_: ResourceType) -> None:
    assert type_of(type_.list) is type_
    assert shown_by(type_.list.row or "") is type_
    if type_.create:
        assert type_of(type_.create) is type_
    if type_.get:
        assert shown_by(type_.get.output or "") is type_
    if type_.seen_by_members:
        view = type_.in_collaboration
        assert type_of(view.list) is view
        assert shown_by(view.list.row or "") is view
        assert view.scope == "collaboration"
        assert (view.create, view.cancel, view.versions) == (None, None, None)
        assert view.get is type_.seen_by_members[0]
    elif type_.scope != "collaboration":
        with pytest.raises(ValueError, match=f"no {type_.noun}s"):
            _ = type_.in_collaboration


@pytest.mark.parametrize("name", ["ListTrainedModelsResponse", "GetTrainedModelRequest", "Tags"])
def test_other_models_show_no_resource(name: str) -> None:
    assert shown_by(name) is None


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_a_group_waits_for_what_has_a_life_cycle_and_cancels_what_can_be(
    type_: ResourceType,
) -> None:
    """The generator finds out by itself what is waited for; the table says the same."""
    listed = type_.list
    scope = "collaboration_" if listed.scope == "collaboration" else ""
    module = importlib.import_module(f"crml_sdk.api.{scope}{listed.group}")
    made: list[Any] = [found for found in vars(module).values() if inspect.isclass(found)]
    (owner,) = [found for found in made if found.__module__ == module.__name__]
    assert hasattr(owner, "wait") is bool(type_.statuses)
    if type_.statuses:
        assert ("cancel_on_timeout" in inspect.signature(owner.wait).parameters) is bool(
            type_.cancel
        )
        assert hasattr(owner, "wait_cancelled") is bool(type_.cancel)
