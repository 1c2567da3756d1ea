"""The lab: one embedded VSP for all tests, containers that are network namespaces, and a look at what is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nuage_chain.attachment.journal import Journal
from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.network import Runtime
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.link import veth
from nuage_chain.link.netns import inside
from nuage_chain.vrs.connection import Connection
from nuage_chain.vsd.session import Session
from nuage_chain.vsp import node, plugin_config, topology
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.processes import log_tail

ROOT = Path(__file__).parents[2]
EXECUTABLE = Path(sys.prefix) / "cni" / "nuage-chain"
PLUGIN_DIRS = [EXECUTABLE.parent, Path("/usr/lib/cni"), Path("/opt/cni/bin")]
NOTHING = {
    "journal": 0, "ports": 0, "port rows": 0, "VM rows": 0, "containers": 0, "vPorts": 0, "veths": 0, "addresses": 0,
}  # fmt: skip


@dataclass
class Container:
    """A container, which for CNI is an ID and a network namespace."""

    name: str
    id: str
    args: dict[str, str] = field(default_factory=dict)

    @property
    def netns(self) -> str:
        return f"/run/netns/{self.name}"

    def sh(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            ["nsenter", f"--net={self.netns}", "--", *command], capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def pings(self, address: str) -> bool:
        done = subprocess.run(
            ["nsenter", f"--net={self.netns}", "--", "ping", "-c1", "-W2", address], capture_output=True, check=False
        )
        return done.returncode == 0

    def addresses(self, ifname: str = "eth0") -> list[str]:
        """Global addresses with their prefixes."""
        found = json.loads(self.sh("ip", "-j", "address", "show", "dev", ifname))
        return [f"{a['local']}/{a['prefixlen']}" for a in found[0]["addr_info"] if a["scope"] == "global"]

    def listen(self, address: str, port: int = 7000) -> socket.socket:
        def work() -> socket.socket:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            return socket.create_server((address, port), family=family)

        return inside(self.netns, work, 5)

    def connect(self, address: str, port: int = 7000, seconds: float = 5) -> socket.socket:
        return inside(self.netns, lambda: socket.create_connection((address, port), seconds), seconds + 1)


@dataclass
class Plugin:
    """What one call of the executable gave."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        return document


def _host_ends(container: Container) -> list[str]:
    found = []
    for ifname in ("eth0", "eth1"):
        with contextlib.suppress(NuageChainError):
            found.append(veth.find(container.netns, ifname, 5).host.name)
    return found


