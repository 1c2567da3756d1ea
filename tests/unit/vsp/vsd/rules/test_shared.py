"""What enterprises share or name outside of their domains: macros, static routes, floating IPs, DHCP options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology

NETMASK = "255.255.255.0"


def test_macros_are_prefixes_that_an_enterprise_has_once(rest: Rest, topology: Topology) -> None:
    path = f"enterprises/{topology.enterprise}/enterprisenetworks"
    host = rest.make(path, name="dns", address="192.0.2.53", netmask="255.255.255.255")
    rest.make(path, name="six", IPType="IPV6", IPv6Address="2001:DB8::/32")
    same = {"name": "again", "address": "192.0.2.53", "netmask": "255.255.255.255"}
    assert rest.refused("POST", path, same)[:2] == (409, 2504)
    assert rest.refused("POST", path, {"name": "x", "address": "192.0.2.5", "netmask": NETMASK})[0] == 409
    assert rest.refused("POST", path, {"name": "x", "IPType": "IPV6"})[:2] == (409, 5001)
    assert rest.call("PUT", f"enterprisenetworks/{host['ID']}", {"address": "192.0.2.54"}).status_code == 204
    rest.make(path, **same)
    other = rest.make("enterprises", name="Other")["ID"]
    rest.make(f"enterprises/{other}/enterprisenetworks", **same)


def test_macros_join_groups_from_either_side_and_events_tell_of_both(rest: Rest, topology: Topology) -> None:
    group = rest.make(f"enterprises/{topology.enterprise}/networkmacrogroups", name="g")["ID"]
    macros = [
        rest.make(f"enterprises/{topology.enterprise}/enterprisenetworks", name=name, address=name, netmask=NETMASK)[
            "ID"
        ]
        for name in ("192.0.2.0", "198.51.100.0")
    ]
    cursor = rest.get("events").json()["uuid"]
    path = f"networkmacrogroups/{group}/enterprisenetworks"
    assert rest.call("PUT", path, [macros[0]]).status_code == 204
    told = rest.get(f"events?uuid={cursor}").json()
    changed = {(event["type"], event["entities"][0]["ID"]) for event in told["events"]}
    assert changed == {("UPDATE", group), ("UPDATE", macros[0])}
    assert rest.call("PATCH", path, [macros[1]], PatchType="add").status_code == 204
    assert rest.names(path) == ["192.0.2.0", "198.51.100.0"]
    assert rest.names(f"enterprisenetworks/{macros[1]}/networkmacrogroups") == ["g"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"address": "192.0.2.0", "netmask": NETMASK}, 409, 5001),
        ({"address": "192.0.2.1", "netmask": NETMASK, "nextHopIp": "10.10.1.20"}, 409, None),
        ({"address": "192.0.2.0", "netmask": NETMASK, "nextHopIp": "2001:db8::1"}, 400, None),
        ({"IPType": "IPV6", "nextHopIp": "2001:db8::1"}, 409, 5001),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(
    rest: Rest, topology: Topology, body: dict[str, Any], status: int, code: int | None
) -> None:
    assert rest.refused("POST", f"domains/{topology.domain}/staticroutes", body)[:2] == (status, code)


def test_routes_of_both_families_are_kept_once(rest: Rest, topology: Topology) -> None:
    path = f"domains/{topology.domain}/staticroutes"
    four = {"address": "192.0.2.0", "netmask": NETMASK, "nextHopIp": "10.10.1.20"}
    assert rest.make(path, **four)["type"] == "OVERLAY"
    rest.make(path, **{**four, "nextHopIp": "10.10.1.21"})
    rest.make(path, IPType="IPV6", IPv6Address="2001:db8:9::/48", nextHopIp="2001:db8:1::5")
    rest.make(path, address="203.0.113.0", netmask=NETMASK, blackHoleEnabled=True)
    assert rest.refused("POST", path, four)[:2] == (409, 2510)


@pytest.fixture
def pool(rest: Rest) -> str:
    """A shared network with room for three floating addresses."""
    body = {"name": "out", "type": "FLOATING", "address": "203.0.113.0", "netmask": "255.255.255.248"}
    shared = str(rest.make("sharednetworkresources", **body)["ID"])
    rest.make(f"sharednetworkresources/{shared}/addressranges", minAddress="203.0.113.2", maxAddress="203.0.113.4")
    return shared


def test_floating_addresses_come_from_the_shared_network(rest: Rest, topology: Topology, pool: str) -> None:
    assert rest.names(f"enterprises/{topology.enterprise}/sharednetworkresources") == ["out"]
    path, body = f"domains/{topology.domain}/floatingips", {"associatedSharedNetworkResourceID": pool}
    first = rest.make(path, **body)
    taken = rest.make(path, **body, address="203.0.113.4")
    assert [first["address"], taken["address"], rest.make(path, **body)["address"]] == [
        "203.0.113.2",
        "203.0.113.4",
        "203.0.113.3",
    ]
    assert rest.refused("POST", path, body)[:2] == (409, 2702)
    assert rest.refused("POST", path, {**body, "address": "203.0.113.4"})[:2] == (409, 2704)
    assert rest.one(f"enterprises/{topology.enterprise}")["floatingIPsUsed"] == 3
    assert rest.refused("DELETE", f"sharednetworkresources/{pool}?responseChoice=1")[0] == 409
    assert rest.call("DELETE", f"floatingips/{first['ID']}").status_code == 204
    assert rest.make(path, **body)["address"] == first["address"]


def test_a_quota_of_floating_addresses_holds(rest: Rest, topology: Topology, pool: str) -> None:
    rest.call("PUT", f"enterprises/{topology.enterprise}", {"floatingIPsQuota": 1})
    path, body = f"domains/{topology.domain}/floatingips", {"associatedSharedNetworkResourceID": pool}
    rest.make(path, **body)
    assert rest.refused("POST", path, body)[0] == 409


def test_a_floating_address_leads_to_one_vport_of_its_domain(rest: Rest, topology: Topology, pool: str) -> None:
    body = {"associatedSharedNetworkResourceID": pool}
    mine, foreign = (
        rest.make(f"domains/{domain}/floatingips", **body)["ID"] for domain in (topology.domain, topology.lab)
    )
    vport, other = topology.make_vport("v"), topology.make_vport("w")
    wish = {"associatedFloatingIPID": mine}
    assert rest.refused("PUT", f"vports/{vport}", {"associatedFloatingIPID": foreign})[0] == 409
    assert rest.call("PUT", f"vports/{vport}", wish).status_code == 204
    assert rest.one(f"floatingips/{mine}")["assigned"] is True
    assert rest.names(f"floatingips/{mine}/vports") == ["v"]
    assert rest.refused("PUT", f"vports/{other}", wish)[0] == 409
    assert rest.refused("DELETE", f"floatingips/{mine}")[0] == 409
    assert rest.call("PUT", f"vports/{vport}", {"associatedFloatingIPID": None}).status_code == 204
    assert rest.call("PUT", f"vports/{other}", wish).status_code == 204
    assert rest.call("DELETE", f"vports/{other}").status_code == 204
    assert rest.one(f"floatingips/{mine}")["assigned"] is False
    assert rest.call("DELETE", f"domains/{topology.domain}?responseChoice=1").status_code == 204


def test_subnets_of_one_shared_network_share_its_addresses(rest: Rest, topology: Topology) -> None:
    body = {"name": "lan", "type": "PUBLIC", "address": "198.51.100.0", "netmask": NETMASK}
    shared = rest.make("sharednetworkresources", **body)["ID"]
    bench = rest.make(f"domains/{topology.lab}/zones", name="bench")["ID"]
    addresses = []
    for number, zone in enumerate((topology.zone, bench)):
        subnet = rest.make(f"zones/{zone}/subnets", name="lan", associatedSharedNetworkResourceID=shared)
        assert (subnet["address"], subnet["gateway"], subnet["resourceType"]) == (
            "198.51.100.0",
            "198.51.100.1",
            "PUBLIC",
        )
        made = topology.make_container(str(number), f"7a:42:11:22:33:0{number}", attachedNetworkID=subnet["ID"])
        addresses.append(made["interfaces"][0]["IPAddress"])
    assert addresses == ["198.51.100.2", "198.51.100.3"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (
            {"actualType": 6, "actualValues": ["192.0.2.53", "192.0.2.54"]},
            {"type": "06", "length": "08", "value": "c0000235c0000236"},
        ),
        ({"actualType": 26, "actualValues": ["1400"]}, {"type": "1a", "length": "02", "value": "0578"}),
        ({"type": "0f", "length": "04", "value": "61636d65"}, {"actualType": 15, "actualValues": ["acme"]}),
        ({"type": "03", "value": "0a0a0101"}, {"actualType": 3, "actualValues": ["10.10.1.1"], "length": "04"}),
        ({"type": "fc", "value": "ff00"}, {"actualType": 252, "actualValues": ["ff00"]}),
    ],
)
def test_a_dhcp_option_is_read_in_both_forms(
    rest: Rest, topology: Topology, sent: dict[str, Any], read: dict[str, Any]
) -> None:
    for place in (f"subnets/{topology.subnet}", f"zones/{topology.zone}", f"domains/{topology.domain}"):
        made = rest.make(f"{place}/dhcpoptions", **sent)
        assert {name: made[name] for name in read} == read


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 409),
        ({"actualType": 6, "actualValues": ["nothing"]}, 400),
        ({"actualType": 26, "actualValues": ["70000"]}, 400),
        ({"actualType": 256}, 409),
        ({"type": "zz"}, 400),
        ({"type": "06", "length": "04", "value": "00"}, 409),
    ],
)
def test_a_dhcp_option_that_says_nothing_is_refused(
    rest: Rest, topology: Topology, body: dict[str, Any], status: int
) -> None:
    assert rest.refused("POST", f"subnets/{topology.subnet}/dhcpoptions", body)[0] == status


def test_a_changed_dhcp_option_changes_in_both_forms(rest: Rest, topology: Topology) -> None:
    made = rest.make(f"subnets/{topology.subnet}/dhcpoptions", actualType=15, actualValues=["acme"])
    path = f"dhcpoptions/{made['ID']}"
    rest.call("PUT", path, {"actualValues": ["shop"]})
    assert rest.one(path)["value"] == b"shop".hex()
    rest.call("PUT", path, {"value": b"bench".hex()})
    seen = rest.one(path)
    assert (seen["actualValues"], seen["length"]) == (["bench"], "05")
