"""`portmap` after nuage-chain: why it is refused."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from nuage_chain.errors import PluginFailed
from tests.integration.chain.chains import add, chain, delete, ip_of, on_host
from tests.integration.lab import NOTHING, Container, Lab

pytestmark = pytest.mark.root

PORTMAP = {"type": "portmap", "capabilities": {"portMappings": True}}
PUBLISHED = [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]
HOST, STRANGER = "192.0.2.1", "192.0.2.254"


@pytest.fixture
def stranger(lab: Lab) -> Iterator[Container]:
    """The host's own network, with somebody on it, who is the host's default route too."""
    outside = lab.container("outside")
    on_host("ip", "link", "add", "uplink", "type", "veth", "peer", "name", "eth0", "netns", outside.name)
    try:
        on_host("ip", "address", "add", f"{HOST}/24", "dev", "uplink")
        on_host("ip", "link", "set", "uplink", "up")
        on_host("ip", "route", "add", "default", "via", STRANGER)
        outside.sh("ip", "address", "add", f"{STRANGER}/24", "dev", "eth0")
        outside.sh("ip", "link", "set", "eth0", "up")
        yield outside
    finally:
        subprocess.run(["ip", "link", "delete", "uplink"], check=False, capture_output=True)


def says(listening: socket.socket, word: bytes) -> None:
    def work() -> None:
        try:
            accepted, _ = listening.accept()
        except OSError:
            return
        with accepted:
            accepted.sendall(word)

    threading.Thread(target=work, daemon=True).start()


def test_a_published_port_leads_to_a_stranger_and_not_to_the_container(lab: Lab, stranger: Container) -> None:
    """The evidence behind the linter's rule and the refusal below."""
    one, network = lab.container("one"), chain(lab, "40-nuage-bandwidth.conflist", after=[PORTMAP])
    # A list that does not tell nuage-chain of published ports: it cannot refuse them.
    network.plugins[1].config["capabilities"].pop("portMappings")
    add(lab, network, one, portMappings=PUBLISHED)
    address = ip_of(one)
    assert f"--to-destination {address}:80" in on_host("iptables", "-t", "nat", "-S")
    stranger.sh("ip", "address", "add", f"{address}/32", "dev", "lo")
    with one.listen(address, 80) as ours, stranger.listen(address, 80) as theirs:
        says(ours, b"container")
        says(theirs, b"stranger")
        with socket.create_connection((HOST, 8080), 5) as client:
            client.settimeout(5)
            assert client.recv(100) == b"stranger"
    delete(lab, network, one, portMappings=PUBLISHED)
    assert "CNI-DN-" not in on_host("iptables", "-t", "nat", "-S")


def test_the_host_itself_has_no_way_to_a_container(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    with one.listen(ip_of(one), 80), pytest.raises(OSError, match=r"unreachable|timed out"):
        socket.create_connection((ip_of(one), 80), 1)
    lab.detach(one)


@pytest.mark.parametrize("key", ["hostPort", "HostPort"])
@pytest.mark.parametrize("after", [[], [PORTMAP]])
def test_publishing_a_port_is_refused_with_the_reason(lab: Lab, after: list[dict[str, object]], key: str) -> None:
    one, network = lab.container("one"), chain(lab, after=after)
    with pytest.raises(PluginFailed, match=r"port 8080 cannot be published: the host has no way") as caught:
        add(lab, network, one, portMappings=[{key: 8080, "containerPort": 80, "protocol": "tcp"}])
    assert (caught.value.plugin, caught.value.plugin_code) == ("nuage-chain", 7)
    assert lab.left() == NOTHING


@pytest.mark.parametrize("mappings", [[], [{"containerPort": 80}], [{"HostPort": 0, "ContainerPort": 80}], None])
def test_ports_that_are_not_published_are_no_reason_to_refuse(lab: Lab, mappings: object) -> None:
    one, network = lab.container("one"), lab.network("10-nuage.conflist")
    add(lab, network, one, portMappings=mappings)
    delete(lab, network, one)
