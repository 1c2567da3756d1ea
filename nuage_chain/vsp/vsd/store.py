"""The SQLite file: its tables, its one connection, its transactions.

One connection behind one lock: a call takes a fraction of a millisecond, and a check and the write that relies on it
cannot be torn apart by another request.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nuage_chain.errors import IOFailure

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    parent_id TEXT, enterprise_id TEXT, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_sibling ON objects (parent_id, kind, json_extract(body, '$.name'));
CREATE INDEX IF NOT EXISTS objects_name ON objects (kind, json_extract(body, '$.name'));
CREATE INDEX IF NOT EXISTS objects_name_nocase ON objects (kind, json_extract(body, '$.name') COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS objects_external ON objects (kind, json_extract(body, '$.externalID'));
CREATE INDEX IF NOT EXISTS objects_uuid ON objects (kind, json_extract(body, '$.UUID'));
CREATE TABLE IF NOT EXISTS scope (
    ancestor_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, object_id TEXT NOT NULL, direct INTEGER NOT NULL,
    PRIMARY KEY (ancestor_id, kind, name, object_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS scope_object ON scope (object_id, ancestor_id);
CREATE TABLE IF NOT EXISTS links (
    one TEXT NOT NULL, other_kind TEXT NOT NULL, other TEXT NOT NULL,
    PRIMARY KEY (one, other_kind, other)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS addresses (
    network_id TEXT NOT NULL, address BLOB NOT NULL, owner_id TEXT NOT NULL,
    PRIMARY KEY (network_id, address)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS addresses_owner ON addresses (owner_id);
CREATE TABLE IF NOT EXISTS lowest (
    network_id TEXT NOT NULL, size INTEGER NOT NULL, address BLOB NOT NULL,
    PRIMARY KEY (network_id, size)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS released AFTER DELETE ON addresses BEGIN
    UPDATE lowest SET address = OLD.address
    WHERE network_id = OLD.network_id AND size = length(OLD.address) AND address > OLD.address;
END;
CREATE TABLE IF NOT EXISTS plans (
    domain_id TEXT NOT NULL, size INTEGER NOT NULL, low BLOB NOT NULL, high BLOB NOT NULL, owner_id TEXT NOT NULL,
    PRIMARY KEY (domain_id, size, low)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS plans_owner ON plans (owner_id);
CREATE TABLE IF NOT EXISTS pending (object_id TEXT PRIMARY KEY, expiry REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secrets (user_id TEXT PRIMARY KEY, hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (hash TEXT PRIMARY KEY, user_id TEXT NOT NULL, expiry REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
# Fails on a file of an older version, instead of the first request that needs it.
_NEWEST = "SELECT name FROM scope LIMIT 0"


class Store:
    """One open database.

    path: the file; made if it is not there.
    Raises IOFailure when it cannot be opened or is no database of ours.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
            path.chmod(0o600)
            self._db.create_function("REGEXP", 2, _regexp, deterministic=True)
            # NORMAL in WAL mode loses nothing when the process dies, only (at most) the last moments in a power cut.
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
            self._db.execute(_NEWEST)
        except (sqlite3.Error, OSError) as error:
            raise IOFailure(f"Cannot open the VSD store {path}: {error}") from error

    def close(self) -> None:
        """Close the file; the log is folded into it."""
        with self._lock:
            self._db.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Nobody writes while this block runs."""
        with self._lock:
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in this block, or nothing; nested blocks undo only themselves."""
        with self._lock:
            nested = self._db.in_transaction
            self._db.execute("SAVEPOINT nested" if nested else "BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK TO nested" if nested else "ROLLBACK")
                if nested:
                    self._db.execute("RELEASE nested")
                raise
            self._db.execute("RELEASE nested" if nested else "COMMIT")

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Execute one statement; call it inside `reading` or `transaction`."""
        return self._db.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._db.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        found: tuple[Any, ...] | None = self._db.execute(sql, parameters).fetchone()
        return found

    def count_up(self, name: str, start: int) -> int:
        """The next number of a named sequence that begins at `start`."""
        row = self.row(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name, start),
        )
        return int(row[0]) if row else start


def _regexp(pattern: str, text: object) -> bool:
    if text is None:
        return False
    try:
        return re.fullmatch(pattern, str(text)) is not None
    except re.error:
        return False
