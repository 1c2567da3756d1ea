from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology


def test_the_gateway_is_the_first_host_unless_said_otherwise(rest: Rest, topology: Topology) -> None:
    path = f"zones/{topology.zone}/subnets"
    body = {"name": "a", "address": "10.20.0.0", "netmask": "255.255.0.0"}
    assert rest.make(path, **body)["gateway"] == "10.20.0.1"
    body = {"name": "b", "address": "10.21.0.0", "netmask": "255.255.0.0", "gateway": "10.21.9.9"}
    assert rest.make(path, **body)["gateway"] == "10.21.9.9"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "web", "address": "10.9.0.0", "netmask": "255.255.255.0"}, 409, 2505),
        ({"name": "x", "address": "10.10.1.128", "netmask": "255.255.255.128"}, 409, 2504),
        ({"name": "x", "address": "10.10.0.0", "netmask": "255.255.0.0"}, 409, 2504),
        ({"name": "x"}, 409, 5001),
        ({"name": "x", "address": "10.9.0.0"}, 409, 5001),
        ({"name": "x", "address": "10.9.0.5", "netmask": "255.255.255.0"}, 409, None),
        ({"name": "x", "address": "10.9.0.0", "netmask": "255.255.255.254"}, 409, None),
        ({"name": "x", "address": "10.9.0.0", "netmask": "255.0.255.0"}, 400, None),
        ({"name": "x", "address": "ten", "netmask": "255.255.255.0"}, 400, None),
        ({"name": "x", "address": "10.9.0.0", "netmask": "255.255.255.0", "gateway": "10.8.0.1"}, 409, None),
        ({"name": "x", "IPType": "DUALSTACK", "address": "10.9.0.0", "netmask": "255.255.255.0"}, 409, 5001),
    ],
)
def test_an_address_plan_that_does_not_work_is_refused(
    rest: Rest, topology: Topology, body: dict[str, Any], status: int, code: int | None
) -> None:
    assert rest.refused("POST", f"zones/{topology.zone}/subnets", body)[:2] == (status, code)


def test_an_overlap_counts_within_the_domain_only(rest: Rest, topology: Topology) -> None:
    other_zone = rest.make(f"domains/{topology.domain}/zones", name="back")["ID"]
    body = {"name": "web", "address": "10.10.1.0", "netmask": "255.255.255.0"}
    status, code, description = rest.refused("POST", f"zones/{other_zone}/subnets", body)
    assert (status, code) == (409, 2504)
    assert "10.10.1.0/24" in description
    assert "web" in description
    bench = rest.make(f"domains/{topology.lab}/zones", name="bench")["ID"]
    assert rest.make(f"zones/{bench}/subnets", **body)["address"] == "10.10.1.0"


def test_a_subnet_keeps_its_plan_while_interfaces_have_addresses_of_it(rest: Rest, topology: Topology) -> None:
    container = topology.make_container("a" * 64)
    path = f"subnets/{topology.subnet}"
    for change in (
        {"address": "10.10.7.0", "gateway": "10.10.7.1"},
        {"gateway": "10.10.1.2"},
        {"gateway": "10.10.1.9"},
    ):
        assert rest.refused("PUT", path, change)[0] == 409
    assert rest.call("PUT", path, {"description": "d"}).status_code == 204
    rest.call("DELETE", f"containers/{container['ID']}")
    assert rest.call("PUT", path, {"address": "10.10.7.0", "gateway": "10.10.7.1"}).status_code == 204


def test_addresses_come_from_the_ranges_where_there_are_some(rest: Rest, topology: Topology) -> None:
    path = f"subnets/{topology.subnet}/addressranges"
    for low, high in (("10.10.1.60", "10.10.1.60"), ("10.10.1.50", "10.10.1.51")):
        rest.make(path, minAddress=low, maxAddress=high)
    got = [topology.make_container(f"{number}")["interfaces"][0]["IPAddress"] for number in range(3)]
    assert got == ["10.10.1.50", "10.10.1.51", "10.10.1.60"]
    body = {
        "name": "c",
        "UUID": "4",
        "interfaces": [{"MAC": "7a:42:11:22:33:44", "attachedNetworkID": topology.subnet}],
    }
    assert rest.refused("POST", "containers", body)[:2] == (409, 2702)
    static = topology.make_container("5", IPAddress="10.10.1.99")
    assert static["interfaces"][0]["IPAddress"] == "10.10.1.99"


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [
        ("10.10.1.9", "10.10.1.3", 409),
        ("10.10.1.9", "10.10.2.9", 409),
        ("10.10.0.9", "10.10.1.9", 409),
        ("ten", "10.10.1.9", 400),
    ],
)
def test_a_range_has_to_fit_its_subnet(rest: Rest, topology: Topology, low: str, high: str, status: int) -> None:
    body = {"minAddress": low, "maxAddress": high}
    assert rest.refused("POST", f"subnets/{topology.subnet}/addressranges", body)[0] == status


