from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Clock, Rest, Topology

UUID = "ab" * 32
MAC = "7a:42:11:22:33:44"


def test_a_container_gets_a_vport_of_its_own_and_takes_it_along(rest: Rest, topology: Topology) -> None:
    container = topology.make_container(UUID, name="nu0")
    (interface,) = container["interfaces"]
    assert (interface["name"], interface["MAC"], interface["IPAddress"]) == ("nu0", MAC, "10.10.1.2")
    assert (interface["netmask"], interface["gateway"]) == ("255.255.255.0", "10.10.1.1")
    assert (interface["attachedNetworkID"], interface["attachedNetworkType"]) == (topology.subnet, "SUBNET")
    assert (interface["networkName"], interface["zoneName"], interface["domainName"]) == ("web", "front", "Shop")
    assert (interface["zoneID"], interface["domainID"]) == (topology.zone, topology.domain)
    assert interface["containerUUID"] == UUID
    vport = rest.one(f"vports/{interface['VPortID']}")
    assert (vport["autoCreated"], vport["type"], vport["hasAttachedInterfaces"]) == (True, "CONTAINER", True)
    assert vport["name"] == interface["VPortName"]
    assert rest.call("DELETE", f"containers/{container['ID']}").status_code == 204
    assert rest.get(f"vports/{vport['ID']}").status_code == 404
    assert rest.get(f"containerinterfaces/{interface['ID']}").status_code == 404


def test_a_container_says_where_it_is_and_is_listed_there(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v")
    container = topology.make_container(UUID, VPortID=vport)
    assert (container["status"], container["reasonType"]) == ("INIT", None)
    assert (container["enterpriseID"], container["enterpriseName"]) == (topology.enterprise, "Acme")
    assert container["userName"] == "csproot"
    assert container["domainIDs"] == [topology.domain]
    assert container["zoneIDs"] == [topology.zone]
    assert container["subnetIDs"] == [topology.subnet]
    assert container["l2DomainIDs"] == []
    for place in (
        f"enterprises/{topology.enterprise}",
        f"domains/{topology.domain}",
        f"zones/{topology.zone}",
        f"subnets/{topology.subnet}",
        f"vports/{vport}",
        f"users/{container['userID']}",
    ):
        (listed,) = rest.get(f"{place}/containers").json()
        assert listed["interfaces"] == container["interfaces"]
    assert rest.get(f"domains/{topology.lab}/containers").content == b""


def test_a_vport_that_was_made_beforehand_outlives_the_container(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v", externalID="v@cms")
    container = topology.make_container(UUID, VPortID=vport, attachedNetworkID=topology.subnet)
    assert container["interfaces"][0]["VPortID"] == vport
    assert rest.refused("DELETE", f"vports/{vport}?responseChoice=1")[:2] == (409, 7010)
    assert rest.call("DELETE", f"containers/{container['ID']}").status_code == 204
    left = rest.one(f"vports/{vport}")
    assert (left["hasAttachedInterfaces"], left["operationalState"]) == (False, "INIT")
    assert rest.call("DELETE", f"vports/{vport}").status_code == 204


def test_a_second_interface_widens_where_the_container_is(rest: Rest, topology: Topology) -> None:
    container = topology.make_container(UUID)
    api = topology.make_subnet("api", "10.10.2.0")
    path = f"containers/{container['ID']}"
    second = rest.make(f"{path}/containerinterfaces", name="nu1", MAC="7a:42:11:22:33:45", attachedNetworkID=api)
    assert second["IPAddress"] == "10.10.2.2"
    seen = rest.one(path)
    assert seen["subnetIDs"] == [topology.subnet, api]
    assert len(seen["interfaces"]) == 2
    assert rest.call("DELETE", f"containerinterfaces/{second['ID']}").status_code == 204
    assert rest.one(path)["subnetIDs"] == [topology.subnet]
    assert rest.get(f"subnets/{api}/containers").content == b""


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("10.10.2.7", None, ["10.10.2.7", "web", "10.10.1.0/24"]),
        ("10.10.1.1", 2704, ["10.10.1.1", "gateway"]),
        ("10.10.1.0", None, ["10.10.1.0", "network"]),
        ("10.10.1.255", None, ["10.10.1.255", "broadcast"]),
        ("10.10.1.7", 2704, ["10.10.1.7", "in use"]),
    ],
)
def test_a_static_address_has_to_be_a_free_host_of_the_subnet(
    rest: Rest, topology: Topology, address: str, code: int | None, words: list[str]
) -> None:
    topology.make_container("first", IPAddress="10.10.1.7")
    body = {"MAC": "7a:42:11:22:33:45", "attachedNetworkID": topology.subnet, "IPAddress": address}
    status, found, text = rest.refused("POST", "containers", {"name": "c", "UUID": UUID, "interfaces": [body]})
    assert (status, found) == (409, code)
    assert all(word in text for word in words)
    assert rest.get("containers", Filter=f'UUID == "{UUID}"').content == b""
    assert rest.get(f"subnets/{topology.subnet}/vports").headers["X-Nuage-Count"] == "1"


