"""All ports of ours at one moment, with their rows: for the audit, which is not on the way of a call."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.vrs.connection import Connection, Operation
from nuage_chain.vrs.operations import guard, insert, marked, named, select
from nuage_chain.vrs.rows import CALL, CONTAINER, IFNAME, MARK, VERSION, Names, Port, as_map, from_map, from_set
from nuage_chain.vrs.rows import external_ids as ids_of
from nuage_chain.vrs.rows import port_row as row_of_port
from nuage_chain.vrs.rows import vm_row as row_of_vm

_PORT_TABLE, _VM_TABLE = "Nuage_Port_Table", "Nuage_VM_Table"
_PORT_COLUMNS = (
    "name", "mac", "bridge", "nuage_domain", "nuage_zone", "nuage_network", "vm_domain", "metadata",
)  # fmt: skip
_VM_COLUMNS = ("vm_uuid", "vm_name", "nuage_user", "nuage_enterprise", "ports")
_NAMES = tuple(f"nuage-enterprise-{part}" for part in ("domain", "network", "zone", "network-type"))


@dataclass(frozen=True)
class Parts:
    """Which of an attachment's parts OVSDB has: the port on its bridge, its row, its container's row that names it."""

    port: bool
    row: bool
    vm_row: bool

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of those it has not."""
        named_parts = {"port": self.port, "row in Nuage_Port_Table": self.row, "row in Nuage_VM_Table": self.vm_row}
        return tuple(name for name, there in named_parts.items() if not there)


NOTHING = Parts(port=False, row=False, vm_row=False)


@dataclass(frozen=True)
class Seen:
    """One attachment. uuid: of its Port row. port: what is needed to make it again, None where parts are missing."""

    name: str
    uuid: str
    vm_uuid: str
    marks: Mapping[str, str]
    parts: Parts
    port: Port | None = None


@dataclass(frozen=True)
class Whole:
    """ours: by container ID and interface name. lone: names in VRS's tables that the switch has no port of.

    datapath: of the bridge, None where there is no such bridge; mac: of its own link, empty before there is one.
    others: attachments whose ports are on other bridges.
    """

    datapath: str | None
    ours: Mapping[tuple[str, str], Seen] = field(default_factory=dict)
    lone: Mapping[str, Parts] = field(default_factory=dict)
    mac: str = ""
    others: frozenset[tuple[str, str]] = frozenset()


def whole(connection: Connection, bridge: str, deadline: Deadline) -> Whole:
    """Reads the tables; ports of ours on another bridge are another network's."""
    bridges, links, ports, port_rows, vm_rows = (
        result["rows"]
        for result in connection.transact(
            [
                select("Bridge", named(bridge), "datapath_type", "ports"),
                select("Interface", named(bridge), "mac_in_use"),
                select("Port", [], "_uuid", "name", "external_ids"),
                select(_PORT_TABLE, [], *_PORT_COLUMNS),
                select(_VM_TABLE, [], *_VM_COLUMNS),
            ],
            deadline,
        )
    )
    if not bridges:
        return Whole(None)
    here = {uuid[1] for uuid in from_set(bridges[0]["ports"])}
    rows = {row["name"]: row for row in port_rows if row["bridge"] == bridge}
    owners = {name: row for row in vm_rows for name in from_set(row["ports"])}
    ours, others = {}, set()
    for port in ports:
        ids = from_map(port["external_ids"])
        if CONTAINER not in ids or IFNAME not in ids:
            continue
        key = ids[CONTAINER], ids[IFNAME]
        if port["_uuid"][1] in here:
            ours[key] = _seen(port, ids, bridge, rows.get(port["name"]), owners.get(port["name"]))
        else:
            others.add(key)
    there = {port["name"] for port in ports}
    lone = {
        name: Parts(port=False, row=name in rows, vm_row=name in owners) for name in sorted({*rows, *owners} - there)
    }
    mac = "".join(str(m) for row in links for m in from_set(row["mac_in_use"])).lower()
    return Whole(bridges[0]["datapath_type"] or "system", ours, lone, mac, frozenset(others))


