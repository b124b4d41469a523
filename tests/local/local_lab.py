"""A bench for the stand-in: calls it through botocore's own serialiser, validator and parser.

Nothing of the stand-in judges the stand-in: what goes in is written, and what comes out is read,
by botocore. There is no transport, so a call costs well under a millisecond.
"""

from __future__ import annotations

import functools
from typing import Any

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.validate
from botocore.awsrequest import HeadersDict, prepare_request_dict
from botocore.exceptions import ClientError

from crml_sdk.local import LocalCleanRoomsML

ROLE = "arn:aws:iam::111122223333:role/clean-rooms"
OTHER_ROLE = "arn:aws:iam::444455556666:role/clean-rooms"
ME = "111122223333"
OTHER = "444455556666"
# The operations of AWS Clean Rooms that are here. Its operations on tags have the names of ours.
SCOPES = {"cleanrooms": "cleanrooms", "cleanroomsml": "cleanrooms-ml"}
CLEANROOMS = {
    *(f"{verb}Collaboration" for verb in ("Create", "Get", "Delete")),
    *(f"{verb}Membership" for verb in ("Create", "Get", "Delete")),
    *(f"{verb}ConfiguredTable" for verb in ("Create", "Get", "Delete")),
    *(f"{verb}ConfiguredTableAnalysisRule" for verb in ("Create", "Get", "Delete")),
    *(f"{verb}ConfiguredTableAssociation" for verb in ("Create", "Get", "Delete")),
    *(f"{verb}ConfiguredTableAssociationAnalysisRule" for verb in ("Create", "Get", "Delete")),
    "ListCollaborations",
    "ListMemberships",
    "ListMembers",
    "DeleteMember",
    "ListConfiguredTables",
    "ListConfiguredTableAssociations",
    "GetProtectedQuery",
    "ListProtectedQueries",
    "cleanrooms:ListTagsForResource",
    "cleanrooms:TagResource",
    "cleanrooms:UntagResource",
}


@functools.cache
def service_model(name: str) -> botocore.model.ServiceModel:
    loader = botocore.loaders.Loader()
    return botocore.model.ServiceModel(loader.load_service_model(name, "service-2"), name)


def service_of(operation: str) -> str:
    return "cleanrooms" if operation in CLEANROOMS else "cleanroomsml"


def name_of(operation: str) -> str:
    return operation.rpartition(":")[2]


def operation_model(operation: str) -> botocore.model.OperationModel:
    return service_model(service_of(operation)).operation_model(name_of(operation))


def signed_for(operation: str, access_key: str = "x") -> dict[str, str]:
    """The header by which a request is known to be of an account and for a service."""
    scope = f"{access_key}/20260101/us-east-1/{SCOPES[service_of(operation)]}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}"}


def check_members(error: ClientError) -> None:
    """An error of AWS Clean Rooms has the members that its shape requires."""
    code = error.response["Error"]["Code"]
    shape = service_model("cleanrooms").shape_for(code)
    given = {"message": error.response["Error"]["Message"], **error.response}
    for name in shape.required_members:
        assert given.get(name), (code, name)
    for name in set(shape.members) & set(error.response):
        allowed = getattr(shape.members[name], "enum", None)
        assert not allowed or error.response[name] in allowed, (code, name, error.response[name])


