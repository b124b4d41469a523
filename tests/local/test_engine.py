"""The engine: routes, replies that botocore accepts, and requests of any shape."""

from __future__ import annotations

import functools
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import quote

import botocore.model
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crml_sdk.local import Lifecycle, LocalCleanRoomsML, Reply, Settings

from .local_lab import CLEANROOMS, ME, ROLE, Lab, operation_model, service_model, signed_for
from .rooms import prepare, rooms_pool
from .samples import STRINGS, valid
from .test_audiences import configured, dataset, generation

EXAMPLES = int(os.environ.get("CRML_EXAMPLES", "3"))
FUZZED = int(os.environ.get("CRML_FUZZED", "1500"))
OPERATIONS = sorted(service_model("cleanroomsml").operation_names) + sorted(CLEANROOMS)
AUTHORISED = {"authorization": "AWS4-HMAC-SHA256 Credential=x/y/z"}


def full_lab() -> tuple[Lab, dict[str, list[Any]]]:
    """A stand-in that holds something of every kind, and its identifiers by shape name."""
    lab = Lab(LocalCleanRoomsML(settings=Settings(quotas=None, lifecycle=Lifecycle("at-once"))))
    association, channel = lab.ready()
    model = lab.model(association, channel)
    version = lab.version(model, association, channel)
    job = lab.call("StartTrainedModelInferenceJob", **lab.job_params(model, channel))
    lab.call(
        "StartTrainedModelExportJob",
        membershipIdentifier=lab.membership,
        trainedModelArn=model,
        name="export",
        outputConfiguration={"members": [{"accountId": ME}]},
    )
    location = {"roleArn": ROLE, "destination": {"s3Destination": {"s3Uri": "s3://b"}}}
    lab.call(
        "PutMLConfiguration", membershipIdentifier=lab.membership, defaultOutputLocation=location
    )
    audience = configured(lab)
    shown = lab.call("GetConfiguredAudienceModel", configuredAudienceModelArn=audience)
    pool: dict[str, list[Any]] = {
        "ConfiguredModelAlgorithmAssociationArn": [association],
        "ConfiguredModelAlgorithmArn": [lab.algorithm()],
        "MLInputChannelArn": [channel],
        "TrainedModelArn": [model],
        "TrainedModelInferenceJobArn": [job["trainedModelInferenceJobArn"]],
        "TrainingDatasetArn": [dataset(lab)],
        "ConfiguredAudienceModelArn": [audience],
        "AudienceModelArn": [shown["audienceModelArn"]],
        "AudienceGenerationJobArn": [generation(lab, audience)],
        "TaggableArn": [model, audience, channel],
        "IamRoleArn": [ROLE],
        "AccountId": [ME],
        "membershipIdentifier": [lab.membership],
        "collaborationIdentifier": [lab.collaboration],
        "collaborationId": [lab.collaboration],
        "versionIdentifier": [version],
        "trainedModelVersionIdentifier": [version],
    }
    return lab, {**pool, **rooms_pool(lab, pool)}


def values(shape: Any, name: str, pool: dict[str, list[Any]]) -> st.SearchStrategy[Any]:
    """Valid values of an input shape; references are to what there is."""
    kind, rules = shape.type_name, shape.metadata
    known = pool.get(shape.name) or pool.get(name)
    if known:
        return st.sampled_from(known)
    if kind == "structure":
        required = {
            key: values(member, key, pool)
            for key, member in shape.members.items()
            if key in shape.required_members
        }
        optional = {
            key: values(member, key, pool)
            for key, member in shape.members.items()
            if key not in shape.required_members and key != "nextToken"
        }
        if getattr(shape, "is_tagged_union", False):
            return st.fixed_dictionaries(optional)
        return st.fixed_dictionaries(required, optional=optional)
    if kind == "list":
        low = rules.get("min", 0)
        return st.lists(
            values(shape.member, name, pool), min_size=low, max_size=min(rules.get("max", 3), 3)
        )
    if kind == "map":
        return st.dictionaries(
            values(shape.key, "", pool), values(shape.value, "", pool), max_size=2
        )
    if kind == "string":
        if getattr(shape, "enum", None):
            return st.sampled_from(shape.enum)
        if shape.name in STRINGS:
            return st.just(STRINGS[shape.name])
        alphabet = st.characters(min_codepoint=32, max_codepoint=0x2FFFF, exclude_categories=["C"])
        size = max(1, rules.get("min", 1))
        return st.text(alphabet, min_size=size, max_size=size + 10).map(lambda t: "x" + t[1:])
    if kind in ("integer", "long"):
        return st.integers(rules.get("min", 0), min(rules.get("max", 1000), 10**6))
    if kind in ("double", "float"):
        return st.floats(rules.get("min", 0), rules.get("max", 1000))
    if kind == "boolean":
        return st.booleans()
    return st.datetimes().map(lambda moment: moment.replace(year=2026))


