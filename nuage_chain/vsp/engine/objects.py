"""Rows of OVN's northbound database as the engine wants them, and which of the rows there are the engine's.

A row is known again by its name where its table has names, else by the key in its external_ids. Each row belongs to a
scope: the domain or L2 domain that it is made for. Its external_ids say that too, so that a row outlives every
restart of the engine and is never anybody's but the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.vsp.ovsdb import Row, Tables

KEY, SCOPE, PARENT, NAME = (f"nuage-{word}" for word in ("key", "scope", "parent", "name"))
"""The engine's external_ids. NAME is VSD's name, for people."""

NAMED = ("Logical_Switch", "Logical_Switch_Port", "Logical_Router", "Logical_Router_Port", "Port_Group", "Address_Set")

CHILDREN: Mapping[str, tuple[str, str]] = {
    "Logical_Switch_Port": ("Logical_Switch", "ports"),
    "Logical_Router_Port": ("Logical_Router", "ports"),
    "Logical_Router_Static_Route": ("Logical_Router", "static_routes"),
    "Logical_Router_Policy": ("Logical_Router", "policies"),
    "NAT": ("Logical_Router", "nat"),
    "Gateway_Chassis": ("Logical_Router_Port", "gateway_chassis"),
    "ACL": ("Port_Group", "acls"),
}
"""Tables whose rows live as long as a row of another table refers to them: that table, and its column."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "Logical_Switch": ("name", "external_ids"),
    "Logical_Switch_Port": (
        *("name", "type", "addresses", "port_security", "options", "enabled"),
        *("dhcpv4_options", "dhcpv6_options", "external_ids"),
    ),
    "Logical_Router": ("name", "external_ids"),
    "Logical_Router_Port": ("name", "mac", "networks", "ipv6_ra_configs", "external_ids"),
    "Logical_Router_Static_Route": ("ip_prefix", "nexthop", "external_ids"),
    "Logical_Router_Policy": ("priority", "match", "action", "nexthops", "external_ids"),
    "NAT": ("type", "external_ip", "logical_ip", "external_ids"),
    "Gateway_Chassis": ("name", "chassis_name", "priority", "external_ids"),
    "DHCP_Options": ("cidr", "options", "external_ids"),
    "Port_Group": ("name", "ports", "external_ids"),
    "Address_Set": ("name", "addresses", "external_ids"),
    "ACL": ("priority", "direction", "match", "action", "external_ids"),
}
"""What the engine reads and writes."""

Reference = tuple[str, str]
"""Table and key."""

References = Mapping[str, frozenset[Reference]]
"""What a row's columns refer to."""


@dataclass(frozen=True)
class Wanted:
    """A row that has to be there.

    columns: plain values, lists for sets, dicts for maps. references: columns that name other wanted rows.
    parent: the key of the row that holds it, for the tables of CHILDREN.
    """

    table: str
    key: str
    columns: Mapping[str, Any]
    references: References = field(default_factory=dict)
    parent: str | None = None
    name: str = ""

    @property
    def itself(self) -> Reference:
        """How others refer to it."""
        return self.table, self.key

    def row(self, scope: str) -> Row:
        """All columns but the references."""
        ids = {KEY: self.key, SCOPE: scope, PARENT: self.parent, NAME: self.name}
        named = {"name": self.key} if self.table in NAMED else {}
        return {**named, **self.columns, "external_ids": {key: text for key, text in ids.items() if text}}


class Index:
    """Where the engine's rows are among all rows of the northbound database; follows each change of a row."""

    def __init__(self) -> None:
        self._ids: dict[Reference, str] = {}
        self._known: dict[tuple[str, str], tuple[Reference, str]] = {}
        self._scopes: dict[str, dict[Reference, str]] = {}

    def fill(self, tables: Tables) -> None:
        """Take all of `tables` in."""
        for table, rows in tables.items():
            for row_id, row in rows.items():
                self.follow(table, row_id, row)

    def follow(self, table: str, row_id: str, row: Row | None) -> None:
        """A row is there now, or, as None, not any more."""
        if table not in COLUMNS:
            return
        self._forget(table, row_id)
        if row is None:
            return
        ids = row["external_ids"]
        key = row["name"] if table in NAMED else ids.get(KEY)
        if key is None:
            return
        itself, scope = (table, key), ids.get(SCOPE, "")
        self._ids[itself] = row_id
        self._known[table, row_id] = itself, scope
        if scope:
            self._scopes.setdefault(scope, {})[itself] = row_id

    @property
    def scopes(self) -> set[str]:
        """Every scope that has rows."""
        return set(self._scopes)

    def of(self, scope: str) -> Mapping[Reference, str]:
        """The rows of a scope, by table and key."""
        return self._scopes.get(scope, {})

    def find(self, itself: Reference) -> str | None:
        """The row's ID."""
        return self._ids.get(itself)

    def _forget(self, table: str, row_id: str) -> None:
        known = self._known.pop((table, row_id), None)
        if known is None:
            return
        itself, scope = known
        if self._ids.get(itself) == row_id:
            del self._ids[itself]
        mine = self._scopes.get(scope, {})
        if mine.get(itself) == row_id:
            del mine[itself]
            if not mine:
                del self._scopes[scope]
