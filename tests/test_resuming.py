"""A second try of a create or start, on the local Clean Rooms ML: it must not make a second one."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from crml_sdk import BASE, LATEST, LATEST_ACTIVE, CleanRoomsML, errors
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.local.settings import Lifecycle, Settings
from crml_sdk.resuming import LONGEST_NAME

ME = "111122223333"
HOLD = Settings(lifecycle=Lifecycle(mode="manual"))
AT_ONCE = Settings(lifecycle=Lifecycle(mode="at-once"))


class Shop:
    """A membership with an algorithm and a channel, and the requests of the tests."""

    def __init__(self, local: LocalCleanRoomsML, sdk: CleanRoomsML) -> None:
        self.local = local
        self.sdk = sdk
        arns = local.seed({"channels": ["data"]})
        self.association = arns["configured-model-algorithm-association/default"]
        self.channel = arns["ml-input-channel/data"]

    def training(self, name: str = "july", **other: Any) -> dict[str, Any]:
        return {
            "name": name,
            "configured_model_algorithm_association_arn": self.association,
            "resource_config": {"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
            "data_channels": [{"ml_input_channel_arn": self.channel, "channel_name": "train"}],
            **other,
        }

    def further(self, parent: Any, version: Any = None, **other: Any) -> dict[str, Any]:
        channel: dict[str, Any] = {"trained_model_arn": parent, "channel_name": "before"}
        if version is not None:
            channel["version_identifier"] = version
        return self.training(incremental_training_data_channels=[channel], **other)

    def inference(self, name: str = "july", **other: Any) -> dict[str, Any]:
        return {
            "name": name,
            "resource_config": {"instance_type": "ml.m5.large"},
            "output_configuration": {"members": [{"account_id": ME}]},
            "data_source": {"ml_input_channel_arn": self.channel},
            **other,
        }

    def filling(self, name: str = "rows", **other: Any) -> dict[str, Any]:
        return {
            "name": name,
            "configured_model_algorithm_associations": [self.association],
            "retention_in_days": 3,
            "input_channel": {
                "role_arn": "arn:aws:iam::111122223333:role/clean-rooms",
                "data_source": {
                    "protected_query_input_parameters": {
                        "sql_parameters": {"query_string": "SELECT 1", "parameters": {"a": "1"}}
                    }
                },
            },
            **other,
        }

    def sends(self, operation: str = "CreateTrainedModel") -> int:
        return len(self.local.calls(operation))

    def end(self) -> None:
        self.local.jobs.finish_all()

    def fail(self, **details: Any) -> None:
        """Fail everything that is under way."""
        for job in self.local.jobs.under_way():
            self.local.jobs.fail(job.arn, job.version, **details)


@pytest.fixture(params=[HOLD])
async def shop(request: pytest.FixtureRequest) -> Any:
    local = LocalCleanRoomsML(settings=request.param)
    async with local.sdk(membership=local.world.membership_id) as sdk:
        yield Shop(local, sdk)


at_once = pytest.mark.parametrize("shop", [AT_ONCE], indirect=True)


async def test_what_is_under_way_is_found_and_nothing_is_sent(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    first = await shop.sdk.trained_models.create(**shop.training(), resume=True)
    assert first.resumed is None
    with caplog.at_level(logging.INFO, "crml_sdk"):
        second = await shop.sdk.trained_models.create(**shop.training(), resume=True)
    assert second.trained_model_arn == first.trained_model_arn
    assert shop.sends() == 1
    assert second.resumed is not None
    assert second.resumed.status == "CREATE_PENDING"
    assert second.resumed.create_time.isoformat() in caplog.text
    assert first.trained_model_arn in caplog.text


@at_once
async def test_an_active_one_is_returned_and_marked(shop: Shop) -> None:
    model = await shop.sdk.trained_models.train(**shop.training(), resume=True)
    again = await shop.sdk.trained_models.train(**shop.training(), resume=True)
    assert (model.resumed, again.status) == (None, "ACTIVE")
    assert again.resumed is not None
    assert again.resumed.status == "ACTIVE"
    assert shop.sends() == 1

    job = await shop.sdk.inference_jobs.run(model.ref, **shop.inference(), resume=True)
    found = await shop.sdk.inference_jobs.run(model.ref, **shop.inference(), resume=True)
    assert found.trained_model_inference_job_arn == job.trained_model_inference_job_arn
    assert found.resumed is not None
    assert shop.sends("StartTrainedModelInferenceJob") == 1

    channel = await shop.sdk.ml_input_channels.run(**shop.filling(), resume=True)
    same = await shop.sdk.ml_input_channels.run(**shop.filling(), resume=True)
    assert same.ml_input_channel_arn == channel.ml_input_channel_arn
    assert same.resumed is not None
    assert shop.sends("CreateMLInputChannel") == 1


@at_once
async def test_exports_are_found_by_model_version_and_name(shop: Shop) -> None:
    model = await shop.sdk.trained_models.train(**shop.training())
    other = await shop.sdk.trained_models.train(**shop.training("other"))
    to: dict[str, Any] = {"output_configuration": {"members": [{"account_id": ME}]}}
    for arn in (model.ref, model.ref, other.ref):
        row = await shop.sdk.trained_models.run_export(arn, name="out", **to, resume=True)
        assert (row.status, row.name) == ("ACTIVE", "out")
        assert row.trained_model_arn == arn.trained_model_arn
    assert shop.sends("StartTrainedModelExportJob") == 2
    with pytest.raises(errors.ResumeMismatch, match="description"):
        await shop.sdk.trained_models.export(
            model.ref, name="out", **to, description="x", resume=True
        )


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"hyperparameters": {"epochs": "3"}}, "hyperparameters"),
        ({"hyperparameters": {"epochs": "9", "rate": "1"}}, "hyperparameters"),
        ({"hyperparameters": None}, "hyperparameters"),
        ({"environment": {"A": "1"}}, "environment"),
        (
            {"resource_config": {"instance_type": "ml.m5.xlarge", "volume_size_in_gb": 10}},
            "resource_config.instance_type",
        ),
        ({"stopping_condition": {"max_runtime_in_seconds": 60}}, "stopping_condition"),
        ({"description": "another"}, "description"),
        ({"kms_key_arn": "arn:aws:kms:us-east-1:111122223333:key/a"}, "kms_key_arn"),
    ],
)
async def test_another_setting_is_named_and_nothing_is_sent(
    shop: Shop, change: dict[str, Any], setting: str
) -> None:
    first = {"hyperparameters": {"epochs": "3", "rate": "1"}}
    made = await shop.sdk.trained_models.create(**shop.training(**first))
    with pytest.raises(errors.ResumeMismatch) as caught:
        await shop.sdk.trained_models.create(**shop.training(**{**first, **change}), resume="retry")
    assert caught.value.setting == setting
    assert caught.value.found == made.trained_model_arn
    assert setting in str(caught.value)
    assert shop.sends() == 1


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"retention_in_days": 4}, "retention_in_days"),
        ({"input_channel": "SELECT 2"}, "query_string"),
        ({"parameters": {"a": "1", "b": "2"}}, "parameters"),
        ({"parameters": {}}, "parameters"),
    ],
)
async def test_another_query_is_another_channel(
    shop: Shop, change: dict[str, Any], setting: str
) -> None:
    await shop.sdk.ml_input_channels.create(**shop.filling())
    second = shop.filling()
    query = second["input_channel"]["data_source"]["protected_query_input_parameters"]
    if "input_channel" in change:
        query["sql_parameters"]["query_string"] = change["input_channel"]
    elif "parameters" in change:
        query["sql_parameters"].update(change)
    else:
        second.update(change)
    with pytest.raises(errors.ResumeMismatch) as caught:
        await shop.sdk.ml_input_channels.create(**second, resume=True)
    assert caught.value.setting.endswith(setting)


async def test_a_failed_one_says_why_and_is_not_sent_again(shop: Shop) -> None:
    await shop.sdk.trained_models.create(**shop.training())
    shop.fail(status_code="AlgorithmError", message="no such column")
    with pytest.raises(errors.ResourceFailed, match="AlgorithmError: no such column"):
        await shop.sdk.trained_models.train(**shop.training(), resume=True)
    assert shop.sends() == 1


async def test_retry_takes_the_next_name_which_later_tries_find(shop: Shop) -> None:
    create = shop.sdk.trained_models.create
    await create(**shop.training())
    shop.fail()
    second = await create(**shop.training(), resume="retry")
    assert (await shop.sdk.trained_models.get(second.trained_model_arn)).name == "july-2"
    for resume in (True, "retry"):
        found = await create(**shop.training(), resume=resume)
        assert found.trained_model_arn == second.trained_model_arn
    shop.fail()
    with pytest.raises(errors.ResourceFailed):
        await create(**shop.training(), resume=True)
    third = await create(**shop.training(), resume="retry")
    assert (await shop.sdk.trained_models.get(third.trained_model_arn)).name == "july-3"
    assert shop.sends() == 3


async def test_the_next_name_is_not_too_long(shop: Shop) -> None:
    name = "n" * LONGEST_NAME
    await shop.sdk.trained_models.create(**shop.training(name))
    shop.fail()
    made = await shop.sdk.trained_models.create(**shop.training(name), resume="retry")
    model = await shop.sdk.trained_models.get(made.trained_model_arn)
    assert model.name == "n" * (LONGEST_NAME - 2) + "-2"


async def test_one_that_was_cancelled_or_deleted_is_no_result(shop: Shop) -> None:
    models = shop.sdk.trained_models
    made = await models.create(**shop.training())
    await models.cancel(made.trained_model_arn, version=BASE)
    with pytest.raises(errors.ResourceFailed, match="CANCEL_PENDING"):
        await models.create(**shop.training(), resume=True)
    shop.end()
    with pytest.raises(errors.ResourceFailed, match="INACTIVE"):
        await models.create(**shop.training(), resume=True)
    other = await models.create(**shop.training("other"))
    shop.end()
    await models.delete_output(other.trained_model_arn, version=BASE)
    with pytest.raises(errors.ResourceFailed, match="DELETE_PENDING"):
        await models.create(**shop.training("other"), resume=True)
    assert shop.sends() == 2


async def test_several_that_fit_are_an_error() -> None:
    local = LocalCleanRoomsML(settings=replace(AT_ONCE, duplicate_job_names="allow"))
    async with local.sdk(membership=local.world.membership_id) as sdk:
        shop = Shop(local, sdk)
        model = await sdk.trained_models.train(**shop.training())
        jobs = [await sdk.inference_jobs.start(model.ref, **shop.inference()) for _ in range(2)]
        with pytest.raises(errors.ResumeAmbiguous) as caught:
            await sdk.inference_jobs.run(model.ref, **shop.inference(), resume="retry")
        assert set(caught.value.found) == {job.trained_model_inference_job_arn for job in jobs}
        assert shop.sends("StartTrainedModelInferenceJob") == 2


async def test_what_is_too_old_is_refused(shop: Shop) -> None:
    create = shop.sdk.trained_models.create
    made = await create(**shop.training())
    at = (await shop.sdk.trained_models.get(made.trained_model_arn)).create_time
    with pytest.raises(errors.ResumeMismatch, match="resume_since") as caught:
        await create(**shop.training(), resume=True, resume_since=at + timedelta(seconds=1))
    assert caught.value.setting == "create_time"
    found = await create(**shop.training(), resume=True, resume_since=at)
    assert found.trained_model_arn == made.trained_model_arn
    shop_age = datetime.now(timezone.utc) - at + timedelta(hours=1)
    assert (await create(**shop.training(), resume=True, resume_since=shop_age)).resumed
    assert shop.sends() == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"resume": "yes"}, 'True, False or "retry"'),
        ({"resume": False, "resume_since": timedelta(1)}, "needs resume=True"),
        ({"resume": True, "resume_since": datetime(2026, 1, 1)}, "time zone"),
        ({"resume": True, "resume_since": "yesterday"}, "a datetime or a timedelta"),
    ],
)
async def test_wrong_values_are_refused_before_anything_is_sent(
    shop: Shop, given: dict[str, Any], words: str
) -> None:
    before = len(shop.local.requests)
    with pytest.raises(ValueError, match=words):
        await shop.sdk.trained_models.train(**shop.training(), **given)
    assert len(shop.local.requests) == before


async def test_tags_are_compared_as_far_as_they_were_asked_for(shop: Shop) -> None:
    create = shop.sdk.trained_models.create
    await create(**shop.training(tags={"a": "b", "c": "d"}))
    assert (await create(**shop.training(tags={"a": "b"}), resume=True)).resumed
    with pytest.raises(errors.ResumeMismatch, match="tags"):
        await create(**shop.training(tags={"a": "x"}), resume=True)


@at_once
async def test_a_further_version_is_told_from_the_base_and_from_its_siblings(shop: Shop) -> None:
    models = shop.sdk.trained_models
    base = await models.train(**shop.training(), resume=True)
    arn = base.trained_model_arn
    first = await models.train(**shop.further(arn, BASE), resume=True)
    assert first.resumed is None
    assert first.version_identifier
    again = await models.train(**shop.further(arn, BASE), resume=True)
    assert again.resumed is not None
    assert again.version_identifier == first.version_identifier
    second = await models.train(**shop.further(arn, first.version_identifier), resume=True)
    assert second.resumed is None
    assert second.version_identifier != first.version_identifier
    found = await models.train(**shop.further(first.ref), resume=True)
    assert found.version_identifier == second.version_identifier
    # The base of a model with later versions shows in the list of versions only.
    whole = await models.train(**shop.training(), resume=True)
    assert whole.is_base
    assert whole.resumed is not None
    assert "hyperparameters" not in whole.resumed.not_compared
    assert "data_channels" in whole.resumed.not_compared
    with pytest.raises(errors.ResumeMismatch, match="hyperparameters"):
        await models.train(**shop.further(arn, BASE, hyperparameters={"a": "1"}), resume=True)
    assert shop.sends() == 3


@at_once
async def test_the_parent_is_compared_by_name_and_identifier(shop: Shop) -> None:
    models = shop.sdk.trained_models
    one = await models.train(**shop.training("one"))
    two = await models.train(**shop.training("two"))
    await models.train(**shop.further(one.ref, name="child"), resume=True)
    found = await models.train(**shop.further(one.ref, name="child"), resume=True)
    assert found.resumed is not None
    for other in (
        shop.further(two.ref, name="child"),
        shop.training("child"),
    ):
        with pytest.raises(errors.ResumeMismatch) as caught:
            await models.train(**other, resume=True)
        assert caught.value.setting == "incremental_training_data_channels"
    renamed = shop.further(one.ref, name="child")
    renamed["incremental_training_data_channels"][0]["channel_name"] = "after"
    with pytest.raises(errors.ResumeMismatch) as caught:
        await models.train(**renamed, resume=True)
    assert caught.value.setting == "incremental_training_data_channels[0].channel_name"
    newer = await models.train(**shop.further(one.ref, name="one"))
    assert newer.version_identifier
    with pytest.raises(errors.ResumeMismatch, match="incremental_training_data_channels"):
        await models.train(**shop.further(newer.ref, name="child"), resume=True)
    assert shop.sends() == 4


@pytest.mark.parametrize("selector", [LATEST, LATEST_ACTIVE])
async def test_a_selector_for_the_parent_is_refused(shop: Shop, selector: Any) -> None:
    made = await shop.sdk.trained_models.create(**shop.training("one"))
    before = len(shop.local.requests)
    with pytest.raises(errors.RequestValidationError, match="pinned together with resume"):
        await shop.sdk.trained_models.train(
            **shop.further(made.trained_model_arn, selector, name="child"), resume=True
        )
    assert len(shop.local.requests) == before


async def test_a_conflict_with_another_try_looks_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tries: the other one sends between our look and our send."""
    models = shop.sdk.trained_models
    core = models._core
    send, raced = core.call, []

    async def slow(operation: Any, params: Any, timeout: Any = None, **other: Any) -> Any:
        if operation.name == "CreateTrainedModel" and not raced:
            raced.append(await send(operation, params, timeout, **other))
        return await send(operation, params, timeout, **other)

    monkeypatch.setattr(core, "call", slow)
    found = await models.create(**shop.training(), resume=True)
    assert found.trained_model_arn == raced[0].trained_model_arn
    assert found.resumed is not None


