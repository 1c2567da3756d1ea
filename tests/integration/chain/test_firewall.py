"""`firewall` after nuage-chain: harmless, and without effect, since the overlay's traffic never comes to its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.chain.chains import add, chain, connects, delete, ip_of, on_host
from tests.integration.lab import Lab

pytestmark = pytest.mark.root


@pytest.fixture(autouse=True)
def forwarding_host() -> Iterator[None]:
    """A host that forwards, as a container host does; else no packet could come to the rules anyway."""
    switch = Path("/proc/sys/net/ipv4/ip_forward")
    before = switch.read_text()
    switch.write_text("1")
    yield
    switch.write_text(before)


@pytest.mark.parametrize("policy", [{}, {"ingressPolicy": "same-bridge"}])
def test_traffic_passes_and_no_rule_sees_any_of_it(lab: Lab, policy: dict[str, str]) -> None:
    one, two = lab.container("one"), lab.container("two", NUAGE_SUBNET="api")
    network = chain(lab, after=[{"type": "firewall", "backend": "iptables", **policy}])
    for container in (one, two):
        add(lab, network, container)
    addresses = [ip_of(c) for c in (one, two)]
    assert connects(one, two, addresses[1])
    assert connects(two, one, addresses[0])
    rules = on_host("iptables", "-L", "FORWARD", "-n", "-v", "-x") + on_host(
        "iptables", "-L", "CNI-FORWARD", "-n", "-v", "-x"
    )
    assert all(address in rules for address in addresses)
    packets = re.findall(r"^ +(\d+) +\d+ ", rules, re.MULTILINE)
    assert len(packets) >= 4
    assert set(packets) == {"0"}
    for container in (one, two):
        delete(lab, network, container)
    rules = on_host("iptables", "-S")
    assert not any(address in rules for address in addresses)
