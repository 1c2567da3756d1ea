"""The node that is measured on: Open vSwitch with VRS's tables, its bridge, and the ports that are there already."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable
from nuage_chain.vrs import rows
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.operations import named, select
from nuage_chain.vrs.switch import Switch
from nuage_chain.vsp import daemons, place
from nuage_chain.vsp.databases import create_databases, run_tool
from nuage_chain.vsp.layout import BRIDGE, Layout, layout_of, prepare
from nuage_chain.vsp.processes import Daemon, pid_of, start
from nuage_chain.vsp.settings import Settings

ROOT = Path(__file__).parents[2]
# Where Open vSwitch's own socket is: a peer that is told nothing else looks there.
SYSTEM_RUNDIR = Path("/var/run/openvswitch")
NEIGHBOURS = "neighbours"


@dataclass
class Node:
    """Everything that runs. others: further bridges, for peers that want one of their own. ports: on each bridge."""

    layout: Layout
    datapath: str
    others: Sequence[str] = ()
    ports: int = 0
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def ovsdb(self) -> str:
        """The remote of the switch's database."""
        return f"unix:{self.layout.ovsdb_socket}"

    def fill(self, ports: int) -> None:
        """Brings each bridge to so many ports, and returns when vswitchd has them all.

        Each is one end of a veth pair whose other end is up in a namespace, and has the rows of one of our
        attachments, as on a node with so many containers. IPv6 is off on it, as ADD does it.
        """
        names = [f"{bridge[:6]}-{n}" for n in range(self.ports, ports) for bridge in (BRIDGE, *self.others)]
        if names:
            _make_pairs(names)
            self._plug(range(self.ports, ports))
            self._wait_for_ofports()
        self.ports = max(self.ports, ports)

    def _plug(self, numbers: range) -> None:
        connection = Connection(self.ovsdb)
        try:
            for bridge in (BRIDGE, *self.others):
                switch = Switch(connection, bridge)
                for n in numbers:
                    switch.plug(_neighbour(bridge, n), Deadline(10))
        finally:
            connection.close()

    def _wait_for_ofports(self, seconds: float = 300) -> None:
        connection, deadline = Connection(self.ovsdb), Deadline(seconds)
        try:
            while connection.transact([select("Interface", named_empty("ofport"), "name")], deadline)[0]["rows"]:
                time.sleep(0.1)
        finally:
            connection.close()


def named_empty(column: str) -> list[object]:
    """The condition that an optional column has no value."""
    return [[column, "==", ["set", []]]]


def start_node(state: Path, delays: Sequence[int], others: Sequence[str]) -> Node:
    """Open vSwitch and the stand-in for VSD and VRS. delays: milliseconds; each has a VSD at a port of its own.

    Raises NotAvailable, DeadlineExceeded.
    """
    layout, deadline = layout_of(state), Deadline(30)
    prepare(layout)
    node = Node(layout, place.choose_datapath(set()), others)
    settings = Settings(None, False, node.datapath, "benchmark", 0, 0, controller=False)
    environment = layout.environment(dict(os.environ)) | {"PYTHONPATH": str(ROOT)}
    create_databases(layout, settings, environment, deadline)
    SYSTEM_RUNDIR.mkdir(parents=True, exist_ok=True)
    (SYSTEM_RUNDIR / "db.sock").symlink_to(layout.ovsdb_socket)
    database, switch = daemons.databases(layout, settings)[0], daemons.switch(layout, settings)
    _begin(node, [database], environment, deadline)
    run_tool(_configure(node), environment, deadline)
    _begin(node, [switch, _stand_in(layout, delays)], environment, deadline)
    _wait_for_master(node, environment, deadline)
    return node


def _begin(node: Node, parts: Sequence[Daemon], environment: dict[str, str], deadline: Deadline) -> None:
    for part in parts:
        start(part, environment, (), deadline)()
        node.pids[part.name] = pid_of(part) or 0


def _stand_in(layout: Layout, delays: Sequence[int]) -> Daemon:
    name = "stand-in"
    pidfile = layout.pidfile(name)
    argv = (sys.executable, "-B", "-m", "benchmarks.lib.standin", "--state", str(layout.state))
    return Daemon(
        name,
        (*argv, "--pidfile", str(pidfile), *map(str, delays)),
        pidfile,
        layout.log_of(name),
        detaches=False,
    )


def _configure(node: Node) -> list[str]:
    bridges = [
        word
        for bridge in (BRIDGE, *node.others)
        for word in ("--", "add-br", bridge, "--", "set", "Bridge", bridge, f"datapath_type={node.datapath}")
    ]
    controller = f"unix:{node.layout.controller_socket}"
    return [
        *("ovs-vsctl", f"--db={node.ovsdb}", "--timeout=5", "--no-wait", "init", *bridges),
        *("--", "set", "Bridge", BRIDGE, "fail_mode=secure", "--", "set-controller", BRIDGE, controller),
    ]


def _wait_for_master(node: Node, environment: dict[str, str], deadline: Deadline) -> None:
    """STATUS asks for the controller's role, which vswitchd writes every 5 s, and when that interval is changed."""
    connection = Connection(node.ovsdb)
    try:
        for interval in range(5001, 6000):
            if connection.transact([select("Controller", named("master", "role"), "role")], deadline)[0]["rows"]:
                return
            interval_key = f"other_config:stats-update-interval={interval}"
            run_tool(
                ["ovs-vsctl", f"--db={node.ovsdb}", "--no-wait", "set", "Open_vSwitch", ".", interval_key],
                environment,
                deadline,
            )
            time.sleep(0.1)
    finally:
        connection.close()
    raise NotAvailable("The switch has not made the stand-in its master controller.")


def _make_pairs(names: Sequence[str]) -> None:
    if not (Path("/run/netns") / NEIGHBOURS).exists():
        run_batch([f"netns add {NEIGHBOURS}"])
    run_batch([f"link add {name} type veth peer name {name} netns {NEIGHBOURS}" for name in names])
    for name in names:
        Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
    run_batch([f"link set {name} up" for name in names])
    run_batch([f"link set {name} up" for name in names], "-n", NEIGHBOURS)


def run_batch(lines: Sequence[str], *options: str) -> None:
    """Commands for `ip`, all by one process. Raises NotAvailable with its words."""
    done = subprocess.run(
        ["ip", *options, "-batch", "-"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise NotAvailable(f"`ip -batch` failed: {done.stderr.strip()}")


def _neighbour(bridge: str, number: int) -> rows.Port:
    name = f"{bridge[:6]}-{number}"
    container = f"neighbour-{name}"
    marks = {rows.CONTAINER: container, rows.IFNAME: "eth0", rows.NETWORK: "neighbours", rows.CALL: "0" * 16}
    return rows.Port(
        name=name,
        mac=f"02:00:00:{ord(bridge[0]) & 0xFF:02x}:{number >> 8:02x}:{number & 0xFF:02x}",
        bridge=bridge,
        uuid=container.encode().hex().ljust(64, "0")[-64:],
        vm_name=container,
        platform=4,
        marks=marks,
    )
