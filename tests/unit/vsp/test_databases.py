from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable
from nuage_chain.vsp.databases import NUAGE_TABLES, extended_schema, run_tool

if TYPE_CHECKING:
    from pathlib import Path

UPSTREAM = json.dumps({"name": "Open_vSwitch", "cksum": "1 2", "version": "8.3.1", "tables": {"Bridge": {}}})


def test_the_extended_schema_has_upstreams_tables_and_the_two_of_nuage() -> None:
    schema = json.loads(extended_schema(UPSTREAM))
    assert set(schema["tables"]) == {"Bridge", "Nuage_Port_Table", "Nuage_VM_Table"}
    assert "cksum" not in schema


@pytest.mark.parametrize(
    ("table", "column", "type_"),
    [
        ("Nuage_Port_Table", "name", "string"),
        ("Nuage_Port_Table", "ip_addr", "string"),
        ("Nuage_Port_Table", "nuage_network_type", "string"),
        ("Nuage_Port_Table", "vm_domain", "integer"),
        ("Nuage_Port_Table", "evpn_id", "integer"),
        ("Nuage_Port_Table", "dirty", "integer"),
        ("Nuage_Port_Table", "metadata", {"key": "string", "value": "string", "min": 0, "max": "unlimited"}),
        ("Nuage_VM_Table", "vm_uuid", "string"),
        ("Nuage_VM_Table", "event_type", "integer"),
        ("Nuage_VM_Table", "nuage_enterprise", "string"),
        ("Nuage_VM_Table", "ports", {"key": "string", "min": 0, "max": "unlimited"}),
    ],
)
def test_a_column_has_the_type_of_the_contract(table: str, column: str, type_: object) -> None:
    assert NUAGE_TABLES[table]["columns"][column] == {"type": type_}


def test_rows_need_no_reference_and_are_unique_by_their_keys() -> None:
    assert all(table["isRoot"] for table in NUAGE_TABLES.values())
    assert NUAGE_TABLES["Nuage_Port_Table"]["indexes"] == [["name"]]
    assert NUAGE_TABLES["Nuage_VM_Table"]["indexes"] == [["vm_uuid"]]


def test_the_columns_are_all_of_the_contract() -> None:
    assert len(NUAGE_TABLES["Nuage_Port_Table"]["columns"]) == 16
    assert len(NUAGE_TABLES["Nuage_VM_Table"]["columns"]) == 13


def test_a_tool_that_fails_is_quoted() -> None:
    with pytest.raises(NotAvailable, match="wrong here"):
        run_tool(["sh", "-c", "echo wrong here >&2; exit 1"], os.environ, Deadline(5))


def test_a_tool_that_is_missing_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="not installed") as failure:
        run_tool(["no-such-tool"], {"PATH": str(tmp_path)}, Deadline(5))
    assert "openvswitch-switch" in failure.value.hint


def test_a_tool_that_hangs_ends_with_the_deadline() -> None:
    with pytest.raises(NotAvailable, match="in time"):
        run_tool(["sleep", "100"], os.environ, Deadline(0.2))
