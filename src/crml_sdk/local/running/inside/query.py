"""Runs one query over files, in a process of its own that can be killed.

Started as `python -I -B query.py PARENT` with a JSON document on standard input. It needs duckdb and
sqlglot. The query is one SELECT in Spark's dialect; it is checked, translated and run in memory,
after the files were loaded and access to anything outside was switched off for good.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import sys
from typing import Any

import duckdb
import sqlglot
import sqlglot.expressions
from sqlglot.errors import ParseError, UnsupportedError

Document = dict[str, Any]
exp: Any = sqlglot.expressions  # its types change from version to version


ROWS_A_FILE = 50_000
REFUSED = (
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Into,
    exp.Copy,
    exp.Pragma,
    exp.Set,
    exp.Use,
    exp.Attach,
    exp.Detach,
    exp.Parameter,
    exp.Placeholder,
)

DATES = (exp.TsOrDsAdd, exp.DateAdd, exp.DateSub, exp.AddMonths)
COLOURS = re.compile("\x1b\\[[0-9;]*m")


class Refused(Exception):
    """The query cannot be run: what is wrong, for the user."""


def main() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # be killed with the server
    if os.getppid() != int(sys.argv[1]):
        os._exit(1)
    document: Document = json.load(sys.stdin)
    memory = int(document["memory"])
    resource.setrlimit(resource.RLIMIT_DATA, (2 * memory, 2 * memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        reply = run(document)
    except Refused as fault:
        reply = {"fault": str(fault)}
    except (duckdb.Error, MemoryError) as fault:
        reply = {"fault": first_line(fault)}
    json.dump(reply, sys.stdout)


def first_line(fault: BaseException) -> str:
    text = COLOURS.sub("", str(fault))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    shown = " ".join(lines[:3]).partition(" LINE 1: ")[0][:700] or type(fault).__name__
    return shown.replace("__crml_", "")


def run(document: Document) -> Document:
    """Loads the tables, runs the query, writes the part files."""
    tree = parsed(document["query"])
    used = used_tables(tree, document["tables"])
    connection = duckdb.connect(":memory:")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    connection.execute(f"SET memory_limit = '{int(document['memory'])}B'")
    connection.execute("SET threads = 2")
    connection.execute(f"SET temp_directory = {quoted(document['folder'] + '/.spill')}")
    unread: dict[str, str] = {}
    for position, name in enumerate(used):
        unread |= load(connection, f"__crml_{position}", name, document["tables"][name])
    connection.execute(f"SET allowed_directories = [{quoted(document['folder'])}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    try:
        connection.execute(f"CREATE TABLE __crml_result AS {translated(tree)}")
    except duckdb.BinderException as fault:
        named = re.findall(r'"([^"]+)"', str(fault))
        said = next((unread[name.lower()] for name in named if name.lower() in unread), None)
        if said is None:
            raise
        raise Refused(said) from None
    return {**write(connection, document), "tables": used}


def parsed(text: str) -> Any:
    """The one SELECT that the text is. Raises `Refused` for anything else."""
    try:
        trees = [tree for tree in sqlglot.parse(text, read="spark") if tree is not None]
    except ParseError as fault:
        raise Refused(f"The query cannot be read: {first_line(fault)}") from None
    except RecursionError:
        raise Refused("The query is nested too deeply") from None
    if len(trees) != 1:
        raise Refused(f"The query must be one SELECT statement, not {len(trees)} statements")
    tree = trees[0]
    if not isinstance(tree, exp.Query):
        raise Refused(f"The query must be one SELECT statement, not {tree.key.upper()}")
    for node in tree.walk():
        if isinstance(node, REFUSED):
            raise Refused(f"The query must be one SELECT statement without {node.key.upper()}")
    return tree


def used_tables(tree: Any, tables: Document) -> list[str]:
    """The tables that a query names; each is renamed to what it is loaded as."""
    known = {name.lower(): name for name in tables}
    names: list[str] = []
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            raise Refused(
                f"{table.sql('spark')[:100]} is not a table, and functions cannot be read"
            )
        written = ".".join(part.name for part in table.parts)
        if not table.db and is_of_query(table, table.name):
            continue
        name = known.get(written.lower())
        if name is None:
            choices = ", ".join(sorted(tables)) or "none"
            raise Refused(f"There is no table {written}. Tables here: {choices}")
        if tables[name]["fault"]:
            raise Refused(f"Table {name} cannot be queried: {tables[name]['fault']}")
        if name not in names:
            names.append(name)
        alias = table.alias or table.name
        table.replace(
            exp.alias_(
                exp.to_table(f"__crml_{names.index(name)}"), exp.to_identifier(alias), table=True
            )
        )
    return names


def is_of_query(table: Any, name: str) -> bool:
    """True if a WITH around the table defines the name."""
    at: Any = table
    while at is not None:
        ctes: list[Any] = getattr(at, "ctes", None) or []
        if any(entry.alias.lower() == name.lower() for entry in ctes):
            return True
        at = at.parent
    return False


def translated(tree: Any) -> str:
    def as_date(node: Any) -> Any:
        """A day added to a date gives a date in Spark, a timestamp in DuckDB."""
        if isinstance(node, DATES) and not isinstance(node.parent, exp.Cast):
            return exp.cast(node, "date")
        return node

    try:
        return tree.transform(as_date).sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except UnsupportedError as fault:
        raise Refused(f"The query cannot be translated: {first_line(fault)}") from None


def load(connection: Any, target: str, name: str, table: Document) -> dict[str, str]:
    """Makes a table of files: column types from the whole file, or as the workspace says.

    Returns the columns, in lower case, that were not read, each with the reason.
    """
    files = "[" + ", ".join(quoted(path) for path in table["files"]) + "]"
    if table["files"][0].lower().endswith(".parquet"):
        source = header = f"read_parquet({files})"
    else:
        types = ", ".join(
            f"{quoted(column)}: {quoted(type_of(name, column, kind))}"
            for column, kind in table["types"].items()
        )
        given = f", types = {{{types}}}" if types else ""
        source = f"read_csv({files}, header = true, sample_size = -1{given})"
        header = f"read_csv({files}, header = true, all_varchar = true)"
    allowed: list[str] | None = table["columns"]
    unread: dict[str, str] = {}
    try:
        if allowed is not None:
            described = connection.execute(f"DESCRIBE SELECT * FROM {header}").fetchall()
            there = {row[0].lower() for row in described}
            for column in there - set(allowed):
                unread[column] = f"Column {column} of table {name} is not among its allowed columns"
            for column in set(allowed) - there:
                unread[column] = f"The files of table {name} have no column {column}"
            allowed = [column for column in allowed if column in there]
            if not allowed:
                raise Refused(f"The files of table {name} have none of its allowed columns")
        wanted = "*" if allowed is None else ", ".join(identifier(column) for column in allowed)
        connection.execute(f"CREATE TABLE {target} AS SELECT {wanted} FROM {source}")
    except duckdb.Error as fault:
        raise Refused(f"The files of table {name} cannot be read: {first_line(fault)}") from None
    return unread


def type_of(name: str, column: str, kind: str) -> str:
    try:
        return exp.DataType.build(kind, dialect="spark").sql("duckdb")
    except (ParseError, ValueError):
        raise Refused(f"types.{name}.{column}: {kind!r} is not a type") from None


def write(connection: Any, document: Document) -> Document:
    (rows,) = connection.execute("SELECT count(*) FROM __crml_result").fetchone()
    parts = max(1, -(-rows // ROWS_A_FILE))
    ending = "csv" if document["format"] == "CSV" else "parquet"
    options = "FORMAT csv, HEADER true" if ending == "csv" else "FORMAT parquet"
    for part in range(parts):
        first = part * ROWS_A_FILE
        chosen = f"rowid >= {first} AND rowid < {first + ROWS_A_FILE}"
        path = f"{document['folder']}/part-{part:05d}.{ending}"
        connection.execute(
            f"COPY (SELECT * FROM __crml_result WHERE {chosen} ORDER BY rowid) "
            f"TO {quoted(path)} ({options})"
        )
    return {"rows": rows}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
