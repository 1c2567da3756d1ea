"""`sbr` after nuage-chain: a second interface answers by the way that the question came."""

from __future__ import annotations

import pytest

from tests.integration.chain.chains import add, connects, delete, ip_of
from tests.integration.lab import Container, Lab

pytestmark = pytest.mark.root

SECOND = "60-nuage-second.conflist"


@pytest.fixture
def far(lab: Lab) -> Container:
    """A container of a third subnet: the way to it leads through a gateway."""
    container = lab.container("far", NUAGE_SUBNET="api")
    lab.attach(container)
    return container


def test_without_it_answers_leave_by_the_first_interface_and_are_dropped(lab: Lab, far: Container) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.attach(one, ifname="eth1", zone="back", subnet="db")
    assert connects(far, one, ip_of(one))
    assert not connects(far, one, ip_of(one, "eth1"), seconds=1)
    for ifname in ("eth1", "eth0"):
        lab.detach(one, ifname=ifname)
    lab.detach(far)


def test_with_it_both_interfaces_answer(lab: Lab, far: Container) -> None:
    one, network = lab.container("one"), lab.network(SECOND)
    lab.attach(one)
    add(lab, network, one, "eth1")
    assert connects(far, one, ip_of(one))
    assert connects(far, one, ip_of(one, "eth1"))
    assert connects(one, far, ip_of(far))
    assert f"default via {ip_of(one, 'eth1').rsplit('.', 1)[0]}.1 dev eth1" in one.sh(
        "ip", "route", "show", "table", "100"
    )
    assert "default via 10.10.1.1 dev eth0" in one.sh("ip", "route")
    delete(lab, network, one, "eth1")
    lab.detach(one)
    lab.detach(far)
