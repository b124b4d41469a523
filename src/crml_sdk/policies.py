"""IAM policies: what the roles that the service assumes need, and what its callers need.

Plain dicts in IAM's own form, ready for `json.dumps`. Sources: the
[service authorization reference](https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscleanroomsml.html)
and these pages of the user guide:
[service roles](https://docs.aws.amazon.com/clean-rooms/latest/userguide/ml-roles.html),
[memberships and collaborations](https://docs.aws.amazon.com/clean-rooms/latest/userguide/ml-behaviors-byom.html),
[confused deputies](https://docs.aws.amazon.com/clean-rooms/latest/userguide/cross-service-confused-deputy-prevention.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

Policy = dict[str, Any]
"""A policy document."""

SERVICE: Final = "cleanrooms-ml.amazonaws.com"
"""The service that assumes the roles."""

ROOMS: Final = "cleanrooms.amazonaws.com"
"""The service that reads tables."""


@dataclass(frozen=True)
class Role:
    """What a role is made of.

    Attributes:
        used_by: The operation whose request names the role.
        trust: Who may assume the role: its trust policy (`AssumeRolePolicyDocument`).
        permissions: What it may do.
    """

    used_by: str
    trust: Policy
    permissions: Policy


class ServiceRoles:
    """The roles that the service assumes in one account and region.

    Args:
        region: The region of the collaboration; buckets, tables and repositories are in the same.
        account_id: The account with the roles and the data, 12 digits.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
    """

    def __init__(self, *, region: str, account_id: str, partition: str = "aws") -> None:
        self._region = region
        self._account_id = account_id
        self._partition = partition

    def ml_configuration(
        self, *, bucket: str, membership_identifier: str = "*", kms_key_arn: str | None = None
    ) -> Role:
        """The role of `PutMLConfiguration`: results to S3, logs and metrics to CloudWatch.

        Args:
            bucket: The bucket that results are written to.
            membership_identifier: The membership that may use it; any of the account's by default.
            kms_key_arn: The key that encrypts the bucket, if there is one.

        Returns:
            The role.
        """
        logs = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
        statements = [
            self._in_bucket("s3:PutObject", bucket, "/*"),
            _allow(
                "cloudwatch:PutMetricData",
                "*",
                StringLike={"cloudwatch:namespace": "/aws/cleanroomsml/*"},
            ),
            _allow(
                [f"logs:{action}" for action in logs],
                self._arn("logs", "log-group:/aws/cleanroomsml/*"),
            ),
            *self._with_key(kms_key_arn, bucket, "StringLike", *_ENCRYPT),
        ]
        source = self._arn("cleanrooms", f"membership/{membership_identifier}")
        return self._role("PutMLConfiguration", statements, source)

    def configured_model_algorithm(self, *, repositories: Sequence[str]) -> Role:
        """The role of `CreateConfiguredModelAlgorithm`: the images of its containers.

        Args:
            repositories: Their names in ECR.

        Returns:
            The role.
        """
        read = ("BatchGetImage", "BatchCheckLayerAvailability", "GetDownloadUrlForLayer")
        images = [self._arn("ecr", f"repository/{name}") for name in repositories]
        statements = [_allow([f"ecr:{action}" for action in read], images)]
        return self._role("CreateConfiguredModelAlgorithm", statements)

    def ml_input_channel(self, *, membership_identifier: str) -> Role:
        """The role of `CreateMLInputChannel`: the query that makes the channel's data.

        Args:
            membership_identifier: The membership of the member that may query.

        Returns:
            The role.
        """
        statements = self._querying(membership_identifier)
        return self._role("CreateMLInputChannel", statements)

    def configured_table_association(
        self,
        *,
        bucket: str,
        database: str,
        tables: Sequence[str],
        membership_arns: Sequence[str] = (),
        kms_key_arn: str | None = None,
    ) -> Role:
        """The role of `CreateConfiguredTableAssociation` (of `cleanrooms`): the table's data.

        The user guide trusts Clean Rooms ML on its page about service roles for ML, and Clean Rooms on
        its page about confused deputies. This role trusts both.

        Args:
            bucket: The bucket with the table's data.
            database: The Glue database.
            tables: Its tables.
            membership_arns: The ARNs of all memberships of the collaboration, first that of the member who
                can query. The role then works for these only. By default it works for any membership.
            kms_key_arn: The key that the data is encrypted with, if there is one.

        Returns:
            The role.
        """
        s3 = self._bucket(bucket)
        statements = [
            _allow(_FIND_BUCKET, s3),
            _allow("s3:GetObject", f"{s3}/*"),
            _allow(_READ_GLUE, self._in_glue(database, tables)),
            _allow(["glue:GetSchema", "glue:GetSchemaVersion"], "*"),
        ]
        if kms_key_arn:
            statements.append(_allow(_DECRYPT, kms_key_arn))
        conditions: list[Policy] = []
        if membership_arns:
            runner = membership_arns[0].rpartition("/")[2]
            external = f"arn:{self._partition}:*:{self._region}:*:dbuser:*/{runner}*"
            conditions = [
                {"StringLike": {"sts:ExternalId": external}},
                {"ForAnyValue:ArnEquals": {"aws:SourceArn": [*membership_arns]}},
            ]
        trust = _trust([ROOMS, SERVICE], *conditions)
        return Role("CreateConfiguredTableAssociation", trust, _policy(statements))

    def training_dataset(
        self, *, bucket: str, database: str, tables: Sequence[str], kms_key_arn: str | None = None
    ) -> Role:
        """The role of `CreateTrainingDataset` (lookalike models): the training data.

        Args:
            bucket, database, tables, kms_key_arn: As for `configured_table_association`.

        Returns:
            The role.
        """
        default = self._arn("glue", "database/default")
        statements = [
            _allow(
                [*_READ_GLUE, "glue:GetUserDefinedFunctions"],
                [*self._in_glue(database, tables), default],
            ),
            _allow("glue:CreateDatabase", default),
            self._in_bucket(_FIND_BUCKET, bucket),
            self._in_bucket("s3:GetObject", bucket, "/*"),
            *self._with_key(kms_key_arn, bucket, "ArnLike", *_DECRYPT),
        ]
        source = self._arn("cleanrooms-ml", "training-dataset/*")
        return self._role("CreateTrainingDataset", statements, source)

    def configured_audience_model(self, *, bucket: str, kms_key_arn: str | None = None) -> Role:
        """The role of `CreateConfiguredAudienceModel`: audiences written to S3.

        Args:
            bucket: Where audiences are written to.
            kms_key_arn: The key that encrypts the bucket, if there is one.

        Returns:
            The role.
        """
        statements = [
            self._in_bucket(_FIND_BUCKET, bucket),
            self._in_bucket("s3:PutObject", bucket, "/*"),
            *self._with_key(kms_key_arn, bucket, "StringLike", *_ENCRYPT, "kms:ReEncrypt*"),
        ]
        source = self._arn("cleanrooms-ml", "configured-audience-model/*")
        return self._role("CreateConfiguredAudienceModel", statements, source)

    def audience_generation_job(
        self,
        *,
        bucket: str | None = None,
        membership_identifier: str | None = None,
        kms_key_arn: str | None = None,
    ) -> Role:
        """The role of `StartAudienceGenerationJob`: the seed, from S3 or from a query.

        Args:
            bucket: The bucket with the seed.
            membership_identifier: Instead of a bucket, the membership that runs the query for the seed.
            kms_key_arn: The key that the seed is encrypted with, if there is one.

        Returns:
            The role.

        Raises:
            ValueError: Neither a bucket nor a membership is given.
        """
        statements: list[Policy] = []
        if bucket is not None:
            statements += [
                self._in_bucket("s3:ListBucket", bucket),
                self._in_bucket("s3:GetObject", bucket, "/*"),
                *self._with_key(kms_key_arn, bucket, "ArnLike", *_DECRYPT),
            ]
        if membership_identifier is not None:
            statements += self._querying(membership_identifier)
        if not statements:
            raise ValueError("give the bucket of the seed, or the membership that queries for it")
        source = self._arn("cleanrooms-ml", "audience-generation-job/*")
        return self._role("StartAudienceGenerationJob", statements, source)

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._partition}:{service}:{self._region}:{self._account_id}:{resource}"

    def _bucket(self, name: str) -> str:
        return f"arn:{self._partition}:s3:::{name}"

    def _in_bucket(self, actions: str | list[str], bucket: str, keys: str = "") -> Policy:
        """A statement on a bucket, or on its keys, as long as the account has the bucket."""
        own = {"s3:ResourceAccount": [self._account_id]}
        return _allow(actions, self._bucket(bucket) + keys, StringEquals=own)

    def _in_glue(self, database: str, tables: Sequence[str]) -> list[str]:
        named = [f"table/{database}/{table}" for table in tables]
        return [self._arn("glue", each) for each in ("catalog", f"database/{database}", *named)]

    def _querying(self, membership: str) -> list[Policy]:
        start = ("StartProtectedQuery", "GetSchema", "GetCollaborationAnalysisTemplate")
        follow = ("GetProtectedQuery", "UpdateProtectedQuery")
        return [
            _allow([f"cleanrooms:{action}" for action in start], "*"),
            _allow(
                [f"cleanrooms:{action}" for action in follow],
                self._arn("cleanrooms", f"membership/{membership}"),
            ),
        ]

    def _with_key(self, key: str | None, bucket: str, how: str, *actions: str) -> list[Policy]:
        """A statement on the key of a bucket, if there is one."""
        context = {"kms:EncryptionContext:aws:s3:arn": f"{self._bucket(bucket)}*"}
        return [_allow([*actions], key, **{how: context})] if key else []

    def _role(self, used_by: str, permissions: list[Policy], source: str | None = None) -> Role:
        """A role; with a source it can be assumed only on behalf of that (the confused deputy)."""
        conditions: list[Policy] = []
        if source:
            account = {"aws:SourceAccount": self._account_id}
            conditions = [{"StringEquals": account, "ArnLike": {"aws:SourceArn": source}}]
        return Role(used_by, _trust(SERVICE, *conditions), _policy(permissions))


KINDS: Final = tuple(name.replace("_", "-") for name in vars(ServiceRoles) if name[0] != "_")
"""The methods of `ServiceRoles` as the command names them."""


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


_FIND_BUCKET: Final = ["s3:ListBucket", "s3:GetBucketLocation"]
_ENCRYPT: Final = ["kms:Encrypt", "kms:GenerateDataKey*"]
_DECRYPT: Final = ["kms:Decrypt", "kms:DescribeKey"]
_READ_GLUE: Final = [
    f"glue:{action}"
    for action in (
        *("GetDatabase", "GetDatabases", "GetTable", "GetTables"),
        *("GetPartitions", "GetPartition", "BatchGetPartition"),
    )
]


def _allow(actions: str | list[str], resources: str | list[str], **conditions: Any) -> Policy:
    statement: Policy = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": conditions} if conditions else statement


def _trust(services: str | list[str], *conditions: Policy) -> Policy:
    """A trust policy: the services may assume the role, each condition in a statement of its own."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": services},
        "Action": "sts:AssumeRole",
    }
    return _policy([{**statement, "Condition": each} for each in conditions] or [statement])


def _policy(statements: list[Policy]) -> Policy:
    return {"Version": "2012-10-17", "Statement": statements}
