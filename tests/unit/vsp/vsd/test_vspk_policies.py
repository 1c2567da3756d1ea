"""The vendor's SDK and what it makes besides the attachment of containers: policies, addresses, permissions, lists."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from bambou.exceptions import BambouHTTPError

from tests.unit.vsp.vsd.sdk import Sdk, build

if TYPE_CHECKING:
    from nuage_chain.vsp.vsd.server import VsdServer

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
NETMASK = "255.255.255.0"


class World:
    """The SDK's classes, its user and a topology made by them."""

    def __init__(self, version: str, url: str) -> None:
        self.version = version
        self.sdk = Sdk(version, url)
        self.vspk = self.sdk.vspk
        self.user = self.sdk.start()
        self.made = build(self.sdk, self.user)

    def make(self, parent: str | Any, kind: str, **values: Any) -> Any:
        """An object of the class NU<kind> under one of the topology, or under another one."""
        thing = getattr(self.vspk, f"NU{kind}")(**values)
        (self.made[parent] if isinstance(parent, str) else parent).create_child(thing)
        return thing


@pytest.fixture(params=["v6", "v5_0"])
def world(request: pytest.FixtureRequest, server: VsdServer) -> World:
    return World(request.param, server.url)


def test_acl_entries_name_zones_groups_and_macros(world: World) -> None:
    group = world.make("domain", "PolicyGroup", name="web", type="SOFTWARE")
    macro = world.make("enterprise", "EnterpriseNetwork", name="dns", address="192.0.2.53", netmask="255.255.255.255")
    macros = world.make("enterprise", "NetworkMacroGroup", name="services")
    macros.assign([macro], world.vspk.NUEnterpriseNetwork)
    assert [row.name for row in macros.enterprise_networks.get()] == ["dns"]
    for direction in ("Ingress", "Egress"):
        template = world.make("domain", f"{direction}ACLTemplate", name="t", active=True, default_allow_ip=False)
        sides = {
            "location_type": "POLICYGROUP",
            "location_id": group.id,
            "network_type": "NETWORK_MACRO_GROUP",
            "network_id": macros.id,
        }
        more = {"priority": 10, "protocol": "17", "source_port": "*", "destination_port": "53", "stateful": True}
        entry = world.make(
            template, f"{direction}ACLEntryTemplate", action="FORWARD", dscp="*", ether_type="0x0800", **more, **sides
        )
        if world.version == "v6":
            assert (entry.location_entity_type, entry.network_entity_type) == ("POLICYGROUP", "NETWORKMACROGROUP")
        entry.action = "DROP"
        entry.save()
        entry.fetch()
        assert (entry.action, entry.destination_port, entry.priority) == ("DROP", "53", 10)
        with pytest.raises(BambouHTTPError, match="409"):
            world.make(template, f"{direction}ACLEntryTemplate", action="DROP", priority=10)
    assert [row.id for row in world.made["domain"].egress_acl_entry_templates.get()] == [entry.id]
    with pytest.raises(BambouHTTPError, match="409"):
        group.delete()


def test_addresses_have_ranges_reservations_and_both_families(world: World) -> None:
    plan = {"address": "10.10.5.0", "netmask": NETMASK, "ip_type": "DUALSTACK", "ipv6_address": "2001:db8:5::/64"}
    subnet = world.make("zone", "Subnet", name="five", **plan)
    assert (subnet.gateway, subnet.ipv6_gateway) == ("10.10.5.1", "2001:db8:5::1")
    world.make(subnet, "AddressRange", min_address="10.10.5.100", max_address="10.10.5.101")
    world.make(subnet, "IPReservation", mac="7a:42:00:00:00:09", ip_address="10.10.5.100")
    addresses = []
    for number in (1, 9):
        interface = {"MAC": f"7a:42:00:00:00:0{number}", "attachedNetworkID": subnet.id}
        container = world.make(world.user, "Container", name=f"c{number}", uuid=str(number), interfaces=[interface])
        addresses.append(tuple(container.interfaces[0][name] for name in ("IPAddress", "IPv6Address")))
    assert addresses == [("10.10.5.101", "2001:db8:5::2"), ("10.10.5.100", "2001:db8:5::3")]
    interface = {"MAC": "7a:42:00:00:00:08", "attachedNetworkID": subnet.id}
    with pytest.raises(BambouHTTPError, match="No address is left"):
        world.make(world.user, "Container", name="c8", uuid="8", interfaces=[interface])


