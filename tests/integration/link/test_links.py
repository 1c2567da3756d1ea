"""What the kernel says to us, beside what iproute2 says of the same."""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from nuage_chain.errors import KernelRefused
from nuage_chain.link import inet, links
from nuage_chain.link.netns import inside
from nuage_chain.link.rtnl import Socket, rtnetlink

pytestmark = pytest.mark.root

NETNS = "/run/netns/linked"


def ip(*arguments: str) -> Any:
    done = subprocess.run(["ip", "-j", *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "[]")


@pytest.fixture
def kernel() -> Iterator[Socket]:
    ip("netns", "add", "linked")
    ip("link", "add", "linked0", "mtu", "1400", "type", "veth", "peer", "name", "eth0", "netns", "linked")
    ip("link", "add", "linkbr", "type", "bridge")
    ip("link", "set", "linked0", "master", "linkbr")
    with rtnetlink("Trying") as opened:
        yield opened
    ip("link", "delete", "linkbr")
    ip("netns", "delete", "linked")
    subprocess.run(["ip", "link", "delete", "linked0"], check=False, capture_output=True)


def test_a_link_is_as_iproute2_tells_it(kernel: Socket) -> None:
    [told] = ip("-d", "link", "show", "linked0")
    found = links.get(kernel, name="linked0")
    assert found is not None
    assert (found.name, found.index, found.mac, found.mtu) == ("linked0", told["ifindex"], told["address"], 1400)
    assert (found.kind, found.slave_kind, found.peer) == ("veth", "bridge", told["link_index"])
    assert (found.up, found.peer_netns) == (False, told["link_netnsid"])
    assert found.master == ip("link", "show", "linkbr")[0]["ifindex"]
    assert links.get(kernel, index=found.index) == found
    lo = links.get(kernel, name="lo")
    assert lo is not None
    assert (lo.kind, lo.master, lo.peer_netns) == ("", 0, None)


@pytest.mark.parametrize("selector", [{}, {"name": "nowhere0"}, {"name": "x" * 16}, {"index": 99999999}])
def test_a_link_that_is_not_there_is_none(kernel: Socket, selector: dict[str, Any]) -> None:
    assert links.get(kernel, **selector) is None


def test_a_link_is_changed_in_what_was_said_and_in_nothing_else(kernel: Socket) -> None:
    index = ip("link", "show", "linked0")[0]["ifindex"]
    links.change(kernel, index, mtu=1300)
    [told] = ip("link", "show", "linked0")
    assert (told["mtu"], told.get("master"), "UP" in told["flags"]) == (1300, "linkbr", False)
    links.change(kernel, index, up=True, master=0)
    [told] = ip("link", "show", "linked0")
    assert (told["mtu"], told.get("master"), "UP" in told["flags"]) == (1300, None, True)
    links.delete(kernel, index)
    assert links.get(kernel, index=index) is None


def test_the_namespace_of_the_other_end_has_the_id_that_the_link_names(kernel: Socket) -> None:
    found = links.get(kernel, name="linked0")
    assert found is not None
    for path, same in ((NETNS, True), ("/proc/self/ns/net", False)):
        fd = os.open(path, os.O_RDONLY)
        assert (links.netns_id(kernel, fd) == found.peer_netns) is same
        os.close(fd)


def test_what_the_kernel_refuses_says_what_was_tried_and_why(kernel: Socket) -> None:
    index = ip("link", "show", "linked0")[0]["ifindex"]
    with (
        pytest.raises(KernelRefused, match=r"^Shrinking it failed: Invalid argument\.$"),
        rtnetlink("Shrinking it") as k,
    ):
        links.change(k, index, mtu=1)
    assert kernel is not None


@pytest.mark.parametrize(
    ("address", "gateway"), [("10.9.0.5/24", "10.9.0.1"), ("fd00:9::5/64", "fd00:9::1"), ("10.9.0.5/32", None)]
)
def test_addresses_and_default_routes_are_as_they_were_made(kernel: Socket, address: str, gateway: str | None) -> None:
    assert kernel is not None
    wanted = ipaddress.ip_interface(address)

    def work() -> tuple[list[inet.Address], list[inet.Route]]:
        with rtnetlink("Trying") as k:
            found = links.get(k, name="eth0")
            assert found is not None
            links.change(k, found.index, up=True)
            inet.add_address(k, found.index, wanted)
            if gateway:
                inet.add_default_route(k, found.index, ipaddress.ip_address(gateway))
            return inet.addresses(k, found.index), inet.routes(k, (wanted.version,), inet.MAIN_TABLE)

    has, routes = inside(NETNS, work, 5)
    assert wanted in has
    told = ip("-n", "linked", f"-{wanted.version}", "route", "show", "table", "main")
    assert sorted((str(r.dst.with_prefixlen), str(r.gateway)) for r in routes) == sorted(
        (_network(r["dst"], wanted.version), r.get("gateway", "None")) for r in told
    )

    def undo() -> list[inet.Address]:
        with rtnetlink("Trying") as k:
            found = links.get(k, name="eth0")
            assert found is not None
            inet.delete_address(k, found.index, wanted)
            return inet.addresses(k, found.index)

    assert wanted not in inside(NETNS, undo, 5)


def test_an_address_that_is_there_already_stays_and_a_second_default_route_is_refused(kernel: Socket) -> None:
    assert kernel is not None

    def work() -> list[inet.Address]:
        with rtnetlink("Twice") as k:
            found = links.get(k, name="eth0")
            assert found is not None
            links.change(k, found.index, up=True)
            for _ in range(2):
                inet.add_address(k, found.index, ipaddress.ip_interface("10.9.0.5/24"))
            inet.add_default_route(k, found.index, ipaddress.ip_address("10.9.0.1"))
            with pytest.raises(FileExistsError):
                inet.add_default_route(k, found.index, ipaddress.ip_address("10.9.0.1"))
            return [a for a in inet.addresses(k, found.index) if a.version == 4]

    assert inside(NETNS, work, 5) == [ipaddress.ip_interface("10.9.0.5/24")]


def test_a_list_longer_than_one_answer_is_read_to_its_end(kernel: Socket) -> None:
    assert kernel is not None
    many = [f"10.8.{n // 250}.{n % 250 + 1}/32" for n in range(1000)]
    lines = "\n".join(f"address add {address} dev eth0" for address in many)
    subprocess.run(["ip", "-n", "linked", "-batch", "-"], input=lines, text=True, check=True)

    def work() -> list[str]:
        with rtnetlink("Many") as k:
            found = links.get(k, name="eth0")
            assert found is not None
            return [str(a) for a in inet.addresses(k, found.index)]

    assert sorted(inside(NETNS, work, 5)) == sorted(many)


def _network(told: str, version: int) -> str:
    if told == "default":
        return "0.0.0.0/0" if version == 4 else "::/0"
    return str(ipaddress.ip_network(told))
