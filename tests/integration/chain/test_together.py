"""All of them at once, with CHECK, DEL and a DEL too many."""

from __future__ import annotations

from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from tests.integration.chain.chains import add, chain, connects, delete, ip_of, on_host
from tests.integration.lab import Lab

pytestmark = pytest.mark.root

AFTER: list[dict[str, Any]] = [
    {"type": "bandwidth", "ingressRate": 80_000_000, "ingressBurst": 8_000_000},
    {"type": "tuning", "sysctl": {"net.core.somaxconn": "512"}},
    {"type": "firewall", "backend": "iptables"},
    {"type": "portmap", "capabilities": {"portMappings": True}},
]


def test_the_whole_chain_is_added_checked_and_deleted_twice(lab: Lab) -> None:
    one, two = lab.container("one"), lab.container("two")
    network = chain(lab, "30-nuage-ptp.conflist", after=AFTER)
    lab.attach(two)
    result = add(lab, network, one)
    assert [ip["address"] for ip in result["ips"]] == one.addresses()
    assert connects(one, two, ip_of(two))
    assert connects(two, one, ip_of(one))
    lab.runtime.check(network, lab.attachment(one), Deadline(60))
    address = ip_of(one)
    for _ in range(2):
        delete(lab, network, one)
    assert address not in on_host("iptables-save")
    lab.detach(two)


def test_a_container_that_is_gone_is_deleted_from_the_whole_chain(lab: Lab) -> None:
    one, network = lab.container("one"), chain(lab, "30-nuage-ptp.conflist", after=AFTER)
    add(lab, network, one)
    lab.remove(one)
    delete(lab, network, one)
