"""Configured tables, their associations with collaborations, and the analysis rules of both.

An analysis rule is a part of its table's or association's record.
"""

from __future__ import annotations

from ..service.failures import Conflict, Denied, Invalid
from ..service.schema import JsonObject
from ..state.kinds import TABLE, TABLE_ASSOCIATION
from ..state.records import Record
from .call import Call
from .collaborations import arn

# How errors name the kinds.
_TYPES = {TABLE: "CONFIGURED_TABLE", TABLE_ASSOCIATION: "CONFIGURED_TABLE_ASSOCIATION"}
RULES = "analysisRules"
"""The member, shown in no reply, that holds the analysis rules of a record by their type."""
OWNER = "ownerAccountId"
"""The member, shown in no reply, that holds the account of a configured table."""


def create(call: Call) -> JsonObject:
    state = call.state
    call.check_tags()
    columns: list[str] = call["allowedColumns"]
    if len(set(columns)) != len(columns):
        raise Invalid("Value at 'allowedColumns': every column is named once")
    methods = call.params.get("selectedAnalysisMethods")
    if methods is not None and len(set(methods)) < 2:
        raise Invalid("Value at 'selectedAnalysisMethods': at least two methods must be named")
    state.check_quota("Columns per configured table allowlist", len(columns))
    state.check_quotas(TABLE, account=call.account)
    identifier = state.new_id()
    data = call.given(
        "name",
        "description",
        "tableReference",
        "allowedColumns",
        "analysisMethod",
        "selectedAnalysisMethods",
    )
    data |= {
        "id": identifier,
        "arn": arn(call, call.account, TABLE, identifier),
        "tableType": next(iter(call["tableReference"])).upper(),
        "analysisRuleTypes": [],
        RULES: {},
        OWNER: call.account,
    }
    record = state.add(TABLE, identifier, data, owner=call.account)
    call.put_tags(identifier)
    return {"configuredTable": dict(record.data)}


def get(call: Call) -> JsonObject:
    return {"configuredTable": dict(_table(call).data)}


def list_tables(call: Call) -> JsonObject:
    return call.page("configuredTableSummaries", TABLE, call.account)


def delete(call: Call) -> JsonObject:
    record = _table(call)
    if len(call.state.index(TABLE_ASSOCIATION, "of", record.key)):
        raise Conflict(
            f"Configured table {record.key} still has associations",
            members={**_said(record), "reason": "SUBRESOURCES_EXIST"},
        )
    call.state.remove(record)
    return {}


def associate(call: Call) -> JsonObject:
    room, member = call.membership()
    state, name = call.state, call["name"]
    call.check_tags()
    table = _table(call)
    call.own_role(call["roleArn"])
    # Queries name an association, and names of tables are not told apart by case.
    holder = state.holder_of_name(TABLE_ASSOCIATION, room.id, name.lower())
    if holder is not None:
        raise Conflict(
            f"The collaboration has a configured table association with the name {name!r} already",
            members={
                "resourceId": holder,
                "resourceType": _TYPES[TABLE_ASSOCIATION],
                "reason": "ALREADY_EXISTS",
            },
        )
    identifier = state.new_id()
    place = f"{member.membership_id}/{identifier}"
    data = call.given("name", "description", "roleArn")
    data |= {
        "id": identifier,
        "arn": arn(call, call.account, TABLE_ASSOCIATION, place),
        "configuredTableId": table.key,
        "configuredTableArn": table.data["arn"],
        "membershipId": member.membership_id,
        "membershipArn": arn(call, call.account, "membership", member.membership_id),
        "analysisRuleTypes": [],
        RULES: {},
    }
    record = state.add(
        TABLE_ASSOCIATION,
        identifier,
        data,
        owner=call.account,
        membership=member.membership_id,
        collaboration=room.id,
        name_in=room.id,
        claim=name.lower(),
    )
    call.put_tags(identifier)
    return {"configuredTableAssociation": dict(record.data)}


def get_association(call: Call) -> JsonObject:
    return {"configuredTableAssociation": dict(_association(call).data)}


def list_associations(call: Call) -> JsonObject:
    _, member = call.membership()
    rows = "configuredTableAssociationSummaries"
    return call.page(rows, TABLE_ASSOCIATION, member.membership_id)


def delete_association(call: Call) -> JsonObject:
    call.state.remove(_association(call))
    return {}


# Analysis rules


def create_table_rule(call: Call) -> JsonObject:
    record = _table(call)
    kind, rule = _rule_asked_for(call)
    any_query = kind == "CUSTOM" and "ANY_QUERY" in rule["allowedAnalyses"]
    if any_query and not rule.get("allowedAnalysisProviders"):
        raise Invalid("ANY_QUERY needs allowedAnalysisProviders: who may query")
    unknown = sorted(set(_columns(rule)) - set(record.data["allowedColumns"]))
    if unknown:
        raise Invalid(f"Not among the allowed columns of the table: {', '.join(unknown)}")
    return _add_rule(call, record)