def test_a_freed_address_is_given_away_again(rest: Rest, topology: Topology) -> None:
    first = topology.make_container("1")
    topology.make_container("2", mac="7a:42:11:22:33:45")
    rest.call("DELETE", f"containers/{first['ID']}")
    third = topology.make_container("3", mac="7a:42:11:22:33:46")
    assert third["interfaces"][0]["IPAddress"] == "10.10.1.2"


def test_a_full_subnet_says_so(rest: Rest, topology: Topology) -> None:
    tiny = topology.make_subnet("tiny", "10.50.0.0", "255.255.255.252")
    topology.make_container("1", attachedNetworkID=tiny)
    body = {"MAC": MAC, "attachedNetworkID": tiny}
    status, code, text = rest.refused("POST", "containers", {"name": "c", "UUID": "2", "interfaces": [body]})
    assert (status, code) == (409, 2702)
    assert "tiny" in text


def test_a_uuid_is_unique_and_may_change(rest: Rest, topology: Topology) -> None:
    one = topology.make_container("1")
    topology.make_container("2", mac="7a:42:11:22:33:45")
    body = {"name": "c", "UUID": "1"}
    assert rest.refused("POST", "containers", body)[:2] == (409, 2748)
    path = f"containers/{one['ID']}"
    assert rest.refused("PUT", path, {"UUID": "2"})[:2] == (409, 2748)
    change = {"UUID": UUID, "name": "real", "orchestrationID": "o", "resyncInfo": None}
    assert rest.call("PUT", path, change).status_code == 204
    seen = rest.one(path)
    assert (seen["UUID"], seen["name"], seen["interfaces"][0]["containerUUID"]) == (UUID, "real", UUID)


def test_external_ids_are_unique_within_a_kind(rest: Rest, topology: Topology) -> None:
    topology.make_vport("v", externalID="x@cms")
    rest.make("containers", name="c", UUID="1", externalID="x@cms")
    assert rest.refused("POST", "containers", {"name": "c", "UUID": "2", "externalID": "x@cms"})[:2] == (409, 2510)
    assert rest.names("containers", Filter="externalID IS 'x@cms'") == ["c"]


