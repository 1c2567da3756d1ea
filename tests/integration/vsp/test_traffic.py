from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.vsp.conftest import Lab

pytestmark = pytest.mark.root


def test_two_containers_of_one_subnet_reach_each_other(lab: Lab) -> None:
    a, _ = lab.attached("Shop/front/web")
    b, row = lab.attached("Shop/front/web")
    assert lab.pings(a, row.address)
    assert lab.talks_tcp(a, b, row.address)


def test_two_subnets_of_a_domain_are_joined_by_their_gateways(lab: Lab) -> None:
    a, own = lab.attached("Shop/front/web")
    b, row = lab.attached("Shop/back/db")
    assert lab.pings(a, own.gateway)
    assert lab.pings(a, row.address)
    assert lab.talks_tcp(a, b, row.address)


def test_another_domain_is_not_reached(lab: Lab) -> None:
    a, _ = lab.attached("Shop/front/api")
    b, _ = lab.attached("Lab/bench/web")
    c, row = lab.attached("Lab/bench/web", address="10.10.1.200")
    assert lab.talks_tcp(b, c, row.address), "within its own domain it is reached"
    assert not lab.pings(a, row.address)
    assert not lab.talks_tcp(a, c, row.address, seconds=1.0)


def test_one_address_in_two_domains_is_two_containers(lab: Lab) -> None:
    a, _ = lab.attached("Shop/front/api")
    b, _ = lab.attached("Lab/bench/web")
    in_shop, row = lab.attached("Shop/front/web", address="10.10.1.201")
    in_lab, _ = lab.attached("Lab/bench/web", address="10.10.1.201")
    assert lab.talks_tcp(a, in_shop, row.address)
    assert not lab.talks_tcp(a, in_lab, row.address, seconds=1.0)
    assert lab.talks_tcp(b, in_lab, row.address)
    assert not lab.talks_tcp(b, in_shop, row.address, seconds=1.0)


def test_a_container_cannot_send_with_an_address_that_is_not_its_own(lab: Lab) -> None:
    a, _ = lab.attached("Shop/front/web")
    _, row = lab.attached("Shop/front/web")
    assert lab.pings(a, row.address)
    lab.run("ip", "-n", a.netns, "address", "flush", "dev", "eth0", "scope", "global")
    lab.run("ip", "-n", a.netns, "address", "add", "10.10.1.250/24", "dev", "eth0")
    assert not lab.pings(a, row.address)


def test_traffic_goes_on_while_the_resolver_and_vsd_are_down(lab: Lab) -> None:
    a, _ = lab.attached("Shop/front/web")
    b, row = lab.attached("Shop/front/web")
    lab.kill("resolver")
    lab.kill("vsd")
    try:
        assert lab.pings(a, row.address)
        assert lab.talks_tcp(a, b, row.address)
    finally:
        lab.start("vsd")
        lab.start("resolver")


def test_traffic_is_back_after_the_vsp_was_mended(lab: Lab) -> None:
    a, own = lab.attached("Shop/front/web")
    b, row = lab.attached("Shop/front/web")
    lab.kill("ovs-vswitchd")
    lab.up()
    assert lab.row(a) == own
    lab.wait_for(lambda: lab.pings(a, row.address))
    assert lab.talks_tcp(a, b, row.address)
