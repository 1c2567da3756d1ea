"""VRS of a node: Open vSwitch as the distribution starts it, with the Nuage tables, and a controller that is master."""

from __future__ import annotations

import shutil
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.vrs import rows, whole
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.rows import Port
from nuage_chain.vrs.whole import NOTHING, Whole
from nuage_chain.vsp.databases import SWITCH_SCHEMA, extended_schema
from nuage_chain.vsp.resolver import openflow
from tests.integration.systemd.node import Node

BRIDGE = "alubr0"
_FOLDER = Path("/usr/local/lib/vrs")
_CONTROLLER = """\
import asyncio
import time
from pathlib import Path

from openflow import Controller


async def serve():
    await Controller(lambda: None, time.time_ns).listen(Path("/run/openvswitch/alubr0.controller"))
    await asyncio.Event().wait()


asyncio.run(serve())
"""
_UNIT = f"""\
[Unit]
Description=What plays VSC
After=ovsdb-server.service
Before=ovs-vswitchd.service
DefaultDependencies=no

[Service]
ExecStart=/usr/bin/python3 -B {_FOLDER}/controller.py

[Install]
WantedBy=multi-user.target
"""


class Vrs:
    """What is prepared before the node boots, and what is done to it while it runs."""

    def __init__(self, node: Node) -> None:
        self._node = node
        # The distribution's script converts the database to whatever schema is there.
        schema = node.at(SWITCH_SCHEMA)
        schema.write_text(extended_schema(schema.read_text()))
        node.at(_FOLDER).mkdir(parents=True)
        shutil.copy(openflow.__file__, node.at(_FOLDER))
        node.at(_FOLDER / "controller.py").write_text(_CONTROLLER)
        node.at("/etc/systemd/system/vrs-controller.service").write_text(_UNIT)

    def prepare(self) -> None:
        """The controller runs, from here on and after each boot."""
        self._node.sh("systemctl", "enable", "--quiet", "--now", "vrs-controller.service")

    def up(self) -> None:
        """From here on, and after each boot, the switch forwards and has its controller."""
        self._node.sh(
            *("ovs-vsctl", "add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev"),
            # vswitchd takes a socket of this machine only where it keeps its own, and by this path.
            *("--", "set-controller", BRIDGE, f"unix:/var/run/openvswitch/{BRIDGE}.controller"),
            *("--", "set", "controller", BRIDGE, "max_backoff=1000"),
        )

    def plant(self, name: str, *, boot: str, netns: str = "", container: str = "") -> Port:
        """An attachment as an ADD leaves it in OVSDB. boot: the ID of the boot of that ADD. name: of its host end."""
        marks = {
            rows.CONTAINER: container or f"container-of-{name}",
            rows.IFNAME: "eth0",
            rows.NETWORK: "nuage",
            rows.NETNS: netns,
            rows.BOOT: boot,
            rows.CALL: "0" * 16,
        }
        port = Port(name, "02:00:00:00:00:01", BRIDGE, name.encode().hex().ljust(64, "0"), name, 4, marks=marks)
        connection = self._connection()
        try:
            whole.put_back(connection, port, NOTHING, Deadline(10))
        finally:
            connection.close()
        return port

    def unplug(self, name: str) -> None:
        """As a DEL leaves it."""
        self._node.sh("ovs-vsctl", "--if-exists", "del-port", name)
        connection = self._connection()
        try:
            tables = (("Nuage_Port_Table", "name"), ("Nuage_VM_Table", "vm_name"))
            deletions = [{"op": "delete", "table": t, "where": [[column, "==", name]]} for t, column in tables]
            connection.transact(deletions, Deadline(10))
        finally:
            connection.close()

    def whole(self) -> Whole:
        """All that is attached."""
        connection = self._connection()
        try:
            return whole.whole(connection, BRIDGE, Deadline(10))
        finally:
            connection.close()

    def names(self) -> set[str]:
        """The host ends of what is attached, and of rows without a port."""
        found = self.whole()
        return {seen.name for seen in found.ours.values()} | set(found.lone)

    def _connection(self) -> Connection:
        return Connection(f"unix:{self._node.inside('/run/openvswitch/db.sock')}")
