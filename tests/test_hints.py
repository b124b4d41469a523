"""What a mistake most likely meant."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors, models
from crml_sdk.hints import NoAttribute, did_you_mean, nearest

from .support.samples import MODEL, model_reply


def model() -> Any:
    return models.GetTrainedModelResponse.model_validate(model_reply())


def test_the_same_name_in_another_spelling_comes_first() -> None:
    known = ["instance_type", "instance_count", "ACTIVE"]
    assert nearest("instanceType", known) == ["instance_type"]
    assert nearest("active", known) == ["ACTIVE"]
    assert did_you_mean("instance_typ", known) == " (did you mean 'instance_type'?)"
    assert did_you_mean("zebra", known) == ""


def test_a_longer_name_is_nearer_than_one_that_merely_looks_like_it() -> None:
    assert nearest("delete", ["wait_deleted", "delete_output"]) == ["delete_output"]


def test_a_missing_attribute_costs_nothing_until_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> str:
        raise AssertionError("looked for without need")

    monkeypatch.setattr("crml_sdk.hints._meant", fail)
    assert getattr(model(), "trainedModelArn", None) is None
    assert not hasattr(CleanRoomsML(region_name="us-east-1"), "models")
    assert str(NoAttribute(CleanRoomsML, "_repr_png_")).endswith("'_repr_png_'")


@pytest.mark.parametrize(
    ("group", "given", "meant"),
    [
        ("trained_models", "latest_version", "latest"),
        ("trained_models", "create_and_wait", "train"),
        ("trained_models", "start", "create"),
        ("trained_models", "stop", "cancel"),
        ("trained_models", "find", "by_name"),
        ("inference_jobs", "create", "start"),
        ("inference_jobs", "create_and_wait", "run"),
        ("inference_jobs", "startAndWait", "run"),
    ],
)
def test_other_words_for_a_method_name_it(group: str, given: str, meant: str) -> None:
    with pytest.raises(AttributeError, match=f"did you mean '{meant}'"):
        getattr(getattr(CleanRoomsML(region_name="us-east-1"), group), given)


def test_members_that_the_service_added_are_still_found() -> None:
    found = models.GetTrainedModelResponse.model_validate({**model_reply(), "newMember": 7})
    assert found.newMember == 7  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="did you mean 'name'"):
        _ = found.nam  # type: ignore[attr-defined]


def test_models_copy_and_pickle_as_before() -> None:
    found = model()
    assert copy.deepcopy(found) == found
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.response_metadata is None


def test_a_missing_attribute_survives_pickle() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = CleanRoomsML(region_name="us-east-1").list_trained_models  # type: ignore[attr-defined]
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert "it is `sdk.trained_models.list(...)`" in str(again)


async def test_an_operation_of_the_collaboration_names_its_scope(sdk: CleanRoomsML) -> None:
    for owner in (
        sdk,
        sdk.trained_models,
        sdk.collaboration("1" * 8 + "-1111" * 3 + "-" + "1" * 12),
    ):
        with pytest.raises(
            AttributeError, match=r"`sdk\.collaboration\(id\)\.trained_models\.list"
        ):
            _ = owner.list_collaboration_trained_models  # type: ignore[union-attr]


@pytest.mark.parametrize("given", [0, "name", "trainedModelArn", "zebra", None])
def test_a_model_is_no_dict(given: Any) -> None:
    with pytest.raises(TypeError, match=r"its members are attributes, .*`\."):
        _ = model()[given]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ExpiredToken", "renew them"),
        ("ExpiredTokenException", "renew them"),
        ("SignatureDoesNotMatch", "clock"),
        ("InvalidClientTokenId", "not known"),
    ],
)
def test_what_to_do_about_credentials(code: str, told: str) -> None:
    found = errors.ServiceError({"Error": {"Code": code, "Message": "no"}}, "GetTrainedModel")
    assert told in str(found)
    assert found.message == "no"


def test_a_quota_is_told_with_name_and_value() -> None:
    def told(**members: Any) -> str:
        reply = {"Error": {"Code": "ServiceQuotaExceededException", "Message": "no"}, **members}
        return str(errors.ServiceQuotaExceededException(reply, "CreateTrainedModel"))

    assert told(quotaName="Jobs", quotaValue=5.0).endswith("The quota 'Jobs' allows 5")
    assert told(quotaName="Jobs", quotaValue=0).endswith("The quota 'Jobs' allows 0")
    assert told(quotaName="Jobs").endswith("The quota 'Jobs' is used up")
    assert "quota '" not in told()


async def test_an_arn_that_is_too_long_is_told_by_its_length(sdk: CleanRoomsML) -> None:
    with pytest.raises(errors.RequestValidationError, match="characters; given"):
        await sdk.trained_models.get(MODEL + "x" * 2048)
