"""IAM policies: of roles as the user guide has them, of callers from the operations' own data."""

from __future__ import annotations

import inspect
import json
from typing import Any

import botocore.session
import pytest

from crml_sdk import policies
from crml_sdk.api.operations import ALL

MEMBERSHIP = "11111111-2222-3333-4444-555555555555"
KEY = "arn:aws:kms:us-east-1:111122223333:key/k"
EVERYTHING: dict[str, Any] = {
    "bucket": "results",
    "membership_identifier": MEMBERSHIP,
    "repositories": ["train", "infer"],
    "database": "sales",
    "tables": ["customers", "orders"],
    "kms_key_arn": KEY,
}
NO_OPERATIONS = {
    *("s3:ListBucket", "kms:ReEncrypt*", "kms:GenerateDataKey*"),
    # GetObject and the rest of S3's have operations of that name; these are permissions only.
    *("ecr:BatchCheckLayerAvailability",),
}


def made(kind: str, partition: str = "aws", **given: Any) -> policies.Role:
    roles = policies.ServiceRoles(
        region="us-east-1", account_id="111122223333", partition=partition
    )
    make = getattr(roles, kind.replace("-", "_"))
    takes = inspect.signature(make).parameters
    return make(**{name: EVERYTHING[name] for name in takes if name in EVERYTHING} | given)


def actions(policy: policies.Policy) -> list[str]:
    found: list[str] = []
    for statement in policy["Statement"]:
        given = statement["Action"]
        found += [given] if isinstance(given, str) else given
    return found


@pytest.mark.parametrize("kind", policies.KINDS)
def test_a_role_is_a_policy_that_iam_reads(kind: str) -> None:
    role = made(kind)
    for policy in (role.trust, role.permissions):
        again = json.loads(json.dumps(policy))
        assert again["Version"] == "2012-10-17"
        assert all(each["Effect"] == "Allow" for each in again["Statement"])
        assert len(json.dumps(policy)) < 6_144, "IAM's limit of a managed policy"
    (trust,) = role.trust["Statement"]
    services = ["cleanrooms.amazonaws.com", "cleanrooms-ml.amazonaws.com"]
    assert trust["Principal"] == {"Service": services if "table" in kind else services[1]}
    assert trust["Action"] == "sts:AssumeRole"


def test_a_table_can_be_read_for_the_memberships_of_its_collaboration_only() -> None:
    """As the user guide's page on confused deputies has it."""
    place = "arn:aws:cleanrooms:us-east-1"
    arns = [f"{place}:111122223333:membership/{MEMBERSHIP}", f"{place}:444455556666:membership/x"]
    by_name, by_source = made("configured-table-association", membership_arns=arns).trust[
        "Statement"
    ]
    assert by_name["Condition"] == {
        "StringLike": {"sts:ExternalId": f"arn:aws:*:us-east-1:*:dbuser:*/{MEMBERSHIP}*"}
    }
    assert by_source["Condition"] == {"ForAnyValue:ArnEquals": {"aws:SourceArn": arns}}
    assert by_name["Principal"] == by_source["Principal"]


@pytest.mark.parametrize("kind", policies.KINDS)
def test_actions_are_operations_that_botocore_knows(kind: str) -> None:
    session = botocore.session.get_session()
    for action in actions(made(kind).permissions):
        service, _, name = action.partition(":")
        if action in NO_OPERATIONS:
            continue
        operations = session.get_service_model(service).operation_names
        assert name in operations, action


@pytest.mark.parametrize("kind", policies.KINDS)
def test_the_role_is_named_by_an_operation_with_a_role_in_its_request(kind: str) -> None:
    used_by = made(kind).used_by
    service = "cleanrooms" if "Table" in used_by else "cleanroomsml"
    model = botocore.session.get_session().get_service_model(service)
    assert "role" in str(members(model.operation_model(used_by).input_shape)).lower()