def test_routes_options_and_floating_addresses(world: World) -> None:
    world.make("domain", "StaticRoute", address="192.0.2.0", netmask=NETMASK, next_hop_ip="10.10.1.20", ip_type="IPV4")
    option = world.make("subnet", "DHCPOption", actual_type=6, actual_values=["192.0.2.53"])
    assert (option.type, option.value) == ("06", "c0000235")
    shared = world.make(
        world.user, "SharedNetworkResource", name="out", type="FLOATING", address="203.0.113.0", netmask=NETMASK
    )
    floating = world.make("domain", "FloatingIp", associated_shared_network_resource_id=shared.id)
    vport = world.make("subnet", "VPort", name="v", type="VM", address_spoofing="ENABLED")
    vport.associated_floating_ip_id = floating.id
    vport.save()
    floating.fetch()
    assert (floating.address, floating.assigned) == ("203.0.113.2", True)
    assert [row.id for row in floating.vports.get()] == [vport.id]
    vport.fetch()
    assert vport.address_spoofing == "ENABLED"


def test_lists_are_paged_ordered_filtered_and_grouped(world: World) -> None:
    for number, kind in zip(range(4), itertools.cycle(["VM", "HOST"]), strict=False):
        world.make("subnet", "VPort", name=f"v{number}", type=kind, address_spoofing="INHERITED")
    vports = world.made["subnet"].vports
    assert [row.name for row in vports.get(order_by="name DESC", page=1, page_size=3)] == ["v0"]
    assert vports.get(page=2, page_size=3) == []
    assert [row.name for row in vports.get(filter="type == 'VM' and name != 'v0'")] == ["v2"]
    assert vports.get_count(filter="type == 'HOST'") == 2
    assert [row.type for row in vports.get(group_by=["type"], commit=False)] == ["HOST", "VM"]


def test_a_template_in_use_is_deleted_by_the_sdk_that_confirms_at_once(world: World) -> None:
    template = world.made["enterprise"].domain_templates.get_first()
    template.delete()
    assert world.made["enterprise"].domain_templates.get_count() == 0
    with pytest.raises(BambouHTTPError, match="404"):
        template.fetch()


def test_permissions_hold_for_those_the_sdk_acts_for(world: World) -> None:
    details = {"password": "pw", "first_name": "b", "last_name": "b", "email": "b@x"}
    bob = world.make("enterprise", "User", user_name="bob", **details)
    crew = world.make("enterprise", "Group", name="Crew")
    crew.assign([bob], world.vspk.NUUser)
    vport = {"type": "CONTAINER", "address_spoofing": "INHERITED"}
    world.sdk.session.impersonate("bob", "Acme")
    with pytest.raises(BambouHTTPError, match="403"):
        world.make("subnet", "VPort", name="v", **vport)
    world.sdk.session.stop_impersonate()
    of_group = "associated_group_id" if world.version == "v6" else "permitted_entity_id"
    world.make("zone", "Permission", permitted_action="USE", **{of_group: crew.id})
    world.sdk.session.impersonate("bob", "Acme")
    assert world.make("subnet", "VPort", name="v", **vport).owner == bob.id


def test_the_push_center_hears_of_changes(world: World) -> None:
    center = world.sdk.session.push_center
    center.start()
    try:
        told: list[dict[str, Any]] = []
        until = time.monotonic() + 10
        for number in itertools.count():
            world.make("domain", "Zone", name=f"z{number}")
            told += center.get_last_events()
            if told or time.monotonic() > until:
                break
            time.sleep(0.05)
    finally:
        center.stop()
        # It does not wait for the poll that is under way.
        while any("_make_request" in thread.name for thread in threading.enumerate()) and time.monotonic() < until:
            time.sleep(0.02)
    assert told[0]["type"] == "CREATE"
    assert told[0]["entities"][0]["parentID"] == world.made["domain"].id
