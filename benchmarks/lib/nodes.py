"""An embedded VSP of many nodes that grows, and containers on it, attached as a runtime does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.lib.switch import ROOT
from nuage_chain.cli import nodes as on_nodes
from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.network import Runtime
from nuage_chain.deadline import Deadline
from nuage_chain.vsd.session import Session
from nuage_chain.vsp import cluster, daemons, place, plugin_config, topology
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.node import Up
from nuage_chain.vsp.processes import pid_of

PLUGINS = [Path(sys.prefix) / "cni", Path("/usr/lib/cni"), Path("/opt/cni/bin")]
_CALL_SECONDS = 120.0

# Room for some 16,000 containers in one subnet.
TOPOLOGY = {
    "enterprises": [
        {
            "name": "Acme",
            "domains": [
                {"name": "Shop", "zones": [{"name": "front", "subnets": [{"name": "web", "cidr": "10.64.0.0/18"}]}]}
            ],
        }
    ]
}


@dataclass(frozen=True)
class Container:
    """One of them: a namespace, its node and its address."""

    name: str
    node: int
    address: str


@dataclass
class Nodes:
    """The centre and the nodes so far."""

    state: Path
    made: dict[int, Up] = field(default_factory=dict)
    centre: Up | None = None
    containers: list[Container] = field(default_factory=list)

    def grow(self, count: int) -> float:
        """Up to so many nodes; the seconds that it took."""
        begin = time.monotonic()
        up = cluster.up(self.state, count, environment=os.environ, deadline=Deadline(60 + 15 * count))
        took = time.monotonic() - begin
        for number, node in up.nodes.items():
            if number not in self.made:
                plugin_config.write(node.layout, node.settings)
                on_nodes.write_executable(node.layout)
        self.centre, self.made = up.centre, dict(up.nodes)
        return took

    def seed(self) -> None:
        """The one subnet that all containers are in."""
        assert self.centre is not None  # noqa: S101 - grow comes first
        session = Session(access_of(self.centre.layout, self.centre.settings))
        place.inside(self.centre.settings.netns, lambda: topology.seed(session, TOPOLOGY, Deadline(60)), 60)

    def pids(self) -> Mapping[str, list[int]]:
        """The processes of all nodes and of the centre, by what they are."""
        assert self.centre is not None  # noqa: S101 - as above
        found: dict[str, list[int]] = {}
        for up in (self.centre, *self.made.values()):
            for daemon in daemons.all_of(up.layout, up.settings):
                pid = pid_of(daemon)
                if pid is not None:
                    found.setdefault(daemon.name, []).append(pid)
        return found

    def attach(self, node: int) -> float:
        """One more container on that node; the seconds that its ADD took, of the whole list of plugins."""
        name = f"c{len(self.containers)}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        up = self.made[node]
        network = self._network(up)
        folders = [plugin_config.programs(up.layout), *PLUGINS]
        runtime = Runtime(folders, plugin_config.cache(up.layout), environment={"PATH": os.environ["PATH"]})
        attachment = Attachment(name, f"/run/netns/{name}", "eth0", [("IgnoreUnknown", "1")])
        begin = time.monotonic()
        result = place.inside(
            up.settings.netns, lambda: runtime.add(network, attachment, Deadline(_CALL_SECONDS)), _CALL_SECONDS
        )
        took = time.monotonic() - begin
        self.containers.append(Container(name, node, result["ips"][0]["address"].partition("/")[0]))
        return took

    def down(self) -> None:
        """All of it."""
        for container in self.containers:
            subprocess.run(["ip", "netns", "delete", container.name], check=False)
        cluster.down(self.state, environment=os.environ, deadline=Deadline(300), purge=True)

    def _network(self, up: Up) -> conflist.Network:
        path = ROOT / "conflists" / "10-nuage.conflist"
        whole = json.loads(path.read_text())
        for entry in whole["plugins"]:
            if entry["type"] == "nuage-chain":
                entry["configFile"] = str(plugin_config.config_file(up.layout))
        return conflist.parse(json.dumps(whole).encode(), path)


def pings(source: Container, target: Container) -> float | None:
    """Milliseconds of the best of five; None where none is answered."""
    argv = ["nsenter", f"--net=/run/netns/{source.name}", "ping", "-q", "-c5", "-i0.2", "-W1", target.address]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    return float(last.split(" = ")[1].split("/")[0]) if done.returncode == 0 and "min/avg" in last else None