def members(shape: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """The members of a botocore shape, those inside it included."""
    if shape.name in seen:
        return set()
    seen |= {shape.name}
    if shape.type_name == "structure":
        return set(shape.members).union(*(members(one, seen) for one in shape.members.values()))
    return members(shape.member, seen) if shape.type_name == "list" else set()


def test_the_ml_configuration_reaches_its_bucket_its_logs_and_no_more() -> None:
    role = made("ml-configuration")
    (trust,) = role.trust["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {
            "aws:SourceArn": f"arn:aws:cleanrooms:us-east-1:111122223333:membership/{MEMBERSHIP}"
        },
    }
    by_action = {
        action: each
        for each in role.permissions["Statement"]
        for action in actions({"Statement": [each]})
    }
    assert by_action["s3:PutObject"]["Resource"] == "arn:aws:s3:::results/*"
    assert by_action["s3:PutObject"]["Condition"] == {
        "StringEquals": {"s3:ResourceAccount": ["111122223333"]}
    }
    logs = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/cleanroomsml/*"
    assert by_action["logs:PutLogEvents"]["Resource"] == logs
    assert by_action["cloudwatch:PutMetricData"]["Condition"] == {
        "StringLike": {"cloudwatch:namespace": "/aws/cleanroomsml/*"}
    }
    assert by_action["kms:Encrypt"]["Resource"] == KEY
    assert "kms:Encrypt" not in actions(made("ml-configuration", kms_key_arn=None).permissions)


def test_a_query_is_read_in_its_membership_only() -> None:
    for kind in ("ml-input-channel", "audience-generation-job"):
        statements = made(kind).permissions["Statement"]
        (reading,) = [
            each for each in statements if "cleanrooms:GetProtectedQuery" in each["Action"]
        ]
        assert reading["Resource"] == (
            f"arn:aws:cleanrooms:us-east-1:111122223333:membership/{MEMBERSHIP}"
        )


def test_tables_and_repositories_are_named_one_by_one() -> None:
    images = made("configured-model-algorithm").permissions["Statement"][0]["Resource"]
    assert images == [
        "arn:aws:ecr:us-east-1:111122223333:repository/train",
        "arn:aws:ecr:us-east-1:111122223333:repository/infer",
    ]
    glue = made("configured-table-association", partition="aws-us-gov").permissions["Statement"][2]
    assert glue["Resource"][2:] == [
        "arn:aws-us-gov:glue:us-east-1:111122223333:table/sales/customers",
        "arn:aws-us-gov:glue:us-east-1:111122223333:table/sales/orders",
    ]


def test_a_seed_has_to_come_from_somewhere() -> None:
    with pytest.raises(ValueError, match="give the bucket"):
        made("audience-generation-job", bucket=None, membership_identifier=None)


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_a_caller_needs_what_botocore_s_request_says(operation: Any) -> None:
    """The rules that the SDK's own data give, by the service model of botocore."""
    policy = policies.caller([operation.name])
    found = set(actions(policy))
    model = botocore.session.get_session().get_service_model(operation.service)
    shape = model.operation_model(operation.name).input_shape
    names = members(shape) if shape is not None else set()
    own = "cleanrooms-ml" if operation.service == "cleanroomsml" else "cleanrooms"
    wanted = {f"{own}:{operation.name}"}
    if own == "cleanrooms-ml":
        in_path = "collaborationIdentifier" in shape.members
        wanted |= {"cleanrooms:PassCollaboration"} if in_path else set()
        wanted |= {"cleanrooms-ml:TagResource"} if "tags" in names else set()
        wanted |= {"iam:PassRole"} if "roleArn" in names else set()
        wanted |= {"cleanrooms:PassMembership"} if operation.scope == "membership" else set()
    assert found == wanted


def test_roles_are_passed_to_the_service_only() -> None:
    policy = policies.caller(
        ["PutMLConfiguration"], roles=["cleanrooms-ml-results", "arn:aws:iam::1:role/x"]
    )
    passing = policy["Statement"][1]
    assert passing["Resource"] == [
        "arn:aws:iam::*:role/cleanrooms-ml-results",
        "arn:aws:iam::1:role/x",
    ]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "cleanrooms-ml.amazonaws.com"}
    }


def test_a_caller_of_everything_fits_into_one_policy() -> None:
    assert len(json.dumps(policies.caller(), separators=(",", ":"))) < 6_144
    assert set(actions(policies.caller(["Get*"]))) < set(actions(policies.caller()))


def test_an_operation_that_does_not_exist() -> None:
    with pytest.raises(
        ValueError, match=r"'CreateTrainedModels' .did you mean 'CreateTrainedModel'"
    ):
        policies.caller(["CreateTrainedModels"])
