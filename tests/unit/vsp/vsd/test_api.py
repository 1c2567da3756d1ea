from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

    from nuage_chain.vsp.vsd.server import VsdServer
    from tests.unit.vsp.vsd.conftest import Rest, Topology

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_a_created_object_comes_back_with_all_its_attributes(rest: Rest, topology: Topology) -> None:
    zone = rest.make(
        f"domains/{topology.domain}/zones", name="back", externalID="z@cms", nosuch=1, ID="mine", owner=None
    )
    assert (zone["name"], zone["externalID"]) == ("back", "z@cms")
    assert (zone["parentID"], zone["parentType"]) == (topology.domain, "domain")
    assert zone["ID"] != "mine"
    assert "nosuch" not in zone
    assert zone["owner"] == zone["lastUpdatedBy"] == rest.one("me")["ID"]
    assert zone["creationDate"] == zone["lastUpdatedDate"] == 1_700_000_000_000
    assert zone["description"] is None
    assert rest.one(f"zones/{zone['ID']}") == zone


def test_both_versions_serve_one_store(rest: Rest, topology: Topology) -> None:
    rest.url = rest.url.replace("v6", "v5_0")
    assert rest.one(f"zones/{topology.zone}")["name"] == "front"


def test_a_put_changes_only_what_it_names(rest: Rest, topology: Topology) -> None:
    path = f"zones/{topology.zone}"
    reply = rest.call("PUT", path, {"description": "d", "parentID": UNKNOWN, "creationDate": 1})
    assert (reply.status_code, reply.content) == (204, b"")
    zone = rest.one(path)
    assert (zone["name"], zone["description"], zone["parentID"]) == ("front", "d", topology.domain)
    assert rest.call("PUT", path, {"description": None}).status_code == 204
    assert rest.one(path)["description"] is None


def test_a_put_that_changes_nothing_is_refused_with_its_code(rest: Rest, topology: Topology) -> None:
    path = f"zones/{topology.zone}"
    for body in ({}, {"name": "front"}, {"ID": UNKNOWN}, rest.one(path)):
        assert rest.refused("PUT", path, body)[:2] == (409, 2039)


def test_a_new_name_reaches_what_repeats_it(rest: Rest, topology: Topology) -> None:
    container = topology.make_container("a" * 64)
    for path, name in (
        (f"domains/{topology.domain}", "D2"),
        (f"zones/{topology.zone}", "Z2"),
        (f"subnets/{topology.subnet}", "S2"),
        (f"enterprises/{topology.enterprise}", "E2"),
    ):
        assert rest.call("PUT", path, {"name": name}).status_code == 204
    seen = rest.one(f"containers/{container['ID']}")
    (interface,) = seen["interfaces"]
    assert (interface["domainName"], interface["zoneName"], interface["networkName"]) == ("D2", "Z2", "S2")
    assert seen["enterpriseName"] == "E2"


def test_unknown_ids_and_resources_are_not_found(rest: Rest, topology: Topology) -> None:
    for path in (
        f"zones/{UNKNOWN}",
        f"zones/{topology.subnet}",
        f"zones/{UNKNOWN}/subnets",
        "nosuch",
        f"zones/{topology.zone}/nosuch",
        f"zones/{topology.zone}/enterprises",
        f"zones/{topology.zone}/subnets/{topology.subnet}",
        "",
    ):
        reply = rest.get(path)
        assert reply.status_code == 404, path
        body = reply.json()
        assert body["title"] == body["errors"][0]["descriptions"][0]["title"]
        assert "internalErrorCode" not in body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "zones"),
        ("GET", "vports"),
        ("POST", "zones/{zone}/vports"),
        ("PUT", "zones/{zone}/subnets"),
        ("POST", "zones/{zone}"),
        ("PATCH", "zones/{zone}"),
        ("DELETE", "zones/{zone}/subnets"),
        ("POST", "me"),
        ("POST", "events"),
        ("POST", "vports/{zone}/containerinterfaces"),
    ],
)
def test_verbs_that_a_resource_does_not_have_are_not_allowed(
    rest: Rest, topology: Topology, method: str, path: str
) -> None:
    vport = topology.make_vport("v")
    path = path.replace("vports/{zone}", f"vports/{vport}").format(zone=topology.zone)
    reply = rest.call(method, path, {"name": "x"})
    assert (reply.status_code, reply.reason) == (405, "Method Not Allowed")


