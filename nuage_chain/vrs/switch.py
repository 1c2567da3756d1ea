"""The switch: plug a port in and out, each as one transaction, and wait until it forwards.

An attachment is found by our marks in external_ids, so that DEL needs nothing but the container ID and interface name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import AlreadyAttached, DeadlineExceeded, NotForwarding, SwitchRefused
from nuage_chain.vrs import rows, sight, whole
from nuage_chain.vrs.connection import Connection, GuardFailed, Operation
from nuage_chain.vrs.operations import guard, insert, marked, named, select, wait
from nuage_chain.vrs.rows import Port, as_map, from_map, from_set
from nuage_chain.vrs.whole import Parts, Whole

# OVSDB answers a wait that ran out itself; it has to do so before our own deadline cuts the connection.
_MARGIN = 0.2
_LOOK_EVERY = 1.0
# So many of a plug's guards are about the port; the bridge's comes next.
_OF_PORT = 2
_NO_BRIDGE = "Check that VRS runs on this node and that `bridge` names its bridge."
# What VRS writes before it knows; no address to listen on.
_UNRESOLVED: Mapping[str, tuple[str | int, ...]] = {
    "ip_addr": ("", "0.0.0.0"), "subnet_mask": ("",), "gateway": ("",), "evpn_id": (0,),  # noqa: S104
}  # fmt: skip


@dataclass(frozen=True)
class Plugged:
    """A port of ours as OVSDB has it: its name, the UUID of its Port row, VRS's key of its container, our marks."""

    name: str
    port_uuid: str
    vm_uuid: str
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Resolved:
    """What VRS filled into the port's row once it forwards: dotted quads, empty for a port without IPv4.

    The gateway is empty for a network without one, too.
    """

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
        [found] = self._ovsdb.transact([select("Bridge", named(self.bridge), "datapath_type")], deadline)
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
            if e.index < _OF_PORT:
                raise AlreadyAttached(f"{self.bridge} has a port {port.name} or one of its container already.") from e
            if e.index == _OF_PORT:
                raise SwitchRefused(f"There is no bridge {self.bridge}.", hint=_NO_BRIDGE) from e
            results = self._ovsdb.transact(_plug(port, first=False), deadline)
        bridge = next(r["rows"] for r in results if "rows" in r)
        return bridge[0]["datapath_type"] or "system"

    def find(self, container_id: str, ifname: str, deadline: Deadline) -> Plugged | None:
        """Our port of that attachment, wherever it is plugged in; None where there is none."""
        mine = {rows.CONTAINER: container_id, rows.IFNAME: ifname}
        [found] = self._ovsdb.transact([select("Port", marked(mine), "_uuid", "name", "external_ids")], deadline)
        ports = [_plugged(row) for row in found["rows"]]
        return ports[0] if ports else None

    def with_mark(self, mark: str, value: str, deadline: Deadline) -> list[Plugged]:
        """Our ports that carry that mark, wherever they are plugged in."""
        [found] = self._ovsdb.transact(
            [select("Port", marked({mark: value}), "_uuid", "name", "external_ids")], deadline
        )
        return [_plugged(row) for row in found["rows"]]

    def all_ours(self, network: str, deadline: Deadline) -> list[Plugged]:
        """Every port of ours that belongs to that CNI network and is on this bridge."""
        mine = {rows.NETWORK: network}
        ports, bridge = self._ovsdb.transact(
            [
                select("Port", marked(mine), "_uuid", "name", "external_ids"),
                select("Bridge", named(self.bridge), "ports"),
            ],
            deadline,
        )
        here = {uuid[1] for row in bridge["rows"] for uuid in from_set(row["ports"])}
        return [p for p in map(_plugged, ports["rows"]) if p.port_uuid in here]

    def unplug(self, port: Plugged, deadline: Deadline) -> bool:
        """Removes the port and its rows; True when its container has no port left and no VM row either.

        The port is compared with its marks in the same transaction: a late DEL of an old sandbox cannot hurt a port
        of the same name that belongs to the new one (calico cni-plugin #529, ovn-kubernetes #6106).
        """
        try:
            results = self._ovsdb.transact(_unplug(port), deadline)
        except GuardFailed:
            return False
        return not results[-1]["rows"]

    def forget(self, vm_uuid: str, deadline: Deadline) -> None:
        """Removes the rows of those ports of the container that the switch has lost, as after `ovs-vsctl del-port`."""
        vm = named(vm_uuid, "vm_uuid")
        [found] = self._ovsdb.transact([select("Nuage_VM_Table", vm, "ports")], deadline)
        names = [str(name) for row in found["rows"] for name in from_set(row["ports"])]
        there = self._ovsdb.transact([select("Port", named(name), "name") for name in names], deadline)
        gone = [name for name, port in zip(names, there, strict=True) if not port["rows"]]
        guards = [guard("Port", named(name), "name", []) for name in gone]
        operations = [operation for name in gone for operation in _forget(name, vm)]
        with contextlib.suppress(GuardFailed):
            self._ovsdb.transact([*guards, *operations, *_clear(vm)], deadline)

    def look(self, port: Plugged, deadline: Deadline) -> sight.Sight:
        """The port as it is now, on this bridge or not."""
        return sight.sight(self._ovsdb, self.bridge, port.name, port.port_uuid, port.vm_uuid, deadline)

    def health(self, deadline: Deadline) -> sight.Health:
        """Whether the switch, this bridge and its controller work."""
        return sight.health(self._ovsdb, self.bridge, deadline)

    def whole(self, deadline: Deadline) -> Whole:
        """All ports of ours on this bridge with their rows; not for the way of a call."""
        return whole.whole(self._ovsdb, self.bridge, deadline)

    def put_back(self, port: Port, parts: Parts, deadline: Deadline) -> None:
        """Makes again what is missing of an attachment, where it is still missing."""
        whole.put_back(self._ovsdb, port, parts, deadline)

    def runs(self, deadline: Deadline) -> bool:
        """Whether there is an ovs-vswitchd behind the database."""
        return self._ovsdb.is_locked(sight.VSWITCHD_LOCK, deadline)

    def tunnels(self, deadline: Deadline) -> tuple[list[sight.Tunnel], int | None]:
        """This bridge's tunnels, as far as it is known where they leave, and its mtu_request (None without one)."""
        return sight.tunnels(self._ovsdb, self.bridge, deadline)

    def wait_until_forwarding(
        self, name: str, deadline: Deadline, *, ipv4: bool = True, gateway: bool = True
    ) -> Resolved:
        """Parks on the server until the port has a number in the switch and VRS has filled in all of its row (3.2).

        ipv4: the port gets an IPv4 address. Without one VRS has no column to put an address into, and the number of
        the network (evpn_id) is the sign. gateway: the network has one for IPv4.

        Raises SwitchRefused when the switch cannot open the device, NotForwarding when the time runs out.
        """
        columns = ["ip_addr", "subnet_mask", *(["gateway"] if gateway else [])] if ipv4 else ["evpn_id"]
        column, known = columns[0], _UNRESOLVED[columns[0]][0]
        try:
            while True:
                row = self._parked(name, column, known, deadline)
                empty = [(c, row[c]) for c in columns if row[c] in _UNRESOLVED[c]]
                if not empty:
                    return Resolved(row["ip_addr"], row["subnet_mask"], row["gateway"])
                column, known = empty[0]
        except DeadlineExceeded as e:
            raise NotForwarding(
                f"VRS did not resolve the port {name} on {self.bridge} within {deadline.seconds:g} s."
            ) from e

    def _parked(self, name: str, column: str, known: str | int, deadline: Deadline) -> dict[str, Any]:
        """The port's row once it has a number and `column` is not `known` any more, in one transaction.

        A device that cannot be opened has the number -1 and is never resolved, hence a look every now and then.
        """
        looks = [
            select("Interface", named(name), "ofport", "error"),
            select("Nuage_Port_Table", named(name), "ip_addr", "subnet_mask", "gateway", "evpn_id"),
        ]
        while True:
            patience = _milliseconds(deadline, _LOOK_EVERY)
            waits = [
                wait("Interface", named(name), "ofport", ["set", []], patience),
                wait("Nuage_Port_Table", named(name), column, known, patience),
            ]
            try:
                *_, interfaces, rows_of_port = self._ovsdb.transact([*waits, *looks], deadline)
                ready = True
            except GuardFailed:
                interfaces, rows_of_port = self._ovsdb.transact(looks, deadline)
                ready = False
            self._check(name, interfaces["rows"], rows_of_port["rows"])
            if ready:
                return dict(rows_of_port["rows"][0])

    def _check(self, name: str, interfaces: list[dict[str, Any]], port_rows: list[dict[str, Any]]) -> None:
        if not interfaces or interfaces[0]["ofport"] == -1:
            error = "".join(map(str, from_set(interfaces[0]["error"]))) if interfaces else "it is gone"
            raise SwitchRefused(f"Open vSwitch cannot use {name} as a port of {self.bridge}: {error}.")
        if not port_rows:
            raise SwitchRefused(f"The row of {name} in Nuage_Port_Table was removed while it was waited for.")


