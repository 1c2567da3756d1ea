"""IPv6 and dual stack, from VSD and IPAM to ping and TCP in the container."""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.cni.runtime import conflist
from nuage_chain.deadline import Deadline
from nuage_chain.errors import PluginFailed
from nuage_chain.link import veth
from nuage_chain.link.netns import inside
from tests.integration.lab import NOTHING, Container, Lab

pytestmark = pytest.mark.root

Transfers = Callable[[Container, Container, str], bool]
PLACE = {"domain": "Six", "zone": "front"}
DUAL, DUAL2, ONLY6 = ({**PLACE, "subnet": name} for name in ("dual", "dual2", "six"))
SUBNETS = [
    {"name": "dual", "cidr": "10.60.1.0/24", "cidr6": "2001:db8:1::/64"},
    {"name": "dual2", "cidr": "10.60.2.0/24", "cidr6": "2001:db8:2::/64"},
    {"name": "six", "cidr6": "2001:db8:6::/64"},
]
DOMAIN = {"name": "Six", "zones": [{"name": "front", "subnets": SUBNETS}]}


@pytest.fixture
def lab(lab: Lab) -> Lab:
    lab.seed({"enterprises": [{"name": "Acme", "domains": [DOMAIN]}]})
    return lab


def addresses(container: Container, version: int) -> list[str]:
    found = [ipaddress.ip_interface(text) for text in container.addresses()]
    return [str(address) for address in found if address.version == version]


def ip_of(container: Container, version: int) -> str:
    return addresses(container, version)[0].split("/")[0]


def test_the_overlays_addresses_and_default_routes_of_both_families_are_in_result_and_container(lab: Lab) -> None:
    one = lab.container("one")
    result = lab.attach(one, **DUAL)
    assert sorted(ip["address"] for ip in result["ips"]) == sorted(one.addresses())
    assert {ip["gateway"] for ip in result["ips"]} == {"10.60.1.1", "2001:db8:1::1"}
    assert {(r["dst"], r["gw"]) for r in result["routes"]} == {
        ("0.0.0.0/0", "10.60.1.1"),
        ("::/0", "2001:db8:1::1"),
    }
    assert "default via 10.60.1.1 dev eth0" in one.sh("ip", "route")
    assert "default via 2001:db8:1::1 dev eth0" in one.sh("ip", "-6", "route")
    assert addresses(one, 6)[0].startswith("2001:db8:1::")
    lab.detach(one, **DUAL)


def test_two_families_ping_and_talk_tcp_within_a_subnet_and_across_subnets(lab: Lab, transfers: Transfers) -> None:
    one, two, far = (lab.container(name) for name in ("one", "two", "far"))
    for container, place in ((one, DUAL), (two, DUAL), (far, DUAL2)):
        lab.attach(container, **place)
    for other in (two, far):
        for version in (4, 6):
            assert one.pings(ip_of(other, version)), f"{other.name} by IPv{version}"
            assert transfers(one, other, ip_of(other, version)), f"{other.name} by IPv{version}"
    for container, place in ((one, DUAL), (two, DUAL), (far, DUAL2)):
        lab.detach(container, **place)


def test_ipv6_alone_pings_and_talks_tcp(lab: Lab, transfers: Transfers) -> None:
    one, two, far = (lab.container(name) for name in ("one", "two", "far"))
    for container, place in ((one, ONLY6), (two, ONLY6), (far, DUAL)):
        result = lab.attach(container, **place)
    assert addresses(one, 4) == []
    for other in (two, far):
        assert one.pings(ip_of(other, 6))
        assert transfers(one, other, ip_of(other, 6))
    assert {route["dst"] for route in result["routes"]} == {"0.0.0.0/0", "::/0"}
    for container, place in ((one, ONLY6), (two, ONLY6), (far, DUAL)):
        lab.detach(container, **place)


def test_an_address_can_be_used_at_once_without_duplicate_address_detection(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one, **DUAL)
    [shown] = json.loads(one.sh("ip", "-j", "-6", "address", "show", "dev", "eth0", "scope", "global"))
    flags = {key for info in shown["addr_info"] for key, value in info.items() if value is True}
    assert "nodad" in flags
    assert "tentative" not in flags
    lab.detach(one, **DUAL)


