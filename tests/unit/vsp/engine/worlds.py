"""A VSD and a northbound database in memory: what the engine reads, and what its operations make."""

from __future__ import annotations

import itertools
from typing import Any

from nuage_chain.vsp.engine.difference import difference
from nuage_chain.vsp.engine.mirror import Mirror
from nuage_chain.vsp.engine.objects import CHILDREN, COLUMNS, NAMED, Index
from nuage_chain.vsp.engine.wanted import wanted_rows
from nuage_chain.vsp.ovsdb import as_list, decoded

DOMAIN = "d-shop"


class Northbound:
    """OVSDB's semantics as far as the engine uses them: uuid-names, mutations of sets, rows that nobody refers to."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in COLUMNS}
        self.index = Index()
        self._ids = itertools.count(1)

    def take(self, mirror: Mirror, scope: str = DOMAIN, *gateways: str, without_policy: bool = False) -> int:
        """Make the scope as `mirror` wants it; how many operations that took."""
        rows = wanted_rows(mirror, scope, gateways, without_policy=without_policy)
        operations = difference(scope, rows, self.tables, self.index)
        self.run(operations)
        return len(operations)

    def run(self, operations: list[dict[str, Any]]) -> None:
        names = {o["uuid-name"]: f"u{next(self._ids)}" for o in operations if o["op"] == "insert"}
        assert len(names) == sum(o["op"] == "insert" for o in operations), "uuid-names are unique"
        for operation in operations:
            self._run(operation, names)
        for child, (parent, column) in CHILDREN.items():
            kept = {i for row in self.tables[parent].values() for i in as_list(row.get(column, []))}
            self.tables[child] = {i: row for i, row in self.tables[child].items() if i in kept}
        self.index = Index()
        self.index.fill(self.tables)

    def _run(self, operation: dict[str, Any], names: dict[str, str]) -> None:
        table = self.tables[operation["table"]]
        if operation["op"] == "insert":
            row = {column: _resolved(decoded(value), names) for column, value in operation["row"].items()}
            if operation["table"] in NAMED:
                assert row["name"] not in [r["name"] for r in table.values()], "names are unique in a table"
            table[names[operation["uuid-name"]]] = row
            return
        ((_, _, reference),) = operation["where"]
        row_id = names[reference[1]] if reference[0] == "named-uuid" else reference[1]
        if operation["op"] == "delete":
            del table[row_id]
        elif operation["op"] == "update":
            table[row_id] |= {column: decoded(value) for column, value in operation["row"].items()}
        elif row_id in table:
            for column, change, value in operation["mutations"]:
                ids = {names[r[1]] if r[0] == "named-uuid" else r[1] for r in value[1]}
                now = set(as_list(table[row_id].get(column, [])))
                table[row_id][column] = sorted(now | ids if change == "insert" else now - ids)

    def names(self, table: str) -> set[str]:
        return {row["name"] for row in self.tables[table].values()}

    def named(self, table: str, name: str) -> dict[str, Any]:
        return next(row for row in self.tables[table].values() if row["name"] == name)

    def held(self, table: str, name: str, column: str) -> set[str]:
        """The names of the ports that a row of `table` refers to."""
        child = next((c for c, parent in CHILDREN.items() if parent == (table, column)), "Logical_Switch_Port")
        return {self.tables[child][i]["name"] for i in as_list(self.named(table, name).get(column, []))}

    def acls(self) -> list[tuple[int, str, str, str]]:
        """Priority, direction, action and match, the first one first."""
        rows = self.tables["ACL"].values()
        found = [(r["priority"], r["direction"], r["action"], r["match"]) for r in rows]
        return sorted(found, reverse=True)


def _resolved(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [names.get(v, v) for v in value]
    return value


def shop() -> Mirror:
    """A domain with the zones front (subnets web and api) and back (subnet db), and a vPort in web and in db."""
    mirror = Mirror()
    put(mirror, "domain", DOMAIN, "acme", name="Shop", domainID=7)
    put(mirror, "zone", "z-front", DOMAIN, name="front")
    put(mirror, "zone", "z-back", DOMAIN, name="back")
    for third, (subnet, zone) in enumerate((("s-web", "z-front"), ("s-api", "z-front"), ("s-db", "z-back")), 1):
        put(mirror, "subnet", subnet, zone, name=subnet, address=f"10.1.{third}.0", netmask="255.255.255.0")
    plug(mirror, "vp-a", "s-web", "7A:42:00:00:00:01", "10.1.1.2")
    plug(mirror, "vp-b", "s-db", "7a:42:00:00:00:02", "10.1.3.2")
    return mirror


def put(mirror: Mirror, kind: str, vsd_id: str, parent: str, **attributes: Any) -> None:
    mirror.put(kind, {"ID": vsd_id, "parentID": parent, **attributes})


def plug(mirror: Mirror, vport: str, subnet: str, mac: str, address: str, **attributes: Any) -> None:
    put(mirror, "vport", vport, subnet, **{"addressSpoofing": "INHERITED", "active": True, **attributes})
    put(mirror, "containerinterface", f"i-{vport}", "c", VPortID=vport, MAC=mac, IPAddress=address)


def change(mirror: Mirror, kind: str, vsd_id: str, **attributes: Any) -> None:
    mirror.put(kind, {**mirror.objects[kind][vsd_id], **attributes})


def template(mirror: Mirror, direction: str, vsd_id: str, **attributes: Any) -> None:
    given = {"active": True, "defaultAllowIP": False, "defaultAllowNonIP": True, "priorityType": "NONE", **attributes}
    put(mirror, f"{direction}acltemplate", vsd_id, DOMAIN, **given)


def entry(mirror: Mirror, direction: str, vsd_id: str, parent: str, **attributes: Any) -> None:
    given = {"etherType": "0x0800", "protocol": "6", "action": "FORWARD", "locationType": "ANY", "networkType": "ANY"}
    put(mirror, f"{direction}aclentrytemplate", vsd_id, parent, **{**given, "stateful": True, **attributes})
