"""IAM policies: what the roles that the service takes on need, and what its callers need.

Plain dicts in IAM's own form, ready for `json.dumps`. Sources: the user guide on
[service roles](https://docs.aws.amazon.com/clean-rooms/latest/userguide/ml-roles.html), on
[memberships and collaborations](https://docs.aws.amazon.com/clean-rooms/latest/userguide/ml-behaviors-byom.html)
and the
[service authorization reference](https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscleanroomsml.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

Policy = dict[str, Any]
"""A policy document."""

SERVICE: Final = "cleanrooms-ml.amazonaws.com"
"""The service that takes the roles on."""


@dataclass(frozen=True)
class Role:
    """What a role is made of.

    Attributes:
        used_by: The operation whose request names the role.
        trust: Who may take the role on: its trust policy (`AssumeRolePolicyDocument`).
        permissions: What it may do.
    """

    used_by: str
    trust: Policy
    permissions: Policy


def ml_configuration(
    *,
    region: str,
    account_id: str,
    bucket: str,
    membership_identifier: str = "*",
    kms_key_arn: str | None = None,
    partition: str = "aws",
) -> Role:
    """The role of `PutMLConfiguration`: results to S3, logs and metrics to CloudWatch.

    Args:
        region: Of the collaboration; the bucket has to be in the same.
        account_id: The account of the member, 12 digits.
        bucket: The bucket that results are written to.
        membership_identifier: The membership that may use it; any of the account's by default.
        kms_key_arn: The key that encrypts the bucket, if there is one.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """
    s3 = f"arn:{partition}:s3:::{bucket}"
    statements = [
        _allow("s3:PutObject", f"{s3}/*", StringEquals={"s3:ResourceAccount": [account_id]}),
        _allow(
            "cloudwatch:PutMetricData",
            "*",
            StringLike={"cloudwatch:namespace": "/aws/cleanroomsml/*"},
        ),
        _allow(
            [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            f"arn:{partition}:logs:{region}:{account_id}:log-group:/aws/cleanroomsml/*",
        ),
    ]
    if kms_key_arn:
        statements.append(_encrypting(kms_key_arn, s3))
    source = f"arn:{partition}:cleanrooms:{region}:{account_id}:membership/{membership_identifier}"
    return Role("PutMLConfiguration", _trust(account_id, source), _policy(statements))


def configured_model_algorithm(
    *, region: str, account_id: str, repositories: Sequence[str], partition: str = "aws"
) -> Role:
    """The role of `CreateConfiguredModelAlgorithm`: the images of its containers.

    Args:
        region: Of the repositories.
        account_id: The account that has them, 12 digits.
        repositories: Their names in ECR.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """
    images = [
        f"arn:{partition}:ecr:{region}:{account_id}:repository/{name}" for name in repositories
    ]
    read = ["ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"]
    return Role("CreateConfiguredModelAlgorithm", _trust(), _policy([_allow(read, images)]))


def ml_input_channel(
    *, region: str, account_id: str, membership_identifier: str, partition: str = "aws"
) -> Role:
    """The role of `CreateMLInputChannel`: the query that makes the channel's data.

    Args:
        region: Of the collaboration.
        account_id: The account of the member that may query, 12 digits.
        membership_identifier: That member's membership.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """
    return Role(
        "CreateMLInputChannel",
        _trust(),
        _policy(_querying(region, account_id, membership_identifier, partition)),
    )


def configured_table_association(
    *,
    region: str,
    account_id: str,
    bucket: str,
    database: str,
    tables: Sequence[str],
    kms_key_arn: str | None = None,
    partition: str = "aws",
) -> Role:
    """The role of `CreateConfiguredTableAssociation` (of `cleanrooms`): the table's data.

    Args:
        region: Of the collaboration; Glue and S3 have to be in the same.
        account_id: The account that has the data, 12 digits.
        bucket: The bucket with the table's data.
        database: The Glue database.
        tables: Its tables.
        kms_key_arn: The key that the data is encrypted with, if there is one.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """
    s3 = f"arn:{partition}:s3:::{bucket}"
    glue = f"arn:{partition}:glue:{region}:{account_id}"
    statements = [
        _allow(["s3:ListBucket", "s3:GetBucketLocation"], s3),
        _allow("s3:GetObject", f"{s3}/*"),
        _allow(_READ_GLUE, _in_glue(glue, database, tables)),
        _allow(["glue:GetSchema", "glue:GetSchemaVersion"], "*"),
    ]
    if kms_key_arn:
        statements.append(_allow(["kms:Decrypt", "kms:DescribeKey"], kms_key_arn))
    return Role("CreateConfiguredTableAssociation", _trust(), _policy(statements))


