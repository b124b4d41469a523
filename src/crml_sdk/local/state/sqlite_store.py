"""The state in a SQLite file, written in the transaction of the request that changed it.

It uses a write-ahead log with `synchronous=NORMAL`. Answered requests survive any end of the process.
Only a loss of power can lose the last moments. The file is locked as long as it is open.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..service.schema import JsonObject
from .document import FORMAT, FORMAT_VERSION
from .store import Batch, SavedRecord, UnreadableState, Unsaved

APPLICATION_ID = 0x63724D4C  # "crML"
_TABLES = """
CREATE TABLE record (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL,
    version TEXT, owner TEXT NOT NULL, doc TEXT NOT NULL, request TEXT,
    last_id INTEGER NOT NULL, now REAL NOT NULL);
CREATE TABLE tag (arn TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
"""
_PUT_RECORD = """
INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (number) DO UPDATE SET doc = excluded.doc, last_id = excluded.last_id,
    now = excluded.now, request = coalesce(excluded.request, request)
"""
_encode = json.JSONEncoder(separators=(",", ":")).encode


class SqliteStore:
    """Keeps a state in one file. Raises `UnreadableState` if it cannot be opened as one."""

    keeps = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path = Path(path)
        try:
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
            self._db = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=0
            )
        except (sqlite3.Error, OSError) as error:
            raise UnreadableState(f"{self.path} cannot be opened: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise UnreadableState(self._explained(error)) from error
        except UnreadableState:
            self._db.close()
            raise

    def _prepare(self) -> None:
        run = self._db.execute
        run("PRAGMA locking_mode=EXCLUSIVE")  # before the log is opened: no shared memory then
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=NORMAL")
        run("BEGIN EXCLUSIVE")
        found = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
        version = run("PRAGMA user_version").fetchone()[0]
        owner = run("PRAGMA application_id").fetchone()[0]
        if not found:
            for statement in _TABLES.split(";"):
                run(statement)
            run(f"PRAGMA application_id={APPLICATION_ID}")
            run(f"PRAGMA user_version={FORMAT_VERSION}")
        elif owner != APPLICATION_ID:
            raise UnreadableState(f"{self.path} is not a state of the local Clean Rooms ML")
        elif version != FORMAT_VERSION:
            raise UnreadableState(f"State version {version} is not known to this release")
        run("COMMIT")

    def _explained(self, error: sqlite3.Error) -> str:
        if "locked" in str(error):
            return f"{self.path} is in use by another local Clean Rooms ML"
        # Only a file without locks of ours is opened: closing it would let go of them.
        if "not a database" in str(error):
            with suppress(OSError), self.path.open("rb") as file:
                if file.read(64).lstrip()[:1] == b"{":
                    return (
                        f"{self.path} is a JSON export; import it with --import"
                        f" {self.path} and another --state file"
                    )
            return f"{self.path} is not a state of the local Clean Rooms ML"
        return f"{self.path} cannot be used: {error}"

    def load(self) -> JsonObject | None:
        """What was saved, or None if nothing was yet. Raises `UnreadableState`."""
        try:
            parts = {name: json.loads(doc) for name, doc in self._db.execute("SELECT * FROM meta")}
            if not parts:
                return None
            records: list[JsonObject] = []
            rows = self._db.execute("SELECT doc, request FROM record ORDER BY number")
            for doc, request in rows:
                record: JsonObject = json.loads(doc)
                if "job" in record:
                    record["job"]["request"] = json.loads(request or "{}")
                records.append(record)
            tags = {arn: json.loads(doc) for arn, doc in self._db.execute("SELECT * FROM tag")}
            self._catch_up(parts["progress"])
        except (sqlite3.Error, LookupError, ValueError, TypeError) as error:
            raise UnreadableState(f"{self.path} is damaged: {error}") from error
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "records": records,
            "tags": tags,
            **parts,
        }

    def _catch_up(self, progress: JsonObject) -> None:
        """Brings clock and counters, saved now and then, to where the records saved since are."""
        last_id, now = self._db.execute("SELECT max(last_id), max(now) FROM record").fetchone()
        if last_id is not None:
            progress["counters"]["id"] = max(progress["counters"]["id"], last_id)
            progress["clock"]["now"] = max(progress["clock"]["now"], now)

    def commit(self, batch: Batch) -> None:
        """Saves a batch. Raises `Unsaved`; the file is then as it was."""
        run = self._db.execute
        alone = len(batch.records) == 1 and not (batch.removed or batch.tags or batch.parts)
        try:
            if alone and not batch.everything:  # a statement alone is a transaction of its own
                run(_PUT_RECORD, _row(batch.records[0], batch))
                return
            run("BEGIN IMMEDIATE")
            if batch.everything:
                for table in ("record", "tag", "meta"):
                    run(f"DELETE FROM {table}")
            for record in batch.records:
                run(_PUT_RECORD, _row(record, batch))
            for number in batch.removed:
                run("DELETE FROM record WHERE number = ?", (number,))
            for arn, tags in batch.tags.items():
                if tags is None:
                    run("DELETE FROM tag WHERE arn = ?", (arn,))
                else:
                    run("INSERT OR REPLACE INTO tag VALUES (?, ?)", (arn, _encode(tags)))
            for name, part in batch.parts.items():
                run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, _encode(part)))
            run("COMMIT")
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            with suppress(sqlite3.Error):
                if self._db.in_transaction:
                    run("ROLLBACK")
            raise Unsaved(f"The change could not be saved and was undone: {error}") from error

    def close(self) -> None:
        self._db.close()


def _row(record: SavedRecord, batch: Batch) -> tuple[Any, ...]:
    request = None if record.request is None else _encode(record.request)
    document = _encode(record.document)
    return (
        record.number,
        record.kind,
        record.key,
        record.version,
        record.owner,
        document,
        request,
        batch.last_id,
        batch.now,
    )