def members_are_known(shape: botocore.model.Shape, document: Any) -> None:
    if shape.type_name == "structure":
        assert set(document) <= set(shape.members), shape.name
        for name, value in document.items():
            members_are_known(shape.members[name], value)
    elif shape.type_name == "list":
        for value in document:
            members_are_known(shape.member, value)


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_botocore_accepts_every_reply(operation: str, data: st.DataObject) -> None:
    lab, pool = full_lab()
    model = operation_model(operation)
    params = data.draw(values(model.input_shape, "", pool))
    if "tagKeys" in params and not params["tagKeys"]:
        params["tagKeys"] = ["k"]  # an empty list cannot be sent
    reply = lab.send(operation, params)
    if reply.status == 204:
        assert reply.body == b""
        assert "Content-Type" not in reply.headers
    elif reply.status == 200:
        lab.call(operation, **params) if operation.startswith(("Get", "List")) else None
        if model.output_shape is not None:
            members_are_known(model.output_shape, json.loads(reply.body))
    else:
        code = reply.headers["x-amzn-ErrorType"]
        assert code in {shape.name for shape in model.error_shapes}, (params, reply)
        assert json.loads(reply.body)["message"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_can_succeed(operation: str) -> None:
    """With what there is, each operation answers 200 and its reply is a valid one."""
    lab, params = ready_for(operation)
    lab.call(operation, **params)


def ready_for(operation: str) -> tuple[Lab, dict[str, Any]]:
    """A stand-in on which an operation can succeed, and the parameters for it."""
    lab, pool = full_lab()
    if operation in CLEANROOMS:
        prepare(lab, operation, pool)
    elif operation.startswith(("Delete", "Cancel")):
        lab, pool = _free_things(lab, pool)
    if operation == "GetConfiguredAudienceModelPolicy":
        _put_policy(lab, pool)
    return lab, _sound(operation_model(operation).input_shape, "", pool)


def _free_things(lab: Lab, pool: dict[str, list[Any]]) -> tuple[Lab, dict[str, list[Any]]]:
    """The same with things that nothing depends on, and with jobs that can be cancelled."""
    _put_policy(lab, pool)
    lab.local.configure(association_in_use="allow", delete_while_running="allow")
    lab.local.jobs.stall_next(times=2)
    association, (channel,) = lab.association(), pool["MLInputChannelArn"]
    params = lab.model_params(pool["ConfiguredModelAlgorithmAssociationArn"][0], channel)
    model = lab.call("CreateTrainedModel", **params)["trainedModelArn"]
    job = lab.call(
        "StartTrainedModelInferenceJob", **lab.job_params(pool["TrainedModelArn"][0], channel)
    )
    free = {
        "ConfiguredModelAlgorithmAssociationArn": [association],
        "ConfiguredModelAlgorithmArn": [lab.algorithm()],
        "TrainedModelInferenceJobArn": [job["trainedModelInferenceJobArn"]],
        "TrainingDatasetArn": [dataset(lab)],
        "TrainedModelArn": [model],
        "versionIdentifier": [],
    }
    unused = configured(lab)
    place = {"configuredAudienceModelArn": unused}
    free["ConfiguredAudienceModelArn"] = [unused]
    _put_policy(lab, free)
    made = lab.call("GetConfiguredAudienceModel", **place)["audienceModelArn"]
    dataset_arn = lab.call("GetAudienceModel", audienceModelArn=made)["trainingDatasetArn"]
    alone = lab.call("CreateAudienceModel", name="alone", trainingDatasetArn=dataset_arn)
    free["AudienceModelArn"] = [alone["audienceModelArn"]]
    return lab, {**pool, **free}


def _put_policy(lab: Lab, pool: dict[str, list[Any]]) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*"}
    lab.call(
        "PutConfiguredAudienceModelPolicy",
        configuredAudienceModelArn=pool["ConfiguredAudienceModelArn"][0],
        configuredAudienceModelPolicy=json.dumps({"Statement": [statement]}),
    )


def _sound(shape: Any, name: str, pool: dict[str, list[Any]]) -> Any:
    """The required members only, with references to what there is."""
    known = pool.get(shape.name) or pool.get(name)
    if known:
        return known[0]
    if shape.name == "MemberList":
        return []
    if name == "configuredAudienceModelPolicy":
        return '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*"}}'
    if shape.name == "ProtectedQuerySQLParameters":
        return {"queryString": "SELECT 1"}
    if shape.type_name == "structure":
        wanted = list(shape.required_members)
        if getattr(shape, "is_tagged_union", False):
            wanted = list(shape.members)[:1]
        if shape.name == "CreateConfiguredModelAlgorithmRequest":
            wanted.append("trainingContainerConfig")
        if shape.name == "AudienceGenerationJobDataSource":
            wanted.append("dataSource")
        return {key: _sound(shape.members[key], key, pool) for key in wanted}
    if shape.type_name == "list":
        return [_sound(shape.member, name, pool)]
    return "new" if name == "name" else valid(shape)


PATHS = [
    "/",
    "//",
    "/memberships",
    f"/memberships/{STRINGS['UUID']}/trained-models",
    f"/memberships/{STRINGS['UUID']}/trained-models/%FF",
    "/memberships/%2F/trained-models/%00",
    "/tags/arn%3Aaws%3Acleanrooms-ml",
    "/training-dataset?maxResults=-1&maxResults=2&nextToken=%FF",
    "/training-dataset?" + "a=1&" * 2000,
    "/audience-model/" + "%41" * 3000,
    "/collaborations/../memberships",
    "/_local",
    "http://example.com/training-dataset",
    "*",
    "",
    "/%",
    "/%2E%2E/%2E%2E/etc/passwd",
    "/training-dataset#fragment",
    "/ü/\u2028",
]
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**30,
    "",
    "x",
    "\ud800",
    "\x00",
    [],
    {},
    [[]],
    "a" * 5000,
]


