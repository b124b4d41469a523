"""The tables that a query may name, the files that stand for them, and who may query them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from ..jobs.executor import JobView, RunContext
from .workspace import Workspace

TABLE, TABLE_ASSOCIATION = "configuredtable", "configuredtableassociation"
Rules = Literal["configured", "all", "none"]
# What an analysis rule may hold, and queries are not held to here.
NOT_ENFORCED = (
    "aggregationThresholds",
    "allowedJoinOperators",
    "comparisonControls",
    "differentialPrivacy",
    "disallowedOutputColumns",
)


@dataclass(frozen=True)
class Table:
    """What stands for a table.

    `columns` are those that may be read (None: all). `fault` says why the table cannot be queried.
    `types` are column types that were set. `loose` names what its analysis rule has and is not
    enforced.
    """

    files: tuple[Path, ...]
    columns: tuple[str, ...] | None
    types: Mapping[str, str]
    fault: str | None = None
    loose: tuple[str, ...] = ()


def tables_of(job: JobView, context: RunContext, workspace: Workspace) -> dict[str, Table]:
    """The tables of an input channel's collaboration, by the names that a query gives them.

    These are the configured table associations of active members, by name. Where no member has
    configured a table, the names in `[tables]` are the tables.
    """
    members = {
        member.membership_id: member.account_id
        for member in context.members(str(job.collaboration))
        if member.is_active
    }
    configured = {entry["id"]: entry for entry in context.find(TABLE)}
    if not any(entry["ownerAccountId"] in members.values() for entry in configured.values()):
        return {
            name: Table(files, None, workspace.types.get(name, {}))
            for name, files in workspace.tables.items()
        }
    return {
        association["name"]: _table(job, association, configured, workspace)
        for association in context.find(TABLE_ASSOCIATION)
        if association["membershipId"] in members
    }


def _table(
    job: JobView,
    association: Mapping[str, Any],
    configured: Mapping[str, Mapping[str, Any]],
    workspace: Workspace,
) -> Table:
    table = configured[association["configuredTableId"]]
    name = association["name"]
    found = [key for key in (workspace.table_key(name), _glue_key(table, workspace)) if key]
    fault = _refusal(job, association, table, workspace.run.analysis_rules)
    if fault is None and not found:
        choices = " or ".join(repr(each) for each in [name, *_names(table)])
        fault = f"[tables] of the workspace has no files for it under {choices}"
    files = {workspace.tables[key] for key in found}
    if fault is None and len(files) > 1:
        fault = f"two entries of [tables] match it: {' and '.join(map(repr, found))}"
    kind, policy = _rule(table)
    columns: list[str] = table["allowedColumns"]
    if kind == "LIST" and workspace.run.analysis_rules != "none":
        listed = {*policy["joinColumns"], *policy["listColumns"]}
        columns = [column for column in columns if column in listed]
    return Table(
        files.pop() if found else (),
        tuple(columns),
        workspace.types.get(found[0], {}) if found else {},
        fault,
        tuple(member for member in NOT_ENFORCED if policy.get(member)),
    )


def _glue_key(table: Mapping[str, Any], workspace: Workspace) -> str | None:
    """The entry for what the table refers to; one for its own account goes first."""
    keys = (workspace.table_key(name) for name in _names(table))
    return next((key for key in keys if key is not None), None)


def _names(table: Mapping[str, Any]) -> Iterator[str]:
    """What the table refers to, with and without its account: `database.table`."""
    (reference,) = table["tableReference"].values()
    parts = [reference.get(part) for part in ("databaseName", "schemaName", "tableName")]
    name = ".".join(part for part in parts if part)
    yield f"{table['ownerAccountId']}.{name}"
    yield name


# Analysis rules


def _rule(record: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The type and the policy of a table's or association's analysis rule; empty without one."""
    for kind, rule in record["analysisRules"].items():
        return kind, rule["policy"]["v1"][kind.lower()]
    return "", {}


def _refusal(
    job: JobView, association: Mapping[str, Any], table: Mapping[str, Any], rules: Rules
) -> str | None:
    """Why analysis rules forbid a table to an input channel; None if they do not.

    Sources: docs.aws.amazon.com/clean-rooms/latest/userguide/analysis-rules.html and
    add-collaboration-analysis-rule.html.
    """
    if rules == "none":
        return None
    kind, policy = _rule(table)
    methods = table.get("selectedAnalysisMethods") or [table["analysisMethod"]]
    if "DIRECT_QUERY" not in methods and "MULTIPLE" not in methods:
        return f"its analysis method is {table['analysisMethod']}"
    if not kind:
        return "its configured table has no analysis rule"
    if kind == "AGGREGATION":
        return "its analysis rule is of type AGGREGATION, which allows no input channels"
    if kind == "CUSTOM" and "ANY_QUERY" not in policy["allowedAnalyses"]:
        return "its analysis rule allows only certain analyses, not ANY_QUERY"
    if kind == "CUSTOM" and job.owner not in policy.get("allowedAnalysisProviders", ()):
        return f"its analysis rule does not allow account {job.owner} to query it"
    default = "ALLOWED" if rules == "configured" else "NOT_ALLOWED"
    if policy.get("additionalAnalyses", default) == "NOT_ALLOWED":
        return "its analysis rule allows no additional analyses, such as input channels"
    return _refusal_in_collaboration(job, association, rules)


def _refusal_in_collaboration(
    job: JobView, association: Mapping[str, Any], rules: Rules
) -> str | None:
    _, policy = _rule(association)
    allowed: list[str] | None = policy.get("allowedAdditionalAnalyses")
    if allowed is None:
        if rules == "all":
            return "its association has no analysis rule with allowedAdditionalAnalyses"
        return None
    for arn in job.request["configuredModelAlgorithmAssociations"]:
        if not any(fnmatchcase(arn, pattern) for pattern in allowed):
            return f"the analysis rule of its association does not allow {arn}"
    return None