def _plug(port: Port, first: bool) -> list[Operation]:
    vm = named(port.uuid, "vm_uuid")
    container = (
        [guard("Nuage_VM_Table", vm, "vm_uuid", []), insert("Nuage_VM_Table", rows.vm_row(port))]
        if first
        else [
            guard("Nuage_VM_Table", vm, "vm_uuid", [{"vm_uuid": port.uuid}]),
            {"op": "mutate", "table": "Nuage_VM_Table", "where": vm, "mutations": [["ports", "insert", port.name]]},
        ]
    )
    ids = as_map(rows.external_ids(port))
    mine = {k: port.marks[k] for k in (rows.CONTAINER, rows.IFNAME) if k in port.marks}
    return [
        guard("Port", named(port.name), "name", []),
        guard("Port", marked(mine or {rows.CONTAINER: ""}), "name", []),
        guard("Bridge", named(port.bridge), "name", [{"name": port.bridge}]),
        select("Bridge", named(port.bridge), "datapath_type"),
        insert("Interface", {"name": port.name, "external_ids": ids}, "interface"),
        insert("Port", {"name": port.name, "interfaces": ["named-uuid", "interface"], "external_ids": ids}, "port"),
        {
            "op": "mutate",
            "table": "Bridge",
            "where": named(port.bridge),
            "mutations": [["ports", "insert", ["set", [["named-uuid", "port"]]]]],
        },
        # The VM row triggers the activation, so it comes after the port's (3.2).
        insert("Nuage_Port_Table", rows.port_row(port)),
        *container,
    ]


