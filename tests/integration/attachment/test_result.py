"""What ADD gives back: prevResult as it is after the move, and what the overlay decided."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from nuage_chain.link import veth
from tests.integration.attachment.inprocess import answer
from tests.integration.lab import Container, Lab

pytestmark = pytest.mark.root

Change = Callable[[dict[str, Any]], dict[str, Any]]
DNS = {"nameservers": ["10.10.1.53"], "domain": "shop.example", "search": ["shop.example", "example"]}


def added(
    lab: Lab, container: Container, version: str = "1.1.0", change: Change = lambda p: p, **config: Any
) -> dict[str, Any]:
    """The result of ADD on what `bridge` gave, or what `change` makes of that."""
    previous = change(lab.veth(container))
    done = answer(lab, "ADD", container, lab.entry(previous) | {"cniVersion": version, **config})
    assert done.status == 0, done.stdout
    return done.document


def removed(lab: Lab, container: Container) -> None:
    assert answer(lab, "DEL", container, lab.entry()).status == 0
    lab.unveth(container)


def on_host(name: str) -> dict[str, Any]:
    shown: list[dict[str, Any]] = json.loads(
        subprocess.run(["ip", "-j", "link", "show", "dev", name], capture_output=True, check=True).stdout
    )
    return shown[0]


def test_both_ends_have_name_sandbox_mac_and_mtu_as_the_kernel_has_them(lab: Lab) -> None:
    one = lab.container("one")
    result = added(lab, one)
    pair = veth.find(one.netns, "eth0", 5)
    ends = {i["name"]: i for i in result["interfaces"]}
    assert ends["eth0"] == {"name": "eth0", "mac": pair.container.mac, "sandbox": one.netns, "mtu": 1500}
    assert ends[pair.host.name] == {
        "name": pair.host.name, "mac": on_host(pair.host.name)["address"], "mtu": 1500,
    }  # fmt: skip
    assert result["interfaces"][0]["name"] == "nuage0", "what was there stays in its place"
    removed(lab, one)


def test_the_hosts_mac_is_the_one_after_the_move_not_the_one_that_bridge_told(lab: Lab) -> None:
    def stale(previous: dict[str, Any]) -> dict[str, Any]:
        for interface in previous["interfaces"]:
            if interface["name"].startswith("veth"):
                interface["mac"] = "02:00:00:00:00:01"
        return previous

    one = lab.container("one")
    result = added(lab, one, change=stale)
    [host] = [i for i in result["interfaces"] if i["name"].startswith("veth")]
    assert host["mac"] == on_host(host["name"])["address"]
    removed(lab, one)


def test_a_host_end_that_prev_result_does_not_have_is_added_at_the_end(lab: Lab) -> None:
    def only_the_container(previous: dict[str, Any]) -> dict[str, Any]:
        return {**previous, "interfaces": [i for i in previous["interfaces"] if i.get("sandbox")]}

    one = lab.container("one")
    result = added(lab, one, change=only_the_container)
    assert [i["name"] for i in result["interfaces"]] == ["eth0", veth.find(one.netns, "eth0", 5).host.name]
    assert [ip["interface"] for ip in result["ips"]] == [0]
    removed(lab, one)


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
def test_the_result_is_of_the_version_that_was_asked_for(lab: Lab, version: str) -> None:
    one = lab.container("one")
    result = added(lab, one, version)
    [ip] = result["ips"]
    assert result["cniVersion"] == version
    assert ip.get("version") == (None if version >= "1.0.0" else "4")
    assert [i.get("mtu") for i in result["interfaces"]][1:] == ([1500, 1500] if version == "1.1.0" else [None, None])
    assert result["interfaces"][ip["interface"]]["sandbox"] == one.netns
    assert (ip["gateway"], result["routes"]) == ("10.10.1.1", [{"dst": "0.0.0.0/0", "gw": "10.10.1.1"}])
    removed(lab, one)


def with_dns(previous: dict[str, Any]) -> dict[str, Any]:
    return {**previous, "dns": {"nameservers": ["192.0.2.53"]}}


@pytest.mark.parametrize(
    ("change", "config", "expected"),
    [
        (with_dns, {}, {"nameservers": ["192.0.2.53"]}),
        (with_dns, {"dns": {}}, {"nameservers": ["192.0.2.53"]}),
        (with_dns, {"dns": DNS}, DNS),
        (lambda p: p, {"dns": DNS}, DNS),
        (lambda p: p, {}, {}),
    ],
    ids=["of IPAM", "an empty one of ours", "ours before IPAM's", "ours alone", "none"],
)
def test_dns_is_that_of_our_entry_else_that_of_the_plugins_before(
    lab: Lab, change: Change, config: dict[str, Any], expected: dict[str, Any]
) -> None:
    one = lab.container("one")
    assert added(lab, one, change=change, **config).get("dns", {}) == expected
    removed(lab, one)


def test_dns_that_is_no_object_is_refused_before_anything_is_made(lab: Lab) -> None:
    one = lab.container("one")
    previous = lab.veth(one)
    before = lab.left()
    done = answer(lab, "ADD", one, lab.entry(previous) | {"dns": "10.10.1.53"})
    assert (done.status, done.document["code"]) == (1, 7)
    assert lab.left() == before
    lab.unveth(one)


def test_each_attachment_of_a_container_has_its_own_result(lab: Lab) -> None:
    one = lab.container("one")
    results = {
        ifname: answer(lab, "ADD", one, lab.entry(lab.veth(one, ifname=ifname), subnet=subnet), ifname).document
        for ifname, subnet in (("eth0", "web"), ("eth1", "api"))
    }
    for ifname, result in results.items():
        [inner] = [i for i in result["interfaces"] if i.get("sandbox")]
        assert inner["name"] == ifname
        assert [ip["address"] for ip in result["ips"]] == one.addresses(ifname)
        assert result["interfaces"][result["ips"][0]["interface"]] == inner
    # The container has one default route, and the attachment that made it says so.
    assert [len(result.get("routes", [])) for result in results.values()] == [1, 0]
    for ifname, result in results.items():
        assert answer(lab, "CHECK", one, lab.entry(result), ifname).status == 0
    for ifname in results:
        assert answer(lab, "DEL", one, lab.entry(), ifname).status == 0
        lab.unveth(one, ifname=ifname)


def test_ipam_in_our_own_entry_is_refused_since_it_would_do_nothing(lab: Lab) -> None:
    one = lab.container("one")
    entry = lab.entry(lab.veth(one)) | {"ipam": {"type": "host-local"}}
    done = answer(lab, "ADD", one, entry)
    assert (done.status, done.document["code"], "ipam" in done.document["msg"]) == (1, 7, True)
    assert answer(lab, "DEL", one, entry).status == 0
    lab.unveth(one)
