"""Which membership a call takes: the argument, the ARN's, the scope's, the client's, else none."""

from __future__ import annotations

from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors

from ..support.canned import CannedServer, Received, reply
from ..support.samples import (
    ACCOUNT,
    ASSOCIATION,
    CHANNEL,
    COLLABORATION,
    MEMBERSHIP,
    MODEL,
    OTHER_MEMBERSHIP,
    TRAINING,
    model_reply,
)

THIRD = "33333333-2222-3333-4444-555555555555"


@pytest.fixture
async def sdk(canned: CannedServer) -> Any:
    def answer(request: Received) -> Any:
        if request.method == "GET":
            return reply(200, model_reply() | {"trainedModels": []})
        return reply(200, {"trainedModelArn": MODEL, "mlInputChannelArn": CHANNEL})

    canned.handler = answer
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, membership=THIRD
    ) as client:
        yield client


def used(canned: CannedServer) -> str:
    return canned.received[-1].path.split("/")[2]


async def test_for_a_resource_the_argument_then_its_arn(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    other = sdk.membership(OTHER_MEMBERSHIP)
    await sdk.trained_models.get(MODEL)
    assert used(canned) == MEMBERSHIP
    await other.trained_models.get(MODEL)
    assert used(canned) == MEMBERSHIP
    await other.trained_models.get(MODEL, membership_identifier=COLLABORATION)
    assert used(canned) == COLLABORATION


async def test_for_a_list_the_argument_the_scope_the_client(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    other = sdk.membership(OTHER_MEMBERSHIP)
    await sdk.trained_models.list()
    assert used(canned) == THIRD
    await other.trained_models.list()
    assert used(canned) == OTHER_MEMBERSHIP
    await other.trained_models.list(membership_identifier=MEMBERSHIP)
    assert used(canned) == MEMBERSHIP


async def test_a_create_only_refers_to_what_its_arns_name(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """They may be another member's, so there the scope comes before the ARN."""
    await sdk.membership(OTHER_MEMBERSHIP).trained_models.create(**TRAINING)
    assert used(canned) == OTHER_MEMBERSHIP
    await sdk.trained_models.create(**TRAINING)
    assert used(canned) == THIRD
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as bare:
        await bare.trained_models.create(**TRAINING)
        assert used(canned) == MEMBERSHIP
        await bare.ml_input_channels.create(
            name="c",
            configured_model_algorithm_associations=[ASSOCIATION],
            retention_in_days=1,
            input_channel={
                "data_source": {
                    "protected_query_input_parameters": {
                        "sql_parameters": {"query_string": "select 1"}
                    }
                },
                "role_arn": f"arn:aws:iam::{ACCOUNT}:role/r",
            },
        )
        assert used(canned) == MEMBERSHIP
        with pytest.raises(errors.MissingMembership):
            await bare.trained_models.list()


@pytest.mark.parametrize(
    "given",
    [OTHER_MEMBERSHIP, f"arn:aws:cleanrooms:us-east-1:{ACCOUNT}:membership/{OTHER_MEMBERSHIP}"],
)
async def test_an_arn_of_a_membership_will_do(
    sdk: CleanRoomsML, canned: CannedServer, given: str
) -> None:
    await sdk.membership(given).trained_models.list()
    assert used(canned) == OTHER_MEMBERSHIP
    assert sdk.membership(given).membership_identifier == OTHER_MEMBERSHIP
    await sdk.trained_models.list(membership_identifier=given)
    assert used(canned) == OTHER_MEMBERSHIP
    await sdk.trained_models.get(MODEL, membership_identifier=given)
    assert used(canned) == OTHER_MEMBERSHIP
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, membership=given
    ) as mine:
        await mine.trained_models.list()
    assert used(canned) == OTHER_MEMBERSHIP


async def test_a_collaboration_by_its_arn(sdk: CleanRoomsML) -> None:
    arn = f"arn:aws:cleanrooms:us-east-1:{ACCOUNT}:collaboration/{COLLABORATION}"
    assert sdk.collaboration(arn).collaboration_identifier == COLLABORATION
    assert COLLABORATION in repr(sdk.collaboration(arn))
    assert MEMBERSHIP in repr(sdk.membership(MEMBERSHIP))


async def test_scopes_are_cheap_views_on_one_client(sdk: CleanRoomsML) -> None:
    assert sdk.membership(MEMBERSHIP)._core is sdk._core
    assert sdk.collaboration(COLLABORATION)._core is sdk._core
