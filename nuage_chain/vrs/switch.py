"""The switch: plug a port in and out, each as one transaction, and wait until it forwards.

An attachment is found by our marks in external_ids, so that DEL needs nothing but the container ID and interface name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import AlreadyAttached, DeadlineExceeded, NotForwarding, SwitchRefused
from nuage_chain.vrs import rows
from nuage_chain.vrs.connection import Connection, GuardFailed, Operation
from nuage_chain.vrs.rows import Port, as_map, from_map, from_set

# OVSDB answers a wait that ran out itself; it has to do so before our own deadline cuts the connection.
_MARGIN = 0.2
_NO_BRIDGE = "Check that VRS runs on this node and that `bridge` names its bridge."
_UNRESOLVED = ("", "0.0.0.0")  # noqa: S104 - what VRS writes before it knows, not an address to listen on


@dataclass(frozen=True)
class Plugged:
    """A port of ours as OVSDB has it: its name, the UUID of its Port row, VRS's key of its container, our marks."""

    name: str
    port_uuid: str
    vm_uuid: str
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Resolved:
    """What VRS filled into the port's row once it forwards: dotted quads."""

    address: str
    netmask: str
    gateway: str


class Switch:
    """The VRS bridge `bridge` behind one OVSDB connection."""

    def __init__(self, connection: Connection, bridge: str) -> None:
        self._ovsdb = connection
        self.bridge = bridge

    def close(self) -> None:
        """Closes the connection."""
        self._ovsdb.close()

    def datapath(self, deadline: Deadline) -> str | None:
        """The bridge's datapath type, `system` or `netdev`; None where there is no such bridge."""
        [found] = self._ovsdb.transact([_select("Bridge", _named(self.bridge), "datapath_type")], deadline)
        return (found["rows"][0]["datapath_type"] or "system") if found["rows"] else None

    def plug(self, port: Port, deadline: Deadline) -> str:
        """Makes port, interface and both rows, all or nothing, and returns the bridge's datapath type.

        A container that has a port already keeps its VM row, which gets this port's name (guarded, so that two calls
        at once cannot both make the row).

        Raises AlreadyAttached when a port of that name exists, SwitchRefused, OvsdbUnreachable, DeadlineExceeded.
        """
        try:
            results = self._ovsdb.transact(_plug(port, first=True), deadline)
        except GuardFailed as e:
            if e.index == 0:
                raise AlreadyAttached(f"{self.bridge} has a port {port.name} already.") from e
            if e.index == 1:
                raise SwitchRefused(f"There is no bridge {self.bridge}.", hint=_NO_BRIDGE) from e
            results = self._ovsdb.transact(_plug(port, first=False), deadline)
        bridge = next(r["rows"] for r in results if "rows" in r)
        return bridge[0]["datapath_type"] or "system"

    def find(self, container_id: str, ifname: str, deadline: Deadline) -> Plugged | None:
        """Our port of that attachment, wherever it is plugged in; None where there is none."""
        mine = {rows.CONTAINER: container_id, rows.IFNAME: ifname}
        [found] = self._ovsdb.transact([_select("Port", _marked(mine), "_uuid", "name", "external_ids")], deadline)
        ports = [_plugged(row) for row in found["rows"]]
        return ports[0] if ports else None

    def all_ours(self, network: str, deadline: Deadline) -> list[Plugged]:
        """Every port of ours that belongs to that CNI network and is on this bridge."""
        mine = {rows.NETWORK: network}
        ports, bridge = self._ovsdb.transact(
            [
                _select("Port", _marked(mine), "_uuid", "name", "external_ids"),
                _select("Bridge", _named(self.bridge), "ports"),
            ],
            deadline,
        )
        here = {uuid[1] for row in bridge["rows"] for uuid in from_set(row["ports"])}
        return [p for p in map(_plugged, ports["rows"]) if p.port_uuid in here]

    def unplug(self, port: Plugged, deadline: Deadline) -> bool:
        """Removes the port and its rows; True when its container has no port left and its VM row went too.

        The port is compared with its marks in the same transaction: a late DEL of an old sandbox cannot hurt a port
        of the same name that belongs to the new one (calico cni-plugin #529, ovn-kubernetes #6106).
        """
        try:
            results = self._ovsdb.transact(_unplug(port), deadline)
        except GuardFailed:
            return False
        return bool(results[-1]["count"])

    def is_plugged(self, port: Plugged, deadline: Deadline) -> tuple[bool, bool, bool]:
        """Whether the port is on this bridge, has its row in Nuage_Port_Table, and is in its container's VM row."""
        on_bridge, port_row, vm_row = self._ovsdb.transact(
            [
                _select(
                    "Bridge", [["name", "==", self.bridge], ["ports", "includes", ["uuid", port.port_uuid]]], "name"
                ),
                _select("Nuage_Port_Table", _named(port.name), "name"),
                _select(
                    "Nuage_VM_Table", [["vm_uuid", "==", port.vm_uuid], ["ports", "includes", port.name]], "vm_uuid"
                ),
            ],
            deadline,
        )
        return bool(on_bridge["rows"]), bool(port_row["rows"]), bool(vm_row["rows"])

    def wait_until_forwarding(self, name: str, deadline: Deadline) -> Resolved:
        """Parks on the server until the port has a number in the switch and VRS has filled in its row.

        Raises SwitchRefused when the switch cannot open the device, NotForwarding when the time runs out.
        """
        try:
            self._wait_for_ofport(name, deadline)
            return self._wait_for_address(name, deadline)
        except (GuardFailed, DeadlineExceeded) as e:
            raise NotForwarding(
                f"VRS did not resolve the port {name} on {self.bridge} within {deadline.seconds:g} s."
            ) from e

    def _wait_for_ofport(self, name: str, deadline: Deadline) -> None:
        *_, found = self._ovsdb.transact(
            [
                _wait("Interface", _named(name), "ofport", ["set", []], _milliseconds(deadline)),
                _select("Interface", _named(name), "ofport", "error"),
            ],
            deadline,
        )
        if not found["rows"] or found["rows"][0]["ofport"] == -1:
            error = "".join(map(str, from_set(found["rows"][0]["error"]))) if found["rows"] else "it is gone"
            raise SwitchRefused(f"Open vSwitch cannot use {name} as a port of {self.bridge}: {error}.")

    def _wait_for_address(self, name: str, deadline: Deadline) -> Resolved:
        known = ""
        while True:
            *_, found = self._ovsdb.transact(
                [
                    _wait("Nuage_Port_Table", _named(name), "ip_addr", known, _milliseconds(deadline)),
                    _select("Nuage_Port_Table", _named(name), "ip_addr", "subnet_mask", "gateway"),
                ],
                deadline,
            )
            if not found["rows"]:
                raise SwitchRefused(f"The row of {name} in Nuage_Port_Table was removed while it was waited for.")
            row = found["rows"][0]
            if row["ip_addr"] not in _UNRESOLVED:
                return Resolved(row["ip_addr"], row["subnet_mask"], row["gateway"])
            known = row["ip_addr"]