def _unplug(port: Plugged) -> list[Operation]:
    mine = {k: port.marks[k] for k in (rows.CONTAINER, rows.IFNAME)}
    vm = named(port.vm_uuid, "vm_uuid")
    return [
        guard("Port", [*named(port.name), *marked(mine)], "name", [{"name": port.name}]),
        {
            "op": "mutate",
            "table": "Bridge",
            "where": [["ports", "includes", ["uuid", port.port_uuid]]],
            "mutations": [["ports", "delete", ["uuid", port.port_uuid]]],
        },
        *_forget(port.name, vm),
        *_clear(vm),
    ]


def _forget(name: str, vm: list[Any]) -> list[Operation]:
    return [
        {"op": "mutate", "table": "Nuage_VM_Table", "where": vm, "mutations": [["ports", "delete", name]]},
        {"op": "delete", "table": "Nuage_Port_Table", "where": named(name)},
    ]


def _clear(vm: list[Any]) -> list[Operation]:
    """A container without ports goes; what is left of it is in the last result."""
    return [
        {"op": "delete", "table": "Nuage_VM_Table", "where": [*vm, ["ports", "==", ["set", []]]]},
        select("Nuage_VM_Table", vm, "vm_uuid"),
    ]


def _plugged(row: dict[str, Any]) -> Plugged:
    ids = from_map(row["external_ids"])
    marks = {k: v for k, v in ids.items() if k.startswith(rows.MARK)}
    return Plugged(row["name"], row["_uuid"][1], ids.get("vm-uuid", ""), marks)


def _milliseconds(deadline: Deadline, at_most: float) -> int:
    return max(int(min(deadline.left("the port to forward") - _MARGIN, at_most) * 1000), 1)
