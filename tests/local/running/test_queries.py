"""Input channels: queries over files, and what a query may not do."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local.jobs.executor import JobFailed, JobView, Results, RunContext
from crml_sdk.local.running import queries
from crml_sdk.local.running.channels import load
from crml_sdk.local.running.workspace import RunOptions, Workspace

from .support import ACCOUNT, COLLABORATION, Port, processes_of

pytest.importorskip("duckdb", reason="queries need the extra `local`")

CUSTOMERS = "id,age,spend,secret\n1,30,10.5,a\n2,40,x,b\n3,,20,c\n"


class Tables:
    """A workspace of two tables, one of each member."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = Port()
        self.count = 0
        (folder / "customers.csv").write_text(CUSTOMERS.replace("x", "15"))
        (folder / "churn.csv").write_text("id,churned\n1,1\n2,0\n9,1\n")
        self.tables = {
            "advertising.customers": (folder / "customers.csv",),
            "churn": (folder / "churn.csv",),
        }
        self.options: dict[str, Any] = {}
        self.types: dict[str, dict[str, str]] = {}

    def run(
        self, text: str, *, kind: str = "CSV", stop: bool = False
    ) -> tuple[Results, RunContext]:
        self.count += 1
        asked = {"sqlParameters": {"queryString": text}, "resultFormat": kind}
        request = {
            "inputChannel": {"dataSource": {"protectedQueryInputParameters": asked}},
        }
        view = JobView(
            self.count,
            "ml-input-channel",
            "arn:c",
            None,
            "c",
            ACCOUNT,
            "m-1",
            COLLABORATION,
            request,
            {},
        )
        context = RunContext(
            self.port, self.folder / str(self.count), lambda n: self.folder / str(n)
        )
        context.folder.mkdir()
        self.port.numbers[("arn:c", None)] = self.count
        if stop:
            context.stopping.set()
        workspace = Workspace(tables=self.tables, run=RunOptions(**self.options), types=self.types)
        return queries.run(view, context, workspace), context

    def rows(self, text: str) -> list[str]:
        _, context = self.run(text)
        return (context.folder / "data" / "part-00000.csv").read_text().splitlines()

    def fault(self, text: str) -> str:
        with pytest.raises(JobFailed) as caught:
            self.run(text)
        return caught.value.message


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_two_parties_are_joined(tables: Tables) -> None:
    text = """
        WITH grown AS (SELECT id, age, spend FROM advertising.customers WHERE spend > 5)
        SELECT g.age, g.spend, churn.churned FROM grown g JOIN churn ON g.id = churn.id
        ORDER BY g.age
    """
    results, context = tables.run(text)
    data = load(context, "arn:c")
    assert data.files[0].read_text() == "age,spend,churned\n30,10.5,1\n40,15.0,0\n"
    size = data.files[0].stat().st_size
    assert results.members == {"numberOfRecords": 2, "numberOfFiles": 1, "sizeInGb": size / 1e9}


def test_sparks_dialect(tables: Tables) -> None:
    text = "SELECT nvl(age, -1) AS `the age`, CAST(spend AS INT) s, date_add('2024-01-30', 3) d FROM advertising.customers ORDER BY id LIMIT 3"
    assert tables.rows(text) == [
        "the age,s,d",
        "30,10,2024-02-02",
        "40,15,2024-02-02",
        "-1,20,2024-02-02",
    ]


def test_parquet_and_parts(tables: Tables) -> None:
    text = "SELECT a.id FROM churn a, range(40000) r"
    assert "functions cannot be read" in tables.fault(text)
    text = "SELECT explode(sequence(1, 120000)) AS n"
    results, context = tables.run(text, kind="PARQUET")
    assert results.members["numberOfRecords"] == 120_000
    data = load(context, "arn:c")
    assert [path.name for path in data.files] == [f"part-0000{n}.parquet" for n in range(3)]
    tables.tables["churn"] = data.files
    assert tables.rows("SELECT count(*) AS n, max(n) AS m FROM churn") == ["n,m", "120000,120000"]


