"""A domain with nothing allowed but what a test says, and traffic that is seen to pass or not."""

from __future__ import annotations

import contextlib
import itertools
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.vsp import place
from tests.integration.vsp.conftest import Container, Lab
from tests.integration.waiting import eventually

OUTSIDE = "198.18.0.1"
SETTLED = 3.0
QUIET = 0.3
_domains = itertools.count(1)
_priorities = itertools.count(1)

ACL = {"etherType": "0x0800", "protocol": "6", "DSCP": "*", "action": "FORWARD", "locationType": "ANY"}


@dataclass
class Domain:
    """A domain for one test: zones east (subnets east1, east2) and west (subnet west1), and no template."""

    lab: Lab
    name: str
    id: str
    ids: dict[str, str] = field(default_factory=dict)

    def create(self, path: str, **body: Any) -> str:
        made = self.lab.vsd(lambda s: s.create(path, body, Deadline(10)))
        return str(made["ID"])

    def update(self, path: str, **body: Any) -> None:
        self.lab.vsd(lambda s: s.update(path, body, Deadline(10)))

    def delete(self, path: str) -> None:
        self.lab.vsd(lambda s: s.delete(path, Deadline(10)))

    def assign(self, path: str, *ids: str) -> None:
        self.lab.vsd(lambda s: s.assign(path, ids, Deadline(10)))

    def template(self, direction: str, *, ip: bool = False, others: bool = True, **more: Any) -> str:
        path = f"domains/{self.id}/{direction}acltemplates"
        defaults = {"defaultAllowIP": ip, "defaultAllowNonIP": others}
        return self.create(path, name=f"t{next(_priorities)}", active=True, **defaults, **more)

    def allow(self, *directions: str) -> None:
        """All IP passes in these directions."""
        for direction in directions:
            self.template(direction, ip=True)

    def entry(self, template: str, direction: str, **body: Any) -> str:
        """TCP to any port unless `body` says otherwise; the entries come in the order in which they are made."""
        path = f"{direction}acltemplates/{template}/{direction}aclentrytemplates"
        whole = {**ACL, "networkType": "ANY", "stateful": True, "priority": next(_priorities), **body}
        return self.create(path, **whole)

    def group(self, name: str) -> str:
        return self.create(f"domains/{self.id}/policygroups", name=name, type="SOFTWARE")

    def attach(self, subnet: str, *groups: str, spoofing: str = "INHERITED") -> Workload:
        container = self.lab.container()
        zone = subnet.rstrip("0123456789")
        made = self.lab.register(container, f"{self.name}/{zone}/{subnet}", spoofing=spoofing)
        if groups:
            self.assign(f"vports/{made.vport_id}/policygroups", *groups)
        self.lab.plug(container)
        row = self.lab.resolved(container)
        self.lab.configure(container, row)
        return Workload(self.lab, container, row.address, made.vport_id)


