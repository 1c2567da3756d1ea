"""An embedded VSD with one domain in it, spoken to by our own client."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.vsd import names
from nuage_chain.vsd.session import Access, Session
from nuage_chain.vsp.vsd.server import VsdServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORD = "first-password"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[VsdServer]:
    # Ports that were free a moment ago rather than 0: a restart has to come back at the same ones.
    ports = _free_ports()
    one = VsdServer(tmp_path / "vsd.db", tmp_path / "tls", port=ports[0], cert_port=ports[1], password=PASSWORD)
    with one:
        yield one


@pytest.fixture
def restart(server: VsdServer) -> Callable[[], None]:
    def work() -> None:
        server.stop()
        server.start()

    return work


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def access(server: VsdServer) -> Access:
    return Access(server.url, "csp", "csproot", password=PASSWORD, ca=server.ca)


@pytest.fixture
def session(access: Access) -> Iterator[Session]:
    one = Session(access)
    yield one
    one.close()


@pytest.fixture
def web(session: Session) -> names.Subnet:
    """Acme, Shop, front, web: 10.10.1.0/24 and 2001:db8:1::/64, with two policy groups and a redirection target."""
    deadline = Deadline(20)
    enterprise = session.create("enterprises", {"name": "Acme"}, deadline)["ID"]
    template = session.create(f"enterprises/{enterprise}/domaintemplates", {"name": "T"}, deadline)["ID"]
    body = {"name": "Shop", "templateID": template}
    domain = session.create(f"enterprises/{enterprise}/domains", body, deadline)["ID"]
    zone = session.create(f"domains/{domain}/zones", {"name": "front"}, deadline)["ID"]
    subnet = {
        "name": "web",
        "IPType": "DUALSTACK",
        "address": "10.10.1.0",
        "netmask": "255.255.255.0",
        "gateway": "10.10.1.1",
        "IPv6Address": "2001:db8:1::/64",
        "IPv6Gateway": "2001:db8:1::1",
    }
    session.create(f"zones/{zone}/subnets", subnet, deadline)
    for name in ("public", "audited"):
        session.create(f"domains/{domain}/policygroups", {"name": name, "type": "SOFTWARE"}, deadline)
    session.create(f"domains/{domain}/redirectiontargets", {"name": "firewall", "endPointType": "L3"}, deadline)
    return names.find_subnet(session, "Acme", "Shop", "front", "web", deadline)