@pytest.mark.parametrize(
    ("interface", "status", "code"),
    [
        ({"MAC": MAC}, 409, 5001),
        ({"attachedNetworkID": "{subnet}"}, 409, 5001),
        ({"MAC": "nonsense", "attachedNetworkID": "{subnet}"}, 400, None),
        ({"MAC": MAC, "attachedNetworkID": "{zone}"}, 404, None),
        ({"MAC": MAC, "attachedNetworkID": "nothing"}, 404, None),
        ({"MAC": MAC, "VPortID": "nothing"}, 404, None),
        ({"MAC": MAC, "VPortID": "{vport}", "attachedNetworkID": "{api}"}, 409, None),
        ({"MAC": MAC, "VPortID": "{machine}"}, 409, None),
        ({"MAC": MAC, "VPortID": "{taken}"}, 409, 7006),
        ({"MAC": MAC, "VPortID": "{vport}", "IPAddress": "ten"}, 400, None),
        ({"MAC": MAC, "VPortID": "{vport}", "IPv6Address": "2001:db8::7"}, 409, None),
    ],
)
def test_an_interface_that_cannot_be_plugged_leaves_nothing_behind(
    rest: Rest, topology: Topology, interface: dict[str, Any], status: int, code: int | None
) -> None:
    ids = {
        "subnet": topology.subnet,
        "zone": topology.zone,
        "api": topology.make_subnet("api", "10.10.2.0"),
        "vport": topology.make_vport("v"),
        "machine": topology.make_vport("m", type="VM"),
        "taken": topology.make_vport("t"),
    }
    topology.make_container("first", mac="7a:42:11:22:33:99", VPortID=ids["taken"])
    before = rest.get(f"subnets/{topology.subnet}/vports").headers["X-Nuage-Count"]
    body = {key: value.format(**ids) for key, value in interface.items()}
    assert rest.refused("POST", "containers", {"name": "c", "UUID": UUID, "interfaces": [body]})[:2] == (status, code)
    assert rest.names("containers") == ["c-first"]
    assert rest.get(f"subnets/{topology.subnet}/vports").headers["X-Nuage-Count"] == before


def test_interfaces_have_to_be_a_list_of_objects(rest: Rest) -> None:
    for interfaces in ("x", [1], {"MAC": MAC}):
        body = {"name": "c", "UUID": UUID, "interfaces": interfaces}
        assert rest.refused("POST", "containers", body)[0] == 400


def test_where_an_interface_is_plugged_cannot_be_changed(rest: Rest, topology: Topology) -> None:
    container = topology.make_container(UUID)
    path = f"containerinterfaces/{container['interfaces'][0]['ID']}"
    assert rest.refused("PUT", path, {"IPAddress": "10.10.1.9"})[0] == 409
    assert rest.call("PUT", path, {"name": "renamed"}).status_code == 204
    assert rest.one(path)["name"] == "renamed"


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_container_with_a_timer_outlives_its_port_for_so_many_seconds(
    rest: Rest, topology: Topology, clock: Clock, comes_back: bool
) -> None:
    body = {"name": "c", "UUID": "1", "deleteMode": "TIMER", "deleteExpiry": 60}
    made = rest.make(
        "containers", **body, interfaces=[{"MAC": "7a:42:11:22:33:44", "attachedNetworkID": topology.subnet}]
    )
    path, vport = f"containers/{made['ID']}", f"vports/{made['interfaces'][0]['VPortID']}"
    for state in ("UP", "DOWN"):
        assert rest.call("PUT", vport, {"operationalState": state}, Custom="vsc").status_code == 204
    assert rest.one(path)["status"] == "DELETE_PENDING"
    clock.now += 59
    assert rest.one(path)["status"] == "DELETE_PENDING"
    if comes_back:
        rest.call("PUT", vport, {"operationalState": "UP"}, Custom="vsc")
        assert rest.one(path)["status"] == "RUNNING"
    cursor = rest.get("events").json()["uuid"]
    clock.now += 1
    assert rest.get(path).status_code == (200 if comes_back else 404)
    assert rest.get(vport).status_code == (200 if comes_back else 404)
    told = [event["entityType"] for event in rest.get(f"events?uuid={cursor}").json()["events"]]
    assert ("container" in told) != comes_back


def test_a_virtual_machine_works_the_same_way(rest: Rest, topology: Topology) -> None:
    body = {"MAC": MAC, "attachedNetworkID": topology.subnet}
    machine = rest.make("vms", name="vm", UUID=UUID, interfaces=[body])
    (interface,) = machine["interfaces"]
    assert (interface["VMUUID"], interface["IPAddress"]) == (UUID, "10.10.1.2")
    assert rest.one(f"vports/{interface['VPortID']}")["type"] == "VM"
    assert rest.call("DELETE", f"vms/{machine['ID']}").status_code == 204


def test_deleting_an_enterprise_takes_its_workloads(rest: Rest, topology: Topology) -> None:
    container = topology.make_container(UUID)
    assert rest.call("DELETE", f"enterprises/{topology.enterprise}?responseChoice=1").status_code == 204
    assert rest.get(f"containers/{container['ID']}").status_code == 404
    assert rest.get("domains").content == b""
