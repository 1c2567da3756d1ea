from __future__ import annotations

from typing import Any

import pytest

from nuage_chain.vsp.engine.match import traffic
from tests.unit.vsp.engine.worlds import DOMAIN, Northbound, entry, put, shop, template

ALL, FRONT, WEB = "domain_dshop", "zone_zfront", "subnet_sweb"


def acls(north: Northbound, word: str) -> list[tuple[str, str]]:
    """Action and match of one direction, the first one first."""
    return [(action, match) for _, direction, action, match in north.acls() if direction == word]


def test_two_templates_that_allow_all_need_no_acl_and_track_nothing() -> None:
    north, mirror = Northbound(), shop()
    for direction in ("ingress", "egress"):
        template(mirror, direction, direction, defaultAllowIP=True)
    north.take(mirror)
    assert north.acls() == []
    assert north.names("Port_Group") == set()


@pytest.mark.parametrize("allowed", [True, False])
def test_what_becomes_of_traffic_without_a_template_is_a_setting(allowed: bool) -> None:
    north, mirror = Northbound(), shop()
    north.take(mirror, without_policy=allowed)
    assert bool(acls(north, "from-lport")) is not allowed
    assert bool(acls(north, "to-lport")) is not allowed


def test_a_draft_says_nothing_yet() -> None:
    north, mirror = Northbound(), shop()
    for direction in ("ingress", "egress"):
        template(mirror, direction, direction, defaultAllowIP=True)
        template(mirror, direction, f"draft-{direction}", policyState="DRAFT")
        entry(mirror, direction, f"e-{direction}", direction, policyState="DRAFT", action="DROP")
    north.take(mirror)
    assert north.acls() == []


def test_entries_come_in_the_order_of_templates_and_priorities() -> None:
    north, mirror = Northbound(), shop()
    template(mirror, "egress", "last", priority=1, priorityType="BOTTOM")
    template(mirror, "egress", "middle", priority=20)
    template(mirror, "egress", "early", priority=10)
    template(mirror, "egress", "first", priority=99, priorityType="TOP")
    for number, parent in enumerate(("last", "middle", "early", "first"), 1):
        for priority in (2, 1):
            port = str(number * 10 + priority)
            entry(mirror, "egress", f"{parent}-{priority}", parent, priority=priority, destinationPort=port)
    template(mirror, "ingress", "ingress", defaultAllowIP=True)
    north.take(mirror)
    ports = [match.rpartition("tcp.dst == ")[2] for _, match in acls(north, "to-lport") if "tcp.dst" in match]
    assert ports == ["41", "42", "31", "32", "21", "22", "11", "12"]


@pytest.mark.parametrize(
    ("attributes", "action", "group", "match"),
    [
        ({}, "allow-related", ALL, "ip4 && tcp"),
        ({"stateful": False}, "allow-stateless", ALL, "ip4 && tcp"),
        ({"action": "DROP"}, "drop", ALL, "ip4 && tcp"),
        ({"action": "TRANSPARENT"}, "allow-related", ALL, "ip4 && tcp"),
        ({"locationType": "ZONE", "locationID": "z-front"}, "allow-related", FRONT, "ip4 && tcp"),
        (
            {"locationType": "SUBNET", "locationID": "s-web", "networkType": "ENDPOINT_ZONE"},
            *("allow-related", WEB),
            f"inport == @{FRONT} && ip4.dst == $set_zfront_dshop_ip4 && ip4 && tcp",
        ),
        (
            {"networkType": "POLICYGROUP", "networkID": "pg"},
            "allow-related",
            ALL,
            "ip4.dst == $pg_pg_ip4 && ip4 && tcp",
        ),
        (
            {"networkType": "SUBNET", "networkID": "s-db", "etherType": "0x86DD"},
            *("allow-related", ALL),
            "ip6.dst == $set_sdb_dshop_ip6 && ip6 && tcp",
        ),
        ({"etherType": "0x88B5"}, "allow-stateless", ALL, "eth.type == 0x88b5"),
    ],
)
def test_an_entry_becomes_an_acl(attributes: dict[str, Any], action: str, group: str, match: str) -> None:
    north, mirror = Northbound(), shop()
    put(mirror, "policygroup", "pg", DOMAIN, name="pg")
    template(mirror, "ingress", "t")
    entry(mirror, "ingress", "e", "t", **attributes)
    north.take(mirror)
    # Of the services that pass by any policy the match is in parentheses.
    first = next(acl for acl in acls(north, "from-lport") if "(" not in acl[1])
    assert first == (action, f"inport == @{group} && {match}")


