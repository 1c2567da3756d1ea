from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology

MAC = "7a:42:11:22:33:44"


def test_a_host_has_one_interface_with_an_address(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v", type="HOST")
    path = f"vports/{vport}/hostinterfaces"
    made = rest.make(path, name="eth0", MAC=MAC)
    assert (made["IPAddress"], made["VPortID"], made["zoneName"]) == ("10.10.1.2", vport, "front")
    assert rest.refused("POST", path, {"name": "eth1", "MAC": MAC})[:2] == (409, 7006)
    assert rest.refused("DELETE", f"vports/{vport}?responseChoice=1")[:2] == (409, 7010)
    assert rest.call("DELETE", f"hostinterfaces/{made['ID']}").status_code == 204
    assert rest.one(f"vports/{vport}")["hasAttachedInterfaces"] is False
    assert topology.make_container("1")["interfaces"][0]["IPAddress"] == "10.10.1.2"


def test_a_bridge_has_an_interface_without_an_address(rest: Rest, topology: Topology) -> None:
    made = rest.make(f"vports/{topology.make_vport('v', type='BRIDGE')}/bridgeinterfaces", name="br0")
    assert (made["attachedNetworkType"], made["networkName"]) == ("SUBNET", "web")
    wrong = topology.make_vport("w")
    assert rest.refused("POST", f"vports/{wrong}/bridgeinterfaces", {"name": "br1"})[0] == 409


def test_a_machine_is_plugged_from_the_side_of_the_vport_too(rest: Rest, topology: Topology) -> None:
    vm = rest.make("vms", name="vm", UUID="u-1")["ID"]
    vport = topology.make_vport("v", type="VM")
    path = f"vports/{vport}/vminterfaces"
    assert rest.refused("POST", path, {"MAC": MAC})[:2] == (409, 5001)
    assert rest.refused("POST", path, {"MAC": MAC, "VMUUID": "nobody"})[0] == 409
    made = rest.make(path, MAC=MAC, VMUUID="u-1")
    assert (made["VPortID"], made["parentID"], made["IPAddress"]) == (vport, vm, "10.10.1.2")
    assert rest.get(path).json()[0]["ID"] == made["ID"]
    assert rest.one(f"vms/{vm}")["subnetIDs"] == [topology.subnet]


def test_an_address_reserved_for_machines_is_given_to_who_asks_for_it(rest: Rest, topology: Topology) -> None:
    path = f"subnets/{topology.subnet}/vmipreservations"
    reservation = rest.make(path, IPV4Address="10.10.1.2", IPType="IPV4")["ID"]
    assert rest.refused("POST", path, {"IPV4Address": "10.10.1.2"})[:2] == (409, 7205)
    assert rest.refused("POST", path, {"IPV4Address": "10.10.1.1"})[:2] == (409, 2704)
    assert rest.refused("POST", path, {})[:2] == (409, 5001)
    assert topology.make_container("1")["interfaces"][0]["IPAddress"] == "10.10.1.3"
    asked = topology.make_container("2", "7a:42:11:22:33:45", IPAddress="10.10.1.2")["ID"]
    assert rest.one(f"vmipreservations/{reservation}")["state"] == "ASSIGNED"
    rest.call("DELETE", f"containers/{asked}")
    assert rest.one(f"vmipreservations/{reservation}")["state"] == "UNASSIGNED"


def test_a_resync_is_over_at_once(rest: Rest, topology: Topology) -> None:
    made = rest.make(f"containers/{topology.make_container('1')['ID']}/containerresync")
    assert (made["status"], made["lastRequestTimestamp"]) == ("SUCCESS", 1_700_000_000_000)


def test_moving_an_interface_has_its_own_code(rest: Rest, topology: Topology) -> None:
    interface = topology.make_container("1")["interfaces"][0]["ID"]
    other = topology.make_subnet("api", "10.10.2.0")
    path = f"containerinterfaces/{interface}"
    assert rest.refused("PUT", path, {"attachedNetworkID": other})[:2] == (409, 2747)
