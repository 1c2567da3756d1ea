"""VSC against the embedded VSD itself, over HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdLoginRefused, VsdNotVerified, VsdRefused, VsdUnreachable
from nuage_chain.vsd.names import find_subnet
from nuage_chain.vsd.workload import InterfaceSpec, Registration, Workload, register
from nuage_chain.vsp.resolver.life import Life
from nuage_chain.vsp.resolver.networks import Unresolved
from nuage_chain.vsp.resolver.rows import Demand, Names
from nuage_chain.vsp.resolver.vsc import EmbeddedVsc
from nuage_chain.vsp.vsd.tls import create_ca
from nuage_chain.whole_file import write_whole

if TYPE_CHECKING:
    from tests.unit.vsp.conftest import World

UUID, OTHER = "ab" * 32, "cd" * 32
MAC = "7a:42:00:00:00:01"
SPLIT = Demand("nu1", MAC, UUID, "web-1")
WEB = Names("Acme", "", "Shop", "front", "web")


def by_names(names: Names = WEB, port: str = "nu1", mac: str = MAC, uuid: str = UUID) -> Demand:
    return Demand(port, mac, uuid, "web-1", names)


def registered(world: World, mac: str = MAC, **more: Any) -> Registration:
    deadline = Deadline(5)
    subnet = find_subnet(world.session, "Acme", "Shop", "front", "web", deadline)
    spec = InterfaceSpec("nu1", mac, f"{UUID}/eth0@t", **more)
    return register(world.session, subnet, Workload(UUID, "web-1", f"{UUID}@t"), spec, deadline)


# --- split mode


def test_a_registered_container_is_bound_as_vsd_decided(world: World) -> None:
    made = registered(world)
    binding = world.vsc.activate(SPLIT, Deadline(5))
    assert (binding.vport_id, binding.container_id) == (made.vport_id, made.container_id)
    assert binding.interface_id == made.interface_id
    assert (binding.address, binding.network.netmask) == (made.address, made.netmask)
    assert (binding.network.netmask, binding.network.gateway) == ("255.255.255.0", "10.10.1.1")


@pytest.mark.parametrize("what", ["no container", "another mac"])
def test_what_vsd_does_not_have_is_unresolved(world: World, what: str) -> None:
    if what == "another mac":
        registered(world, mac="7a:42:00:00:00:99")
    with pytest.raises(Unresolved, match=MAC if what == "another mac" else UUID):
        world.vsc.activate(SPLIT, Deadline(5))


def test_a_report_sets_what_only_vsc_may_set(world: World) -> None:
    registered(world)
    binding = world.vsc.activate(SPLIT, Deadline(5))
    world.vsc.report(binding, Life(), Deadline(5))
    container = world.get(f"containers/{binding.container_id}")[0]
    assert (container["status"], container["reasonType"]) == ("RUNNING", "RUNNING_BOOTED")
    assert world.get(f"vports/{binding.vport_id}")[0]["operationalState"] == "UP"
    world.vsc.report(binding, Life(), Deadline(5))
    world.vsc.report_down(binding, Deadline(5))
    assert world.get(f"vports/{binding.vport_id}")[0]["operationalState"] == "DOWN"


def test_a_report_about_what_is_gone_is_no_error(world: World) -> None:
    made = registered(world)
    binding = world.vsc.activate(SPLIT, Deadline(5))
    world.session.delete(f"containers/{made.container_id}", Deadline(5))
    world.session.delete(f"vports/{made.vport_id}", Deadline(5))
    world.vsc.report(binding, Life(), Deadline(5))
    world.vsc.report_down(binding, Deadline(5))


def test_vsd_down_is_not_the_same_as_not_resolvable(world: World) -> None:
    registered(world)
    world.vsc.activate(SPLIT, Deadline(5))
    world.server.stop()
    with pytest.raises(VsdUnreachable):
        world.vsc.activate(SPLIT, Deadline(2))


def test_a_password_that_was_changed_is_read_anew(world: World) -> None:
    registered(world)
    world.vsc.activate(SPLIT, Deadline(5))
    csproot = world.get("me")[0]["ID"]
    world.session.update(f"users/{csproot}", {"password": "another"}, Deadline(5))
    with pytest.raises(VsdLoginRefused):
        world.vsc.activate(SPLIT, Deadline(5))
    write_whole(world.layout.password_file, b"another\n")
    assert world.vsc.activate(SPLIT, Deadline(5)).vm_uuid == UUID


def test_an_authority_that_was_replaced_is_read_anew(world: World) -> None:
    registered(world)
    right = world.layout.ca.read_bytes()
    write_whole(world.layout.ca, create_ca(world.layout.tls).certificate.read_bytes())
    with pytest.raises(VsdNotVerified):
        world.vsc.activate(SPLIT, Deadline(5))
    write_whole(world.layout.ca, right)
    assert world.vsc.activate(SPLIT, Deadline(5)).vm_uuid == UUID


# --- metadata mode


def test_names_become_a_vport_and_a_container(world: World) -> None:
    binding = world.vsc.activate(by_names(), Deadline(5))
    container = world.get("containers", f'UUID == "{UUID}"')[0]
    assert container["externalID"] == f"{UUID}@vrs-node-1"
    assert container["interfaces"][0]["IPAddress"] == binding.address
    assert world.get(f"vports/{binding.vport_id}")[0]["type"] == "CONTAINER"


def test_activating_twice_makes_it_once(world: World) -> None:
    first = world.vsc.activate(by_names(), Deadline(5))
    assert world.vsc.activate(by_names(), Deadline(5)) == first
    assert len(world.get("containers")) == 1


def test_a_second_port_joins_the_container_and_leaves_it_alone_when_it_goes(world: World) -> None:
    world.vsc.activate(by_names(), Deadline(5))
    second = by_names(Names("Acme", "", "Shop", "back", "db"), port="nu2", mac="7a:42:00:00:00:02")
    binding = world.vsc.activate(second, Deadline(5))
    assert len(world.get("containers")[0]["interfaces"]) == 2
    world.vsc.release(second, Deadline(5))
    container = world.get("containers")[0]
    assert [i["MAC"] for i in container["interfaces"]] == [MAC]
    with pytest.raises(Unresolved):
        world.vsc.activate(Demand("nu2", binding.mac, UUID, "web-1"), Deadline(5))
    world.vsc.release(by_names(), Deadline(5))
    assert world.get("containers") == []


def test_release_twice_is_fine_and_takes_the_vport_along(world: World) -> None:
    world.vsc.activate(by_names(), Deadline(5))
    subnet = world.subnet("Shop", "web")
    assert len(world.get(f"subnets/{subnet['ID']}/vports")) == 1
    world.vsc.release(by_names(), Deadline(5))
    world.vsc.release(by_names(), Deadline(5))
    assert world.get(f"subnets/{subnet['ID']}/vports") == []


def test_a_static_address_and_groups_and_targets_are_set(world: World) -> None:
    names = Names("Acme", "", "Shop", "front", "web", "10.10.1.77", ("web", "db"), ("balancer",))
    binding = world.vsc.activate(by_names(names), Deadline(5))
    assert binding.address == "10.10.1.77"
    assert {g["name"] for g in world.get(f"vports/{binding.vport_id}/policygroups")} == {"web", "db"}
    assert [t["name"] for t in world.get(f"vports/{binding.vport_id}/redirectiontargets")] == ["balancer"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (Names("Nobody", "", "Shop", "front", "web"), "Nobody"),
        (Names("Acme", "", "Shop", "front", "none"), "none"),
        (Names("Acme", "", "Shop", "", ""), "zone"),
        (Names('A"', "", "Shop", "front", "web"), "quote"),
        (Names("Acme", "", "Shop", "front", "web", policy_groups=("none",)), "policy group"),
        (Names("Acme", "", "Shop", "front", "web", static_ip="10.99.0.1"), "10.99.0.1"),
    ],
)
def test_names_that_cannot_be_placed_are_unresolved_and_leave_nothing(world: World, names: Names, said: str) -> None:
    with pytest.raises(Unresolved, match=said):
        world.vsc.activate(by_names(names), Deadline(5))
    assert world.get("containers") == []
    for domain in world.get("domains"):
        assert world.get(f"domains/{domain['ID']}/vports") == []


def test_a_container_of_someone_else_with_that_uuid_is_not_taken_over(world: World) -> None:
    registered(world, mac="7a:42:00:00:00:99")
    with pytest.raises(Unresolved):
        world.vsc.activate(by_names(), Deadline(5))
    assert [c["externalID"] for c in world.get("containers")] == [f"{UUID}@t"]


def test_a_subnet_of_another_id_under_the_same_names_is_found_once_networks_are_forgotten(world: World) -> None:
    world.vsc.activate(by_names(), Deadline(5))
    world.vsc.release(by_names(), Deadline(5))
    old = world.subnet("Shop", "web")
    world.session.delete(f"subnets/{old['ID']}", Deadline(5))
    body = {"name": "web", "address": "10.10.6.0", "netmask": "255.255.255.0", "gateway": "10.10.6.1"}
    world.session.create(f"zones/{old['parentID']}/subnets", body, Deadline(5))
    world.networks.forget()
    assert str(world.vsc.activate(by_names(), Deadline(5)).address).startswith("10.10.6.")


# --- orphans


def test_what_was_made_for_ports_that_are_gone_is_removed_and_the_rest_stays(world: World) -> None:
    world.vsc.activate(by_names(), Deadline(5))
    world.vsc.activate(by_names(port="nu2", mac="7a:42:00:00:00:02"), Deadline(5))
    world.vsc.activate(by_names(port="nu3", mac="7a:42:00:00:00:03", uuid=OTHER), Deadline(5))
    world.vsc.release_orphans(lambda: {(UUID, "nu2")}, Deadline(10))
    (container,) = world.get("containers")
    assert [i["MAC"] for i in container["interfaces"]] == ["7a:42:00:00:00:02"]
    subnet = world.subnet("Shop", "web")
    assert len(world.get(f"subnets/{subnet['ID']}/vports")) == 1


def test_what_others_made_is_never_an_orphan(world: World) -> None:
    registered(world)
    subnet = world.subnet("Shop", "web")
    foreign = {"name": "x", "type": "CONTAINER", "addressSpoofing": "INHERITED", "externalID": f"{OTHER}/x@vrs-node-2"}
    world.session.create(f"subnets/{subnet['ID']}/vports", foreign, Deadline(5))
    world.vsc.release_orphans(set, Deadline(10))
    assert len(world.get("containers")) == 1
    assert len(world.get(f"subnets/{subnet['ID']}/vports")) == 2


def test_a_vport_and_a_container_that_were_left_half_made_are_orphans(world: World) -> None:
    subnet = world.subnet("Shop", "web")
    left = {"name": "x", "type": "CONTAINER", "addressSpoofing": "INHERITED", "externalID": f"{OTHER}/x@vrs-node-1"}
    world.session.create(f"subnets/{subnet['ID']}/vports", left, Deadline(5))
    world.session.create(
        "containers", {"name": "c", "UUID": UUID, "externalID": f"{UUID}@vrs-node-1", "interfaces": []}, Deadline(5)
    )
    world.vsc.release_orphans(set, Deadline(10))
    assert world.get("containers") == []
    assert world.get(f"subnets/{subnet['ID']}/vports") == []


@pytest.mark.parametrize(("listed", "uuid"), [("containers", UUID), ("domains", OTHER)])
def test_a_port_that_comes_while_vsd_is_listed_is_no_orphan(
    world: World, monkeypatch: pytest.MonkeyPatch, listed: str, uuid: str
) -> None:
    world.vsc.activate(by_names(), Deadline(5))
    alive = {(UUID, "nu1")}
    own = world.sessions.own()
    get = own.get

    def get_and_let_a_port_come(path: str, deadline: Deadline, **how: Any) -> list[dict[str, Any]]:
        found = get(path, deadline, **how)
        if path == listed and (uuid, "nu2") not in alive:
            alive.add((uuid, "nu2"))
            world.vsc.activate(by_names(port="nu2", mac="7a:42:00:00:00:02", uuid=uuid), Deadline(5))
        return found

    monkeypatch.setattr(own, "get", get_and_let_a_port_come)
    world.vsc.release_orphans(lambda: alive, Deadline(10))
    assert (uuid, "nu2") in alive, "it has come meanwhile"
    macs = {interface["MAC"] for container in world.get("containers") for interface in container["interfaces"]}
    assert macs == {MAC, "7a:42:00:00:00:02"}


@pytest.mark.timeout(20)
def test_a_vport_that_is_attached_holds_up_nobody(world: World) -> None:
    """One whose container the sweep does not take for this node's, as when another node takes it over meanwhile."""
    made = registered(world)
    world.session.update(f"vports/{made.vport_id}", {"externalID": f"{UUID}/nu1@vrs-node-1"}, Deadline(5))
    with pytest.raises(VsdRefused, match="7010"):
        world.vsc.release_orphans(set, Deadline(60))