def _plug(port: Port, first: bool) -> list[Operation]:
    vm = _named(port.uuid, "vm_uuid")
    container = (
        [_guard("Nuage_VM_Table", vm, "vm_uuid", []), _insert("Nuage_VM_Table", rows.vm_row(port))]
        if first
        else [
            _guard("Nuage_VM_Table", vm, "vm_uuid", [{"vm_uuid": port.uuid}]),
            {"op": "mutate", "table": "Nuage_VM_Table", "where": vm, "mutations": [["ports", "insert", port.name]]},
        ]
    )
    ids = as_map(rows.external_ids(port))
    return [
        _guard("Port", _named(port.name), "name", []),
        _guard("Bridge", _named(port.bridge), "name", [{"name": port.bridge}]),
        _select("Bridge", _named(port.bridge), "datapath_type"),
        _insert("Interface", {"name": port.name, "external_ids": ids}, "interface"),
        _insert("Port", {"name": port.name, "interfaces": ["named-uuid", "interface"], "external_ids": ids}, "port"),
        {
            "op": "mutate",
            "table": "Bridge",
            "where": _named(port.bridge),
            "mutations": [["ports", "insert", ["set", [["named-uuid", "port"]]]]],
        },
        # The VM row triggers the activation, so it comes after the port's (3.2).
        _insert("Nuage_Port_Table", rows.port_row(port)),
        *container,
    ]


def _unplug(port: Plugged) -> list[Operation]:
    mine = {k: port.marks[k] for k in (rows.CONTAINER, rows.IFNAME)}
    vm = _named(port.vm_uuid, "vm_uuid")
    return [
        _guard("Port", [*_named(port.name), *_marked(mine)], "name", [{"name": port.name}]),
        {
            "op": "mutate",
            "table": "Bridge",
            "where": [["ports", "includes", ["uuid", port.port_uuid]]],
            "mutations": [["ports", "delete", ["uuid", port.port_uuid]]],
        },
        {"op": "mutate", "table": "Nuage_VM_Table", "where": vm, "mutations": [["ports", "delete", port.name]]},
        {"op": "delete", "table": "Nuage_Port_Table", "where": _named(port.name)},
        {"op": "delete", "table": "Nuage_VM_Table", "where": [*vm, ["ports", "==", ["set", []]]]},
    ]


def _plugged(row: dict[str, Any]) -> Plugged:
    ids = from_map(row["external_ids"])
    marks = {k: v for k, v in ids.items() if k.startswith(rows.MARK)}
    return Plugged(row["name"], row["_uuid"][1], ids.get("vm-uuid", ""), marks)


def _named(value: str, column: str = "name") -> list[Any]:
    return [[column, "==", value]]


def _marked(marks: Mapping[str, str]) -> list[Any]:
    return [["external_ids", "includes", as_map(marks)]]


def _select(table: str, where: list[Any], *columns: str) -> Operation:
    return {"op": "select", "table": table, "where": where, "columns": list(columns)}


def _insert(table: str, row: dict[str, Any], name: str | None = None) -> Operation:
    operation: Operation = {"op": "insert", "table": table, "row": row}
    return operation | {"uuid-name": name} if name else operation


def _guard(table: str, where: list[Any], column: str, expected: list[Any]) -> Operation:
    return {
        "op": "wait", "table": table, "where": where, "columns": [column],
        "until": "==", "rows": expected, "timeout": 0,
    }  # fmt: skip


def _wait(table: str, where: list[Any], column: str, unlike: Any, milliseconds: int) -> Operation:  # noqa: ANN401 - an OVSDB value
    return {
        "op": "wait", "table": table, "where": where, "columns": [column],
        "until": "!=", "rows": [{column: unlike}], "timeout": milliseconds,
    }  # fmt: skip


def _milliseconds(deadline: Deadline) -> int:
    return max(int((deadline.left("the port to forward") - _MARGIN) * 1000), 1)