@dataclass
class Workload:
    """A container in a domain."""

    lab: Lab
    container: Container
    address: str
    vport_id: str

    def inside(self, work: Callable[[], Any]) -> Any:
        return place.inside(self.container.netns, work, 10)

    def run(self, *argv: str) -> str:
        return self.lab.run("nsenter", f"--net=/run/netns/{self.container.netns}", "--", *argv)

    def pings(self, other: Workload | str) -> bool:
        return self.tries("ping", "-c2", "-i0.2", "-W0.3", other if isinstance(other, str) else other.address)

    @contextlib.contextmanager
    def serving(self, *ports: int) -> Iterator[None]:
        """Takes TCP connections on these ports, and says nothing."""
        listeners = self.inside(lambda: [socket.create_server((self.address, port)) for port in ports])
        with ThreadPoolExecutor(len(ports)) as pool:
            for listener in listeners:
                pool.submit(_accept, listener)
            try:
                yield
            finally:
                for listener in listeners:
                    listener.shutdown(socket.SHUT_RDWR)
                    listener.close()

    def reaches(self, other: Workload, port: int, seconds: float = QUIET, source: int = 0) -> bool:
        """Whether a TCP connection comes about within `seconds`."""

        def work() -> bool:
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                s.bind((self.address, source))
                s.settimeout(seconds)
                with contextlib.suppress(OSError):
                    s.connect((other.address, port))
                    return True
            return False

        return bool(self.inside(work))

    @contextlib.contextmanager
    def connected(self, client: Workload, port: int) -> Iterator[tuple[socket.socket, socket.socket]]:
        """A TCP connection from `client` to this one: its ends there and here."""
        with self.inside(lambda: socket.create_server((self.address, port))) as listener:
            there = client.inside(lambda: socket.create_connection((self.address, port), 5))
            listener.settimeout(5)
            here, _ = listener.accept()
            with there, here:
                yield there, here

    def tries(self, *argv: str) -> bool:
        """Whether a command succeeds here."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.run(*argv)
            return True
        return False

    def sends_frame(self, other: Workload, kind: int) -> bool:
        """Whether a frame of an Ethernet type of its own arrives at a neighbour."""

        def open_socket() -> socket.socket:
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
            s.bind(("eth0", kind))
            s.settimeout(QUIET)
            return s

        header = b"".join(bytes.fromhex(w.container.mac.replace(":", "")) for w in (other, self))
        with other.inside(open_socket) as receiving, self.inside(open_socket) as sending:
            for _ in range(3):
                sending.send(header + kind.to_bytes(2, "big") + b"x" * 50)
                with contextlib.suppress(TimeoutError):
                    return bool(receiving.recv(100))
        return False


def _accept(listener: socket.socket) -> None:
    """Until it is shut. A queue that nobody empties would refuse what comes after its hundredth, as an ACL does."""
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()


def wait(happens: Callable[[], bool], seconds: float = SETTLED) -> float:
    """The seconds until the overlay is like that."""
    return eventually(happens, "the overlay has settled", seconds, every=0.01)


def sees(lab: Lab, client: Workload, server: Workload, expected: dict[int, bool]) -> None:
    """Of these ports of `server` `client` reaches those, and those only; it may take the moment that a change takes.

    Those that it is to reach come first: where one of them is new, the others are looked at with the change in force.
    """
    passing, refused = ([port for port, passes in expected.items() if passes == which] for which in (True, False))
    with server.serving(*expected):
        until = time.monotonic() + SETTLED
        while True:
            found = _reached(client, server, passing) | _reached(client, server, refused)
            if found == expected:
                # Once, a switch that is busy refuses as well.
                found |= _reached(client, server, refused)
            if found == expected or time.monotonic() > until:
                break
        assert found == expected, lab.run("ovn-nbctl", f"--db=unix:{lab.layout.nb_socket}", "list", "ACL")


def _reached(client: Workload, server: Workload, ports: Sequence[int]) -> dict[int, bool]:
    """Whether `client` reaches each of them, all tried at the same time."""
    with ThreadPoolExecutor(max(1, len(ports))) as pool:
        return dict(zip(ports, pool.map(lambda port: client.reaches(server, port), ports), strict=True))


def new_domain(lab: Lab, zones: dict[str, Sequence[str]] | None = None) -> Domain:
    number = next(_domains)
    enterprise = lab.get("enterprises", 'name == "Acme"')[0]["ID"]
    domain = Domain(lab, f"P{number}", "")
    template = domain.create(f"enterprises/{enterprise}/domaintemplates", name=domain.name)
    domain.id = domain.create(f"enterprises/{enterprise}/domains", name=domain.name, templateID=template)
    domain.ids["enterprise"] = enterprise
    third = itertools.count(1)
    for zone, subnets in (zones or {"east": ("east1", "east2"), "west": ("west1",)}).items():
        domain.ids[zone] = domain.create(f"domains/{domain.id}/zones", name=zone)
        for subnet in subnets:
            plan = {"address": f"10.{number}.{next(third)}.0", "netmask": "255.255.255.0", "IPType": "IPV4"}
            domain.ids[subnet] = domain.create(f"zones/{domain.ids[zone]}/subnets", name=subnet, **plan)
    return domain


def heard_outside(lab: Lab, workload: Workload) -> str | None:
    """The address that a server outside of the overlay sees `workload` come from; None when it does not come."""

    def serve() -> socket.socket:
        s = socket.create_server((OUTSIDE, 0))
        s.settimeout(0.5)
        return s

    with place.inside(lab.netns, serve, 5) as server:
        port = server.getsockname()[1]

        def connect() -> None:
            with contextlib.suppress(OSError), socket.create_connection((OUTSIDE, port), 0.4):
                pass

        workload.inside(connect)
        with contextlib.suppress(TimeoutError):
            client, (address, _) = server.accept()
            client.close()
            return str(address)
    return None