# --- a port that moves


@pytest.fixture
def elsewhere(world: World) -> EmbeddedVsc:
    """The VSC that another node speaks to."""
    return EmbeddedVsc(world.sessions, world.networks, "node-2", "192.0.2.2")


def test_a_port_in_metadata_mode_keeps_its_address_when_it_moves_to_another_node(
    world: World, elsewhere: EmbeddedVsc
) -> None:
    before = world.vsc.activate(by_names(), Deadline(5))
    after = elsewhere.activate(by_names(port="nu7"), Deadline(5))
    assert (after.vport_id, after.address) == (before.vport_id, before.address)
    world.vsc.release(by_names(), Deadline(5))
    world.vsc.release_orphans(set, Deadline(5))
    assert world.get("containers"), "the node that it left has nothing to say any more"
    elsewhere.release(by_names(port="nu7"), Deadline(5))
    assert world.get("containers") == []


def test_what_a_client_registered_itself_is_nobodys_to_take_over(world: World, elsewhere: EmbeddedVsc) -> None:
    registered(world)
    with pytest.raises(Unresolved):
        elsewhere.activate(by_names(), Deadline(5))
    assert world.get("containers")[0]["externalID"] == f"{UUID}@t"


@pytest.mark.parametrize("stopped", [True, False])
def test_the_node_that_a_port_left_does_not_say_that_it_is_down(
    world: World, elsewhere: EmbeddedVsc, stopped: bool
) -> None:
    registered(world)
    here, there = (vsc.activate(SPLIT, Deadline(5)) for vsc in (world.vsc, elsewhere))
    world.vsc.report(here, Life(), Deadline(5))
    elsewhere.report(there, Life(reason="RUNNING_MIGRATED"), Deadline(5))
    if stopped:
        world.vsc.report(here, Life("SHUTOFF", "SHUTOFF_MIGRATED", forwards=False), Deadline(5))
    else:
        world.vsc.report_down(here, Deadline(5))
    container = world.get("containers")[0]
    assert (container["reasonType"], container["hypervisorIP"]) == ("RUNNING_MIGRATED", "192.0.2.2")
    assert world.get(f"vports/{here.vport_id}")[0]["operationalState"] == "UP"
