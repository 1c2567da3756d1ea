"""Looks at a real ovsdb-server, where the test plays the switch."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.vrs import rows
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.sight import VSWITCHD_LOCK, Row, Tunnel
from nuage_chain.vrs.switch import Plugged, Switch
from tests.integration.vrs.ovsdb_server import Ovsdb

PORT = rows.Port(
    name="veth1", mac="7A:42:11:22:33:44", bridge="alubr0", uuid="ab" * 32, vm_name="web-1", platform=4,
    marks={rows.CONTAINER: "c1", rows.IFNAME: "eth0", rows.NETWORK: "net"},
)  # fmt: skip


@pytest.fixture
def connection(ovsdb: Ovsdb) -> Iterator[Connection]:
    opened = Connection(ovsdb.remote)
    yield opened
    opened.close()


def plugged(switch: Switch) -> Plugged:
    switch.plug(PORT, Deadline(5))
    found = switch.find("c1", "eth0", Deadline(5))
    assert found is not None
    return found


def test_a_lock_is_seen_while_another_client_holds_it_and_is_never_kept(ovsdb: Ovsdb, connection: Connection) -> None:
    assert [connection.is_locked(VSWITCHD_LOCK, Deadline(5)) for _ in range(2)] == [False, False]
    holder = subprocess.Popen(["ovsdb-client", "lock", ovsdb.remote, VSWITCHD_LOCK], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert b"true" in holder.stdout.readline(), "it got the lock although it was looked at before"
        assert connection.is_locked(VSWITCHD_LOCK, Deadline(5))
    finally:
        holder.kill()
        holder.communicate()
    until = Deadline(10)
    while connection.is_locked(VSWITCHD_LOCK, Deadline(5)):
        until.left("the server to let the lock go")


def test_health_is_lock_bridge_and_role(ovsdb: Ovsdb, switch: Switch) -> None:
    health = switch.health(Deadline(5))
    assert (health.runs, health.bridge, health.master) == (False, True, False)
    for role, master in (("slave", False), ("master", True)):
        row = {"target": f"tcp:192.0.2.{len(role)}", "role": role}
        ovsdb.transact(
            {"op": "insert", "table": "Controller", "row": row, "uuid-name": "c"},
            {"op": "update", "table": "Bridge", "where": [], "row": {"controller": ["named-uuid", "c"]}},
        )
        assert switch.health(Deadline(5)).master is master


def test_a_port_is_seen_as_far_as_it_has_come(ovsdb: Ovsdb, switch: Switch) -> None:
    port = plugged(switch)
    seen = switch.look(port, Deadline(5))
    assert (seen.datapath, seen.ofport, seen.error, seen.in_vm_row) == ("netdev", None, "", True)
    assert seen.row == Row("7a:42:11:22:33:44", "", "", "", 0)
    ovsdb.update("Interface", "veth1", ofport=-1, error="could not open network device veth1")
    ovsdb.update("Nuage_Port_Table", "veth1", ip_addr="0.0.0.0")  # noqa: S104 - what VRS writes first
    seen = switch.look(port, Deadline(5))
    assert (seen.ofport, seen.error) == (-1, "could not open network device veth1")
    assert seen.row is not None
    assert seen.row.address == ""


def test_what_is_gone_is_seen_as_gone(ovsdb: Ovsdb, switch: Switch) -> None:
    port = plugged(switch)
    ovsdb.transact(
        {"op": "update", "table": "Bridge", "where": [], "row": {"ports": ["set", []]}},
        {"op": "delete", "table": "Nuage_Port_Table", "where": []},
        {"op": "delete", "table": "Nuage_VM_Table", "where": []},
    )
    seen = switch.look(port, Deadline(5))
    assert (seen.datapath, seen.ofport, seen.row, seen.in_vm_row) == (None, None, None, False)


def interface(name: str, kind: str, options: dict[str, str], status: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "type": kind, "options": rows.as_map(options), "status": rows.as_map(status)}


UNDER0 = {"tunnel_egress_iface": "under0"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (interface("t", "geneve", {"remote_ip": "192.0.2.2"}, UNDER0), [Tunnel("t", "geneve", "under0", False, False)]),
        (interface("t", "vxlan", {"remote_ip": "2001:db8::2"}, UNDER0), [Tunnel("t", "vxlan", "under0", True, False)]),
        (interface("t", "vxlan", {"remote_ip": "192.0.2.2", "df_default": "false"}, UNDER0),
         [Tunnel("t", "vxlan", "under0", False, True)]),
        (interface("t", "vxlan", {"remote_ip": "flow"}, {}), []),
        (interface("t", "internal", {}, {"driver_name": "tun"}), []),
    ],
)  # fmt: skip
def test_a_tunnel_is_known_where_it_leaves_the_node_and_only_on_our_bridge(
    ovsdb: Ovsdb, switch: Switch, row: dict[str, Any], expected: list[Tunnel]
) -> None:
    ovsdb.transact(
        {"op": "insert", "table": "Interface", "row": row, "uuid-name": "i"},
        {"op": "insert", "table": "Port", "row": {"name": "t", "interfaces": ["named-uuid", "i"]}, "uuid-name": "p"},
        {"op": "update", "table": "Bridge", "where": [], "row": {"ports": ["named-uuid", "p"]}},
    )
    assert switch.tunnels(Deadline(5)) == (expected, None)
    assert Switch(Connection(ovsdb.remote), "another").tunnels(Deadline(5))[0] == []


def test_the_mtu_request_is_that_of_the_bridges_own_interface(ovsdb: Ovsdb, switch: Switch) -> None:
    row = {"name": "alubr0", "type": "internal", "mtu_request": 1400}
    ovsdb.transact(
        {"op": "insert", "table": "Interface", "row": row, "uuid-name": "i"},
        {"op": "insert", "table": "Port", "row": {"name": "t", "interfaces": ["named-uuid", "i"]}, "uuid-name": "p"},
        {"op": "update", "table": "Bridge", "where": [], "row": {"ports": ["named-uuid", "p"]}},
    )
    assert switch.tunnels(Deadline(5)) == ([], 1400)
