"""Collaborations and tables for the tests of AWS Clean Rooms' operations."""

from __future__ import annotations

from typing import Any

from .local_lab import ME, OTHER, OTHER_ROLE, ROLE, Lab

EVERYTHING = ["CAN_RECEIVE_MODEL_OUTPUT", "CAN_RECEIVE_INFERENCE_OUTPUT"]


def collaboration(lab: Lab, **extra: Any) -> str:
    """The identifier of a collaboration of ME; OTHER, who can query, is invited."""
    params: dict[str, Any] = {
        "name": lab.name("room"),
        "members": [
            {
                "accountId": OTHER,
                "displayName": "Partner",
                "memberAbilities": ["CAN_QUERY", "CAN_RECEIVE_RESULTS"],
                "mlMemberAbilities": {"customMLMemberAbilities": EVERYTHING},
            }
        ],
        "creatorMemberAbilities": [],
        "creatorDisplayName": "Owner",
        "queryLogStatus": "DISABLED",
    }
    return lab.call("CreateCollaboration", **{**params, **extra})["collaboration"]["id"]


def join(lab: Lab, room: str, account: str | None = None, **extra: Any) -> str:
    """The identifier of the membership that an account creates."""
    params = {"collaborationIdentifier": room, "queryLogStatus": "DISABLED"}
    return lab.call("CreateMembership", account, **{**params, **extra})["membership"]["id"]


def table(lab: Lab, account: str | None = None, **extra: Any) -> str:
    """The identifier of a configured table with the columns `id` and `column`."""
    params: dict[str, Any] = {
        "name": lab.name("table"),
        "tableReference": {"glue": {"databaseName": "sales", "tableName": "customers"}},
        "allowedColumns": ["id", "column"],
        "analysisMethod": "DIRECT_QUERY",
    }
    reply = lab.call("CreateConfiguredTable", account, **{**params, **extra})
    return reply["configuredTable"]["id"]


def rule(lab: Lab, identifier: str, account: str | None = None, **custom: Any) -> dict[str, Any]:
    """A custom analysis rule by which OTHER may query a table."""
    policy = {"allowedAnalyses": ["ANY_QUERY"], "allowedAnalysisProviders": [OTHER], **custom}
    return lab.call(
        "CreateConfiguredTableAnalysisRule",
        account,
        configuredTableIdentifier=identifier,
        analysisRuleType="CUSTOM",
        analysisRulePolicy={"v1": {"custom": policy}},
    )["analysisRule"]


def associate(
    lab: Lab, membership: str, identifier: str, account: str | None = None, **extra: Any
) -> str:
    """The identifier of an association of a table with a collaboration."""
    params = {
        "membershipIdentifier": membership,
        "name": lab.name("association"),
        "configuredTableIdentifier": identifier,
        "roleArn": OTHER_ROLE if account == "other" else ROLE,
    }
    reply = lab.call("CreateConfiguredTableAssociation", account, **{**params, **extra})
    return reply["configuredTableAssociation"]["id"]


def rooms_pool(lab: Lab, pool: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Something of every kind of AWS Clean Rooms in the ready world, by shape name."""
    made = table(lab)
    association = associate(lab, lab.membership, made)
    kind = "LIST"
    lab.call(
        "CreateConfiguredTableAnalysisRule",
        configuredTableIdentifier=made,
        analysisRuleType=kind,
        analysisRulePolicy={"v1": {"list": {"joinColumns": ["id"], "listColumns": ["column"]}}},
    )
    lab.call(
        "CreateConfiguredTableAssociationAnalysisRule",
        membershipIdentifier=lab.membership,
        configuredTableAssociationIdentifier=association,
        analysisRuleType=kind,
        analysisRulePolicy={"v1": {"list": {}}},
    )
    channel = lab.call(
        "GetMLInputChannel",
        membershipIdentifier=lab.membership,
        mlInputChannelArn=pool["MLInputChannelArn"][0],
    )
    place = f"arn:aws:cleanrooms:us-east-1:{ME}"
    return {
        "ConfiguredTableIdentifier": [made],
        "ConfiguredTableAssociationIdentifier": [association],
        "ConfiguredTableAnalysisRuleType": [kind],
        "ConfiguredTableAssociationAnalysisRuleType": [kind],
        "AnalysisRuleColumnName": ["id"],
        "ProtectedQueryIdentifier": [channel["protectedQueryIdentifier"]],
        "RoleArn": [ROLE],
        "CleanroomsArn": [
            f"{place}:configuredtable/{made}",
            f"{place}:configuredtableassociation/{lab.membership}/{association}",
            f"{place}:collaboration/{lab.collaboration}",
            f"{place}:membership/{lab.membership}",
        ],
    }


def prepare(lab: Lab, operation: str, pool: dict[str, list[Any]]) -> None:
    """Makes the pool such that an operation can succeed."""
    lab.local.configure(membership_in_use="allow")
    if operation == "CreateMembership":
        pool["collaborationIdentifier"] = [collaboration(lab)]
        pool["CollaborationIdentifier"] = pool["collaborationIdentifier"]
    if operation == "DeleteMember":
        pool["AccountId"] = [OTHER]
    if operation in ("DeleteConfiguredTable", "CreateConfiguredTableAnalysisRule"):
        pool["ConfiguredTableIdentifier"] = [table(lab)]
    if operation == "CreateConfiguredTableAssociationAnalysisRule":
        free = associate(lab, lab.membership, table(lab))
        pool["ConfiguredTableAssociationIdentifier"] = [free]
