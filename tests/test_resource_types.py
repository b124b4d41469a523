"""The table of resource types agrees with the service's operations, shapes and models."""

from __future__ import annotations

import pytest

from crml_sdk import models
from crml_sdk.api import operations
from crml_sdk.api.constraints import SHAPES
from crml_sdk.naming import to_wire
from crml_sdk.resource_types import RESOURCE_TYPES, ResourceType, created_by, listed_by, shown_by
from crml_sdk.waiting.statuses import STATUSES

TYPES = list(RESOURCE_TYPES.values())
NOT_OF_A_TYPE = {"tags", "ml_configuration"}
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
def test_models_and_operations_lead_to_their_row(type_: ResourceType) -> None:
    assert listed_by(type_.list) is type_
    assert shown_by(type_.list.row or "") is type_
    if type_.create:
        assert created_by(type_.create) is type_
    if type_.get:
        assert shown_by(type_.get.output or "") is type_
    if type_.seen_by_members:
        view = type_.in_collaboration
        assert listed_by(view.list) is view
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
