"""References, selectors and handles are values: they survive JSON, Pydantic and text."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from crml_sdk import BASE, LATEST, LATEST_ACTIVE, CleanRoomsML, TrainedModelRef, errors, models
from crml_sdk.versions import VersionSelector, parse_version
from crml_sdk.waiting import Goal, Handle

from .support.canned import CannedServer, reply
from .support.samples import CHANNEL, JOB, MODEL, VERSION_1, model_row

REFS = [
    TrainedModelRef(MODEL),
    TrainedModelRef(MODEL, VERSION_1),
    *(TrainedModelRef(MODEL, selector) for selector in VersionSelector),
]


class Generic(BaseModel):
    """The same, as type checkers like to see it."""

    handle: Handle[models.GetTrainedModelResponse]


class Job(BaseModel):
    """What a user keeps of a job."""

    model: TrainedModelRef
    handle: Handle | None = None


@pytest.mark.parametrize("ref", REFS, ids=str)
def test_a_reference_goes_through_pydantic_and_json(ref: TrainedModelRef) -> None:
    job = Job(model=ref)
    assert job.model is ref
    assert json.loads(job.model_dump_json()) == {"model": str(ref), "handle": None}
    for back in (Job.model_validate_json(job.model_dump_json()), Job(**job.model_dump())):
        assert back == job
        assert back.model.is_base == ref.is_base
    adapter = TypeAdapter(TrainedModelRef)
    assert adapter.validate_python(str(ref)) == ref
    assert adapter.validate_json(adapter.dump_json(ref)) == ref
    assert adapter.json_schema() == {"type": "string"}


def test_a_handle_does_too() -> None:
    handle = Handle.of(MODEL).pinned(None).with_goal(Goal.DELETED)
    job = Job(model=TrainedModelRef(MODEL), handle=handle)
    back = Job.model_validate_json(job.model_dump_json())
    assert back.handle == handle
    assert json.loads(job.model_dump_json())["handle"] == str(handle)
    assert TypeAdapter(Handle).validate_python(JOB) == Handle.of(JOB)


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        (TrainedModelRef, "churn", "is not the ARN of a trained-model"),
        (TrainedModelRef, JOB, "not of a trained-model"),
        (TrainedModelRef, f"{MODEL}@lates", "did you mean 'latest'"),
        (Handle, "arn:aws:s3:::x", "can be waited for"),
        (Handle, "crml-wait:1:teapot?arn=x", "not a handle"),
        (Handle, 42, "string"),
    ],
)
def test_other_values_are_refused_with_the_reason(kind: type, text: object, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("latest", LATEST),
        ("LATEST", LATEST),
        ("latest_active", LATEST_ACTIVE),
        ("LATEST_ACTIVE", LATEST_ACTIVE),
        ("latest-active", LATEST_ACTIVE),
        ("base", BASE),
        ("BASE", BASE),
    ],
)
def test_the_text_of_a_selector_means_it(text: str, selector: VersionSelector) -> None:
    assert parse_version(text) is selector
    assert TrainedModelRef(MODEL, text).version is selector
    assert VersionSelector(text) is selector


@pytest.mark.parametrize(("text", "meant"), [("lastest", "latest"), ("bass", "base")])
def test_nearly_a_selector_is_asked_back(text: str, meant: str) -> None:
    with pytest.raises(errors.RequestValidationError, match=f"did you mean '{meant}'"):
        parse_version(text)


async def test_a_call_takes_the_text_as_well(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.handler = lambda request: (
        reply(body={"trainedModels": [model_row(versionIdentifier=VERSION_1), model_row()]})
        if request.path.endswith("/versions")
        else reply(body=model_row(versionIdentifier=VERSION_1, dataChannels=[]))
    )
    models = sdk.trained_models
    assert (await models.get(MODEL, version="LATEST")).version_identifier == VERSION_1
    assert canned.received[-1].query["versionIdentifier"] == [VERSION_1]
    assert (await models.get(MODEL, version="base")).is_base
    assert await models.resolve(MODEL, "latest-active") == TrainedModelRef(MODEL, VERSION_1)
    assert models.handle(MODEL, version="base").is_base
    before = len(canned.received)
    with pytest.raises(errors.RequestValidationError, match="did you mean 'latest-active'"):
        await models.cancel(MODEL, version="latest activ")
    with pytest.raises(errors.RequestValidationError):
        models.handle(CHANNEL, version="latst")
    assert len(canned.received) == before


def test_a_version_that_is_nearly_a_selector_is_shown_as_it_was_given() -> None:
    with pytest.raises(errors.RequestValidationError) as caught:
        parse_version("Lates")
    (fault,) = caught.value.faults
    assert (fault.path, fault.given) == ("version", "'Lates'")
    assert fault.allowed is not None


def test_a_handle_with_its_type_is_text_as_well() -> None:
    """Pydantic once took `Handle[M]` for a dataclass, and wanted a dict."""
    handle = Handle.of(TrainedModelRef(MODEL, BASE))
    kept = Generic.model_validate({"handle": str(handle)})
    assert kept.handle == handle
    assert Generic.model_validate_json(kept.model_dump_json()) == kept


@pytest.mark.parametrize("value", [*REFS, Handle.of(TrainedModelRef(MODEL, VERSION_1))], ids=str)
def test_nothing_takes_a_value_apart(value: object) -> None:
    """pydantic-settings reads JSON for a dataclass; its rule is `is_dataclass` of the annotation."""
    assert not dataclasses.is_dataclass(type(value))
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert again == value
        assert hash(again) == hash(value)
        assert repr(again) == repr(value)

    @dataclasses.dataclass
    class Kept:
        value: object

    assert dataclasses.asdict(Kept(value)) == {"value": value}


def test_a_value_is_copied_with_changes() -> None:
    ref = TrainedModelRef(MODEL, BASE)
    changed = ref.__replace__(version="latest")  # pyright: ignore[reportAttributeAccessIssue]
    assert changed == TrainedModelRef(MODEL, LATEST)
    with pytest.raises(AttributeError):
        ref.version = None  # type: ignore[misc]


@pytest.mark.parametrize("version", ["", "  ", 1, True, 1.5, b"base"])
def test_what_cannot_be_a_version_is_refused(version: object) -> None:
    with pytest.raises(errors.RequestValidationError, match="is no version; given"):
        TrainedModelRef(MODEL, version)  # type: ignore[arg-type]
    with pytest.raises(errors.RequestValidationError):
        TrainedModelRef.parse(f"{MODEL}@")