def test_a_reserved_address_is_for_its_mac_alone(rest: Rest, topology: Topology) -> None:
    path = f"subnets/{topology.subnet}/ipreservations"
    rest.make(path, MAC="7A:42:00:00:00:01", IPAddress="10.10.1.2")
    other = topology.make_container("1", mac="7a:42:00:00:00:02")
    assert other["interfaces"][0]["IPAddress"] == "10.10.1.3"
    body = {"MAC": "7a:42:00:00:00:03", "attachedNetworkID": topology.subnet, "IPAddress": "10.10.1.2"}
    assert rest.refused("POST", "containers", {"name": "c", "UUID": "2", "interfaces": [body]})[:2] == (409, 2704)
    own = topology.make_container("3", mac="7a:42:00:00:00:01")
    assert own["interfaces"][0]["IPAddress"] == "10.10.1.2"
    for address, code in (("10.10.1.2", 2704), ("10.10.1.3", 2704), ("10.10.1.1", 2704), ("10.10.9.9", None)):
        body = {"MAC": "7a:42:00:00:00:09", "IPAddress": address}
        assert rest.refused("POST", path, body)[:2] == (409, code)
    assert rest.refused("POST", path, {"MAC": "nonsense", "IPAddress": "10.10.1.77"})[0] == 400


def test_a_dual_stack_subnet_gives_both_addresses(rest: Rest, topology: Topology) -> None:
    plan = {"IPType": "DUALSTACK", "IPv6Address": "2001:db8::/64"}
    subnet = topology.make_subnet("dual", "10.30.0.0", **plan)
    assert rest.one(f"subnets/{subnet}")["IPv6Gateway"] == "2001:db8::1"
    (first,) = topology.make_container("1", attachedNetworkID=subnet)["interfaces"]
    assert (first["IPAddress"], first["IPv6Address"], first["IPv6Gateway"]) == (
        "10.30.0.2",
        "2001:db8::2",
        "2001:db8::1",
    )
    fixed = {"IPv6Address": "2001:db8::77", "attachedNetworkID": subnet}
    (second,) = topology.make_container("2", mac="7a:42:00:00:00:02", **fixed)["interfaces"]
    assert (second["IPAddress"], second["IPv6Address"]) == ("10.30.0.3", "2001:db8::77")
    body = {"MAC": "7a:42:00:00:00:03", "attachedNetworkID": subnet, "IPv6Address": "2001:db9::1"}
    assert rest.refused("POST", "containers", {"name": "c", "UUID": "3", "interfaces": [body]})[0] == 409


def test_an_ipv6_subnet_gives_no_ipv4_address(topology: Topology) -> None:
    body = {"name": "six", "IPType": "IPV6", "IPv6Address": "2001:db8:6::/64"}
    subnet = topology.rest.make(f"zones/{topology.zone}/subnets", **body)["ID"]
    (interface,) = topology.make_container("1", attachedNetworkID=subnet)["interfaces"]
    assert (interface["IPAddress"], interface["IPv6Address"]) == (None, "2001:db8:6::2")


def test_an_l2_domain_has_the_plan_of_its_template(rest: Rest, topology: Topology) -> None:
    plan = {"address": "10.40.0.0", "netmask": "255.255.255.0", "gateway": "10.40.0.1", "DHCPManaged": True}
    enterprise = f"enterprises/{topology.enterprise}"
    template = rest.make(f"{enterprise}/l2domaintemplates", name="L2T", **plan)["ID"]
    l2 = rest.make(f"{enterprise}/l2domains", name="L2", templateID=template)
    assert {key: l2[key] for key in plan} == plan
    made = topology.make_container("1", attachedNetworkID=l2["ID"])
    (interface,) = made["interfaces"]
    assert (interface["IPAddress"], interface["attachedNetworkType"]) == ("10.40.0.2", "L2DOMAIN")
    assert (made["l2DomainIDs"], made["subnetIDs"], made["domainIDs"]) == ([l2["ID"]], [], [])
    assert rest.names(f"l2domains/{l2['ID']}/containers") == ["c-1"]


def test_an_unmanaged_l2_domain_takes_the_address_it_is_told(rest: Rest, topology: Topology) -> None:
    l2 = rest.make(f"enterprises/{topology.enterprise}/l2domains", name="L2")["ID"]
    (told,) = topology.make_container("1", attachedNetworkID=l2, IPAddress="192.0.2.9")["interfaces"]
    assert told["IPAddress"] == "192.0.2.9"
    (silent,) = topology.make_container("2", mac="7a:42:00:00:00:02", attachedNetworkID=l2)["interfaces"]
    assert silent["IPAddress"] is None
