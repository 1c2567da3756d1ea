"""`tuning` around nuage-chain: sysctls anywhere, a MAC only before."""

from __future__ import annotations

from typing import Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import PluginFailed
from tests.integration.chain.chains import add, attachment, chain, connects, delete, ip_of
from tests.integration.lab import NOTHING, Container, Lab

pytestmark = pytest.mark.root

MAC = "02:00:00:00:00:aa"
SYSCTL = {"type": "tuning", "sysctl": {"net.core.somaxconn": "512"}}


def mac_of(result: dict[str, Any]) -> list[str]:
    return [i["mac"].lower() for i in result["interfaces"] if i.get("sandbox")]


@pytest.fixture
def peer(lab: Lab) -> Container:
    """A container with a plain list."""
    container = lab.container("peer")
    lab.attach(container)
    return container


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_sysctl_is_set_before_and_after_nuage_chain(lab: Lab, peer: Container, where: str) -> None:
    one = lab.container("one")
    network = chain(lab, before=[SYSCTL]) if where == "before" else chain(lab, after=[SYSCTL])
    add(lab, network, one)
    assert one.sh("cat", "/proc/sys/net/core/somaxconn").strip() == "512"
    assert connects(one, peer, ip_of(peer))
    delete(lab, network, one)
    lab.detach(peer)


def test_a_mac_set_before_nuage_chain_is_the_overlays(lab: Lab, peer: Container) -> None:
    one, network = lab.container("one"), lab.network("50-nuage-tuning.conflist")
    assert mac_of(add(lab, network, one, mac=MAC)) == [MAC]
    assert [r["mac"].lower() for r in lab.rows("Nuage_Port_Table") if r["mac"].lower() == MAC] == [MAC]
    assert connects(one, peer, ip_of(peer))
    assert connects(peer, one, ip_of(one))
    delete(lab, network, one)
    lab.detach(peer)


def test_a_mac_changed_after_nuage_chain_cuts_the_container_off(lab: Lab, peer: Container) -> None:
    """The evidence behind the linter's rule and the refusals below."""
    one, network = lab.container("one"), chain(lab, after=[{"type": "tuning", "mac": MAC}])
    assert mac_of(add(lab, network, one)) == [MAC]
    assert not one.pings(ip_of(peer))
    delete(lab, network, one)
    lab.detach(peer)


def test_a_mac_that_bridge_sets_itself_is_the_overlays(lab: Lab, peer: Container) -> None:
    one, network = lab.container("one"), chain(lab, after=[{"type": "tuning"}])
    asked = attachment(lab, one, "eth0", MAC=MAC.upper())
    assert mac_of(lab.runtime.add_or_clean(network, asked, Deadline(60))) == [MAC]
    assert connects(one, peer, ip_of(peer))
    delete(lab, network, one)
    lab.detach(peer)


def test_a_mac_asked_for_that_nobody_has_set_is_refused(lab: Lab) -> None:
    one, network = lab.container("one"), chain(lab, "30-nuage-ptp.conflist", after=[{"type": "tuning"}])
    asked = attachment(lab, one, "eth0", MAC=MAC)
    with pytest.raises(PluginFailed, match=f"CNI_ARGS asks for the MAC {MAC}") as caught:
        lab.runtime.add_or_clean(network, asked, Deadline(60))
    assert (caught.value.plugin, caught.value.plugin_code) == ("nuage-chain", 7)
    assert lab.left() == NOTHING