@pytest.mark.parametrize("body", [b"{", b'"x"', b"7", b'{"name": NaN}', b'{"name": 1e999}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_a_bad_request(rest: Rest, body: bytes) -> None:
    reply = rest.session.post(f"{rest.url}/enterprises", data=body, timeout=5)
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["descriptions"][0]["description"]


def test_bodies_of_get_and_delete_are_read_and_ignored(rest: Rest, topology: Topology) -> None:
    assert rest.session.get(f"{rest.url}/enterprises", data="null", timeout=5).status_code == 200
    assert rest.call("DELETE", f"zones/{topology.zone}/?responseChoice=1", {"name": "whatever"}).status_code == 204
    assert rest.get(f"zones/{topology.zone}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 409, 5001),
        ({"name": None}, 409, 5001),
        ({"name": ""}, 409, None),
        ({"name": "x" * 256}, 409, None),
        ({"name": ["x"]}, 400, None),
        ({"name": "x\0y"}, 400, None),
        ({"name": "\ud800"}, 400, None),
        ({"name": "x", "encryption": "SOMETIMES"}, 400, None),
        ({"name": "x", "publicZone": "maybe"}, 400, None),
        ({"name": "x", "numberOfHostsInSubnets": "many"}, 400, None),
        ({"name": "x", "policyGroupID": 0}, 409, None),
        ({"name": "front"}, 409, 2510),
        ({"name": "x", "embeddedMetadata": "m"}, 400, None),
        ({"name": "x", "embeddedMetadata": json.loads("[" * 30 + "]" * 30)}, 400, None),
    ],
)
def test_attributes_are_held_against_the_model(
    rest: Rest, topology: Topology, body: dict[str, Any], status: int, code: int | None
) -> None:
    assert rest.refused("POST", f"domains/{topology.domain}/zones", body)[:2] == (status, code)


def test_deleting_what_is_not_empty_asks_first(rest: Rest, topology: Topology) -> None:
    path = f"zones/{topology.zone}"
    reply = rest.call("DELETE", path)
    assert (reply.status_code, reply.reason) == (300, "Multiple Choices")
    body = reply.json()
    assert body["choices"] == [{"id": 1, "label": "OK"}, {"id": 0, "label": "Cancel"}]
    assert body["errors"][0]["descriptions"][0]["description"]
    assert rest.call("DELETE", f"{path}?responseChoice=0").status_code == 204
    assert rest.get(path).status_code == 200
    assert rest.call("DELETE", f"{path}?responseChoice=2").status_code == 400
    assert rest.call("DELETE", f"{path}?responseChoice=1").status_code == 204
    assert rest.get(path).status_code == 404
    assert rest.get(f"subnets/{topology.subnet}").status_code == 404


def test_deleting_what_is_empty_does_not_ask(rest: Rest, topology: Topology) -> None:
    assert rest.call("DELETE", f"domains/{topology.lab}").status_code == 204
    assert rest.call("DELETE", f"domains/{topology.lab}").status_code == 404


def test_a_template_with_instances_asks_and_its_instances_live_on(rest: Rest, topology: Topology) -> None:
    path = f"domaintemplates/{topology.template}"
    assert "affect associated instances" in rest.refused("DELETE", path)[2]
    assert rest.call("DELETE", f"{path}?responseChoice=1").status_code == 204
    assert rest.one(f"domains/{topology.domain}")["templateID"] is None


def test_deleting_a_domain_takes_everything_in_it(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v")
    container = topology.make_container("a" * 64, VPortID=vport)
    assert rest.call("DELETE", f"domains/{topology.domain}?responseChoice=1").status_code == 204
    for path in (
        f"zones/{topology.zone}",
        f"subnets/{topology.subnet}",
        f"vports/{vport}",
        f"containers/{container['ID']}",
    ):
        assert rest.get(path).status_code == 404
    assert rest.get("containerinterfaces").content == b""


def test_bulk_requests_answer_for_each_item(rest: Rest, topology: Topology) -> None:
    path = f"domains/{topology.domain}/zones"
    reply = rest.call("POST", path, [{"name": "a"}, {"name": "front"}, 7, {"name": "b"}])
    assert reply.status_code == 207
    assert [item["status"] for item in reply.json()["response"]] == [201, 409, 400, 201]
    assert reply.json()["response"][1]["data"]["internalErrorCode"] == 2510
    assert rest.names(path) == ["a", "b", "front"]
    made = [item["data"]["ID"] for item in reply.json()["response"] if item["status"] == 201]
    changed = rest.call("PUT", "zones?responseChoice=1", [{"ID": made[0], "name": "c"}, {"ID": UNKNOWN}]).json()
    assert [item["status"] for item in changed["response"]] == [204, 404]
    gone = rest.call("DELETE", f"zones?responseChoice=1&id={made[0]}&id={UNKNOWN}&id={made[1]}").json()
    assert gone["responseMetadata"] == {"total": 3, "success": 2, "failure": 1}
    assert rest.names(path) == ["front"]


def test_the_vsc_may_write_what_others_only_read(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v")
    container = topology.make_container("a" * 64, VPortID=vport)
    status = {"status": "RUNNING", "reasonType": "RUNNING_BOOTED", "hypervisorIP": "192.0.2.1"}
    path = f"containers/{container['ID']}"
    assert rest.refused("PUT", path, status)[:2] == (409, 2039)
    assert rest.call("PUT", path, status, Custom="vsc").status_code == 204
    assert rest.call("PUT", f"vports/{vport}", {"operationalState": "UP"}, Custom="vsc").status_code == 204
    assert {key: rest.one(path)[key] for key in status} == status
    assert rest.one(f"vports/{vport}")["operationalState"] == "UP"
    assert rest.call("PUT", path, {"status": "DANCING"}, Custom="vsc").status_code == 400
    assert rest.call("PUT", path, {"interfaces": []}, Custom="vsc").status_code == 409


def test_only_csproot_speaks_for_the_vsc(rest: Rest, topology: Topology) -> None:
    user = {"userName": "bob", "password": "p", "firstName": "b", "lastName": "b", "email": "b@x"}
    rest.make(f"enterprises/{topology.enterprise}/users", **user)
    path = f"zones/{topology.zone}"
    reply = rest.call("PUT", path, {"description": "x"}, Custom="vsc", ProxyUser="bob@Acme")
    assert reply.status_code == 403


def poll(rest: Rest, cursor: str | None = None) -> dict[str, Any]:
    reply: requests.Response = rest.get("events" if cursor is None else f"events?uuid={cursor}")
    assert reply.status_code == 200
    found = reply.json()
    assert isinstance(found, dict)
    return found


def test_events_tell_of_every_change_in_order(rest: Rest, topology: Topology) -> None:
    cursor = poll(rest)["uuid"]
    zone = rest.make(f"domains/{topology.domain}/zones", name="back")["ID"]
    rest.call("PUT", f"zones/{zone}", {"description": "d"})
    rest.call("DELETE", f"zones/{zone}")
    told = poll(rest, cursor)
    assert [(event["type"], event["entityType"]) for event in told["events"]] == [
        ("CREATE", "zone"),
        ("UPDATE", "zone"),
        ("DELETE", "zone"),
    ]
    assert {event["entities"][0]["ID"] for event in told["events"]} == {zone}
    assert {event["userName"] for event in told["events"]} == {"csproot"}
    assert told["events"][0]["eventReceivedTime"] == 1_700_000_000_000
    quiet = poll(rest, told["uuid"])
    assert quiet == {"events": [], "uuid": told["uuid"]}


def test_a_poll_that_waits_is_woken_by_a_change(server: VsdServer, rest: Rest, topology: Topology) -> None:
    waiting = type(rest)(server.url, server.ca)
    cursor = poll(rest)["uuid"]
    told: list[dict[str, Any]] = []
    waiter = threading.Thread(target=lambda: told.append(poll(waiting, cursor)))
    waiter.start()
    time.sleep(0.05)
    rest.make(f"domains/{topology.domain}/zones", name="back")
    waiter.join(5)
    assert [event["entities"][0]["name"] for event in told[0]["events"]] == ["back"]


def test_a_refused_change_is_no_event(rest: Rest, topology: Topology) -> None:
    cursor = poll(rest)["uuid"]
    assert rest.refused("POST", f"domains/{topology.domain}/zones", {"name": "front"})[0] == 409
    assert poll(rest, cursor)["events"] == []


def test_a_container_is_one_event_that_shows_all_of_it(rest: Rest, topology: Topology) -> None:
    cursor = poll(rest)["uuid"]
    topology.make_container("a" * 64)
    told = {event["entityType"]: event for event in poll(rest, cursor)["events"]}
    assert {kind: event["type"] for kind, event in told.items()} == {
        "container": "CREATE",
        "containerinterface": "CREATE",
        "vport": "CREATE",
    }
    assert told["container"]["entities"][0]["interfaces"][0]["IPAddress"] == "10.10.1.2"


def test_parallel_allocations_never_give_one_address_twice(server: VsdServer, rest: Rest, topology: Topology) -> None:
    got: list[str] = []

    def work(worker: int) -> None:
        own = type(rest)(server.url, server.ca)
        for number in range(10):
            mac = f"7a:42:00:00:{worker:02x}:{number:02x}"
            body = {"MAC": mac, "attachedNetworkID": topology.subnet}
            made = own.make("containers", name="c", UUID=f"{worker}-{number}", interfaces=[body])
            got.append(made["interfaces"][0]["IPAddress"])

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(got) == 80
    assert len(set(got)) == 80