def create_association_rule(call: Call) -> JsonObject:
    record = _association(call)
    _rule_asked_for(call)
    return _add_rule(call, record)


def _rule_asked_for(call: Call) -> tuple[str, JsonObject]:
    kind, policy = call["analysisRuleType"], call["analysisRulePolicy"]["v1"]
    (name,) = policy
    if name != kind.lower():
        raise Invalid(f"Value at 'analysisRulePolicy.v1': must be {kind.lower()}, as the type says")
    return kind, policy[name]


def _columns(rule: JsonObject) -> list[str]:
    """The columns that a rule of a table names."""
    names: list[str] = []
    for member in ("joinColumns", "listColumns", "dimensionColumns", "disallowedOutputColumns"):
        names += rule.get(member, ())
    for column in rule.get("aggregateColumns", ()):
        names += column["columnNames"]
    return names


def _add_rule(call: Call, record: Record) -> JsonObject:
    """Only one rule can be had at a time, as documented."""
    rules: JsonObject = record.data[RULES]
    if rules:
        raise Conflict(
            f"{record.data['arn']} has a rule of type {next(iter(rules))} already",
            members={**_said(record), "reason": "ALREADY_EXISTS"},
        )
    kind, moment = call["analysisRuleType"], call.state.clock.stamp()
    rule = {"policy": call["analysisRulePolicy"], "createTime": moment, "updateTime": moment}
    call.state.change(record, **{RULES: {kind: rule}, "analysisRuleTypes": [kind]})
    return _rule(record, kind)


def get_table_rule(call: Call) -> JsonObject:
    return _get_rule(call, _table(call))


def get_association_rule(call: Call) -> JsonObject:
    return _get_rule(call, _association(call))


def _get_rule(call: Call, record: Record) -> JsonObject:
    kind = call["analysisRuleType"]
    if kind not in record.data[RULES]:
        raise call.not_found(
            f"{record.data['arn']} has no analysis rule of type {kind}",
            _TYPES[record.kind],
            record.key,
        )
    return _rule(record, kind)


def _rule(record: Record, kind: str) -> JsonObject:
    member = "configuredTable" if record.kind == TABLE else "configuredTableAssociation"
    return {
        "analysisRule": {
            **record.data[RULES][kind],
            "type": kind,
            f"{member}Id": record.key,
            f"{member}Arn": record.data["arn"],
            "membershipIdentifier": record.membership,
        }
    }


def delete_table_rule(call: Call) -> JsonObject:
    return _delete_rule(call, _table(call))


def delete_association_rule(call: Call) -> JsonObject:
    return _delete_rule(call, _association(call))


def _delete_rule(call: Call, record: Record) -> JsonObject:
    _get_rule(call, record)
    call.state.change(record, **{RULES: {}, "analysisRuleTypes": []})
    return {}


# What a request names


def _table(call: Call) -> Record:
    """A configured table of the caller."""
    identifier = call["configuredTableIdentifier"]
    record = call.state.find(TABLE, identifier)
    if record is None:
        message = f"Configured table {identifier} does not exist"
        raise call.not_found(message, _TYPES[TABLE], identifier)
    if record.owner != call.account:
        raise Denied(f"Account {call.account} has no access to configured table {identifier}")
    return record


def _association(call: Call) -> Record:
    """A table association of the caller's membership."""
    _, member = call.membership()
    identifier = call["configuredTableAssociationIdentifier"]
    record = call.state.find(TABLE_ASSOCIATION, identifier)
    if record is None or record.membership != member.membership_id:
        message = f"Configured table association {identifier} does not exist"
        raise call.not_found(message, _TYPES[TABLE_ASSOCIATION], identifier)
    return record


def _said(record: Record) -> JsonObject:
    return {"resourceId": record.key, "resourceType": _TYPES[record.kind]}


HANDLERS = {
    "CreateConfiguredTable": create,
    "GetConfiguredTable": get,
    "ListConfiguredTables": list_tables,
    "DeleteConfiguredTable": delete,
    "CreateConfiguredTableAnalysisRule": create_table_rule,
    "GetConfiguredTableAnalysisRule": get_table_rule,
    "DeleteConfiguredTableAnalysisRule": delete_table_rule,
    "CreateConfiguredTableAssociation": associate,
    "GetConfiguredTableAssociation": get_association,
    "ListConfiguredTableAssociations": list_associations,
    "DeleteConfiguredTableAssociation": delete_association,
    "CreateConfiguredTableAssociationAnalysisRule": create_association_rule,
    "GetConfiguredTableAssociationAnalysisRule": get_association_rule,
    "DeleteConfiguredTableAssociationAnalysisRule": delete_association_rule,
}