def test_ipv6_is_turned_on_where_the_runtime_has_turned_it_off(lab: Lab) -> None:
    one = lab.container("one")
    one.sh("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    lab.attach(one, **DUAL)
    assert len(addresses(one, 6)) == 1
    assert one.pings("2001:db8:1::1")
    lab.detach(one, **DUAL)


def test_an_add_that_fails_leaves_ipv6_as_the_runtime_had_it(lab: Lab) -> None:
    one = lab.container("one")
    one.sh("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    previous = lab.veth(one)
    # Once IPv6 is on and the addresses are there, the kernel refuses the default route: there is one of that metric.
    one.sh("ip", "route", "add", "unreachable", "default")
    done = lab.call(lab.environment("ADD", one), lab.entry(previous, **DUAL, staticIP="10.60.1.7"))
    assert (done.status, done.document["code"]) == (1, 107), done.stdout
    assert inside(one.netns, lambda: veth.ipv6_disabled("eth0"), 5) == "1"
    lab.unveth(one)


def test_a_static_ipv6_address_is_asked_of_the_overlay_which_adds_ipv4(lab: Lab) -> None:
    one = lab.container("one", IP="2001:db8:1::42")
    lab.attach(one, **DUAL)
    assert addresses(one, 6) == ["2001:db8:1::42/64"]
    assert addresses(one, 4)[0].startswith("10.60.1.")
    lab.detach(one, **DUAL)


def test_a_static_address_of_each_family_is_asked_of_the_overlay(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one, **DUAL, staticIP="10.60.1.43,2001:db8:1::43")
    assert sorted(one.addresses()) == ["10.60.1.43/24", "2001:db8:1::43/64"]
    lab.detach(one, **DUAL)


def ipam(lab: Lab, *ranges: tuple[str, str, str], **changes: Any) -> conflist.Network:
    """A list whose host-local has these ranges: subnet, first address, gateway."""
    network = lab.network("20-nuage-host-local.conflist", **changes)
    whole = json.loads(network.raw)
    whole["plugins"][0]["ipam"] |= {
        "ranges": [[{"subnet": s, "rangeStart": first, "gateway": gateway}] for s, first, gateway in ranges],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
    }
    return conflist.parse(json.dumps(whole).encode(), Path(network.source))


FOUR, SIX = ("10.60.1.0/24", "10.60.1.100", "10.60.1.1"), ("2001:db8:1::/64", "2001:db8:1::100", "2001:db8:1::1")


def test_both_addresses_of_ipam_are_pushed_to_the_overlay_and_work(lab: Lab, transfers: Transfers) -> None:
    network = ipam(lab, FOUR, SIX, **DUAL)
    one, two = lab.container("one"), lab.container("two")
    for container in (one, two):
        result = lab.runtime.add_or_clean(network, lab.attachment(container), Deadline(60))
        assert sorted(ip["address"] for ip in result["ips"]) == sorted(container.addresses())
    assert addresses(one, 6)[0].startswith("2001:db8:1::1")
    pushed = {(i["IPAddress"], i["IPv6Address"]) for c in lab.vsd_objects("containers") for i in c["interfaces"]}
    assert pushed == {(ip_of(c, 4), ip_of(c, 6)) for c in (one, two)}
    for version in (4, 6):
        assert one.pings(ip_of(two, version))
        assert transfers(one, two, ip_of(two, version))
    for container in (one, two):
        lab.runtime.delete(network, lab.attachment(container), Deadline(60))
    assert [f.name for f in lab.addresses.glob("*/*:*")] == []


REFUSED = {
    "another network than the subnet's": (
        (SIX[0].replace(":1:", ":9:"), "2001:db8:9::100", "2001:db8:9::1"), DUAL, r"2001:db8:9::100.*2001:db8:1::/64",
    ),
    "another gateway than the subnet's": (
        (SIX[0], SIX[1], "2001:db8:1::fe"), DUAL, r"2001:db8:1::fe.*2001:db8:1::1",
    ),
    "a family that the subnet lacks": (SIX, {}, r"2001:db8:1::1\d\d.*no IPv6"),
    "IPv6 for rows that know IPv4 only": (
        SIX, {**DUAL, "activation": "metadata"}, r"2001:db8:1::1\d\d.*know IPv4 only",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_an_ipv6_address_that_the_overlay_cannot_give_is_refused_with_both_sides(lab: Lab, case: str) -> None:
    range6, place, says = REFUSED[case]
    one = lab.container("one")
    network = ipam(lab, range6, **place)
    with pytest.raises(PluginFailed, match=says) as refused:
        lab.runtime.add_or_clean(network, lab.attachment(one), Deadline(60))
    assert refused.value.plugin_code == 7
    assert lab.left() == NOTHING


def test_rows_without_ipv6_columns_give_a_container_of_a_dual_stack_subnet_ipv4(lab: Lab) -> None:
    one = lab.container("one")
    result = lab.attach(one, **DUAL, activation="metadata")
    assert [ip["address"] for ip in result["ips"]] == one.addresses()
    assert addresses(one, 6) == []
    assert one.pings("10.60.1.1")
    lab.detach(one, **DUAL, activation="metadata")


def test_the_segment_hears_where_the_addresses_live(lab: Lab) -> None:
    one, two = lab.container("one"), lab.container("two")
    lab.attach(two, **DUAL)
    with inside(two.netns, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD)), 5) as tap:
        tap.bind(("eth0", 0))
        lab.attach(one, **DUAL)
        target = ipaddress.IPv6Address(ip_of(one, 6))
        heard = next(frame for frame in frames(tap, 10) if is_advertisement(frame, target))
        mac = json.loads(one.sh("ip", "-j", "link", "show", "dev", "eth0"))[0]["address"]
    assert heard[6:12].hex(":") == mac
    for container in (one, two):
        lab.detach(container, **DUAL)


def frames(tap: socket.socket, seconds: float) -> Iterator[bytes]:
    """What arrives, until nothing has for `seconds`."""
    tap.settimeout(seconds)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            yield tap.recv(2048)
        except TimeoutError:
            return


def is_advertisement(frame: bytes, target: ipaddress.IPv6Address) -> bool:
    """Whether it is a neighbour advertisement (ICMPv6 type 136) of that address to all nodes."""
    all_nodes = frame[38:54] == ipaddress.IPv6Address("ff02::1").packed
    return frame[20] == 58 and frame[54] == 136 and frame[62:78] == target.packed and all_nodes
