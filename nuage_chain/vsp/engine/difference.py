"""The one place where what is wanted meets what is there: the operations that make a scope's rows as wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nuage_chain.vsp.engine.objects import CHILDREN, PARENT, Index, Reference, Wanted
from nuage_chain.vsp.ovsdb import Operation, Row, Tables, as_list, encoded_map, encoded_set


def difference(scope: str, wanted: Iterable[Wanted], tables: Tables, index: Index) -> list[Operation]:
    """One transaction that makes the rows of `scope` exactly `wanted`; empty when they are.

    Rows of other scopes may be parents and may be referred to, when they are there. Rows of nobody are not touched.
    """
    rows = {row.itself: row for row in wanted}
    work = _Work(scope, rows, tables, index)
    for row in rows.values():
        work.ensure(row)
    for itself, row_id in index.of(scope).items():
        if itself not in rows:
            work.remove(itself, row_id)
    return [*work.operations, *work.changes_of_sets()]


class _Work:
    def __init__(self, scope: str, wanted: Mapping[Reference, Wanted], tables: Tables, index: Index) -> None:
        self.operations: list[Operation] = []
        self._scope, self._tables, self._index = scope, tables, index
        self._new = {row: f"n{n}" for n, row in enumerate(wanted) if index.find(row) is None}
        self._sets: dict[tuple[Reference, str, str], list[Any]] = {}

    def ensure(self, wanted: Wanted) -> None:
        row = wanted.row(self._scope)
        there = self._there(wanted.itself)
        if there is None:
            references = {column: [self._pointer(r) for r in sorted(rs)] for column, rs in wanted.references.items()}
            self._insert(wanted, {**_encoded(row), **{c: encoded_set(ids) for c, ids in references.items()}})
            return
        changed = {column: value for column, value in row.items() if not _same(there[column], value)}
        if changed:
            self._on(wanted.itself, {"op": "update", "row": _encoded(changed)})
        for column, references_of in wanted.references.items():
            self._refer(wanted.itself, column, as_list(there[column]), references_of)

    def remove(self, itself: Reference, row_id: str) -> None:
        table, _ = itself
        if table not in CHILDREN:
            self.operations.append({"op": "delete", "table": table, "where": _is(["uuid", row_id])})
            return
        # The server removes what nobody refers to; where its parent goes there is nothing to do.
        parent_table, column = CHILDREN[table]
        parent = (parent_table, self._tables[table][row_id]["external_ids"].get(PARENT, ""))
        if self._index.find(parent) is not None:
            self._sets.setdefault((parent, column, "delete"), []).append(["uuid", row_id])

    def changes_of_sets(self) -> list[Operation]:
        """Sets are changed by what comes and goes, however large they are."""
        before = self.operations
        self.operations = []
        for (itself, column, change), ids in self._sets.items():
            self._on(itself, {"op": "mutate", "mutations": [[column, change, encoded_set(ids)]]})
        found, self.operations = self.operations, before
        return found

    def _insert(self, wanted: Wanted, row: Row) -> None:
        name = self._new[wanted.itself]
        self.operations.append({"op": "insert", "table": wanted.table, "row": row, "uuid-name": name})
        if wanted.table in CHILDREN:
            table, column = CHILDREN[wanted.table]
            parent = (table, wanted.parent or "")
            self._sets.setdefault((parent, column, "insert"), []).append(["named-uuid", name])

    def _refer(self, itself: Reference, column: str, there: list[str], wanted: frozenset[Reference]) -> None:
        if len(there) == len(wanted) and set(there) == set(map(self._index.find, wanted)):
            return
        pointers = [self._pointer(reference) for reference in sorted(wanted)]
        ids = {pointer[1] for pointer in pointers}
        if come := [pointer for pointer in pointers if pointer[1] not in there]:
            self._sets.setdefault((itself, column, "insert"), []).extend(come)
        if gone := [["uuid", row_id] for row_id in there if row_id not in ids]:
            # Before the insertions: a column for one reference has no room for two.
            self._on(itself, {"op": "mutate", "mutations": [[column, "delete", encoded_set(gone)]]})

    def _there(self, itself: Reference) -> Row | None:
        row_id = self._index.find(itself)
        return None if row_id is None else self._tables[itself[0]][row_id]

    def _on(self, itself: Reference, operation: Operation) -> None:
        self.operations.append({**operation, "table": itself[0], "where": _is(self._pointer(itself))})

    def _pointer(self, itself: Reference) -> list[str]:
        row_id = self._index.find(itself)
        return ["named-uuid", self._new[itself]] if row_id is None else ["uuid", row_id]


def _is(pointer: list[str]) -> list[Any]:
    return [["_uuid", "==", pointer]]


def _same(there: object, wanted: object) -> bool:
    if there == wanted or not isinstance(wanted, list):
        return there == wanted
    return sorted(as_list(there)) == sorted(wanted)


def _encoded(row: Mapping[str, Any]) -> Row:
    kinds: dict[type, Any] = {list: encoded_set, dict: encoded_map}
    return {column: kinds.get(type(value), lambda v: v)(value) for column, value in row.items()}
