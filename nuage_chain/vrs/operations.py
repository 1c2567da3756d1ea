"""Operations of an OVSDB transaction, as RFC 7047, section 5.2, writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nuage_chain.vrs.connection import Operation
from nuage_chain.vrs.rows import as_map


def named(value: str, column: str = "name") -> list[Any]:
    """The condition that `column` has that value."""
    return [[column, "==", value]]


def marked(marks: Mapping[str, str]) -> list[Any]:
    """The condition that external_ids hold all of these pairs."""
    return [["external_ids", "includes", as_map(marks)]]


def select(table: str, where: list[Any], *columns: str) -> Operation:
    """The columns of the rows that fulfil the conditions."""
    return {"op": "select", "table": table, "where": where, "columns": list(columns)}


def insert(table: str, row: dict[str, Any], name: str | None = None) -> Operation:
    """A row, which later operations of the transaction can call by `name`."""
    operation: Operation = {"op": "insert", "table": table, "row": row}
    return operation | {"uuid-name": name} if name else operation


def guard(table: str, where: list[Any], column: str, expected: list[Any]) -> Operation:
    """Ends the transaction unless the rows are `expected` now."""
    return {
        "op": "wait", "table": table, "where": where, "columns": [column],
        "until": "==", "rows": expected, "timeout": 0,
    }  # fmt: skip


def wait(table: str, where: list[Any], column: str, unlike: Any, milliseconds: int) -> Operation:  # noqa: ANN401 - an OVSDB value
    """Parks the transaction until the column is not `unlike` any more."""
    return {
        "op": "wait", "table": table, "where": where, "columns": [column],
        "until": "!=", "rows": [{column: unlike}], "timeout": milliseconds,
    }  # fmt: skip
