"""Every constraint of every input shape, broken once: refused before anything is sent."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import pytest

from crml_sdk import errors, models

from .calling import VERSION, call, keywords, method, spoken
from .exchange import Exchange
from .service import Entry, entry, snake, surface
from .strategies import least
from .violations import ABSENT, Violation, sound, violations


def python_path(violation: Violation) -> str:
    """Where a fault must say that it is: `data_channels[0].channel_name`, `environment['KEY']`."""
    shape: Any = violation.operation.model.input_shape
    text = ""
    for part in violation.path:
        if shape.type_name == "structure":
            text += f".{snake(str(part))}" if text else snake(str(part))
            shape = shape.members[part]
        elif shape.type_name == "list":
            text += f"[{part}]"
            shape = shape.member
        else:
            key = violation.wrong if violation.key else part
            text += f"[{(key[:60] if isinstance(key, str) else key)!r}]"
            shape = shape.value
    return text


async def attempt(exchange: Exchange, operation: Entry, parameters: dict[str, Any]) -> None:
    """Call with parameters that may be wrong; what a signature requires is given as None."""
    full = dict.fromkeys(operation.model.input_shape.required_members) | parameters
    if "membershipIdentifier" not in parameters and operation.scope == "membership":
        del full["membershipIdentifier"]
    pending = method(exchange.sdk, operation, full)(**keywords(operation, full))
    if operation.is_list:
        await pending.first()
    else:
        await pending


ALL = [v for operation in surface() for v in violations(operation)]


def test_the_violations_are_all_there() -> None:
    """A count by hand of the current model came to 1,228; this one comes to 1,242 for the same 59
    operations. It also takes map keys of a wrong type (17), which no JSON can carry but a Python
    dict can; it leaves out patterns that nothing can break (`[\\S\\s]*`). AWS Clean Rooms adds 34.
    """
    ours = [v for v in ALL if v.operation.service == "cleanroomsml"]
    assert Counter(v.kind for v in ours) == {
        "type": 375,
        "most": 280,
        "least": 233,
        "required": 163,
        "pattern": 160,
        "enum": 26,
        "union": 5,
    }
    assert (len(ours), len(ALL)) == (1242, 1276)


@pytest.mark.parametrize("operation", surface(), ids=str)
def test_the_sound_example_is_sent(operation: Entry, exchange: Exchange) -> None:
    """Otherwise the refusals below would prove nothing."""
    parameters = sound(operation.model.input_shape)
    exchange.answer(least(operation.model.output_shape) if operation.model.output_shape else b"")
    exchange.forget()
    exchange.botocore(operation, parameters)
    exchange.run(call(exchange.sdk, operation, parameters))
    assert exchange.ours == exchange.theirs


@pytest.mark.parametrize("operation", surface(), ids=str)
def test_every_violation_is_refused(operation: Entry, exchange: Exchange) -> None:
    exchange.forget()
    good = sound(operation.model.input_shape)
    missed: list[str] = []
    for violation in violations(operation):
        if violation.path == ("membershipIdentifier",) and violation.wrong is ABSENT:
            continue  # found in an ARN or in the scope; its own test is below
        problem = _problem(exchange, violation, good)
        if problem:
            missed.append(f"{violation}: {problem}")
    assert not missed, "\n".join(missed)
    assert exchange.ours == []


def _problem(exchange: Exchange, violation: Violation, good: dict[str, Any]) -> str | None:
    try:
        exchange.run(attempt(exchange, violation.operation, violation.applied(good)))
    except errors.RequestValidationError as error:
        path = python_path(violation)
        at_fault = [fault for fault in error.faults if fault.path == path]
        if not at_fault:
            return f"no fault at {path}: {error}"
        if violation.kind in ("least", "most", "pattern", "enum", "union") and not any(
            fault.allowed for fault in at_fault
        ):
            return f"what is allowed is not told: {error}"
        if violation.kind == "type" and not any(f.given for f in at_fault):
            return f"what was given is not told: {error}"
        if pickle.loads(pickle.dumps(error)).faults != error.faults:
            return "does not survive pickling"
        return None
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "was sent"


def test_a_membership_left_out_is_found_or_asked_for(exchange: Exchange) -> None:
    for operation in surface():
        if operation.scope != "membership":
            continue
        parameters = sound(operation.model.input_shape)
        exchange.answer(
            least(operation.model.output_shape) if operation.model.output_shape else b""
        )
        exchange.forget()
        wanted = parameters.pop("membershipIdentifier")
        if ":membership/" in str(parameters):
            exchange.run(attempt(exchange, operation, parameters))
            assert f"/memberships/{wanted}" in exchange.ours[0].path
        else:
            with pytest.raises(errors.MissingMembership, match=operation.name):
                exchange.run(attempt(exchange, operation, parameters))
            # The memberships may have been asked for; the operation itself was not sent.
            assert all(sent.path == "/memberships" for sent in exchange.ours)


def test_all_faults_come_in_one_error(exchange: Exchange) -> None:
    operation = entry("CreateTrainedModel")
    broken = sound(operation.model.input_shape)
    broken["name"] = "n" * 64
    broken["resourceConfig"]["volumeSizeInGB"] = 0
    broken["dataChannels"][0]["channelName"] = "no spaces"
    broken["trainingInputMode"] = "Pipes"
    del broken["configuredModelAlgorithmAssociationArn"]
    with pytest.raises(errors.RequestValidationError) as caught:
        exchange.run(attempt(exchange, operation, broken))
    assert {fault.path for fault in caught.value.faults} == {
        "name",
        "resource_config.volume_size_in_gb",
        "data_channels[0].channel_name",
        "training_input_mode",
        "configured_model_algorithm_association_arn",
    }
    text = str(caught.value)
    assert all(fault.path in text for fault in caught.value.faults)
    assert "did you mean 'Pipe'" in text


SECRET = "hunter2-very-secret"
SECRETS: list[tuple[str, Any]] = [
    ("environment", {"KEY": SECRET * 100}),
    ("environment", {"KEY": [SECRET]}),
    ("environment", {"KEY": {SECRET: SECRET}}),
    ("environment", [SECRET]),
    ("environment", SECRET),
    ("hyperparameters", {"rate": SECRET + "\n"}),
    ("hyperparameters", {"rate": SECRET.encode()}),
    ("hyperparameters", {"rate": SECRET * 200}),
    ("hyperparameters", ((SECRET, SECRET),)),
]


@pytest.mark.parametrize(("member", "given"), SECRETS, ids=lambda v: str(type(v).__name__))
def test_secrets_are_not_repeated(exchange: Exchange, member: str, given: Any) -> None:
    operation = entry("CreateTrainedModel")
    broken = sound(operation.model.input_shape) | {member: given}
    _silent(exchange, operation, broken)


@pytest.mark.parametrize(
    "sql",
    [
        {"queryString": f"select '{SECRET}'" * 30_000},
        {"queryString": [SECRET]},
        {"queryString": "select 1", "parameters": {"p": SECRET * 1000}},
        {"queryString": "select 1", "parameters": {"p": [SECRET]}},
        {"queryString": "select 1", "parameters": SECRET},
        {"queryString": "select 1", "parameters": [SECRET]},
        SECRET,
        [SECRET],
    ],
    ids=lambda v: str(v)[:20],
)
def test_queries_and_their_parameters_are_not_repeated(exchange: Exchange, sql: Any) -> None:
    for name, *way in (
        ("CreateMLInputChannel", "inputChannel", "dataSource", "protectedQueryInputParameters"),
        ("StartAudienceGenerationJob", "seedAudience"),
    ):
        operation = entry(name)
        broken = sound(operation.model.input_shape)
        holder: Any = broken
        for part in way:
            holder = holder[part]
        holder["sqlParameters"] = sql
        _silent(exchange, operation, broken)


def _silent(exchange: Exchange, operation: Entry, broken: dict[str, Any]) -> None:
    exchange.forget()
    with pytest.raises(errors.RequestValidationError) as caught:
        exchange.run(attempt(exchange, operation, broken))
    said = f"{caught.value}{caught.value!r}{caught.value.args}{caught.value.faults}"
    assert SECRET not in said
    assert not exchange.ours


def test_models_made_by_hand_do_not_repeat_secrets_either() -> None:
    with pytest.raises(ValueError) as caught:
        models.ProtectedQuerySQLParameters(query_string=[SECRET])  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)
    operation = entry("CreateTrainedModel")
    wrong = sound(operation.model.input_shape) | {"environment": {"KEY": SECRET * 100}}
    with pytest.raises(ValueError) as caught:
        models.CreateTrainedModelRequest(**spoken(operation.model.input_shape, wrong))
    assert "environment" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_fault_in_a_token_or_a_page_size_is_seen_before_anything_is_sent(
    exchange: Exchange,
) -> None:
    exchange.forget()
    with pytest.raises(errors.RequestValidationError, match="next_token"):
        exchange.sdk.audience_models.list(starting_token="")
    with pytest.raises(errors.RequestValidationError, match="max_results"):
        exchange.sdk.audience_models.list(max_results=101)
    assert not exchange.ours


def test_nothing_is_sent_for_a_selector_while_another_argument_is_wrong(
    exchange: Exchange,
) -> None:
    """Found: `create` resolved the version of an incremental channel before it looked at the rest."""
    from crml_sdk import LATEST

    operation = entry("CreateTrainedModel")
    broken = sound(operation.model.input_shape) | {"name": "n" * 64}
    arguments = keywords(operation, broken)
    arguments["incremental_training_data_channels"][0]["version_identifier"] = LATEST
    exchange.forget()
    with pytest.raises(errors.RequestValidationError) as caught:
        exchange.run(exchange.sdk.trained_models.create(**arguments))
    assert [fault.path for fault in caught.value.faults] == ["name"]
    arguments["incremental_training_data_channels"][0]["trained_model_arn"] = "arn:nonsense"
    with pytest.raises(errors.RequestValidationError) as caught:
        exchange.run(exchange.sdk.trained_models.create(**arguments))
    assert {fault.path for fault in caught.value.faults} == {
        "name",
        "incremental_training_data_channels[0].trained_model_arn",
    }
    assert not exchange.ours


def test_versions_are_members_too() -> None:
    """A parameter called `version` is checked as the member it stands for."""
    named = [name for operation in surface() for name in operation.members if name in VERSION]
    assert len(named) == 9