@functools.cache
def pool() -> dict[str, list[Any]]:
    """Identifiers of things that exist: equal calls give equal ones in every instance."""
    return full_lab()[1]


def fuzzed(seed: int) -> tuple[str, str, dict[str, str], bytes]:
    """A request that may be close to a good one, or not."""
    rng = random.Random(seed)
    name = rng.choice(OPERATIONS)
    operation = operation_model(name)
    params = valid(operation.input_shape, pool() if rng.random() < 0.7 else None)
    path = operation.http["requestUri"]
    for name, value in params.items():
        path = path.replace("{" + name + "}", str(value).replace("/", "%2F"))
    method = operation.http["method"]
    body = _mutated(rng, params)
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    headers = signed_for(name)
    for _ in range(rng.randrange(3)):
        what = rng.randrange(6)
        if what == 0:
            path = rng.choice(PATHS)
        elif what == 1:
            cut = rng.randrange(len(path) + 1)
            path = path[:cut] + rng.choice(["%", "/", "?", "\x00", "%ff", ":"]) + path[cut:]
        elif what == 2:
            method = rng.choice(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "BREW", ""])
        elif what == 3:
            cut = rng.randrange(len(raw) + 1)
            raw = raw[:cut] + rng.randbytes(3) + raw[cut + 2 :]
        elif what == 4:
            raw = rng.choice([b"", b"null", b"[]", b"{", b'{"a":' * 5000, rng.randbytes(50)])
        else:
            headers = rng.choice([{}, {"authorization": "x"}, {"authorization": "Credential=/"}])
    return method, path, headers, raw


