"""A real VSP in a network namespace of its own, and containers that are network namespaces."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import os
import signal
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.link.offload import set_tx_checksum
from nuage_chain.vrs.connection import Connection
from nuage_chain.vsd.names import find_subnet
from nuage_chain.vsd.workload import InterfaceSpec, Registration, Workload, deregister, register
from nuage_chain.vsp import daemons, node, place, processes, status
from nuage_chain.vsp.layout import Layout, layout_of
from nuage_chain.vsp.ovsdb import decoded
from nuage_chain.vsp.sessions import Sessions
from nuage_chain.vsp.settings import Settings, load_settings
from nuage_chain.vsp.topology import DEMO, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nuage_chain.vsd.session import Session
    from nuage_chain.vsp.processes import Daemon

T = TypeVar("T")
SECONDS = 20.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Container:
    """A network namespace with one end of a veth pair; the other end, `port`, is in the node's namespace."""

    netns: str
    port: str
    mac: str
    uuid: str


@dataclass(frozen=True)
class Row:
    address: str
    netmask: str
    gateway: str
    vrf_id: int
    evpn_id: int


class Lab:
    """One VSP and what a test does with it."""

    def __init__(self, state: Path, netns: str) -> None:
        self.state = state
        self.netns = netns
        self.outside = False
        self.mtu = 1500
        self.environment = dict(os.environ)
        self.layout: Layout = layout_of(state)
        self._containers: list[Container] = []
        self._session: Session | None = None
        self._ovsdb = Connection(f"unix:{self.layout.ovsdb_socket}")

    # --- the VSP as a whole

    def up(self) -> node.Up:
        self.hang_up()
        return node.up(
            self.state,
            environment=self.environment,
            deadline=Deadline(SECONDS),
            netns=self.netns,
            wishes=node.Wishes(outside=self.outside),
        )

    def hang_up(self) -> None:
        """Before databases are started anew, or namespaces go: what is open is opened again when it is needed."""
        self._ovsdb.close()
        if self._session is not None:
            self._session.close()
            self._session = None

    def down(self, *, purge: bool = False) -> bool:
        return node.down(self.state, environment=self.environment, deadline=Deadline(SECONDS), purge=purge)

    def status(self) -> status.Status:
        return status.status(self.state, environment=self.environment, deadline=partial(Deadline, SECONDS))

    @property
    def settings(self) -> Settings:
        settings = load_settings(self.layout)
        assert settings is not None
        return settings

    def daemon(self, name: str) -> Daemon:
        return next(d for d in daemons.all_of(self.layout, self.settings) if d.name == name)

    def kill(self, name: str) -> None:
        pid = processes.pid_of(self.daemon(name))
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        self.wait_for(lambda: processes.pid_of(self.daemon(name)) is None)

    def stop(self, name: str) -> None:
        assert processes.stop(self.daemon(name), self.environment, Deadline(SECONDS))

    def start(self, name: str) -> None:
        self.hang_up()
        environment = self.layout.environment(self.environment)
        processes.start(self.daemon(name), environment, place.prefix(self.netns), Deadline(SECONDS))()

    def processes_left(self) -> list[str]:
        """Command lines of whatever still runs with this state directory in it."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode() if entry.name.isdigit() else ""
                if f"{self.state}/" in command:
                    found.append(command)
        return found

    def wait_for(self, happened: Callable[[], T | None], seconds: float = 10.0) -> T:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if outcome := happened():
                return outcome
            time.sleep(0.01)
        raise AssertionError(f"it did not happen within {seconds} s; the resolver says:\n{self.resolver_log()}")

    def resolver_log(self) -> str:
        log = self.layout.log_of("resolver")
        return log.read_text() if log.exists() else "(it does not run here)"

    # --- VSD

    def vsd(self, work: Callable[[Session], T]) -> T:
        """What `work` returns with a session that speaks from inside the node's namespace."""
        if self._session is None:
            self._session = Sessions(self.layout, self.settings).own()
        session = self._session
        return place.inside(self.netns, lambda: work(session), SECONDS)

    def seed(self, topology: dict[str, Any] = DEMO) -> list[str]:
        return self.vsd(lambda s: seed(s, topology, Deadline(SECONDS)))

    def get(self, path: str, filter: str | None = None) -> list[dict[str, Any]]:  # noqa: A002 - VSD's word
        return self.vsd(lambda s: s.get(path, Deadline(SECONDS), filter=filter))

    def register(
        self, container: Container, place_name: str, *, address: str | None = None, spoofing: str = "INHERITED"
    ) -> Registration:
        """Split activation's REST half; place_name: domain/zone/subnet of Acme."""
        domain, zone, subnet = place_name.split("/")
        spec = InterfaceSpec(
            container.port, container.mac, f"{container.uuid}/eth0@test", address=address, spoofing=spoofing
        )
        workload = Workload(container.uuid, container.netns, f"{container.uuid}@test")

        def work(session: Session) -> Registration:
            deadline = Deadline(SECONDS)
            return register(
                session, find_subnet(session, "Acme", domain, zone, subnet, deadline), workload, spec, deadline
            )

        return self.vsd(work)

    def deregister(self, made: Registration) -> None:
        self.vsd(
            lambda s: deregister(
                s,
                container_id=made.container_id,
                vport_id=made.vport_id,
                interface_id=made.interface_id,
                last=True,
                deadline=Deadline(SECONDS),
            )
        )

    # --- containers and rows

    def container(self) -> Container:
        """A new container whose veth is not plugged in yet."""
        number = next(_numbers)
        mac = f"7a:42:00:00:{number >> 8:02x}:{number & 255:02x}"
        return self._made(number, mac, (uuid.uuid4().hex * 2)[:64])

    def container_like(self, other: Container) -> Container:
        """A namespace for a container that comes here from another node: UUID and MAC are the same."""
        return self._made(next(_numbers), other.mac, other.uuid)

    def _made(self, number: int, mac: str, container_id: str) -> Container:
        netns, port = f"{self.netns}-c{number}", f"nu{number:04d}"
        run("ip", "netns", "add", netns)
        made = Container(netns, port, mac, container_id)
        self._containers.append(made)
        run("ip", "-n", self.netns, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", netns)
        run("ip", "-n", netns, "link", "set", "eth0", "address", made.mac, "mtu", str(self.mtu))
        for namespace, link in ((netns, "lo"), (netns, "eth0"), (self.netns, port)):
            run("ip", "-n", namespace, "link", "set", link, "up")
        place.inside(netns, lambda: set_tx_checksum("eth0", on=False), SECONDS)
        return made

    def plug(
        self,
        container: Container,
        *,
        place_name: str | None = None,
        metadata: dict[str, str] | None = None,
        user: str = "",
    ) -> None:
        """Port, interface and both rows in one transaction; in metadata mode when place_name is given."""
        self.transact(plug_operations(container, place_name, metadata or {}, user))

    def unplug(self, container: Container) -> None:
        named = [["name", "==", container.port]]
        found = self.transact([{"op": "select", "table": "Port", "where": named, "columns": ["_uuid"]}])[0]["rows"]
        gone = ["ports", "delete", ["set", [row["_uuid"] for row in found]]]
        self.transact(
            [
                {"op": "delete", "table": "Nuage_VM_Table", "where": [["vm_uuid", "==", container.uuid]]},
                {"op": "delete", "table": "Nuage_Port_Table", "where": named},
                {"op": "mutate", "table": "Bridge", "where": [["name", "==", "alubr0"]], "mutations": [gone]},
                _bump(),
            ]
        )

    def transact(self, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return self._ovsdb.transact(operations, Deadline(SECONDS))

    def row(self, container: Container) -> Row | None:
        """The port's row once it is filled."""
        columns = ["ip_addr", "subnet_mask", "gateway", "vrf_id", "evpn_id"]
        where = [["name", "==", container.port]]
        select = {"op": "select", "table": "Nuage_Port_Table", "where": where, "columns": columns}
        found = self.transact([select])[0]["rows"]
        return Row(*(found[0][c] for c in columns)) if found and found[0]["ip_addr"] else None

    def resolved(self, container: Container, seconds: float = 10.0) -> Row:
        return self.wait_for(lambda: self.row(container), seconds)

    def configure(self, container: Container, row: Row) -> None:
        prefix = ipaddress.IPv4Network(f"0.0.0.0/{row.netmask}").prefixlen
        run("ip", "-n", container.netns, "address", "add", f"{row.address}/{prefix}", "dev", "eth0")
        run("ip", "-n", container.netns, "route", "add", "default", "via", row.gateway)

    def attached(self, place_name: str, address: str | None = None) -> tuple[Container, Row]:
        """A container that is registered, plugged in, resolved and configured, in split mode."""
        container = self.container()
        self.register(container, place_name, address=address)
        self.plug(container)
        row = self.resolved(container)
        self.configure(container, row)
        return container, row

    def rows_of(self, table: str) -> list[dict[str, Any]]:
        """The rows of a northbound table as ovn-nbctl sees them."""
        listed = self.run("ovn-nbctl", f"--db=unix:{self.layout.nb_socket}", "--format=json", "list", table)
        found = json.loads(listed)
        return [dict(zip(found["headings"], map(decoded, row), strict=True)) for row in found["data"]]

    def northbound(self, table: str) -> dict[str, dict[str, Any]]:
        """The same by name."""
        return {row["name"]: row for row in self.rows_of(table)}

    def writes(self, database: str) -> int:
        """How many records the file of an OVSDB has: one for each transaction that changed something."""
        return (self.layout.db / f"{database}.db").read_text().count("OVSDB JSON")

    # --- traffic

    def run(self, *argv: str) -> str:
        return run(*argv)

    def pings(self, source: Container, address: str, seconds: int = 2) -> bool:
        """Whether one of a few pings is answered."""
        argv = ["nsenter", f"--net=/run/netns/{source.netns}", "ping", "-c", "3", "-i", "0.2", "-W", "1", address]
        done = subprocess.run([*argv, "-w", str(seconds)], capture_output=True, text=True, check=False)
        return "bytes from" in done.stdout

    def talks_tcp(self, source: Container, target: Container, address: str, seconds: float = 3.0) -> bool:
        """Whether 100 kB go from `source` to `target` over TCP and come back the same."""
        sent = os.urandom(100_000)
        listener = place.inside(target.netns, lambda: socket.create_server((address, 0)), SECONDS)
        listener.settimeout(seconds)

        def connect() -> socket.socket | None:
            try:
                return socket.create_connection((address, listener.getsockname()[1]), timeout=seconds)
            except OSError:
                return None

        with listener:
            client = place.inside(source.netns, connect, SECONDS)
            if client is None:
                return False
            server, _ = listener.accept()
            with client, server:
                server.settimeout(seconds)
                return _echo(client, server, sent) == sent

    def forget(self) -> None:
        """Hangs up, and removes the containers."""
        self.hang_up()
        for container in self._containers:
            subprocess.run(["ip", "netns", "delete", container.netns], capture_output=True, check=False)

    def close(self) -> None:
        self.forget()
        self.down(purge=True)


def plug_operations(
    container: Container, place_name: str | None, metadata: dict[str, str], user: str
) -> list[dict[str, Any]]:
    domain, zone, subnet = place_name.split("/") if place_name else ("", "", "")
    enterprise = "Acme" if place_name else ""
    ids = ["map", [["vm-name", container.netns], ["vm-uuid", container.uuid]]]
    about = {"nuage-enterprise-domain": domain, "nuage-enterprise-zone": zone, "nuage-enterprise-network": subnet}
    about |= {"nuage-enterprise-network-type": "ipv4" if place_name else ""} | metadata
    of_vm = {"enterprise": enterprise} | ({} if place_name else {"nuage-extension": "true"})
    port_row = {
        **dict.fromkeys(("alias", "ip_addr", "subnet_mask", "gateway", "nuage_network_type"), ""),
        **dict.fromkeys(("evpn_id", "vrf_id", "dirty"), 0),
        "name": container.port,
        "mac": container.mac,
        "bridge": "alubr0",
        "vm_domain": 4,
        "nuage_domain": domain,
        "nuage_zone": zone,
        "nuage_network": subnet,
        "metadata": ["map", list(map(list, about.items()))],
    }
    vm_row = {
        "type": 4,
        "event": 2,
        "event_type": 0,
        "state": 1,
        "reason": 1,
        "domain": 4,
        "dirty": 0,
        "vm_uuid": container.uuid,
        "vm_name": container.netns,
        "nuage_user": user,
        "nuage_enterprise": enterprise,
        "metadata": ["map", list(map(list, of_vm.items()))],
        "ports": ["set", [container.port]],
    }
    interface = {"name": container.port, "external_ids": ids}
    port = {"name": container.port, "interfaces": ["named-uuid", "intf"], "external_ids": ids}
    plugged = ["ports", "insert", ["set", [["named-uuid", "port"]]]]
    return [
        {"op": "insert", "table": "Interface", "row": interface, "uuid-name": "intf"},
        {"op": "insert", "table": "Port", "row": port, "uuid-name": "port"},
        {"op": "mutate", "table": "Bridge", "where": [["name", "==", "alubr0"]], "mutations": [plugged]},
        {"op": "insert", "table": "Nuage_Port_Table", "row": port_row},
        {"op": "insert", "table": "Nuage_VM_Table", "row": vm_row},
        _bump(),
    ]


def _bump() -> dict[str, Any]:
    return {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]]}


def run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=SECONDS).stdout


def _echo(client: socket.socket, server: socket.socket, sent: bytes) -> bytes:
    """Piece by piece, each smaller than the buffers, so that one thread can do both ends."""
    back = b""
    for start in range(0, len(sent), 4096):
        piece = sent[start : start + 4096]
        client.sendall(piece)
        server.sendall(_read(server, len(piece)))
        back += _read(client, len(piece))
    return back


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        chunk = connection.recv(length - len(data))
        if not chunk:
            raise ConnectionError("closed early")
        data += chunk
    return data


def new_netns() -> str:
    return f"vsp{uuid.uuid4().hex[:6]}"


@pytest.fixture
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A second VSP that is not up yet."""
    yield from _not_up_yet(tmp_path_factory)


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A VSP that is not up yet; whatever a test leaves of it is removed."""
    yield from _not_up_yet(tmp_path_factory)


def _not_up_yet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("v") / "s", new_netns())
    yield lab
    lab.close()
    assert lab.processes_left() == []


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A VSP that is up, with the demo's topology, for all tests of a file."""
    made = Lab(tmp_path_factory.mktemp("v") / "s", new_netns())
    try:
        made.up()
        made.seed()
        yield made
    finally:
        made.close()