def training_dataset(
    *,
    region: str,
    account_id: str,
    bucket: str,
    database: str,
    tables: Sequence[str],
    kms_key_arn: str | None = None,
    partition: str = "aws",
) -> Role:
    """The role of `CreateTrainingDataset` (lookalike models): the training data.

    Args:
        region, account_id, bucket, database, tables, kms_key_arn, partition: As for
            `configured_table_association`.
    """
    s3 = f"arn:{partition}:s3:::{bucket}"
    glue = f"arn:{partition}:glue:{region}:{account_id}"
    own = {"s3:ResourceAccount": [account_id]}
    statements = [
        _allow(
            [*_READ_GLUE, "glue:GetUserDefinedFunctions"],
            [*_in_glue(glue, database, tables), f"{glue}:database/default"],
        ),
        _allow("glue:CreateDatabase", f"{glue}:database/default"),
        _allow(["s3:ListBucket", "s3:GetBucketLocation"], s3, StringEquals=own),
        _allow("s3:GetObject", f"{s3}/*", StringEquals=own),
    ]
    if kms_key_arn:
        statements.append(_decrypting(kms_key_arn, s3))
    source = f"arn:{partition}:cleanrooms-ml:{region}:{account_id}:training-dataset/*"
    return Role("CreateTrainingDataset", _trust(account_id, source), _policy(statements))


def configured_audience_model(
    *,
    region: str,
    account_id: str,
    bucket: str,
    kms_key_arn: str | None = None,
    partition: str = "aws",
) -> Role:
    """The role of `CreateConfiguredAudienceModel`: audiences written to S3.

    Args:
        region: Of the collaboration; the bucket has to be in the same.
        account_id: The account that has the bucket, 12 digits.
        bucket: Where audiences are written to.
        kms_key_arn: The key that encrypts the bucket, if there is one.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """
    s3 = f"arn:{partition}:s3:::{bucket}"
    own = {"s3:ResourceAccount": [account_id]}
    statements = [
        _allow(["s3:ListBucket", "s3:GetBucketLocation"], s3, StringEquals=own),
        _allow("s3:PutObject", f"{s3}/*", StringEquals=own),
    ]
    if kms_key_arn:
        statements.append(_encrypting(kms_key_arn, s3, "kms:ReEncrypt*"))
    source = f"arn:{partition}:cleanrooms-ml:{region}:{account_id}:configured-audience-model/*"
    return Role("CreateConfiguredAudienceModel", _trust(account_id, source), _policy(statements))


def audience_generation_job(
    *,
    region: str,
    account_id: str,
    bucket: str | None = None,
    membership_identifier: str | None = None,
    kms_key_arn: str | None = None,
    partition: str = "aws",
) -> Role:
    """The role of `StartAudienceGenerationJob`: the seed, from S3 or from a query.

    Args:
        region: Of the collaboration.
        account_id: The account that has the seed, 12 digits.
        bucket: The bucket with the seed.
        membership_identifier: Instead of a bucket, the membership that runs the query for the seed.
        kms_key_arn: The key that the seed is encrypted with, if there is one.
        partition: `aws`, `aws-cn` or `aws-us-gov`.

    Raises:
        ValueError: Neither a bucket nor a membership is given.
    """
    if bucket is None and membership_identifier is None:
        raise ValueError("give the bucket of the seed, or the membership that queries for it")
    statements: list[Policy] = []
    if bucket is not None:
        s3 = f"arn:{partition}:s3:::{bucket}"
        own = {"s3:ResourceAccount": [account_id]}
        statements += [
            _allow("s3:ListBucket", s3, StringEquals=own),
            _allow("s3:GetObject", f"{s3}/*", StringEquals=own),
        ]
        if kms_key_arn:
            statements.append(_decrypting(kms_key_arn, s3))
    if membership_identifier is not None:
        statements += _querying(region, account_id, membership_identifier, partition)
    source = f"arn:{partition}:cleanrooms-ml:{region}:{account_id}:audience-generation-job/*"
    return Role("StartAudienceGenerationJob", _trust(account_id, source), _policy(statements))