def put_back(connection: Connection, port: Port, parts: Parts, deadline: Deadline) -> None:
    """Makes what is missing of the attachment, in one transaction that fails where it is not just as `parts` tells.

    A DEL that came first has taken the rest, and what is made then would be all that there is.
    Raises GuardFailed, SwitchRefused, OvsdbUnreachable, DeadlineExceeded.
    """
    vm = named(port.uuid, "vm_uuid")
    operations: list[Operation] = [guard("Bridge", named(port.bridge), "name", [{"name": port.bridge}])]
    if parts.port:
        mine = {k: port.marks[k] for k in (CONTAINER, IFNAME, CALL) if k in port.marks}
        operations.append(guard("Port", [*named(port.name), *marked(mine)], "name", [{"name": port.name}]))
    else:
        operations += [guard("Port", named(port.name), "name", []), *_port(port)]
    operations.append(guard(_PORT_TABLE, named(port.name), "name", [{"name": port.name}] if parts.row else []))
    if not parts.row:
        operations.append(insert(_PORT_TABLE, row_of_port(port)))
    if parts.vm_row:
        ours = [*vm, ["ports", "includes", port.name]]
        operations.append(guard(_VM_TABLE, ours, "vm_uuid", [{"vm_uuid": port.uuid}]))
    else:
        [found] = connection.transact([select(_VM_TABLE, vm, "vm_uuid")], deadline)
        operations.append(guard(_VM_TABLE, vm, "vm_uuid", [{"vm_uuid": port.uuid}] if found["rows"] else []))
        operations.append(
            {"op": "mutate", "table": _VM_TABLE, "where": vm, "mutations": [["ports", "insert", port.name]]}
            if found["rows"]
            else insert(_VM_TABLE, row_of_vm(port))
        )
    connection.transact(operations, deadline)


def as_text(port: Port) -> str:
    """The port as JSON, for the audit's memory; no secret is in it."""
    return json.dumps(dataclasses.asdict(port), sort_keys=True)


def from_text(text: str) -> Port:
    """The reverse of `as_text`. Raises ValueError, TypeError, KeyError."""
    values = json.loads(text)
    return Port(**{**values, "names": Names(**values["names"])})


def _port(port: Port) -> list[Operation]:
    ids = as_map(ids_of(port))
    return [
        insert("Interface", {"name": port.name, "external_ids": ids}, "interface"),
        insert("Port", {"name": port.name, "interfaces": ["named-uuid", "interface"], "external_ids": ids}, "port"),
        {
            "op": "mutate",
            "table": "Bridge",
            "where": named(port.bridge),
            "mutations": [["ports", "insert", ["set", [["named-uuid", "port"]]]]],
        },
    ]


def _seen(
    port: Mapping[str, Any],
    ids: Mapping[str, str],
    bridge: str,
    row: Mapping[str, Any] | None,
    vm: Mapping[str, Any] | None,
) -> Seen:
    marks = {k: v for k, v in ids.items() if k.startswith(MARK)}
    parts = Parts(port=True, row=row is not None, vm_row=vm is not None)
    again = _again(port["name"], ids, bridge, row, vm) if row and vm else None
    return Seen(port["name"], port["_uuid"][1], ids.get("vm-uuid", ""), marks, parts, again)


def _again(name: str, ids: Mapping[str, str], bridge: str, row: Mapping[str, Any], vm: Mapping[str, Any]) -> Port:
    metadata = from_map(row["metadata"])
    names = Names(
        enterprise=vm["nuage_enterprise"],
        user=vm["nuage_user"],
        domain=row["nuage_domain"],
        zone=row["nuage_zone"],
        network=row["nuage_network"],
    )
    return Port(
        name=name,
        mac=row["mac"],
        bridge=bridge,
        uuid=vm["vm_uuid"],
        vm_name=vm["vm_name"],
        platform=row["vm_domain"],
        names=names,
        wishes={k: v for k, v in metadata.items() if k not in _NAMES},
        marks={k: v for k, v in ids.items() if k.startswith(MARK) and k != VERSION},
    )
