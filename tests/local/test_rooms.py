"""Collaborations, memberships and tables of AWS Clean Rooms: from nothing to nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local import LocalCleanRoomsML, Settings
from crml_sdk.local.operations import HANDLERS

from . import rooms
from .local_lab import (
    CLEANROOMS,
    ME,
    OTHER,
    OTHER_ROLE,
    ROLE,
    Lab,
    name_of,
    service_model,
    signed_for,
)

STRANGER = "12345678-1234-4234-8234-123456789012"
DENIED, CONFLICT = "AccessDeniedException", "ConflictException"
INVALID, MISSING = "ValidationException", "ResourceNotFoundException"
PAYS = {"queryCompute": {"isResponsible": True}}


def statuses(lab: Lab, room: str) -> dict[str, str]:
    found = lab.call("ListMembers", collaborationIdentifier=room)["memberSummaries"]
    return {row["accountId"]: row["status"] for row in found}


def code(lab: Lab, operation: str, account: str | None = None, **params: Any) -> str:
    return lab.refusal(operation, account, **params)[0]


def test_the_operations_of_clean_rooms_that_are_here() -> None:
    here = {name for service, name in HANDLERS if service == "cleanrooms"}
    assert here == {name_of(operation) for operation in CLEANROOMS}
    for operation in sorted(set(service_model("cleanrooms").operation_names) - here):
        model = service_model("cleanrooms").operation_model(operation)
        path = model.http["requestUri"].replace("{", "").replace("}", "")
        reply = Lab().local.handle(
            model.http["method"], path, signed_for("GetCollaboration"), b"not JSON"
        )
        assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (501, "NotImplementedException")
        message = json.loads(reply.body)["message"]
        assert f"does not have {operation} of cleanrooms" in message
        assert all(name in message for name in here)


def test_members_are_invited_and_join(lab: Lab) -> None:
    room = rooms.collaboration(lab)
    assert statuses(lab, room) == {ME: "INVITED", OTHER: "INVITED"}
    for row in lab.call("ListMembers", "other", collaborationIdentifier=room)["memberSummaries"]:
        assert "membershipId" not in row
    shown = lab.call("GetCollaboration", "other", collaborationIdentifier=room)["collaboration"]
    assert shown["memberStatus"] == "INVITED"
    assert (shown["creatorAccountId"], shown["creatorDisplayName"]) == (ME, "Owner")
    invited = lab.call("ListCollaborations", "other", memberStatus="INVITED")["collaborationList"]
    assert [row["id"] for row in invited] == [room]
    # Nothing can be done in it yet.
    found = lab.call("ListMemberships", "other")["membershipSummaries"]
    assert room not in {row["collaborationId"] for row in found}
    assert code(lab, "ListCollaborationTrainedModels", collaborationIdentifier=room) == DENIED
    mine, theirs = rooms.join(lab, room), rooms.join(lab, room, "other")
    assert statuses(lab, room) == {ME: "ACTIVE", OTHER: "ACTIVE"}
    rows = lab.call("ListMembers", collaborationIdentifier=room)["memberSummaries"]
    assert [row["membershipId"] for row in rows] == [mine, theirs]
    assert lab.call("ListCollaborationTrainedModels", collaborationIdentifier=room)


def test_who_may_join(lab: Lab) -> None:
    room = rooms.collaboration(lab)
    params = {"collaborationIdentifier": room, "queryLogStatus": "DISABLED"}
    assert (
        code(lab, "CreateMembership", **{**params, "collaborationIdentifier": STRANGER}) == MISSING
    )
    lab.local.world.add_account("999900001111", display_name="X", access_key="X", secret_key="")
    assert code(lab, "CreateMembership", "999900001111", **params) == DENIED
    membership = rooms.join(lab, room)
    with pytest.raises(Exception, match="has joined") as caught:
        lab.call("CreateMembership", **params)
    said = {"resourceId": membership, "resourceType": "MEMBERSHIP", "reason": "ALREADY_EXISTS"}
    assert said.items() <= caught.value.response.items()  # type: ignore[attr-defined]
    lab.call("DeleteMembership", membershipIdentifier=membership)
    assert code(lab, "CreateMembership", **params) == DENIED  # who has left cannot come back


def test_what_a_membership_was_created_with_is_shown(lab: Lab) -> None:
    results = {
        "outputConfiguration": {"s3": {"resultFormat": "CSV", "bucket": "bucket"}},
        "roleArn": OTHER_ROLE,
    }
    room = rooms.collaboration(
        lab, queryLogStatus="ENABLED", isMetricsEnabled=True, description="d"
    )
    shown = lab.call("GetCollaboration", collaborationIdentifier=room)["collaboration"]
    assert (shown["queryLogStatus"], shown["isMetricsEnabled"]) == ("ENABLED", True)
    assert (shown["description"], shown["analyticsEngine"]) == ("d", "SPARK")
    membership = rooms.join(
        lab,
        room,
        "other",
        queryLogStatus="ENABLED",
        defaultResultConfiguration=results,
        paymentConfiguration=PAYS,
        tags={"a": "b"},
    )
    shown = lab.call("GetMembership", "other", membershipIdentifier=membership)["membership"]
    assert (shown["queryLogStatus"], shown["jobLogStatus"]) == ("ENABLED", "DISABLED")
    assert shown["defaultResultConfiguration"] == results
    assert shown["memberAbilities"] == ["CAN_QUERY", "CAN_RECEIVE_RESULTS"]
    assert shown["mlMemberAbilities"] == {"customMLMemberAbilities": rooms.EVERYTHING}
    tags = lab.call("cleanrooms:ListTagsForResource", "other", resourceArn=shown["arn"])["tags"]
    assert tags == {"a": "b"}


def test_who_pays(lab: Lab) -> None:
    """Without a word of the creator, the member who can query pays."""
    room = rooms.collaboration(lab)
    rows = lab.call("ListMembers", collaborationIdentifier=room)["memberSummaries"]
    pays = {row["accountId"]: row["paymentConfiguration"]["queryCompute"] for row in rows}
    assert pays == {ME: {"isResponsible": False}, OTHER: {"isResponsible": True}}
    refused = {"queryCompute": {"isResponsible": False}}
    params = {"collaborationIdentifier": room, "queryLogStatus": "DISABLED"}
    assert code(lab, "CreateMembership", "other", **params, paymentConfiguration=refused) == INVALID
    assert code(lab, "CreateMembership", **params, paymentConfiguration=PAYS) == INVALID
    asked = {**PAYS, "machineLearning": {"modelTraining": {"isResponsible": True}}}
    room = rooms.collaboration(lab, creatorPaymentConfiguration=asked)
    params = {"collaborationIdentifier": room, "queryLogStatus": "DISABLED"}
    # Who pays and cannot query has to accept it.
    assert code(lab, "CreateMembership", **params) == INVALID
    made = lab.call("CreateMembership", **params, paymentConfiguration=asked)["membership"]
    shown = made["paymentConfiguration"]
    assert shown["machineLearning"]["modelTraining"] == {"isResponsible": True}
    assert shown["machineLearning"]["modelInference"] == {"isResponsible": False}
    other = rooms.join(lab, room, "other")
    shown = lab.call("GetMembership", "other", membershipIdentifier=other)["membership"]
    assert shown["paymentConfiguration"]["queryCompute"] == {"isResponsible": False}


@pytest.mark.parametrize("accounts", [[OTHER, OTHER], [ME]])
def test_a_member_is_named_once_and_the_creator_never(lab: Lab, accounts: list[str]) -> None:
    members = [{"accountId": a, "displayName": "x", "memberAbilities": []} for a in accounts]
    with pytest.raises(Exception, match=INVALID):
        rooms.collaboration(lab, members=members)


def test_only_its_creator_deletes_a_collaboration(lab: Lab) -> None:
    room = rooms.collaboration(lab)
    mine, theirs = rooms.join(lab, room), rooms.join(lab, room, "other")
    place = {"collaborationIdentifier": room}
    assert code(lab, "DeleteCollaboration", "other", **place) == DENIED
    assert code(lab, "DeleteCollaboration", collaborationIdentifier=STRANGER) == DENIED
    kept = rooms.associate(lab, theirs, rooms.table(lab, "other"), "other")
    lab.call("DeleteCollaboration", **place)
    assert code(lab, "GetCollaboration", **place) == DENIED
    assert code(lab, "ListMembers", **place) == MISSING
    ids = [row["id"] for row in lab.call("ListCollaborations")["collaborationList"]]
    assert ids == [lab.collaboration]
    # Memberships outlive it: what is in them can be seen and deleted, and nothing added.
    shown = lab.call("GetMembership", membershipIdentifier=mine)["membership"]
    assert (shown["status"], shown["collaborationId"]) == ("COLLABORATION_DELETED", room)
    found = {"membershipIdentifier": theirs, "configuredTableAssociationIdentifier": kept}
    assert lab.call("GetConfiguredTableAssociation", "other", **found)
    spare = rooms.table(lab, "other")
    params = {"membershipIdentifier": theirs, "name": "x", "roleArn": OTHER_ROLE}
    assert (
        code(
            lab,
            "CreateConfiguredTableAssociation",
            "other",
            **params,
            configuredTableIdentifier=spare,
        )
        == DENIED
    )
    lab.call("DeleteMembership", membershipIdentifier=mine)
    lab.call("DeleteMembership", "other", membershipIdentifier=theirs)
    assert list(lab.local.world.collaborations) == [lab.collaboration]
    assert not [record for record in lab.local._state.records() if record.membership == theirs]


def test_a_removed_member_takes_its_tables_along(lab: Lab) -> None:
    room = rooms.collaboration(lab)
    rooms.join(lab, room)
    theirs = rooms.join(lab, room, "other")
    rooms.associate(lab, theirs, rooms.table(lab, "other"), "other", name="shared")
    place = {"collaborationIdentifier": room}
    assert code(lab, "DeleteMember", "other", **place, accountId=ME) == DENIED
    assert code(lab, "DeleteMember", **place, accountId=ME) == INVALID
    assert code(lab, "DeleteMember", **place, accountId="999900001111") == MISSING
    lab.call("DeleteMember", **place, accountId=OTHER)
    lab.call("DeleteMember", **place, accountId=OTHER)
    assert statuses(lab, room) == {ME: "ACTIVE", OTHER: "REMOVED"}
    assert not [r for r in lab.local._state.records() if r.data.get("name") == "shared"]
    assert code(lab, "GetCollaboration", "other", **place) == DENIED
    assert code(lab, "ListConfiguredTableAssociations", "other", membershipIdentifier=theirs) == (
        DENIED
    )
    shown = lab.call("GetMembership", "other", membershipIdentifier=theirs)["membership"]
    assert shown["status"] == "REMOVED"
    lab.call("DeleteMembership", "other", membershipIdentifier=theirs)
    assert statuses(lab, room)[OTHER] == "REMOVED"


def test_a_membership_is_emptied_before_it_is_deleted(lab: Lab) -> None:
    room = rooms.collaboration(lab, creatorMemberAbilities=["CAN_QUERY"])
    mine = rooms.join(lab, room)
    place = {"membershipIdentifier": mine}
    association = lab.association(**place)
    channel = lab.channel(association, **place)
    table = rooms.associate(lab, mine, rooms.table(lab))
    code_, message = lab.refusal("DeleteMembership", **place)
    assert (code_, association in message) == (CONFLICT, True)
    lab.call("DeleteMLInputChannelData", **place, mlInputChannelArn=channel)
    arn = {"configuredModelAlgorithmAssociationArn": association}
    lab.call("DeleteConfiguredModelAlgorithmAssociation", **place, **arn)
    assert code(lab, "DeleteMembership", **place) == CONFLICT
    lab.call(
        "DeleteConfiguredTableAssociation", **place, configuredTableAssociationIdentifier=table
    )
    lab.call("DeleteMembership", **place)
    assert code(lab, "GetMembership", **place) == MISSING
    assert statuses(lab, room)[ME] == "LEFT"
    assert not lab.local.jobs.under_way()


def test_a_table_and_its_rule(lab: Lab) -> None:
    identifier = rooms.table(lab, tags={"a": "b"}, description="who buys")
    place = {"configuredTableIdentifier": identifier}
    shown = lab.call("GetConfiguredTable", **place)["configuredTable"]
    assert (shown["analysisRuleTypes"], shown["tableType"]) == ([], "GLUE")
    assert (shown["allowedColumns"], shown["description"]) == (["id", "column"], "who buys")
    made = rooms.rule(lab, identifier)
    kind = {**place, "analysisRuleType": "CUSTOM"}
    assert lab.call("GetConfiguredTableAnalysisRule", **kind)["analysisRule"] == made
    assert made["configuredTableArn"] == shown["arn"]
    (row,) = lab.call("ListConfiguredTables")["configuredTableSummaries"]
    assert (row["id"], row["analysisRuleTypes"]) == (identifier, ["CUSTOM"])
    policy = {"v1": {"custom": {"allowedAnalyses": []}}}
    assert code(lab, "CreateConfiguredTableAnalysisRule", **kind, analysisRulePolicy=policy) == (
        CONFLICT
    )
    assert code(lab, "GetConfiguredTableAnalysisRule", **{**kind, "analysisRuleType": "LIST"}) == (
        MISSING
    )
    for operation in ("GetConfiguredTable", "DeleteConfiguredTable"):
        assert code(lab, operation, "other", **place) == DENIED
        assert code(lab, operation, configuredTableIdentifier=STRANGER) == MISSING
    assert lab.call("ListConfiguredTables", "other")["configuredTableSummaries"] == []
    lab.call("DeleteConfiguredTableAnalysisRule", **kind)
    assert code(lab, "DeleteConfiguredTableAnalysisRule", **kind) == MISSING
    tagged = {"resourceArn": shown["arn"]}
    assert lab.call("cleanrooms:ListTagsForResource", **tagged)["tags"] == {"a": "b"}
    assert code(lab, "cleanrooms:ListTagsForResource", "other", **tagged) == MISSING
    lab.call("cleanrooms:UntagResource", **tagged, tagKeys=["a"])
    lab.call("DeleteConfiguredTable", **place)
    assert code(lab, "cleanrooms:ListTagsForResource", **tagged) == MISSING


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("LIST", {"custom": {"allowedAnalyses": []}}),
        ("CUSTOM", {"custom": {"allowedAnalyses": ["ANY_QUERY"]}}),
        ("LIST", {"list": {"joinColumns": ["secret"], "listColumns": []}}),
        ("CUSTOM", {"custom": {"allowedAnalyses": [], "disallowedOutputColumns": ["secret"]}}),
    ],
)
def test_rules_that_make_no_sense_are_refused(lab: Lab, kind: str, policy: Any) -> None:
    params = {
        "configuredTableIdentifier": rooms.table(lab),
        "analysisRuleType": kind,
        "analysisRulePolicy": {"v1": policy},
    }
    assert code(lab, "CreateConfiguredTableAnalysisRule", **params) == INVALID


@pytest.mark.parametrize(
    "extra",
    [{"allowedColumns": ["id", "id"]}, {"selectedAnalysisMethods": ["DIRECT_QUERY"]}],
)
def test_tables_that_make_no_sense_are_refused(lab: Lab, extra: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=INVALID):
        rooms.table(lab, **extra)


def test_an_association_is_a_name_in_its_collaboration(lab: Lab) -> None:
    mine, theirs = rooms.table(lab), rooms.table(lab, "other")
    identifier = rooms.associate(lab, lab.membership, mine, name="Customers")
    place = {
        "membershipIdentifier": lab.membership,
        "configuredTableAssociationIdentifier": identifier,
    }
    shown = lab.call("GetConfiguredTableAssociation", **place)["configuredTableAssociation"]
    assert (shown["name"], shown["configuredTableId"]) == ("Customers", mine)
    params = {
        "membershipIdentifier": lab.other_membership,
        "name": "customers",
        "configuredTableIdentifier": theirs,
        "roleArn": OTHER_ROLE,
    }
    operation = "CreateConfiguredTableAssociation"
    assert code(lab, operation, "other", **params) == CONFLICT
    assert code(lab, operation, "other", **{**params, "name": "b", "roleArn": ROLE}) == DENIED
    elsewhere = {**params, "name": "b", "configuredTableIdentifier": mine}
    assert code(lab, operation, "other", **elsewhere) == DENIED
    assert code(
        lab, operation, "other", **{**elsewhere, "configuredTableIdentifier": STRANGER}
    ) == (MISSING)
    with pytest.raises(Exception, match="still has associations"):
        lab.call("DeleteConfiguredTable", configuredTableIdentifier=mine)
    rule = {**place, "analysisRuleType": "CUSTOM"}
    policy = {"v1": {"custom": {"allowedAdditionalAnalyses": [], "allowedResultReceivers": [ME]}}}
    made = lab.call(
        "CreateConfiguredTableAssociationAnalysisRule", **rule, analysisRulePolicy=policy
    )["analysisRule"]
    assert (made["policy"], made["membershipIdentifier"]) == (policy, lab.membership)
    assert lab.call("GetConfiguredTableAssociationAnalysisRule", **rule)["analysisRule"] == made
    (row,) = lab.call("ListConfiguredTableAssociations", membershipIdentifier=lab.membership)[
        "configuredTableAssociationSummaries"
    ]
    assert row["analysisRuleTypes"] == ["CUSTOM"]
    lab.call("DeleteConfiguredTableAssociationAnalysisRule", **rule)
    foreign = {**place, "membershipIdentifier": lab.other_membership}
    assert code(lab, "GetConfiguredTableAssociation", "other", **foreign) == MISSING
    lab.call("DeleteConfiguredTableAssociation", **place)
    lab.call(operation, "other", **params)  # the name is free again


def test_a_channels_query(lab: Lab) -> None:
    association = lab.association()
    lab.local.jobs.fail_next()
    for expected in ("FAILED", "SUCCESS"):
        arn = lab.call("CreateMLInputChannel", **lab.channel_params(association))[
            "mlInputChannelArn"
        ]
        place = {"membershipIdentifier": lab.membership}
        found = lab.local._state.find("ml-input-channel", arn)
        assert found is not None
        query = {**place, "protectedQueryIdentifier": found.data["protectedQueryIdentifier"]}
        first = lab.call("GetProtectedQuery", **query)["protectedQuery"]
        assert (first["status"], first["sqlParameters"]) == (
            "SUBMITTED",
            {"queryString": "SELECT 1"},
        )
        lab.settle()
        shown = lab.call("GetProtectedQuery", **query)["protectedQuery"]
        assert shown["status"] == expected
        assert ("error" in shown) == (expected == "FAILED")
    assert code(lab, "GetProtectedQuery", "other", **query) == DENIED
    other = {**query, "membershipIdentifier": lab.other_membership}
    assert code(lab, "GetProtectedQuery", "other", **other) == MISSING
    rows = lab.call("ListProtectedQueries", **place)["protectedQueries"]
    assert [row["status"] for row in rows] == ["SUCCESS", "FAILED"]
    (row,) = lab.call("ListProtectedQueries", **place, status="FAILED")["protectedQueries"]
    assert row["receiverConfigurations"] == [{"analysisType": "ADDITIONAL_ANALYSIS"}]


def test_pages_lose_nothing_that_is_deleted_between_them(lab: Lab) -> None:
    lab.local.configure(quotas=None)
    made = {rooms.collaboration(lab) for _ in range(7)}
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = lab.call("ListCollaborations", maxResults=2, memberStatus="INVITED", **token)
        for row in page["collaborationList"]:
            seen.append(row["id"])
            lab.call("DeleteCollaboration", collaborationIdentifier=row["id"])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert (len(seen), set(seen)) == (7, made)
    rooms.collaboration(lab)
    rooms.collaboration(lab)
    page = lab.call("ListCollaborations", maxResults=1)
    other = {"nextToken": page["nextToken"], "memberStatus": "ACTIVE"}
    for params in (other, {"nextToken": "x"}, {"nextToken": "eA=="}):
        assert code(lab, "ListCollaborations", **params) == INVALID


def test_members_of_a_collaboration_come_in_pages(lab: Lab) -> None:
    first = lab.call("ListMembers", collaborationIdentifier=lab.collaboration, maxResults=1)
    second = lab.call(
        "ListMembers",
        collaborationIdentifier=lab.collaboration,
        maxResults=1,
        nextToken=first["nextToken"],
    )
    rows = [*first["memberSummaries"], *second["memberSummaries"]]
    assert [row["accountId"] for row in rows] == [ME, OTHER]
    assert [row["displayName"] for row in rows] == ["Member one", "Member two"]
    assert "nextToken" not in second


def test_rooms_are_saved_and_put_back(tmp_path: Path) -> None:
    file = tmp_path / "state"
    with LocalCleanRoomsML(state_file=file) as local:
        lab = Lab(local)
        room = rooms.collaboration(lab, tags={"a": "b"})
        mine = rooms.join(lab, room)
        identifier = rooms.table(lab)
        rooms.rule(lab, identifier)
        rooms.associate(lab, mine, identifier, name="customers")
        document = local.to_json()
    with LocalCleanRoomsML(state_file=file) as again:
        assert again.to_json()["world"] == document["world"]
        assert again.to_json()["records"] == document["records"]
        lab = Lab(again)
        assert statuses(lab, room) == {ME: "ACTIVE", OTHER: "INVITED"}
        rooms.join(lab, room, "other")
        assert statuses(lab, room)[OTHER] == "ACTIVE"
    other = Lab(LocalCleanRoomsML().from_json(document))
    table = other.call("GetConfiguredTable", configuredTableIdentifier=identifier)
    assert table["configuredTable"]["analysisRuleTypes"] == ["CUSTOM"]
    arn = other.call("GetCollaboration", collaborationIdentifier=room)["collaboration"]["arn"]
    tags = other.call("cleanrooms:ListTagsForResource", resourceArn=arn)["tags"]
    assert tags == {"a": "b"}


def test_what_fails_changes_nothing(lab: Lab) -> None:
    """A request that is refused half-way leaves rooms as they were."""
    room = rooms.collaboration(lab)
    before = lab.local.to_json()
    bad = {"collaborationIdentifier": room, "queryLogStatus": "DISABLED", "tags": {"aws:x": ""}}
    assert code(lab, "CreateMembership", **bad) == INVALID
    lab.local.configure(quotas={"Memberships per account": 1})
    with pytest.raises(Exception, match="ServiceQuotaExceeded"):
        rooms.join(lab, room)
    assert lab.local.to_json()["world"] == before["world"]


def test_an_access_key_of_twelve_digits_is_an_account() -> None:
    lab = Lab(LocalCleanRoomsML(settings=Settings(lifecycle=Lab().local.settings.lifecycle)))
    lab.local.world.add_account("333344445555", display_name="Us", access_key="KEY", secret_key="")
    for account in ("333344445555", "777788889999"):
        headers = signed_for("GetCollaboration", account)
        lab.local.handle("GET", "/memberships", headers, b"")
        assert lab.local.requests[-1].account == account