@pytest.mark.parametrize(
    "attributes",
    [
        {"networkType": "PGEXPRESSION", "networkID": "x"},
        {"networkType": "UNDERLAY_INTERNET_POLICYGROUP"},
        {"DSCP": "46"},
        {"etherType": "0x88b5", "networkType": "ZONE", "networkID": "z-back"},
    ],
)
def test_what_cannot_be_said_forwards_nothing_and_drops_more(attributes: dict[str, Any]) -> None:
    for action, expected in (("FORWARD", 0), ("DROP", 1)):
        north, mirror = Northbound(), shop()
        template(mirror, "ingress", "t", defaultAllowIP=True)
        template(mirror, "egress", "u", defaultAllowIP=True)
        entry(mirror, "ingress", "e", "t", **attributes, action=action)
        north.take(mirror)
        assert len([acl for acl in acls(north, "from-lport") if "(" not in acl[1]]) == expected


@pytest.mark.parametrize(
    ("attributes", "terms"),
    [
        ({"protocol": "ANY"}, ["ip4"]),
        ({"protocol": None}, ["ip4"]),
        ({"protocol": "17", "sourcePort": "*", "destinationPort": "53"}, ["ip4", "udp", "udp.dst == 53"]),
        ({"protocol": "6", "sourcePort": "1-9"}, ["ip4", "tcp", "tcp.src >= 1", "tcp.src <= 9"]),
        ({"protocol": "6", "destinationPort": "8-8"}, ["ip4", "tcp", "tcp.dst == 8"]),
        ({"protocol": "132", "destinationPort": "5"}, ["ip4", "sctp", "sctp.dst == 5"]),
        ({"protocol": "1", "ICMPType": "8", "ICMPCode": "*"}, ["ip4", "icmp4", "icmp4.type == 8"]),
        ({"protocol": "58", "etherType": "0x86dd", "ICMPType": "128"}, ["ip6", "icmp6", "icmp6.type == 128"]),
        ({"protocol": "47"}, ["ip4", "ip.proto == 47"]),
        ({"protocol": "6", "etherType": "0x0806"}, ["eth.type == 0x0806"]),
    ],
)
def test_what_an_entry_matches_is_said_in_ovns_words(attributes: dict[str, Any], terms: list[str]) -> None:
    assert traffic({"etherType": "0x0800", **attributes}) == terms


def test_the_members_of_groups_are_the_vports_that_are_there() -> None:
    north, mirror = Northbound(), shop()
    put(mirror, "policygroup", "pg", DOMAIN, name="pg")
    mirror.members["vp-a", "policygroup"] = frozenset({"pg", "one that is gone"})
    north.take(mirror)
    assert north.held("Port_Group", "pg_pg", "ports") == {"vp-a"}
    assert north.held("Port_Group", ALL, "ports") == {"vp-a", "vp-b"}
    mirror.members["vp-a", "policygroup"] = frozenset()
    mirror.members["vp-b", "policygroup"] = frozenset({"pg"})
    north.take(mirror)
    assert north.held("Port_Group", "pg_pg", "ports") == {"vp-b"}


def test_a_macro_that_changes_changes_its_address_set_alone() -> None:
    north, mirror = Northbound(), shop()
    put(mirror, "enterprisenetwork", "m", "acme", address="192.0.2.0", netmask="255.255.255.0")
    put(mirror, "networkmacrogroup", "g", "acme")
    mirror.members["g", "enterprisenetwork"] = frozenset({"m"})
    template(mirror, "ingress", "t")
    entry(mirror, "ingress", "e", "t", networkType="NETWORK_MACRO_GROUP", networkID="g")
    north.take(mirror)
    assert north.named("Address_Set", "set_g_dshop_ip4")["addresses"] == ["192.0.2.0/24"]
    put(mirror, "enterprisenetwork", "m", "acme", address="192.0.2.0", netmask="255.255.255.128")
    assert north.take(mirror) == 1
    assert north.named("Address_Set", "set_g_dshop_ip4")["addresses"] == ["192.0.2.0/25"]
