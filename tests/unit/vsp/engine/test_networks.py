from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from nuage_chain.vsp.engine.mirror import SHARED
from nuage_chain.vsp.engine.plans import stable_mac
from tests.unit.vsp.engine.worlds import DOMAIN, Northbound, change, plug, put, shop


def test_a_domain_is_a_router_a_subnet_a_switch_and_a_vport_a_port() -> None:
    north = Northbound()
    north.take(shop())
    assert north.names("Logical_Router") == {DOMAIN}
    assert north.names("Logical_Switch") == {"s-web", "s-api", "s-db"}
    assert north.held("Logical_Router", DOMAIN, "ports") == {"s-web-gateway", "s-api-gateway", "s-db-gateway"}
    assert north.held("Logical_Switch", "s-web", "ports") == {"s-web-router", "vp-a"}
    assert north.named("Logical_Switch_Port", "vp-a")["addresses"] == ["7a:42:00:00:00:01 10.1.1.2"]
    assert north.named("Logical_Router_Port", "s-web-gateway")["networks"] == ["10.1.1.1/24"]


def test_a_switch_port_and_its_router_port_have_different_names() -> None:
    """The southbound database has one name space for both: with one name routing would silently not work."""
    north = Northbound()
    north.take(shop())
    assert not north.names("Logical_Switch_Port") & north.names("Logical_Router_Port")
    assert north.named("Logical_Switch_Port", "s-web-router")["options"] == {"router-port": "s-web-gateway"}


def test_an_l2_domain_has_no_router() -> None:
    north, mirror = Northbound(), shop()
    put(mirror, "l2domain", "l2", "acme", name="l2", address="10.9.0.0", netmask="255.255.255.0")
    plug(mirror, "vp-l", "l2", "7a:42:00:00:00:09", "10.9.0.2")
    north.take(mirror, "l2")
    assert north.names("Logical_Router") == set()
    assert north.held("Logical_Switch", "l2", "ports") == {"vp-l"}


def test_what_is_right_is_not_written_again() -> None:
    north = Northbound()
    assert north.take(shop()) > 0
    assert north.take(shop()) == 0


@pytest.mark.parametrize(
    ("kind", "vsd_id", "changed", "column", "value"),
    [
        ("containerinterface", "i-vp-a", {"IPAddress": "10.1.1.9"}, "addresses", ["7a:42:00:00:00:01 10.1.1.9"]),
        (
            *("containerinterface", "i-vp-a", {"IPv6Address": "2001:db8::2/64"}, "addresses"),
            ["7a:42:00:00:00:01 10.1.1.2 2001:db8::2"],
        ),
        ("vport", "vp-a", {"addressSpoofing": "ENABLED"}, "port_security", []),
        ("vport", "vp-a", {"addressSpoofing": "ENABLED"}, "addresses", ["7a:42:00:00:00:01 10.1.1.2", "unknown"]),
        ("vport", "vp-a", {"addressSpoofing": "DISABLED"}, "port_security", ["7a:42:00:00:00:01 10.1.1.2"]),
        ("vport", "vp-a", {"active": False}, "enabled", [False]),
    ],
)
def test_a_change_of_a_vport_is_followed(
    kind: str, vsd_id: str, changed: dict[str, Any], column: str, value: list[Any]
) -> None:
    north, mirror = Northbound(), shop()
    north.take(mirror)
    change(mirror, kind, vsd_id, **changed)
    north.take(mirror)
    assert north.named("Logical_Switch_Port", "vp-a")[column] == value
    assert north.take(mirror) == 0


def test_a_subnet_of_ipv6_alone_has_an_ipv6_gateway_alone() -> None:
    north, mirror = Northbound(), shop()
    change(mirror, "subnet", "s-web", IPType="IPV6", address=None, IPv6Address="2001:db8::/64")
    north.take(mirror)
    assert north.named("Logical_Router_Port", "s-web-gateway")["networks"] == ["2001:db8::1/64"]


def test_a_vport_without_an_interface_is_not_in_ovn_and_one_that_loses_it_leaves() -> None:
    north, mirror = Northbound(), shop()
    put(mirror, "vport", "vp-empty", "s-web")
    north.take(mirror)
    assert north.held("Logical_Switch", "s-web", "ports") == {"s-web-router", "vp-a"}
    mirror.drop("containerinterface", "i-vp-a")
    north.take(mirror)
    assert north.held("Logical_Switch", "s-web", "ports") == {"s-web-router"}


def test_a_subnet_that_goes_takes_its_router_port_along() -> None:
    north, mirror = Northbound(), shop()
    north.take(mirror)
    mirror.drop("subnet", "s-api")
    north.take(mirror)
    assert "s-api" not in north.names("Logical_Switch")
    assert "s-api-gateway" not in north.names("Logical_Router_Port")


def test_nothing_of_a_domain_is_left_when_it_goes_and_others_keep_theirs() -> None:
    north, mirror = Northbound(), shop()
    north.take(mirror)
    north.tables["Logical_Switch"]["x"] = {"name": "theirs", "external_ids": {}, "ports": []}
    mirror.drop("domain", DOMAIN)
    north.take(mirror)
    assert north.names("Logical_Switch") == {"theirs"}
    assert north.names("Logical_Router") == set()
    assert north.names("Logical_Switch_Port") == set()


