"""What CHECK says of what it sees; that it sees it is held on real parts, in the integration tests."""

from __future__ import annotations

import ipaddress

import pytest

from nuage_chain.attachment import check
from nuage_chain.cni.result import Route
from nuage_chain.link import address, veth
from nuage_chain.link.links import Link
from nuage_chain.vrs import rows, sight
from nuage_chain.vrs.switch import Plugged
from nuage_chain.vsd.registered import Registered

MAC = "7a:42:11:22:33:44"
PORT = Plugged("veth1", "p1", "ab" * 32, {rows.VPORT: "v1", rows.VSD_CONTAINER: "k1"})
PAIR = veth.Pair(Link("veth1", 7, "02:00:00:00:00:01", 1500), Link("eth0", 2, MAC, 1500))
ROW = sight.Row(MAC, "10.10.1.7", "255.255.255.0", "10.10.1.1", 20002)
IPS = frozenset({"10.10.1.7"})
EVERYWHERE = ipaddress.ip_network("0.0.0.0/0")
NEAR = ipaddress.ip_network("10.10.0.0/16")
ONE, OTHER = ipaddress.ip_address("10.10.1.1"), ipaddress.ip_address("10.10.1.9")


@pytest.mark.parametrize(
    ("datapath", "ofport", "error", "name", "says"),
    [
        ("netdev", 3, "", "veth1", ""),
        (None, 3, "", "veth1", "not on the bridge alubr0"),
        ("netdev", None, "", "veth1", "given it no number"),
        ("netdev", -1, "no such device", "veth1", "cannot open it (no such device)"),
        ("netdev", -1, "", "veth1", "no reason given"),
        ("netdev", 3, "", "veth9", "The port in the switch is veth9"),
    ],
)
def test_a_port_that_does_not_forward_is_told(
    datapath: str | None, ofport: int | None, error: str, name: str, says: str
) -> None:
    seen = sight.Sight(datapath, ofport, error, ROW, in_vm_row=True)
    told = check._of_port(Plugged(name, "p1", "", {}), seen, PAIR, "alubr0")
    assert says in told
    assert bool(says) == bool(told)


@pytest.mark.parametrize(
    ("row", "in_vm_row", "says"),
    [
        (ROW, True, ""),
        (None, True, "no row in Nuage_Port_Table"),
        (ROW, False, "no row in Nuage_VM_Table"),
        (sight.Row("02:00:00:00:00:99", "10.10.1.7", "", "", 1), True, "with the MAC 02:00:00:00:00:99"),
        (sight.Row(MAC, "", "", "", 0), True, "VRS has not resolved it"),
        (sight.Row(MAC, "", "", "", 20002), True, ""),
    ],
    ids=["in order", "no port row", "no VM row", "another MAC", "unresolved", "resolved without IPv4"],
)
def test_rows_that_are_wrong_are_told(row: sight.Row | None, in_vm_row: bool, says: str) -> None:
    told = check._of_rows(PORT, sight.Sight("netdev", 3, "", row, in_vm_row), MAC)
    assert says in told
    assert bool(says) == bool(told)


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (Registered(True, True, MAC, IPS), ""),
        (Registered(True, True, MAC, IPS | {"2001:db8::7"}), ""),
        (Registered(False, True, MAC, IPS), "VSD has no container k1"),
        (Registered(True, False, MAC, IPS), "VSD has no vPort v1"),
        (Registered(True, True, None, frozenset()), "no interface on vPort v1"),
        (Registered(True, True, "02:00:00:00:00:99", IPS), "with the MAC 02:00:00:00:00:99"),
        (Registered(True, True, MAC, frozenset({"10.10.1.8"})), "10.10.1.7, but VSD says 10.10.1.8"),
        (Registered(True, True, MAC, frozenset()), "10.10.1.7, but VSD says none"),
    ],
)
def test_what_vsd_lacks_or_says_otherwise_is_told(there: Registered, says: str) -> None:
    told = check._of_vsd(there, PORT, MAC, set(IPS))
    assert says in told
    assert bool(says) == bool(told)


@pytest.mark.parametrize(
    ("there", "wanted", "same"),
    [
        (address.Route(EVERYWHERE, ONE, ours=True), Route(EVERYWHERE, ONE), True),
        (address.Route(EVERYWHERE, ONE, ours=True), Route(EVERYWHERE), True),
        (address.Route(EVERYWHERE, OTHER, ours=True), Route(EVERYWHERE, ONE), False),
        (address.Route(EVERYWHERE, OTHER, ours=False), Route(EVERYWHERE, ONE), True),
        (address.Route(NEAR, ONE, ours=True), Route(EVERYWHERE, ONE), False),
        (address.Route(NEAR, None, ours=True), Route(NEAR), True),
    ],
)
def test_a_route_is_found_again(there: address.Route, wanted: Route, same: bool) -> None:
    assert check._is(there, wanted) is same