class Lab:
    """This network namespace as a node: the VSP, its configuration file, the runtime side, containers."""

    def __init__(self, state: Path, cache: Path) -> None:
        # /etc is this run's own (scripts/lib/private.sh); VSD's certificate does not have this name.
        with open("/etc/hosts", "a") as hosts:
            hosts.write("127.0.0.1 vsd.example\n")
        self.cache, self.addresses, self.state = cache, cache / "networks", state
        self.containers: list[Container] = []
        self.runtime = Runtime(PLUGIN_DIRS, cache, environment={"PATH": os.environ["PATH"]})
        self.start()

    def start(self) -> None:
        up = node.up(self.state, environment=os.environ, deadline=Deadline(60))
        self.layout, self.settings = up.layout, up.settings
        self.config = plugin_config.write(up.layout, up.settings)
        self.access = access_of(up.layout, up.settings)
        self.vsd = Session(self.access)
        self.seed(topology.DEMO)

    def renew(self) -> None:
        """Starts from nothing: the VSP's databases, the host's veths, the stores of the runtime and of host-local."""
        self.close()
        for _, name in socket.if_nameindex():
            if name.startswith("veth"):
                subprocess.run(["ip", "link", "delete", name], check=False, capture_output=True)
        for folder in (self.addresses, self.journal.folder):
            shutil.rmtree(folder, ignore_errors=True)
        self.forget_results()
        self.start()

    def forget_results(self) -> None:
        """A test that calls the executable by itself leaves the cached result of its ADD."""
        shutil.rmtree(self.cache / "results", ignore_errors=True)

    def close(self) -> None:
        self.vsd.close()
        node.down(self.layout.state, environment=os.environ, deadline=Deadline(60), purge=True)

    def seed(self, wanted: dict[str, Any]) -> None:
        topology.seed(self.vsd, wanted, Deadline(60))

    def container(self, name: str, container_id: str | None = None, **args: str) -> Container:
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        self.containers.append(Container(name, container_id or f"id-{name}", args))
        return self.containers[-1]

    def remove(self, container: Container) -> None:
        hosts = _host_ends(container)
        subprocess.run(["ip", "netns", "delete", container.name], check=False, capture_output=True)
        until = time.monotonic() + 3
        # The kernel takes a namespace's links away only a moment after its name.
        while any(veth.current(host) for host in hosts) and time.monotonic() < until:
            time.sleep(0.005)
        if container in self.containers:
            self.containers.remove(container)

    def network(self, file: str, **changes: Any) -> conflist.Network:
        """A list of conflists/, as it is there but for where this lab's files are, and for `changes` to our entry."""
        path = ROOT / "conflists" / file
        whole = json.loads(path.read_text())
        for entry in whole.get("plugins", []):
            if entry["type"] == "nuage-chain":
                entry.update({"configFile": str(self.config), **changes})
            if entry.get("ipam", {}).get("type") == "host-local":
                entry["ipam"]["dataDir"] = str(self.addresses)
        return conflist.parse(json.dumps(whole).encode(), path)

    def attachment(self, container: Container, ifname: str = "eth0", **capabilities: Any) -> Attachment:
        args = {"IgnoreUnknown": "1", **container.args}
        return Attachment(container.id, container.netns, ifname, list(args.items()), capabilities)

    def attach(
        self, container: Container, file: str = "10-nuage.conflist", ifname: str = "eth0", **changes: Any
    ) -> dict[str, Any]:
        return self.runtime.add_or_clean(
            self.network(file, **changes), self.attachment(container, ifname), Deadline(60)
        )

    def detach(
        self, container: Container, file: str = "10-nuage.conflist", ifname: str = "eth0", **changes: Any
    ) -> None:
        self.runtime.delete(self.network(file, **changes), self.attachment(container, ifname), Deadline(60))

    def veth(self, container: Container, file: str = "10-nuage.conflist", ifname: str = "eth0") -> dict[str, Any]:
        """The result of the plugins before ours: prevResult for calls of the executable alone."""
        network = self.network(file)
        before = json.loads(network.raw)
        before["plugins"] = before["plugins"][:1]
        first = conflist.parse(json.dumps(before).encode(), Path(network.source))
        return self.runtime.add(first, self.attachment(container, ifname), Deadline(30))

    def unveth(self, container: Container, file: str = "10-nuage.conflist", ifname: str = "eth0") -> None:
        network = self.network(file)
        before = json.loads(network.raw)
        before["plugins"] = before["plugins"][:1]
        first = conflist.parse(json.dumps(before).encode(), Path(network.source))
        self.runtime.delete(first, self.attachment(container, ifname), Deadline(30))

    def entry(self, previous: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Our plugin's configuration as a runtime passes it on standard input."""
        network = self.network("10-nuage.conflist", **changes)
        ours = next(p.config for p in network.plugins if p.type == "nuage-chain")
        config = {**ours, "name": network.name, "cniVersion": network.version}
        return config if previous is None else config | {"prevResult": previous}

    def environment(self, verb: str, container: Container, ifname: str = "eth0") -> dict[str, str]:
        return {
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": container.id,
            "CNI_NETNS": container.netns,
            "CNI_IFNAME": ifname,
            "CNI_PATH": ":".join(map(str, PLUGIN_DIRS)),
            "CNI_ARGS": ";".join(f"{k}={v}" for k, v in {"IgnoreUnknown": "1", **container.args}.items()),
        }

    def call(self, environ: dict[str, str], stdin: bytes | dict[str, Any], seconds: float = 60) -> Plugin:
        """Runs the executable as a runtime does, with that environment and nothing else."""
        given = stdin if isinstance(stdin, bytes) else json.dumps(stdin).encode()
        done = subprocess.run([EXECUTABLE], env=environ, input=given, capture_output=True, timeout=seconds, check=False)
        return Plugin(done.returncode, done.stdout.decode(), done.stderr.decode())

    @property
    def journal(self) -> Journal:
        """The one of the executable, and of every verb that runs in this process."""
        return Journal(Path("/var/lib/nuage-chain/journal"), Path("/run/nuage-chain"))

    def rows(self, table: str) -> list[dict[str, Any]]:
        connection = Connection(f"unix:{self.layout.ovsdb_socket}")
        try:
            rows: list[dict[str, Any]] = connection.transact(
                [{"op": "select", "table": table, "where": []}], Deadline(5)
            )[0]["rows"]
        finally:
            connection.close()
        return rows

    def vsd_objects(self, collection: str) -> list[dict[str, Any]]:
        if collection != "vports":
            return self.vsd.get(collection, Deadline(10))
        domains = self.vsd.get("domains", Deadline(10))
        return [p for d in domains for p in self.vsd.get(f"domains/{d['ID']}/vports", Deadline(10))]

    def left(self) -> dict[str, int]:
        """How much there is of attachments: in the journal, the switch, VRS's tables, VSD, the kernel, host-local."""
        links = [n for _, n in socket.if_nameindex() if n.startswith("veth")]
        return {
            "journal": len(self.journal.records()),
            "ports": len([r for r in self.rows("Port") if r["name"] != "alubr0"]),
            "port rows": len(self.rows("Nuage_Port_Table")),
            "VM rows": len(self.rows("Nuage_VM_Table")),
            "containers": len(self.vsd_objects("containers")),
            "vPorts": len(self.vsd_objects("vports")),
            "veths": len(links),
            "addresses": len([f for f in self.addresses.glob("*/*.*.*.*") if f.is_file()]),
        }

    def logs(self) -> str:
        """The end of what each daemon has said."""
        ends = {log.name: log_tail(log, 25) for log in sorted(self.layout.log.glob("*.log"))}
        return "\n".join(f"--- {name}\n{end}" for name, end in ends.items())

    def clean(self) -> bool:
        """Whether all of it runs, can be asked, and has nothing of an attachment."""
        try:
            return node.runs(self.layout) and self.left() == NOTHING
        except NuageChainError:
            return False

    def settle(self, expected: dict[str, int], seconds: float = 3) -> None:
        """Waits until there is as much as `expected`: in `metadata` activation the VSP cleans up VSD a moment later."""
        until = time.monotonic() + seconds
        while self.left() != expected and time.monotonic() < until:
            time.sleep(0.05)
        left = self.left()
        assert left == expected, (left, expected)
