"""`bandwidth` around nuage-chain: limits that limit, those that cannot, and those that would be lost."""

from __future__ import annotations

import json

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import PluginFailed
from nuage_chain.link import qdisc, veth
from tests.integration.chain.chains import add, chain, connects, delete, exceeds, ip_of, on_host, speed
from tests.integration.lab import Container, Lab

pytestmark = pytest.mark.root

LIST = "40-nuage-bandwidth.conflist"
RATE, BURST = 8_000_000, 800_000
INGRESS = {"ingressRate": RATE, "ingressBurst": BURST}
EGRESS = {"egressRate": RATE, "egressBurst": BURST}
# At the rate it takes over two seconds, of which the burst saves a tenth.
SIZE = 5 << 19


def limits(container: Container) -> list[str]:
    return qdisc.limits(veth.find(container.netns, "eth0", 5).host.index)


def datapath(lab: Lab) -> str:
    return next(r["datapath_type"] or "system" for r in lab.rows("Bridge") if r["name"] == "alubr0")


def ifbs() -> list[str]:
    return [link["ifname"] for link in json.loads(on_host("ip", "-j", "link", "show", "type", "ifb"))]


def test_a_limit_on_what_a_container_receives_limits_it_and_nobody_else(lab: Lab) -> None:
    one, two = lab.container("one"), lab.container("two")
    add(lab, lab.network(LIST), one, bandwidth=INGRESS)
    lab.attach(two)
    assert speed(two, one, ip_of(one), SIZE) < 1.25 * RATE
    assert exceeds(1.5 * RATE, one, two, ip_of(two), SIZE)
    delete(lab, lab.network(LIST), one)
    lab.detach(two)


def test_a_limit_stays_when_other_containers_come_and_go(lab: Lab) -> None:
    one, two = lab.container("one"), lab.container("two")
    add(lab, lab.network(LIST), one, bandwidth=INGRESS)
    for _ in range(2):
        lab.attach(two)
        assert limits(one) == ["tbf"]
        lab.detach(two)
    one.sh("ip", "link", "set", "eth0", "down")
    one.sh("ip", "link", "set", "eth0", "up")
    lab.attach(two)
    assert limits(one) == ["tbf"]
    lab.detach(two)
    delete(lab, lab.network(LIST), one)


def test_a_limit_on_what_a_container_sends_needs_the_kernel_datapath(lab: Lab) -> None:
    """The evidence behind the refusal: Open vSwitch's packet socket has the packet before tc's ingress hook does."""
    one, two = lab.container("one"), lab.container("two")
    network = chain(lab, after=[{"type": "bandwidth", **EGRESS}])
    lab.attach(two)
    add(lab, network, one)
    assert limits(one) == ["ingress"]
    [ifb] = ifbs()
    if datapath(lab) == "netdev":
        assert exceeds(1.5 * RATE, one, two, ip_of(two), SIZE)
        [counted] = json.loads(on_host("tc", "-s", "-j", "qdisc", "show", "dev", ifb))
        assert counted["drops"] > 0, "the limit was applied to the copy that nobody reads"
    else:
        assert speed(one, two, ip_of(two), SIZE) < 1.25 * RATE
    delete(lab, network, one)
    lab.detach(two)
    assert ifbs() == []


def test_a_limit_on_what_a_container_sends_is_refused_where_it_would_not_be_kept(lab: Lab) -> None:
    one = lab.container("one")
    before = lab.left()
    if datapath(lab) == "netdev":
        with pytest.raises(PluginFailed, match=r"8000000 bit/s .* userspace datapath") as caught:
            add(lab, lab.network(LIST), one, bandwidth=EGRESS)
        assert caught.value.plugin_code == 7
    else:
        add(lab, lab.network(LIST), one, bandwidth=EGRESS)
        delete(lab, lab.network(LIST), one)
    assert lab.left() == before


def test_a_limit_made_before_nuage_chain_is_refused_before_it_is_lost(lab: Lab) -> None:
    one = lab.container("one")
    for limit, kinds in ((INGRESS, ["tbf"]), (EGRESS, ["ingress"]), (INGRESS | EGRESS, ["tbf", "ingress"])):
        network = chain(lab, before=[{"type": "bandwidth", **limit}])
        with pytest.raises(PluginFailed, match=r"has traffic limits already") as caught:
            lab.runtime.add(network, lab.attachment(one), Deadline(60))
        assert caught.value.plugin_code == 7
        host = veth.find(one.netns, "eth0", 5).host
        assert (limits(one), host.master != 0, lab.left()["ports"]) == (kinds, True, 0)
        delete(lab, network, one)


def test_containers_with_limits_reach_each_other_both_ways(lab: Lab) -> None:
    one, two = lab.container("one"), lab.container("two")
    for container in (one, two):
        add(lab, lab.network(LIST), container, bandwidth=INGRESS)
    assert connects(one, two, ip_of(two))
    assert connects(two, one, ip_of(one))
    for container in (one, two):
        delete(lab, lab.network(LIST), container)
