"""The MTU fits through the switch's tunnels, or its numbers are said; where there are none it is nobody's business."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nuage_chain.link import veth
from tests.integration.attachment.inprocess import answer
from tests.integration.lab import Container, Lab

pytestmark = pytest.mark.root

Ovs = Callable[..., None]
PEER4, PEER6 = "options:remote_ip=192.0.2.2", "options:remote_ip=2001:db8:ffff::2"


@pytest.fixture
def ovs(lab: Lab) -> Ovs:
    def run(*command: str) -> None:
        database = f"--db=unix:{lab.layout.ovsdb_socket}"
        subprocess.run(["ovs-vsctl", database, "--timeout=30", *command], check=True, timeout=40)

    return run


@pytest.fixture
def underlay(lab: Lab) -> Iterator[str]:
    """A link to other nodes, with the MTU of Ethernet."""
    ip("link", "add", "under0", "type", "veth", "peer", "name", "under1")
    try:
        for name in ("under0", "under1"):
            ip("link", "set", name, "up")
        ip("address", "add", "192.0.2.1/24", "dev", "under0")
        ip("address", "add", "2001:db8:ffff::1/64", "dev", "under0", "nodad")
        yield "under0"
    finally:
        ip("link", "delete", "under0")


@pytest.fixture
def tunnel(ovs: Ovs, underlay: str) -> Iterator[Callable[..., None]]:
    made: list[str] = []

    def make(kind: str, *options: str, bridge: str = "alubr0") -> None:
        name = f"tun{len(made)}"
        made.append(name)
        ovs("add-port", bridge, name, "--", "set", "Interface", name, f"type={kind}", *options)
        ovs("wait-until", "Interface", name, "status:tunnel_egress_iface=under0")

    yield make
    for name in made:
        ovs("--if-exists", "del-port", name)


def ip(*command: str) -> None:
    subprocess.run(["ip", *command], check=True, timeout=20)


def mtus(container: Container) -> tuple[int, int]:
    pair = veth.find(container.netns, "eth0", 5)
    return pair.host.mtu, pair.container.mtu


def mtu_of_attached(lab: Lab, **changes: Any) -> tuple[int, int]:
    """Those of both ends after an ADD, which the result has to say as well."""
    one = lab.container("one")
    previous = lab.veth(one)
    newest = {"cniVersion": "1.1.0"}
    done = answer(lab, "ADD", one, lab.entry(previous, **changes) | newest)
    assert done.status == 0, done.stdout
    both = mtus(one)
    said = {i.get("mtu") for i in done.document["interfaces"] if i["name"] != "nuage0"}
    assert said == set(both)
    assert answer(lab, "CHECK", one, lab.entry(done.document, **changes) | newest).status == 0
    assert answer(lab, "DEL", one, lab.entry(**changes)).status == 0
    lab.unveth(one)
    lab.remove(one)
    return both


def test_without_tunnels_the_mtu_is_that_of_the_plugin_before_or_the_configured_one(lab: Lab) -> None:
    assert mtu_of_attached(lab) == (1500, 1500)
    assert mtu_of_attached(lab, mtu=9000) == (9000, 9000)
    assert mtu_of_attached(lab, mtu=1300) == (1300, 1300)


TUNNELS = [
    ("geneve", PEER4, 1442),
    ("geneve", PEER6, 1422),
    ("vxlan", PEER4, 1450),
    ("vxlan", PEER6, 1430),
    ("gre", PEER4, 1458),
]


@pytest.mark.parametrize(("kind", "peer", "fits"), TUNNELS)
def test_an_mtu_that_is_not_configured_is_lowered_to_what_the_tunnel_carries(
    lab: Lab, tunnel: Callable[..., None], kind: str, peer: str, fits: int
) -> None:
    tunnel(kind, peer)
    assert mtu_of_attached(lab) == (fits, fits)


def test_the_numbers_of_a_lowered_mtu_are_said_on_standard_error(lab: Lab, tunnel: Callable[..., None]) -> None:
    tunnel("geneve", PEER4)
    one = lab.container("one")
    previous = lab.veth(one)
    done = lab.call(lab.environment("ADD", one), lab.entry(previous))
    assert done.status == 0, done.stdout
    assert re.fullmatch(
        r"nuage-chain: eth0 of container id-one gets the MTU 1442 in place of 1500: the tunnel tun0 .* of under0\.\n",
        done.stderr,
    )
    assert answer(lab, "DEL", one, lab.entry()).status == 0
    lab.unveth(one)


def test_a_configured_mtu_that_fits_is_taken_and_one_that_does_not_is_refused_with_its_numbers(
    lab: Lab, tunnel: Callable[..., None]
) -> None:
    tunnel("geneve", PEER4)
    tunnel("vxlan", PEER4)
    assert mtu_of_attached(lab, mtu=1442) == (1442, 1442)
    one = lab.container("one")
    done = answer(lab, "ADD", one, lab.entry(lab.veth(one), mtu=1443))
    assert (done.status, done.document["code"]) == (1, 7)
    assert re.search(r"1443.*tun0 \(geneve\) carries 1442.*58 of the 1500 of under0", done.document["msg"])
    assert "1442" in done.document["details"]
    assert mtus(one) == (1500, 1500)
    lab.unveth(one)
    assert lab.rows("Nuage_Port_Table") == lab.vsd_objects("vports") == []


def test_a_larger_link_below_the_tunnel_carries_more(lab: Lab, tunnel: Callable[..., None]) -> None:
    ip("link", "set", "under0", "mtu", "9000")
    tunnel("geneve", PEER4)
    assert mtu_of_attached(lab) == (1500, 1500)
    assert mtu_of_attached(lab, mtu=8942) == (8942, 8942)


def test_the_bridges_mtu_request_is_a_limit_too_where_there_are_tunnels(
    lab: Lab, ovs: Ovs, tunnel: Callable[..., None]
) -> None:
    ovs("set", "Interface", "alubr0", "mtu_request=1400")
    try:
        assert mtu_of_attached(lab) == (1500, 1500)
        tunnel("geneve", PEER4)
        assert mtu_of_attached(lab) == (1400, 1400)
    finally:
        ovs("clear", "Interface", "alubr0", "mtu_request")


def test_what_a_tunnel_may_fragment_has_no_limit(lab: Lab, tunnel: Callable[..., None]) -> None:
    tunnel("geneve", PEER4, "options:df_default=false")
    assert mtu_of_attached(lab, mtu=1500) == (1500, 1500)


def test_the_tunnel_of_another_bridge_is_not_ours(lab: Lab, ovs: Ovs, tunnel: Callable[..., None]) -> None:
    ovs("add-br", "elsewhere", "--", "set", "Bridge", "elsewhere", "datapath_type=netdev")
    try:
        tunnel("geneve", PEER4, bridge="elsewhere")
        assert mtu_of_attached(lab, mtu=1500) == (1500, 1500)
    finally:
        ovs("del-br", "elsewhere")


def test_an_mtu_too_small_for_ipv6_is_refused_where_the_container_gets_ipv6(lab: Lab) -> None:
    subnets = [{"name": "small", "cidr": "10.70.1.0/24", "cidr6": "2001:db8:70::/64"}]
    domain = {"name": "Small", "zones": [{"name": "front", "subnets": subnets}]}
    lab.seed({"enterprises": [{"name": "Acme", "domains": [domain]}]})
    one = lab.container("one")
    place = {"domain": "Small", "zone": "front", "subnet": "small"}
    done = answer(lab, "ADD", one, lab.entry(lab.veth(one), mtu=1200, **place))
    assert (done.status, done.document["code"]) == (1, 7)
    assert re.search("1200.*IPv6.*1280", done.document["msg"])
    lab.unveth(one)
    lab.remove(one)
    assert mtu_of_attached(lab, mtu=1280, **place) == (1280, 1280)
    assert mtu_of_attached(lab, mtu=1200) == (1200, 1200), "without IPv6 it is large enough"
