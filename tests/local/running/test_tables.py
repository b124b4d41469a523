"""Configured tables, their files, and who may query them: by the service's own operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local import LocalCleanRoomsML, Settings
from crml_sdk.local.jobs.executor import JobView, RunContext
from crml_sdk.local.running.faults import WorkspaceError
from crml_sdk.local.running.tables import Table, tables_of
from crml_sdk.local.running.workspace import RunOptions, Workspace, load
from crml_sdk.local.state.port import StatePort

from .. import rooms
from ..local_lab import ME, OTHER, OTHER_ROLE, Lab

Files = dict[str, tuple[Path, ...]]
FILES: Files = {
    "sales.customers": (Path("customers.csv"),),
    "other": (Path("other.csv"),),
}


class Parties:
    """ME owns tables, and OTHER, who can query, runs input channels on them."""

    def __init__(self, local: LocalCleanRoomsML | None = None) -> None:
        self.lab = Lab(local or LocalCleanRoomsML(settings=Settings(quotas=None)))
        self.room = rooms.collaboration(self.lab)
        self.mine = rooms.join(self.lab, self.room)
        self.theirs = rooms.join(self.lab, self.room, "other")
        algorithm = self.lab.algorithm()
        self.algorithm = self.lab.association(
            membershipIdentifier=self.mine, configuredModelAlgorithmArn=algorithm
        )

    def table(self, name: str = "customers", account: str | None = None, **extra: Any) -> str:
        """The identifier of an associated table that OTHER may query."""
        identifier = rooms.table(self.lab, account, **extra)
        rooms.rule(self.lab, identifier, account)
        membership = self.theirs if account else self.mine
        return rooms.associate(self.lab, membership, identifier, account, name=name)

    def tables(self, files: Files, **run: Any) -> dict[str, Table]:
        """What a query of OTHER finds."""
        request = {"configuredModelAlgorithmAssociations": [self.algorithm]}
        view = JobView(
            1, "ml-input-channel", "arn", None, "c", OTHER, self.theirs, self.room, request, {}
        )
        context = RunContext(StatePort(self.lab.local._state), Path("x"), lambda n: Path("x"))
        return tables_of(view, context, Workspace(tables=files, run=RunOptions(**run)))

    def channel(self, query: str) -> dict[str, Any]:
        """A channel of OTHER that has ended."""
        params = self.lab.channel_params(self.algorithm, membershipIdentifier=self.theirs)
        source = {"protectedQueryInputParameters": {"sqlParameters": {"queryString": query}}}
        params["inputChannel"] = {"roleArn": OTHER_ROLE, "dataSource": source}
        arn = self.lab.call("CreateMLInputChannel", "other", **params)["mlInputChannelArn"]
        while self.lab.local.jobs.under_way():
            time.sleep(0.005)
        place = {"membershipIdentifier": self.theirs, "mlInputChannelArn": arn}
        return self.lab.call("GetMLInputChannel", "other", **place)


def test_without_configured_tables_the_names_are_tables() -> None:
    parties = Parties()
    assert set(parties.tables(FILES)) == set(FILES)
    identifier = rooms.table(parties.lab)
    # One that is configured and not associated is out of reach, and so is every other file.
    assert parties.tables(FILES) == {}
    rooms.associate(parties.lab, parties.mine, identifier, name="customers")
    assert set(parties.tables(FILES)) == {"customers"}


def test_the_file_of_an_association() -> None:
    parties = Parties()
    parties.table()
    customers, own = (Path("customers.csv"),), (Path("own.csv"),)

    def found(files: Files) -> Table:
        return parties.tables(files)["customers"]

    assert found(FILES).files == customers
    assert found({"Sales.Customers": customers}).files == customers
    assert found({"customers": customers}).files == customers
    # Each party's own: two accounts may have tables of one name.
    assert found({**FILES, f"{ME}.sales.customers": own}).files == own
    assert found({**FILES, f"{OTHER}.sales.customers": own}).files == customers
    assert "'customers' or '111122223333.sales.customers'" in str(found({}).fault)
    both = found({**FILES, "customers": own})
    assert both.fault == "two entries of [tables] match it: 'customers' and 'sales.customers'"
    assert found({**FILES, "customers": customers}).fault is None
    assert found(FILES).columns == ("id", "column")


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ({"athena": {"workGroup": "w", "databaseName": "d", "tableName": "t"}}, "d.t"),
        (
            {
                "databricks": {
                    "schemaName": "s",
                    "tableName": "t",
                    "workspaceUrl": "https://a.cloud.databricks.com",
                    "connectionType": {
                        "deltaSharing": {
                            "shareName": "ß",
                            "deltaShareEndpoint": "https://a.cloud.databricks.com/api/2.0/"
                            "delta-sharing/metastores/12345678-1234-4234-8234-123456789012/"
                            "recipients/12345678-1234-4234-8234-123456789012",
                        }
                    },
                }
            },
            "s.t",
        ),
    ],
)
def test_tables_that_are_not_in_glue(reference: dict[str, Any], name: str) -> None:
    parties = Parties()
    parties.table(tableReference=reference)
    assert parties.tables({name: (Path("x.csv"),)})["customers"].fault is None


Change = Callable[[Parties, str, str], None]


def _rule(kind: str, policy: dict[str, Any]) -> Change:
    def change(parties: Parties, table: str, association: str) -> None:
        parties.lab.call(
            "DeleteConfiguredTableAnalysisRule",
            configuredTableIdentifier=table,
            analysisRuleType="CUSTOM",
        )
        if kind:
            parties.lab.call(
                "CreateConfiguredTableAnalysisRule",
                configuredTableIdentifier=table,
                analysisRuleType=kind,
                analysisRulePolicy={"v1": {kind.lower(): policy}},
            )

    return change


def _association_rule(*allowed: str) -> Change:
    def change(parties: Parties, table: str, association: str) -> None:
        arns = [each.format(arn=parties.algorithm) for each in allowed]
        parties.lab.call(
            "CreateConfiguredTableAssociationAnalysisRule",
            membershipIdentifier=parties.mine,
            configuredTableAssociationIdentifier=association,
            analysisRuleType="CUSTOM",
            analysisRulePolicy={"v1": {"custom": {"allowedAdditionalAnalyses": arns}}},
        )

    return change


ANY = {"allowedAnalyses": ["ANY_QUERY"], "allowedAnalysisProviders": [OTHER]}
ALL_OF = "arn:aws:cleanrooms-ml:us-east-1:*:membership/*/configured-model-algorithm-association/*"
AGGREGATION = {
    "aggregateColumns": [{"columnNames": ["id"], "function": "COUNT"}],
    "joinColumns": ["id"],
    "dimensionColumns": [],
    "scalarFunctions": [],
    "outputConstraints": [{"columnName": "id", "minimum": 2, "type": "COUNT_DISTINCT"}],
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_rule("", {}), "no analysis rule"),
        (_rule("CUSTOM", {**ANY, "allowedAnalysisProviders": [ME]}), f"not allow account {OTHER}"),
        (_rule("CUSTOM", {"allowedAnalyses": []}), "not ANY_QUERY"),
        (_rule("CUSTOM", {**ANY, "additionalAnalyses": "NOT_ALLOWED"}), "no additional analyses"),
        (_rule("CUSTOM", {**ANY, "additionalAnalyses": "REQUIRED"}), None),
        (_rule("AGGREGATION", AGGREGATION), "AGGREGATION"),
        (_rule("LIST", {"joinColumns": ["id"], "listColumns": []}), None),
        (_association_rule(), "does not allow arn:"),
        (_association_rule("{arn}"), None),
        (_association_rule(ALL_OF), None),
    ],
)
def test_who_may_query_a_table(change: Change, said: str | None) -> None:
    parties = Parties()
    association = parties.table()
    (row,) = parties.lab.call("ListConfiguredTables")["configuredTableSummaries"]
    change(parties, row["id"], association)
    fault = parties.tables(FILES)["customers"].fault
    assert (fault is None) if said is None else said in str(fault)
    assert parties.tables(FILES, analysis_rules="none")["customers"].fault is None


def test_all_that_the_user_guide_asks_for() -> None:
    parties = Parties()
    association = parties.table()
    (row,) = parties.lab.call("ListConfiguredTables")["configuredTableSummaries"]

    def fault() -> str:
        return str(parties.tables(FILES, analysis_rules="all")["customers"].fault)

    assert "no additional analyses" in fault()
    _rule("CUSTOM", {**ANY, "additionalAnalyses": "ALLOWED"})(parties, row["id"], association)
    assert "no analysis rule with allowedAdditionalAnalyses" in fault()
    _association_rule("{arn}")(parties, row["id"], association)
    assert fault() == "None"


def test_a_list_rule_shows_its_columns_only() -> None:
    parties = Parties()
    association = parties.table()
    (row,) = parties.lab.call("ListConfiguredTables")["configuredTableSummaries"]
    change = _rule("LIST", {"joinColumns": ["id"], "listColumns": []})
    change(parties, row["id"], association)
    assert parties.tables(FILES)["customers"].columns == ("id",)
    assert parties.tables(FILES, analysis_rules="none")["customers"].columns == ("id", "column")


def test_jobs_only_and_what_is_not_enforced() -> None:
    parties = Parties()
    parties.table("jobs", analysisMethod="DIRECT_JOB")
    identifier = rooms.table(parties.lab, analysisMethod="MULTIPLE")
    rooms.rule(parties.lab, identifier, disallowedOutputColumns=["id"])
    rooms.associate(parties.lab, parties.mine, identifier, name="both")
    found = parties.tables(FILES)
    assert found["jobs"].fault == "its analysis method is DIRECT_JOB"
    assert (found["both"].fault, found["both"].loose) == (None, ("disallowedOutputColumns",))


def test_the_tables_of_who_has_gone_are_gone() -> None:
    parties = Parties()
    parties.table()
    parties.table("theirs", "other")
    place = {"collaborationIdentifier": parties.room}
    parties.lab.call("DeleteMember", **place, accountId=OTHER)
    assert set(parties.tables(FILES)) == {"customers"}


# Really queried


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[Parties]:
    pytest.importorskip("duckdb", reason="queries need the extra `local`")
    (tmp_path / "customers.csv").write_text("ID,column,secret\n1,a,x\n2,b,y\n3,c,z\n")
    (tmp_path / "churn.csv").write_text("id,churned\n1,1\n3,0\n")
    (tmp_path / "broken.parquet").write_text("no parquet")
    (tmp_path / "workspace.toml").write_text(
        "[tables]\n"
        '"111122223333.sales.customers" = "customers.csv"\n'
        '"444455556666.sales.customers" = "churn.csv"\n'
        '"broken" = "broken.parquet"\n'
        "[run]\n"
        "query_seconds = 20\n"
    )
    settings = Settings(quotas=None)
    folder = tmp_path / "work"
    with LocalCleanRoomsML(
        settings=settings, workspace=tmp_path / "workspace.toml", work_folder=folder
    ) as local:
        yield Parties(local)


def test_two_parties_join_and_what_fails_has_a_reason(parties: Parties, tmp_path: Path) -> None:
    parties.table("people", allowedColumns=["id", "column", "email"])
    parties.table("churn", "other", allowedColumns=["id", "churned"])
    parties.table("nowhere", tableReference={"glue": {"databaseName": "x", "tableName": "y"}})
    parties.table("broken")
    made = parties.channel(
        "SELECT p.column, c.churned FROM people p JOIN churn c ON p.id = c.id ORDER BY p.id"
    )
    assert (made["status"], made["numberOfRecords"]) == ("ACTIVE", 2), made
    record = parties.lab.local._state.find("ml-input-channel", made["mlInputChannelArn"])
    assert record is not None
    (part,) = (tmp_path / "work" / str(record.number) / "data").iterdir()
    assert part.read_text() == "column,churned\na,1\nc,0\n"
    faults = {
        "SELECT secret FROM people": "Column secret of table people is not among its allowed",
        "SELECT p.secret FROM people p": "Column secret of table people is not among its allowed",
        "SELECT email FROM people": "The files of table people have no column email",
        "SELECT * FROM nowhere": "Table nowhere cannot be queried: [tables] of the workspace has no",
        "SELECT * FROM sales.customers": "There is no table sales.customers. Tables here: broken,",
        "SELECT * FROM broken": "Table broken cannot be queried: two entries of [tables] match",
    }
    for query, said in faults.items():
        failed = parties.channel(query)
        assert failed["status"] == "CREATE_FAILED"
        assert failed["statusDetails"]["message"].startswith(said), failed["statusDetails"]
    place = {"membershipIdentifier": parties.theirs, "status": "FAILED"}
    rows = parties.lab.call("ListProtectedQueries", "other", **place)["protectedQueries"]
    assert len(rows) == len(faults)
    starred = parties.channel("SELECT * FROM people")
    assert starred["status"] == "ACTIVE"  # of the columns that may be seen


def test_a_folder_that_cannot_be_written_fails_the_channel_only(
    parties: Parties, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties.table("people")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crml_sdk.local.running.queries.save", full)
    failed = parties.channel("SELECT id FROM people")
    assert failed["status"] == "CREATE_FAILED"
    assert "No space left on device" in failed["statusDetails"]["message"]
    monkeypatch.undo()
    assert parties.channel("SELECT id FROM people")["status"] == "ACTIVE"


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "w.toml").write_text('[tables]\n"A.b" = "a.csv"\n"a.B" = "a.csv"\n')
    with pytest.raises(WorkspaceError, match=r"line 3.*the same as 'A.b', because case is ignored"):
        load(tmp_path / "w.toml")