async def test_a_conflict_with_something_else_is_raised(shop: Shop) -> None:
    shop.local.faults.error("ConflictException", "CreateTrainedModel")
    with pytest.raises(errors.ConflictException):
        await shop.sdk.trained_models.create(**shop.training(), resume=True)
    assert shop.sends() == 1


@pytest.mark.parametrize("list_rows", ["per-model", "per-version"])
@pytest.mark.parametrize("base", ["absent", "NULL"])
async def test_however_the_service_lists(list_rows: Any, base: Any) -> None:
    settings = replace(AT_ONCE, list_rows=list_rows, base_version=base, list_order="scrambled")
    local = LocalCleanRoomsML(settings=settings)
    async with local.sdk(membership=local.world.membership_id) as sdk:
        shop = Shop(local, sdk)
        made = await sdk.trained_models.train(**shop.training())
        await sdk.trained_models.train(**shop.further(made.ref))
        assert (await sdk.trained_models.create(**shop.training(), resume=True)).is_base
        assert (await sdk.trained_models.create(**shop.further(made.ref), resume=True)).resumed
        assert shop.sends() == 2


def test_all_that_have_a_life_cycle_can_be_resumed() -> None:
    """The generator's list against the table of what can be waited for."""
    from codegen.methods import RESUMABLE
    from crml_sdk.resource_types import RESOURCE_TYPES

    types = RESOURCE_TYPES.values()
    assert {type_.create.name for type_ in types if type_.create and type_.statuses} == {*RESUMABLE}


@at_once
async def test_audiences_too(shop: Shop) -> None:
    from .test_creating_on_local import Studio

    studio = Studio(shop.local, shop.sdk)
    dataset = (await studio.dataset("d")).training_dataset_arn
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    ask: dict[str, Any] = {
        "name": "a",
        "training_dataset_arn": dataset,
        "training_data_start_time": start,
        "resume": True,
    }
    first = await shop.sdk.audience_models.create(**ask)
    second = await shop.sdk.audience_models.create(**ask)
    assert second.audience_model_arn == first.audience_model_arn
    assert second.resumed is not None
    with pytest.raises(errors.ResumeMismatch, match="training_data_start_time"):
        await shop.sdk.audience_models.create(
            **{**ask, "training_data_start_time": start + timedelta(1)}
        )

    job = (await studio.generation("g")).audience_generation_job_arn
    size: Any = {"type": "ABSOLUTE", "value": 100}
    for _ in range(2):
        await shop.sdk.audience_export_jobs.start(job, name="e", audience_size=size, resume=True)
    assert shop.sends("StartAudienceExportJob") == 1
