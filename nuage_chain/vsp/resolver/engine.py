"""From what VSD decided to OVN's northbound database: only the difference is written.

Domain: logical router. Subnet: logical switch, joined to the router by a port that has the gateway's address.
vPort: logical switch port. Every object is named by its ID in VSD and carries VSD's name for people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Container, Iterable, Mapping
from typing import Any

from nuage_chain.vsp.resolver.binding import Binding, Network
from nuage_chain.vsp.resolver.ovsdb import Operation, Row, Tables, as_list, encoded_map, encoded_set

COLUMNS = {
    "Logical_Router": ("name", "external_ids", "ports"),
    "Logical_Router_Port": ("name", "mac", "networks"),
    "Logical_Switch": ("name", "external_ids", "ports"),
    "Logical_Switch_Port": ("name", "type", "addresses", "port_security", "options", "external_ids"),
}
"""The columns of the northbound database that the engine reads and writes."""

DOMAIN, SUBNET, NAME, NODE, PORT, VM = (f"nuage-{key}" for key in ("domain", "subnet", "name", "node", "port", "vm"))


def plan(tables: Tables, bindings: Collection[Binding], undecided: Container[str], node: str) -> list[Operation]:
    """The operations that make the northbound database hold exactly the ports of this node.

    undecided: names of ports of which nobody knows yet what they become; what is there of them stays.
    """
    work = _Work(tables)
    switches = {network.subnet_id: _ensure_network(work, network) for network in {b.network for b in bindings}}
    for binding in bindings:
        row = port_row(binding, node)
        work.ensure("Logical_Switch_Port", row, ("Logical_Switch", switches[binding.network.subnet_id]))
    wanted = {binding.vport_id for binding in bindings}
    stale = {
        row_id
        for row_id, row in tables["Logical_Switch_Port"].items()
        if row["external_ids"].get(NODE) == node
        and row["name"] not in wanted
        and row["external_ids"].get(PORT) not in undecided
    }
    return work.operations + _detach(tables, "Logical_Switch", stale)


def unused_networks(tables: Tables) -> set[str]:
    """Subnet IDs of the switches that have no vPort on any node."""
    ports = tables["Logical_Switch_Port"]
    return {
        switch["name"]
        for switch in tables["Logical_Switch"].values()
        if SUBNET in switch["external_ids"]
        and all(ports.get(p, {}).get("type") == "router" for p in as_list(switch["ports"]))
    }


def unused_domains(tables: Tables) -> set[str]:
    """Domain IDs of the routers that have no subnet."""
    return {
        r["name"] for r in tables["Logical_Router"].values() if DOMAIN in r["external_ids"] and not as_list(r["ports"])
    }


def removal(tables: Tables, subnet_ids: Container[str], domain_ids: Container[str]) -> list[Operation]:
    """The operations that remove these subnets, with their router ports, and these domains."""
    gateways = {gateway_port(r["name"]) for r in tables["Logical_Switch"].values() if r["name"] in subnet_ids}
    ports = {row_id for row_id, row in tables["Logical_Router_Port"].items() if row["name"] in gateways}
    return [
        *_detach(tables, "Logical_Router", ports),
        *_delete("Logical_Switch", (i for i, r in tables["Logical_Switch"].items() if r["name"] in subnet_ids)),
        *_delete("Logical_Router", (i for i, r in tables["Logical_Router"].items() if r["name"] in domain_ids)),
    ]


def gateway_port(subnet_id: str) -> str:
    """The name of a subnet's router port."""
    return f"{subnet_id}-gateway"


