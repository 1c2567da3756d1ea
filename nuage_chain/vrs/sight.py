"""Looks at the switch that change nothing and wait for nothing: for CHECK, for STATUS, and for the MTU of a port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.operations import named, select
from nuage_chain.vrs.rows import from_map, from_set

# ovs-vswitchd holds it as long as it runs. Its columns would go on saying what was true when it was killed.
VSWITCHD_LOCK = "ovs_vswitchd"
_EGRESS = "tunnel_egress_iface"


@dataclass(frozen=True)
class Health:
    """runs: ovs-vswitchd does. bridge: there is ours. master: a controller has that role (vrs-ovsdb.md 3.1)."""

    runs: bool
    bridge: bool
    master: bool


@dataclass(frozen=True)
class Row:
    """A port's row in Nuage_Port_Table. address, netmask, gateway: empty until VRS has filled them in."""

    mac: str
    address: str
    netmask: str
    gateway: str
    evpn_id: int


@dataclass(frozen=True)
class Sight:
    """A port as OVSDB has it now.

    datapath: of the bridge that was asked for, None where the port is not on it. ofport: its number, None where
    vswitchd has given none; error: vswitchd's words. row: None without one; in_vm_row: its container's names it.
    """

    datapath: str | None
    ofport: int | None
    error: str
    row: Row | None
    in_vm_row: bool


@dataclass(frozen=True)
class Tunnel:
    """A tunnel of the bridge. egress: the link of this node that it leaves by. ipv6: its outer header is IPv6's.

    fragments: the outer packet may be fragmented on its way, so that no MTU is too large for it.
    """

    name: str
    kind: str
    egress: str
    ipv6: bool
    fragments: bool


def health(connection: Connection, bridge: str, deadline: Deadline) -> Health:
    """Whether the switch works as a whole."""
    bridges, masters = connection.transact(
        [select("Bridge", named(bridge), "name"), select("Controller", named("master", "role"), "role")], deadline
    )
    return Health(connection.is_locked(VSWITCHD_LOCK, deadline), bool(bridges["rows"]), bool(masters["rows"]))


def sight(connection: Connection, bridge: str, name: str, port_uuid: str, vm_uuid: str, deadline: Deadline) -> Sight:
    """The port of that name and UUID, all of it read at one moment."""
    on_bridge = [*named(bridge), ["ports", "includes", ["uuid", port_uuid]]]
    of_container = [*named(vm_uuid, "vm_uuid"), ["ports", "includes", name]]
    bridges, interfaces, port_rows, vm_rows = (
        result["rows"]
        for result in connection.transact(
            [
                select("Bridge", on_bridge, "datapath_type"),
                select("Interface", named(name), "ofport", "error"),
                select("Nuage_Port_Table", named(name), "mac", "ip_addr", "subnet_mask", "gateway", "evpn_id"),
                select("Nuage_VM_Table", of_container, "vm_uuid"),
            ],
            deadline,
        )
    )
    ofport, error = _state(interfaces)
    return Sight(
        datapath=(bridges[0]["datapath_type"] or "system") if bridges else None,
        ofport=ofport,
        error=error,
        row=_row(port_rows[0]) if port_rows else None,
        in_vm_row=bool(vm_rows),
    )


def tunnels(connection: Connection, bridge: str, deadline: Deadline) -> tuple[list[Tunnel], int | None]:
    """The bridge's tunnels of which OVSDB knows where they leave, and the bridge's mtu_request, None without one.

    What another bridge has is not looked at: its tunnels carry nothing of ours.
    """
    [typed] = connection.transact(
        [select("Interface", [["type", "!=", ""]], "_uuid", "name", "type", "options", "status", "mtu_request")],
        deadline,
    )
    requested = [from_set(row["mtu_request"]) for row in typed["rows"] if row["name"] == bridge]
    leaving = [row for row in typed["rows"] if _EGRESS in from_map(row["status"])]
    ours = _on_bridge(connection, bridge, leaving, deadline) if leaving else []
    return [_tunnel(row) for row in ours], next((int(r[0]) for r in requested if r), None)


def _on_bridge(
    connection: Connection, bridge: str, interfaces: Sequence[dict[str, Any]], deadline: Deadline
) -> list[dict[str, Any]]:
    ports_of = [select("Port", [["interfaces", "includes", row["_uuid"]]], "_uuid") for row in interfaces]
    bridges, *ports = connection.transact([select("Bridge", named(bridge), "ports"), *ports_of], deadline)
    here = {uuid[1] for row in bridges["rows"] for uuid in from_set(row["ports"])}
    return [
        interface
        for interface, port in zip(interfaces, ports, strict=True)
        if any(row["_uuid"][1] in here for row in port["rows"])
    ]


def _tunnel(row: dict[str, Any]) -> Tunnel:
    options = from_map(row["options"])
    return Tunnel(
        name=row["name"],
        kind=row["type"],
        egress=from_map(row["status"])[_EGRESS],
        ipv6=":" in options.get("remote_ip", ""),
        fragments=options.get("df_default") == "false",
    )


def _state(interfaces: Sequence[dict[str, Any]]) -> tuple[int | None, str]:
    if not interfaces:
        return None, ""
    number, error = from_set(interfaces[0]["ofport"]), from_set(interfaces[0]["error"])
    return (number[0] if number else None), "".join(map(str, error))


def _row(row: dict[str, Any]) -> Row:
    address = "" if row["ip_addr"] == "0.0.0.0" else row["ip_addr"]  # noqa: S104 - how VRS may write "unresolved"
    return Row(row["mac"].lower(), address, row["subnet_mask"], row["gateway"], row["evpn_id"])