def test_rows_that_were_there_before_the_engine_marked_them_become_its() -> None:
    north, mirror = Northbound(), shop()
    north.take(mirror)
    for table in ("Logical_Switch", "Logical_Switch_Port", "Logical_Router", "Logical_Router_Port"):
        for row in north.tables[table].values():
            row["external_ids"] = {}
    north.run([])
    north.take(mirror)
    mirror.drop("domain", DOMAIN)
    north.take(mirror)
    assert north.names("Logical_Switch") == set()


def test_dhcp_says_what_the_nearest_place_says() -> None:
    north, mirror = Northbound(), shop()
    for place, value in ((DOMAIN, "1500"), ("z-front", "1400"), ("s-web", "1300")):
        put(mirror, "dhcpoption", f"o-{place}", place, actualType=26, actualValues=[value])
    put(mirror, "dhcpoption", "names", DOMAIN, actualType=15, actualValues=["example.org"])
    put(mirror, "dhcpoption", "odd", DOMAIN, actualType=200, actualValues=["what OVN has no name for"])
    change(mirror, "subnet", "s-db", enableDHCPv4=False)
    north.take(mirror)
    told = {r["external_ids"]["nuage-key"]: r["options"] for r in north.tables["DHCP_Options"].values()}
    assert {subnet: options["mtu"] for subnet, options in told.items()} == {"s-web": "1300", "s-api": "1400"}
    assert told["s-web"]["domain_name"] == '"example.org"'
    assert told["s-web"]["server_id"] == told["s-web"]["router"] == "10.1.1.1"
    assert north.named("Logical_Switch_Port", "vp-a")["dhcpv4_options"]
    assert not north.named("Logical_Switch_Port", "vp-b")["dhcpv4_options"]


def test_a_gateways_mac_is_the_same_everywhere_and_another_for_each_subnet() -> None:
    assert stable_mac("s-web") == stable_mac("s-web") != stable_mac("s-db")
    first = int(stable_mac("s-web").split(":")[0], 16)
    assert first & 3 == 2, "locally administered, not multicast"


def test_a_way_out_is_there_for_those_who_need_one() -> None:
    north, mirror = Northbound(), shop()
    north.take(mirror, SHARED)
    north.take(mirror, DOMAIN, "node-1", "node-2")
    assert not north.tables["NAT"]
    assert "nuage-outside" not in north.names("Logical_Switch")
    change(mirror, "domain", DOMAIN, PATEnabled="ENABLED")
    change(mirror, "subnet", "s-db", PATEnabled="DISABLED")
    north.take(mirror, SHARED)
    north.take(mirror, DOMAIN, "node-1", "node-2")
    rows = north.tables["NAT"].values()
    assert {(r["type"], r["external_ip"], r["logical_ip"]) for r in rows} == {
        ("snat", "198.18.0.8", "10.1.1.0/24"),
        ("snat", "198.18.0.8", "10.1.2.0/24"),
    }
    chosen = north.tables["Gateway_Chassis"].values()
    assert {(r["chassis_name"], r["priority"]) for r in chosen} == {("node-1", 2), ("node-2", 1)}
    (route,) = north.tables["Logical_Router_Static_Route"].values()
    assert (route["ip_prefix"], route["nexthop"]) == ("0.0.0.0/0", "198.18.0.1")
    anywhere = str(ipaddress.IPv4Address(0))
    put(mirror, "staticroute", "own", DOMAIN, address=anywhere, netmask=anywhere, nextHopIp="10.1.1.9")
    north.take(mirror, DOMAIN, "node-1", "node-2")
    (route,) = north.tables["Logical_Router_Static_Route"].values()
    assert route["nexthop"] == "10.1.1.9", "a default route in VSD has the say"


def redirect(**attributes: Any) -> dict[str, Any]:
    given = {"action": "REDIRECT", "redirectVPortTagID": "rt", "etherType": "0x0800", "protocol": "6"}
    return {**given, "locationType": "SUBNET", "locationID": "s-web", "networkType": "ANY", **attributes}


@pytest.mark.parametrize(
    ("target", "attributes", "policies"),
    [
        ("L3", {}, 1),
        ("L3", {"action": "FORWARDING_PATH_LIST"}, 0),
        ("L3", {"redirectVPortTagID": "another"}, 0),
        ("VIRTUAL_WIRE", {}, 0),
        ("VIRTUAL_WIRE", {"action": "DROP"}, 1),
    ],
)
def test_only_targets_that_a_router_can_reach_are_redirected_to(
    target: str, attributes: dict[str, Any], policies: int
) -> None:
    north, mirror = Northbound(), shop()
    put(mirror, "redirectiontarget", "rt", DOMAIN, endPointType=target)
    mirror.members["vp-b", "redirectiontarget"] = frozenset({"rt"})
    put(mirror, "ingressadvfwdtemplate", "t", DOMAIN, active=True)
    put(mirror, "ingressadvfwdentrytemplate", "e", "t", **redirect(**attributes))
    north.take(mirror)
    assert len(north.tables["Logical_Router_Policy"]) == policies
    for row in north.tables["Logical_Router_Policy"].values():
        assert row["nexthops"] == (["10.1.3.2"] if row["action"] == "reroute" else [])