class Lab:
    """One stand-in and short ways to fill it."""

    def __init__(self, local: LocalCleanRoomsML | None = None) -> None:
        self.local = local or LocalCleanRoomsML()
        self._serialiser = botocore.serialize.create_serializer("rest-json", False)
        self._parser = botocore.parsers.create_parser("rest-json")
        self._validator = botocore.validate.ParamValidator()
        self._names = iter(range(10**9))

    @property
    def membership(self) -> str:
        return self.local.world.membership_id

    @property
    def other_membership(self) -> str:
        return self.local.world.other_membership_id

    @property
    def collaboration(self) -> str:
        return self.local.world.collaboration_id

    # Calls

    def send(self, operation: str, params: dict[str, Any], account: str | None = None) -> Any:
        """The raw reply to parameters as botocore puts them on the wire, unvalidated."""
        model = operation_model(operation)
        request = self._serialiser.serialize_to_request(params, model)
        prepare_request_dict(request, endpoint_url="http://local")
        target = request["url"].removeprefix("http://local")
        key = self.local.world.account_named(account).access_key
        headers = signed_for(operation, key)
        body = request["body"]
        if isinstance(body, str):
            body = body.encode()
        return self.local.handle(request["method"], target, headers, body)

    def call(self, operation: str, account: str | None = None, **params: Any) -> dict[str, Any]:
        """The parsed reply. Raises ClientError; checks the reply against its output shape."""
        reply = self.send(operation, params, account)
        model = operation_model(operation)
        received = {
            "status_code": reply.status,
            "headers": HeadersDict(reply.headers),
            "body": reply.body,
        }
        parsed = self._parser.parse(received, model.output_shape)
        if reply.status >= 400:
            modeled = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
            if modeled is not None:  # as botocore's endpoint does
                parsed.update(self._parser.parse(received, modeled))
            assert reply.headers["x-amzn-ErrorType"] == parsed["Error"]["Code"]
            raise ClientError(parsed, operation)
        assert reply.status == model.http["responseCode"]
        metadata = parsed.pop("ResponseMetadata")
        assert metadata["RequestId"]
        if model.output_shape is not None:
            report = self._validator.validate(parsed, model.output_shape)
            assert not report.has_errors(), report.generate_report()
        return parsed

    def refusal(self, operation: str, account: str | None = None, **params: Any) -> tuple[str, str]:
        """The exception name and message that a call must end with."""
        try:
            self.call(operation, account, **params)
        except ClientError as error:
            documented = {shape.name for shape in operation_model(operation).error_shapes}
            if service_of(operation) == "cleanrooms":
                check_members(error)
            code = error.response["Error"]["Code"]
            assert code in documented, f"{operation} does not document {code}"
            return code, error.response["Error"]["Message"]
        raise AssertionError(f"{operation} was not refused")

    # Ready things

    def name(self, prefix: str = "n") -> str:
        return f"{prefix}-{next(self._names)}"

    def algorithm(self, **extra: Any) -> str:
        params: dict[str, Any] = {
            "name": self.name("algorithm"),
            "roleArn": ROLE,
            "trainingContainerConfig": {"imageUri": "repository/train:1"},
            "inferenceContainerConfig": {"imageUri": "repository/infer:1"},
        }
        reply = self.call("CreateConfiguredModelAlgorithm", **{**params, **extra})
        return reply["configuredModelAlgorithmArn"]

    def association(self, **extra: Any) -> str:
        params = {
            "membershipIdentifier": self.membership,
            "configuredModelAlgorithmArn": extra.get("configuredModelAlgorithmArn")
            or self.algorithm(),
            "name": self.name("association"),
        }
        reply = self.call("CreateConfiguredModelAlgorithmAssociation", **{**params, **extra})
        return reply["configuredModelAlgorithmAssociationArn"]

    def channel_params(self, association: str, **extra: Any) -> dict[str, Any]:
        return {
            "membershipIdentifier": self.membership,
            "configuredModelAlgorithmAssociations": [association],
            "name": self.name("channel"),
            "retentionInDays": 7,
            "inputChannel": {
                "roleArn": ROLE,
                "dataSource": {
                    "protectedQueryInputParameters": {"sqlParameters": {"queryString": "SELECT 1"}}
                },
            },
            **extra,
        }

    def channel(self, association: str, **extra: Any) -> str:
        params = self.channel_params(association, **extra)
        arn = self.call("CreateMLInputChannel", **params)["mlInputChannelArn"]
        self.settle()
        return arn

    def model_params(self, association: str, channel: str, **extra: Any) -> dict[str, Any]:
        return {
            "membershipIdentifier": self.membership,
            "name": self.name("model"),
            "configuredModelAlgorithmAssociationArn": association,
            "resourceConfig": {"instanceType": "ml.m5.xlarge", "volumeSizeInGB": 10},
            "dataChannels": [{"mlInputChannelArn": channel, "channelName": "train"}],
            **extra,
        }

    def ready(self) -> tuple[str, str]:
        """An association and an ACTIVE channel made for it."""
        association = self.association()
        return association, self.channel(association)

    def model(self, association: str, channel: str, **extra: Any) -> str:
        """An ACTIVE trained model."""
        params = self.model_params(association, channel, **extra)
        arn = self.call("CreateTrainedModel", **params)["trainedModelArn"]
        self.settle()
        return arn

    def version(self, arn: str, association: str, channel: str, **extra: Any) -> str:
        """One more ACTIVE version of a model."""
        params = self.model_params(
            association,
            channel,
            name=self.get_model(arn)["name"],
            incrementalTrainingDataChannels=[{"trainedModelArn": arn, "channelName": "before"}],
        )
        reply = self.call("CreateTrainedModel", **{**params, **extra})
        self.settle()
        assert reply["trainedModelArn"] == arn
        return reply["versionIdentifier"]

    def get_model(self, arn: str, **extra: Any) -> dict[str, Any]:
        return self.call(
            "GetTrainedModel",
            **{"membershipIdentifier": self.membership, "trainedModelArn": arn, **extra},
        )

    def job_params(self, model: str, channel: str, **extra: Any) -> dict[str, Any]:
        return {
            "membershipIdentifier": self.membership,
            "name": self.name("job"),
            "trainedModelArn": model,
            "resourceConfig": {"instanceType": "ml.m6i.xlarge"},
            "outputConfiguration": {"members": [{"accountId": ME}]},
            "dataSource": {"mlInputChannelArn": channel},
            **extra,
        }

    def settle(self) -> None:
        self.local.jobs.finish_all()