def caller(
    operations: Iterable[str] = ("*",), *, roles: Sequence[str] = ("*",), partition: str = "aws"
) -> Policy:
    """What a caller of some operations needs.

    `train` and `run` also list and get: give those, too. Roles in the requests have to be passed
    (`iam:PassRole`), tags in them need `TagResource`, memberships and collaborations have actions
    of their own.

    Args:
        operations: Documented names or patterns of them: `"CreateTrainedModel"`, `"List*"`.
        roles: ARNs or names of the roles that requests name, for `iam:PassRole`; any by default.
        partition: `aws`, `aws-cn` or `aws-us-gov`.

    Raises:
        ValueError: A pattern fits no operation.
    """
    from .api import operations as api
    from .hints import did_you_mean

    known = {operation.name: operation for operation in api.ALL}
    chosen: set[str] = set()
    for pattern in operations:
        found = [name for name in known if fnmatchcase(name, pattern)]
        if not found:
            raise ValueError(f"no operation is named {pattern!r}{did_you_mean(pattern, known)}")
        chosen.update(found)
    actions: set[str] = set()
    passes = False
    for name in chosen:
        operation = known[name]
        prefix = "cleanrooms-ml" if operation.service == "cleanroomsml" else operation.service
        actions.add(f"{prefix}:{name}")
        if operation.service == "cleanroomsml" and operation.scope != "account":
            actions.add(f"cleanrooms:Pass{operation.scope.capitalize()}")
        members = _members(operation.input)
        passes = passes or "role_arn" in members
        if "tags" in members:
            actions.add("cleanrooms-ml:TagResource")
    statements = [_allow(sorted(actions), "*")]
    if passes:
        named = [role if ":" in role else f"arn:{partition}:iam::*:role/{role}" for role in roles]
        statements.append(
            _allow("iam:PassRole", named, StringEquals={"iam:PassedToService": SERVICE})
        )
    return _policy(statements)


def _members(shape: str) -> set[str]:
    """The members of a request, those of the structures inside it included."""
    from .api.constraints import SHAPES

    kind, *rest = SHAPES[shape]
    if kind == "structure":
        found: dict[str, tuple[str, str]] = rest[0]
        return set(found).union(*(_members(inner) for _, inner in found.values()))
    return _members(rest[0]) if kind == "list" else set()


_READ_GLUE: Final = [
    f"glue:{action}"
    for action in (
        *("GetDatabase", "GetDatabases", "GetTable", "GetTables"),
        *("GetPartitions", "GetPartition", "BatchGetPartition"),
    )
]


def _in_glue(glue: str, database: str, tables: Sequence[str]) -> list[str]:
    named = [f"{glue}:table/{database}/{table}" for table in tables]
    return [f"{glue}:catalog", f"{glue}:database/{database}", *named]


def _querying(region: str, account_id: str, membership: str, partition: str) -> list[Policy]:
    return [
        _allow(
            [
                "cleanrooms:StartProtectedQuery",
                "cleanrooms:GetSchema",
                "cleanrooms:GetCollaborationAnalysisTemplate",
            ],
            "*",
        ),
        _allow(
            ["cleanrooms:GetProtectedQuery", "cleanrooms:UpdateProtectedQuery"],
            f"arn:{partition}:cleanrooms:{region}:{account_id}:membership/{membership}",
        ),
    ]


def _encrypting(key: str, s3: str, *more: str) -> Policy:
    return _allow(
        ["kms:Encrypt", "kms:GenerateDataKey*", *more],
        key,
        StringLike={"kms:EncryptionContext:aws:s3:arn": f"{s3}*"},
    )


def _decrypting(key: str, s3: str) -> Policy:
    return _allow(
        ["kms:Decrypt", "kms:DescribeKey"],
        key,
        ArnLike={"kms:EncryptionContext:aws:s3:arn": f"{s3}*"},
    )


def _trust(account_id: str | None = None, source: str | None = None) -> Policy:
    """Who may take a role on; with a source only on behalf of that (the confused deputy)."""
    statement: Policy = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
    }
    if account_id and source:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": account_id},
            "ArnLike": {"aws:SourceArn": source},
        }
    return _policy([statement])


def _allow(actions: str | list[str], resources: str | list[str], **conditions: Any) -> Policy:
    statement: Policy = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": conditions} if conditions else statement


def _policy(statements: list[Policy]) -> Policy:
    return {"Version": "2012-10-17", "Statement": statements}


ROLES: Final[dict[str, Callable[..., Role]]] = {
    "ml-configuration": ml_configuration,
    "configured-model-algorithm": configured_model_algorithm,
    "ml-input-channel": ml_input_channel,
    "configured-table-association": configured_table_association,
    "training-dataset": training_dataset,
    "configured-audience-model": configured_audience_model,
    "audience-generation-job": audience_generation_job,
}
"""What makes each role, by what names it."""