def _mutated(rng: random.Random, value: Any) -> Any:
    if rng.random() < 0.1:
        return rng.choice(VALUES)
    if isinstance(value, dict):
        return {key: _mutated(rng, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mutated(rng, item) for item in value] * rng.choice([1, 1, 1, 0, 3])
    return value


def check_refusal(reply: Reply) -> None:
    unsupported = reply.headers.get("x-amzn-ErrorType") == "NotImplementedException"
    assert 200 <= reply.status < 500 or (unsupported and reply.status == 501), reply
    assert reply.headers["x-amzn-RequestId"]
    if reply.status >= 400:
        assert reply.headers["x-amzn-ErrorType"]
        document = json.loads(reply.body)
        assert document["message"]
        assert b"Traceback" not in reply.body


def test_fuzzed_requests_are_answered_in_the_services_form() -> None:
    lab, _ = full_lab()
    start = time.monotonic()
    kinds: Counter[str] = Counter()
    for seed in range(FUZZED):
        try:
            reply = lab.local.handle(*fuzzed(seed))
            check_refusal(reply)
            kinds[reply.headers.get("x-amzn-ErrorType", "none")] += 1
        except Exception as error:
            raise AssertionError(f"request {seed}: {fuzzed(seed)}") from error
    assert time.monotonic() - start < 60 + FUZZED / 50
    # The requests go deep enough to mean something.
    deep = ("none", "ValidationException", "ResourceNotFoundException", "ConflictException")
    assert all(kinds[kind] > FUZZED / 100 for kind in deep), kinds


@pytest.mark.parametrize("path", ["/nowhere", "/memberships/a/b/c/d", "/tags", ""])
def test_what_is_no_operation_is_a_404(lab: Lab, path: str) -> None:
    reply = lab.local.handle("GET", path, AUTHORISED, b"")
    assert reply.status == 404
    assert reply.headers["x-amzn-ErrorType"] == "UnknownOperationException"


def test_an_encoded_slash_stays_in_its_segment(lab: Lab) -> None:
    arn = lab.model(*lab.ready())
    quoted = arn.replace("/", "%2F").replace(":", "%3a")
    path = f"/memberships/{lab.membership}/trained-models/{quoted}"
    assert lab.local.handle("GET", path, AUTHORISED, b"").status == 200
    assert lab.local.handle("GET", f"http://host:1{path}", AUTHORISED, b"").status == 200
    assert lab.local.handle("GET", path.replace("%2F", "/"), AUTHORISED, b"").status == 404


def test_a_bug_in_the_stand_in_is_a_500_without_its_inside(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        "crml_sdk.local.operations.call.Call.page", lambda *_, **__: 1 / 0, raising=True
    )
    reply = lab.send("ListTrainingDatasets", {})
    assert reply.status == 500
    assert b"ZeroDivision" not in reply.body
    assert "ZeroDivisionError" in caplog.text


def test_only_so_many_requests_are_remembered() -> None:
    lab = Lab(LocalCleanRoomsML(settings=Settings(keep_requests=3)))
    for _ in range(5):
        lab.call("ListTrainingDatasets")
    assert [entry.number for entry in lab.local.requests] == [3, 4, 5]
    assert lab.local.served == 5


def test_the_engine_stands_on_botocores_data_alone() -> None:
    """Neither the generated models nor a client library is loaded by a stand-in that answers."""
    code = """
import sys
from crml_sdk.local import LocalCleanRoomsML
local = LocalCleanRoomsML()
local.seed({"models": ["m"]})
reply = local.handle("GET", "/training-dataset", {"authorization": "Credential=a/"}, b"")
assert reply.status == 200, reply
wrong = [name for name in sys.modules if name.split(".")[0] in
         ("botocore", "aiobotocore", "aiohttp", "pydantic") or name.startswith("crml_sdk.models")]
assert not wrong, wrong
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("scope", "status"),
    [("cleanrooms-ml", 200), ("cleanrooms", 400), ("something", 200)],
)
def test_a_request_goes_to_the_service_that_it_is_signed_for(
    lab: Lab, scope: str, status: int
) -> None:
    """Both services have the operations on tags under one name and route."""
    arn = quote(lab.algorithm(tags={"a": "b"}), safe="")
    signed = f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{scope}/aws4_request, Sig"
    reply = lab.local.handle("GET", f"/tags/{arn}", {"authorization": signed}, b"")
    assert reply.status == status
    memberships = lab.local.handle("GET", "/memberships", {"authorization": signed}, b"")
    assert memberships.status == (404 if scope == "cleanrooms-ml" else 200)


def test_boto3_signs_for_the_services_that_are_told_apart() -> None:
    from botocore.session import get_session

    from crml_sdk.local.ways_in.engine import SIGNING_NAMES

    session = get_session()
    for signing_name, service in SIGNING_NAMES.items():
        metadata = session.get_service_model(service).metadata
        assert metadata.get("signingName", metadata["endpointPrefix"]) == signing_name
