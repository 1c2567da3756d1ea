"""Containers of two runtimes on two nodes, over the overlay."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.vagrant.containers import SECONDS, Container, attached, containerd, podman, running
from tests.integration.vagrant.lab import Lab
from tests.integration.waiting import eventually

FAMILIES = ("inet", "inet6")
# TCP's header, with its timestamps, and IP's.
HEADERS = 52
GENEVE = 58


@pytest.fixture(scope="module")
def pair(lab: Lab) -> Iterator[dict[str, Container]]:
    """One by podman on the first node, one by containerd on the second, and the other way round."""
    first, second, *_ = lab.nodes
    made: dict[str, Container] = {}
    try:
        for name, host, start in (
            ("p1", first, podman),
            ("c2", second, containerd),
            ("c1", first, containerd),
            ("p2", second, podman),
        ):
            made[name] = start(host, name)
        made["p1"].meets(made["c2"])
        made["p2"].meets(made["c1"])
        yield made
    finally:
        for container in made.values():
            container.remove()
    for host in (first, second):
        eventually(lambda host=host: attached(host) == 0, f"{host.name} is as before", SECONDS)  # type: ignore[misc]


@pytest.fixture(params=[("p1", "c2"), ("p2", "c1")], ids=lambda pair: f"{pair[0]}-to-{pair[1]}")
def ends(pair: dict[str, Container], request: pytest.FixtureRequest) -> tuple[Container, Container]:
    client, server = request.param
    return pair[client], pair[server]


@pytest.mark.parametrize("family", FAMILIES)
def test_they_ping_each_other(ends: tuple[Container, Container], family: str) -> None:
    client, server = ends
    assert client.pings(server.address(family))
    assert server.pings(client.address(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_they_talk_by_tcp(ends: tuple[Container, Container], family: str) -> None:
    client, server = ends
    port = {"inet": 8001, "inet6": 8002}[family]
    content = f"from {server.name}. " * 1000
    server.serve(port, content)
    assert client.reads(server.address(family), port) == content


def test_the_whole_mtu_passes_and_not_a_byte_more(ends: tuple[Container, Container]) -> None:
    client, server = ends
    mtu = client.link()["mtu"]
    assert isinstance(mtu, int)
    assert mtu == 1500 - GENEVE
    ip_and_icmp = {"inet": 28, "inet6": 48}
    for family in FAMILIES:
        fits = mtu - ip_and_icmp[family]
        address = server.address(family)
        assert client.pings(address, "-M", "do", "-s", str(fits)), f"{family}: {fits} bytes"
        assert not client.pings(address, "-M", "do", "-s", str(fits + 1)), f"{family}: {fits + 1} bytes"


def test_full_size_segments_pass(
    pair: dict[str, Container], lab: Lab, tell: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    client, server = pair["p1"], pair["c2"]
    mtu = client.link()["mtu"]
    assert isinstance(mtu, int)
    server.sh("iperf3", "--server", "--one-off", "--daemon")
    found = json.loads(client.sh("iperf3", "--json", "--time", "3", "--window", "64K", "--client", server.address()))
    assert found["start"]["tcp_mss_default"] == mtu - HEADERS
    received = found["end"]["sum_received"]
    assert received["bytes"] > 1 << 20
    how = "kernel" if client.host.in_kernel else "userspace"
    tell(f"{request.node.nodeid}: {received['bits_per_second'] / 1e6:.0f} Mbit/s between two nodes, {how} datapath")


@contextlib.contextmanager
def forbidden(lab: Lab, port: int) -> Iterator[None]:
    """The domain's ACL drops that TCP port, from and to anywhere."""
    [domain] = _find(lab, "domains", "Shop")
    [template] = _find(lab, f"domains/{domain}/egressacltemplates", "allow-all")
    entry = lab.vsd(
        "create",
        f"egressacltemplates/{template}/egressaclentrytemplates",
        {
            "etherType": "0x0800",
            "protocol": "6",
            "sourcePort": "*",
            "destinationPort": str(port),
            "DSCP": "*",
            "locationType": "ANY",
            "networkType": "ANY",
            "stateful": True,
            "action": "DROP",
            "priority": 1,
        },
    )["ID"]
    try:
        yield
    finally:
        lab.vsd("delete", f"egressaclentrytemplates/{entry}")


def test_an_acl_holds_on_both_nodes_as_long_as_it_is_there(lab: Lab, pair: dict[str, Container]) -> None:
    ways = (pair["p1"], pair["c2"]), (pair["p2"], pair["c1"])
    for _, server in ways:
        server.serve(8010, "forbidden")
        server.serve(8011, "allowed")

    def read(port: int) -> list[str | None]:
        return [client.reads(server.address(), port) for client, server in ways]

    assert read(8010) == ["forbidden"] * 2
    with forbidden(lab, 8010):
        eventually(lambda: read(8010) == [None] * 2, "the ACL is in force", SECONDS)
        assert read(8011) == ["allowed"] * 2
    eventually(lambda: read(8010) == ["forbidden"] * 2, "the ACL has gone", SECONDS)


def test_two_subnets_are_joined_by_their_router(lab: Lab, pair: dict[str, Container]) -> None:
    with running(lab.nodes[0], "other", "nuage-api") as client:
        client.meets(pair["c2"])
        for family in FAMILIES:
            assert client.address(family) != pair["c2"].address(family)
            assert client.pings(pair["c2"].address(family))


def _find(lab: Lab, path: str, name: str) -> list[str]:
    found: list[dict[str, Any]] = lab.vsd("get", path)
    return [entry["ID"] for entry in found if entry["name"] == name]