def gateway_mac(subnet_id: str) -> str:
    """The MAC of a subnet's gateway: the same on every node and after every restart."""
    digest = hashlib.sha256(subnet_id.encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def port_row(binding: Binding, node: str) -> Row:
    """The logical switch port of a vPort. Port security unless VSD allows the vPort to spoof."""
    addresses = " ".join(filter(None, (binding.mac, binding.address, binding.address6)))
    return {
        "name": binding.vport_id,
        "type": "",
        "addresses": [addresses, "unknown"] if binding.spoofing else [addresses],
        "port_security": [] if binding.spoofing else [addresses],
        "options": {},
        "external_ids": {NODE: node, PORT: binding.port, VM: binding.vm_uuid},
    }


def _ensure_network(work: _Work, network: Network) -> Any:  # noqa: ANN401 - a reference as RFC 7047 writes it
    about = {SUBNET: network.subnet_id, NAME: network.subnet_name}
    switch = work.ensure("Logical_Switch", {"name": network.subnet_id, "external_ids": about})
    if network.domain_id is None:
        return switch
    about = {DOMAIN: network.domain_id, NAME: network.domain_name}
    router = work.ensure("Logical_Router", {"name": network.domain_id, "external_ids": about})
    gateway = gateway_port(network.subnet_id)
    families = ((network.gateway, network.prefix), (network.gateway6, network.prefix6))
    networks = [f"{address}/{length}" for address, length in families if address is not None]
    work.ensure(
        "Logical_Router_Port",
        {"name": gateway, "mac": gateway_mac(network.subnet_id), "networks": networks},
        ("Logical_Router", router),
    )
    work.ensure("Logical_Switch_Port", _router_side(network.subnet_id, gateway), ("Logical_Switch", switch))
    return switch


def _router_side(subnet_id: str, gateway: str) -> Row:
    # Not the router port's own name: the southbound database has one name space for both kinds of ports.
    return {
        "name": f"{subnet_id}-router",
        "type": "router",
        "addresses": ["router"],
        "port_security": [],
        "options": {"router-port": gateway},
        "external_ids": {},
    }


class _Work:
    """Collects operations; an object asked for twice is made once."""

    def __init__(self, tables: Tables) -> None:
        self.operations: list[Operation] = []
        self._tables = tables
        self._ids = {t: {row["name"]: row_id for row_id, row in rows.items()} for t, rows in tables.items()}
        self._made: dict[tuple[str, str], Any] = {}

    def ensure(self, table: str, row: Row, parent: tuple[str, Any] | None = None) -> Any:  # noqa: ANN401
        """A reference to the object of that name in `table`, made or brought up to date as needed."""
        key = (table, row["name"])
        if key not in self._made:
            row_id = self._ids[table].get(row["name"])
            self._made[key] = self._insert(table, row, parent) if row_id is None else self._update(table, row_id, row)
        return self._made[key]

    def _insert(self, table: str, row: Row, parent: tuple[str, Any] | None) -> Any:  # noqa: ANN401
        name = f"new{len(self._made)}_{len(self.operations)}"
        self.operations.append({"op": "insert", "table": table, "row": _encoded(row), "uuid-name": name})
        reference = ["named-uuid", name]
        if parent is not None:
            mutation = ["ports", "insert", encoded_set([reference])]
            where = [["_uuid", "==", parent[1]]]
            self.operations.append({"op": "mutate", "table": parent[0], "where": where, "mutations": [mutation]})
        return reference

    def _update(self, table: str, row_id: str, row: Row) -> Any:  # noqa: ANN401
        there = self._tables[table][row_id]
        changed = {column: value for column, value in row.items() if not _same(there[column], value)}
        reference = ["uuid", row_id]
        if changed:
            where = [["_uuid", "==", reference]]
            self.operations.append({"op": "update", "table": table, "where": where, "row": _encoded(changed)})
        return reference


def _same(there: object, wanted: object) -> bool:
    if isinstance(wanted, list):
        return sorted(as_list(there)) == sorted(wanted)
    return there == wanted


def _encoded(row: Mapping[str, Any]) -> Row:
    kinds: dict[type, Any] = {list: encoded_set, dict: encoded_map}
    return {column: kinds.get(type(value), lambda v: v)(value) for column, value in row.items()}


def _detach(tables: Tables, parent: str, row_ids: Collection[str]) -> list[Operation]:
    """Take ports out of their switch or router; the server removes a port that nobody refers to."""
    operations: list[Operation] = []
    for parent_id, row in tables[parent].items():
        if mine := [["uuid", p] for p in as_list(row["ports"]) if p in row_ids]:
            where = [["_uuid", "==", ["uuid", parent_id]]]
            mutation = ["ports", "delete", encoded_set(mine)]
            operations.append({"op": "mutate", "table": parent, "where": where, "mutations": [mutation]})
    return operations


def _delete(table: str, row_ids: Iterable[str]) -> list[Operation]:
    return [{"op": "delete", "table": table, "where": [["_uuid", "==", ["uuid", row_id]]]} for row_id in row_ids]