def test_types_come_from_the_whole_file_or_the_workspace(tables: Tables) -> None:
    (tables.folder / "customers.csv").write_text(CUSTOMERS)
    assert "x" in tables.fault("SELECT id FROM advertising.customers WHERE spend > 10")
    (tables.folder / "customers.csv").write_text(CUSTOMERS.replace("x", ""))
    tables.types = {"advertising.customers": {"id": "string", "spend": "double"}}
    assert tables.rows("SELECT concat(id, '-') i FROM advertising.customers WHERE spend > 15") == [
        "i",
        "3-",
    ]
    tables.types = {"advertising.customers": {"spend": "no such type("}}
    assert "types.advertising.customers.spend" in tables.fault(
        "SELECT id FROM advertising.customers"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT * FROM churn; SELECT 1", "not 2 statements"),
        ("DROP TABLE churn", "one SELECT statement"),
        ("INSERT INTO churn VALUES (1, 1)", "one SELECT statement"),
        ("CREATE TABLE x AS SELECT 1", "one SELECT statement"),
        ("COPY churn TO '/tmp/x'", "one SELECT statement"),
        ("SET x = 1", "one SELECT statement"),
        ("ATTACH '/tmp/x.db'", "The query cannot be read"),
        ("INSTALL httpfs", "one SELECT statement"),
        ("SELECT * FROM read_text('/etc/passwd')", "functions cannot be read"),
        ("SELECT * FROM read_csv('/etc/passwd')", "functions cannot be read"),
        ("SELECT * FROM '/etc/passwd'", "There is no table"),
        ("SELECT * FROM csv.`/etc/passwd`", "There is no table csv./etc/passwd"),
        ("SELECT * FROM other.table", "There is no table other.table. Tables here: advertising.customers, churn"),
        ("SELECT * FROM information_schema.tables", "There is no table"),
        ("SELECT * FROM duckdb_settings()", "functions cannot be read"),
        ("SELECT nothing FROM churn", 'Binder Error: Referenced column "nothing" not found'),
        ("SELECT no_such_function(id) FROM churn", "no_such_function"),
        ("SELECT FROM WHERE", "cannot be read"),
        ("", "not 0 statements"),
        ("SELECT :id FROM churn", "without"),
    ],
)  # fmt: skip
def test_what_a_query_may_not_do(tables: Tables, text: str, said: str) -> None:
    assert said in tables.fault(text)


def test_an_expression_cannot_read_a_file(tables: Tables) -> None:
    secret = tables.folder / "secret.txt"
    secret.write_text("secret")
    for text in (
        f"SELECT (SELECT content FROM read_text('{secret}')) FROM churn",
        f"SELECT read_text('{secret}')",
        f"SELECT * FROM churn WHERE EXISTS (SELECT * FROM '{secret}')",
        "SELECT getenv('HOME')",
        f"SELECT query('SELECT * FROM read_text(''{secret}'')')",
    ):
        assert "secret\n" not in tables.fault(text)


def test_a_query_that_never_ends(tables: Tables) -> None:
    tables.options = {"query_seconds": 1.0}
    begin = time.monotonic()
    numbers = "(SELECT explode(sequence(1, 1000000)) AS n)"
    text = f"SELECT count(*) FROM {numbers} a CROSS JOIN {numbers} b CROSS JOIN {numbers} c WHERE a.n * b.n + c.n = 7"
    assert "longer than 1 seconds" in tables.fault(text)
    assert time.monotonic() - begin < 20
    assert processes_of(tables.folder) == []


def test_a_query_that_is_stopped(tables: Tables) -> None:
    with pytest.raises(JobFailed, match="stopped"):
        tables.run("SELECT count(*) FROM churn", stop=True)


def test_a_query_that_wants_too_much_memory(tables: Tables) -> None:
    tables.options = {"query_memory_gb": 0.05, "query_seconds": 60}
    text = "SELECT collect_list(n) FROM (SELECT explode(sequence(1, 50000000)) AS n)"
    fault = tables.fault(text).lower()
    assert "memory" in fault or "ended unexpectedly" in fault


def test_files_that_cannot_be_read(tables: Tables) -> None:
    (tables.folder / "p.parquet").write_text("no parquet")
    tables.tables["churn"] = (tables.folder / "p.parquet",)
    assert "The files of table churn cannot be read" in tables.fault("SELECT * FROM churn")
    os.unlink(tables.folder / "customers.csv")
    assert "advertising.customers cannot be read" in tables.fault(
        "SELECT * FROM advertising.customers"
    )


def test_analysis_templates_are_refused_by_name(tables: Tables) -> None:
    request = {
        "inputChannel": {
            "dataSource": {
                "protectedQueryInputParameters": {"sqlParameters": {"analysisTemplateArn": "arn:x"}}
            }
        }
    }
    view = JobView(
        1, "ml-input-channel", "arn:c", None, "c", ACCOUNT, "m-1", COLLABORATION, request, {}
    )
    context = RunContext(tables.port, tables.folder / "x", lambda n: tables.folder)
    with pytest.raises(JobFailed, match="does not run analysis templates"):
        queries.run(view, context, Workspace())
    assert json.dumps(request)
