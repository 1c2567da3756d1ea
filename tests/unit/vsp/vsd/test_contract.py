"""The contract from front to back, by a client that knows nothing else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.vsp.vsd.model import Model, read_rows
from nuage_chain.vsp.vsd.tls import issue_client
from tests.unit.vsp.vsd.contract_client import ContractClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nuage_chain.vsp.vsd.server import VsdServer
    from tests.unit.vsp.vsd.conftest import Clock

CSPROOT = ("csproot", "first-password", "CSP")
ALLOW = {"active": True, "defaultAllowIP": True, "defaultAllowNonIP": True, "priority": 1000000000}
ENTRY = {"DSCP": "*", "action": "FORWARD", "etherType": "0x0800", "protocol": "6"}


@pytest.fixture(params=["v6", "v5_0"])
def client(request: pytest.FixtureRequest, server: VsdServer) -> ContractClient:
    return ContractClient(server.url, server.ca, request.param, CSPROOT)


class Demo:
    """The topology of section 2.7."""

    def __init__(self, client: ContractClient) -> None:
        self.enterprise = client.make("enterprises", name="Acme")["ID"]
        body = {"userName": "bob", "password": "pw", "firstName": "b", "lastName": "b", "email": "b@x"}
        self.user = client.make(f"enterprises/{self.enterprise}/users", **body)["ID"]
        group = client.find(f"enterprises/{self.enterprise}/groups", "Everybody")
        assert group is not None
        self.group = group["ID"]
        client.assign(f"groups/{self.group}/users", [self.user])
        template = client.make(f"enterprises/{self.enterprise}/domaintemplates", name="T")["ID"]
        self.domain = client.make(f"enterprises/{self.enterprise}/domains", name="D", templateID=template)["ID"]
        self.zone = client.make(f"domains/{self.domain}/zones", name="Z")["ID"]
        plan = {
            "address": "10.10.0.0",
            "netmask": "255.255.255.0",
            "IPType": "DUALSTACK",
            "IPv6Address": "2001:db8::/64",
        }
        self.subnet = client.make(f"zones/{self.zone}/subnets", name="S", **plan)["ID"]
        client.make(f"zones/{self.zone}/permissions", associatedGroupID=self.group, permittedAction="USE")
        self.ingress = client.make(f"domains/{self.domain}/ingressacltemplates", name="allow", **ALLOW)["ID"]
        self.egress = client.make(f"domains/{self.domain}/egressacltemplates", name="allow", **ALLOW)["ID"]
        self.web = client.make(f"domains/{self.domain}/policygroups", name="web", type="SOFTWARE")["ID"]
        self.target = client.make(f"domains/{self.domain}/redirectiontargets", name="rt", endPointType="L3")["ID"]
        bounds = {"minAddress": "10.10.0.10", "maxAddress": "10.10.0.99", "DHCPPoolType": "BRIDGE"}
        client.make(f"subnets/{self.subnet}/addressranges", **bounds)
        client.make(f"subnets/{self.subnet}/ipreservations", MAC="7a:42:00:00:00:50", IPAddress="10.10.0.50")
        route = {"address": "192.0.2.0", "netmask": "255.255.255.0", "nextHopIp": "10.10.0.20", "type": "OVERLAY"}
        client.make(f"domains/{self.domain}/staticroutes", **route, IPType="IPV4")


@pytest.fixture
def demo(client: ContractClient) -> Demo:
    return Demo(client)


def test_a_container_is_attached_as_its_makers_do_it(client: ContractClient, demo: Demo) -> None:
    client.proxy = "bob@Acme"
    zone = client.find(f"domains/{demo.domain}/zones", "Z")
    assert zone is not None
    subnet = client.find(f"zones/{zone['ID']}/subnets", "S")
    assert subnet is not None
    assert (subnet["gateway"], subnet["IPv6Gateway"]) == ("10.10.0.1", "2001:db8::1")
    vport = client.make(f"subnets/{subnet['ID']}/vports", name="nu0", type="CONTAINER", addressSpoofing="INHERITED")
    client.assign(f"vports/{vport['ID']}/policygroups", [demo.web])
    client.assign(f"vports/{vport['ID']}/redirectiontargets", [demo.target])
    interface = {"name": "nu0", "MAC": "7a:42:11:22:33:44", "VPortID": vport["ID"]}
    made = client.make("containers", name="web-1", UUID="ab" * 32, externalID="node1", interfaces=[interface])
    (seen,) = made["interfaces"]
    assert (seen["IPAddress"], seen["netmask"], seen["gateway"]) == ("10.10.0.10", "255.255.255.0", "10.10.0.1")
    assert seen["IPv6Address"] == "2001:db8::2"
    assert (made["status"], made["userName"], made["enterpriseName"]) == ("INIT", "bob", "Acme")
    assert client.call("DELETE", f"vports/{vport['ID']}?responseChoice=1").code == 7010
    client.remove(f"containers/{made['ID']}")
    client.remove(f"vports/{vport['ID']}")
    client.remove(f"vports/{vport['ID']}")


def test_addresses_are_given_reserved_and_refused(client: ContractClient, demo: Demo) -> None:
    def attach(number: int, **more: str) -> Any:
        interface = {"MAC": f"7a:42:00:00:00:{number:02d}", "attachedNetworkID": demo.subnet, **more}
        return client.call("POST", "containers", {"name": f"c{number}", "UUID": str(number), "interfaces": [interface]})

    assert attach(1).json[0]["interfaces"][0]["IPAddress"] == "10.10.0.10"
    assert attach(50).json[0]["interfaces"][0]["IPAddress"] == "10.10.0.50"
    assert attach(3, IPAddress="10.10.0.10").code == 2704
    assert attach(4, IPAddress="10.10.0.1").code == 2704
    assert attach(5, IPAddress="10.99.0.1").status in {400, 409}
    assert attach(6, IPAddress="10.10.0.200").status == 201
    assert attach(1).code == 2748


def test_policies_are_made_as_kubernetes_does_it(client: ContractClient, demo: Demo) -> None:
    path = f"enterprises/{demo.enterprise}"
    macro = client.make(f"{path}/enterprisenetworks", name="svc", address="10.254.0.10", netmask="255.255.255.255")
    group = client.make(f"{path}/networkmacrogroups", name="services")
    client.assign(f"networkmacrogroups/{group['ID']}/enterprisenetworks", [macro["ID"]])
    entries = f"ingressacltemplates/{demo.ingress}/ingressaclentrytemplates"
    body = {
        "locationType": "ZONE",
        "locationID": demo.zone,
        "networkType": "NETWORK_MACRO_GROUP",
        "networkID": group["ID"],
    }
    entry = client.make(entries, **ENTRY, **body, sourcePort="*", destinationPort="80", priority=300, stateful=True)
    assert client.call("POST", entries, {**ENTRY, "locationType": "ANY", "priority": 300}).code == 2640
    found = client.call("GET", entries, Filter="priority == 300").json
    assert [row["ID"] for row in found] == [entry["ID"]]
    client.change(f"ingressaclentrytemplates/{entry['ID']}", action="DROP")
    assert client.one(f"ingressaclentrytemplates/{entry['ID']}")["action"] == "DROP"
    client.remove(f"ingressaclentrytemplates/{entry['ID']}")
    client.remove(f"networkmacrogroups/{group['ID']}")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("enterprises", {"name": "Acme"}, 2510),
        ("enterprises", {"name": None}, 5001),
        ("domains/{domain}/zones", {"name": "Z"}, 2510),
        ("zones/{zone}/subnets", {"name": "S", "address": "10.20.0.0", "netmask": "255.255.255.0"}, 2505),
        ("zones/{zone}/subnets", {"name": "T", "address": "10.10.0.128", "netmask": "255.255.255.128"}, 2504),
        ("domains/{domain}/policygroups", {"name": "web", "type": "SOFTWARE"}, 9501),
        ("domains/{domain}/ingressacltemplates", {"name": "allow"}, 2533),
        ("domains/{domain}/egressacltemplates", {"name": "allow"}, 2533),
    ],
)
def test_each_refusal_has_the_code_that_clients_know(
    client: ContractClient, demo: Demo, path: str, body: dict[str, Any], code: int
) -> None:
    reply = client.call("POST", path.format(domain=demo.domain, zone=demo.zone), body)
    assert (reply.status, reply.code) == (409, code)
    assert reply.why


def test_members_are_assigned_from_both_sides_and_held(client: ContractClient, demo: Demo) -> None:
    vport = client.make(f"subnets/{demo.subnet}/vports", name="v", type="VM", addressSpoofing="ENABLED")["ID"]
    client.assign(f"policygroups/{demo.web}/vports", [vport])
    assert client.call("DELETE", f"policygroups/{demo.web}?responseChoice=1").code == 7097
    client.assign(f"vports/{vport}/policygroups", [demo.web], "remove")
    assert client.call("GET", f"vports/{vport}/policygroups").body == b""
    client.assign(f"vports/{vport}/policygroups", [demo.web], "add")
    assert client.count(f"policygroups/{demo.web}/vports") == 1


def test_lists_are_paged_ordered_filtered_grouped_and_counted(client: ContractClient, demo: Demo) -> None:
    path = f"subnets/{demo.subnet}/vports"
    bodies = [
        {"name": f"v{number:02d}", "type": kind, "addressSpoofing": "DISABLED", "description": "hello world"}
        for number, kind in enumerate(["VM", "HOST", "CONTAINER"] * 4)
    ]
    bulk = client.call("POST", path, [*bodies, {"name": "v00", "type": "VM", "addressSpoofing": "DISABLED"}])
    assert bulk.status == 207
    assert bulk.json["responseMetadata"] == {"total": 13, "success": 12, "failure": 1}
    assert bulk.json["response"][12]["data"]["internalErrorCode"] == 2510
    assert [row["name"] for row in client.all(path, 5, OrderBy="name DESC")] == [
        f"v{n:02d}" for n in reversed(range(12))
    ]
    filters = {
        "type == \"VM\" and name < 'v06'": 2,
        "type IS BRIDGE": 0,
        "name beginswith 'v0' or description contains 'x'": 10,
        "NOT (name ENDSWITH '1') and type != \"HOST\"": 7,
        "name in {'v01', 'v02'}": 2,
        "hello": 12,
        "externalID IS null": 12,
        "active IS True": 12,
    }
    for text, expected in filters.items():
        assert client.count(path, Filter=text) == expected, text
    grouped = client.call("GET", path, GroupBy="true", Attributes="type").json
    assert grouped == [{"type": kind} for kind in ("CONTAINER", "HOST", "VM")]
    ids = [row["data"]["ID"] for row in bulk.json["response"][:12]]
    gone = client.call("DELETE", "vports?responseChoice=1&" + "&".join(f"id={one}" for one in ids))
    assert gone.json["responseMetadata"]["success"] == 12


def test_what_is_full_is_deleted_only_when_confirmed(client: ContractClient, demo: Demo) -> None:
    asked = client.call("DELETE", f"domains/{demo.domain}")
    assert [row["label"] for row in asked.json["choices"]] == ["OK", "Cancel"]
    assert client.call("DELETE", f"domains/{demo.domain}?responseChoice=0").status == 204
    assert client.one(f"domains/{demo.domain}")["name"] == "D"
    client.remove(f"domains/{demo.domain}")
    missing = client.call("GET", f"domains/{demo.domain}")
    assert (missing.status, "internalErrorCode" in missing.json) == (404, False)
    assert missing.json["title"]


def test_events_come_when_something_happens(client: ContractClient, demo: Demo) -> None:
    cursor = client.call("GET", "events").json["uuid"]
    assert client.call("GET", f"events?uuid={cursor}").json["events"] == []
    timer = threading.Timer(0.1, client.make, (f"zones/{demo.zone}/metadatas",), {"name": "m", "blob": "x"})
    timer.start()
    try:
        told = client.call("GET", f"events?uuid={cursor}").json
    finally:
        timer.join()
    (event,) = told["events"]
    assert (event["type"], event["entityType"], event["userName"]) == ("CREATE", "metadata", "csproot")
    assert event["entities"][0]["parentID"] == demo.zone


def test_a_key_that_expires_is_renewed_without_the_caller_noticing(
    client: ContractClient, demo: Demo, clock: Clock
) -> None:
    clock.now += 24 * 3600 + 1
    assert client.one(f"zones/{demo.zone}")["name"] == "Z"
    assert client.logins == 2


def test_a_certificate_is_enough(server: VsdServer, tls_dir: Path) -> None:
    pair = issue_client(tls_dir, "csproot", "CSP")
    client = ContractClient(server.cert_url, server.ca, certificate=(str(pair.certificate), str(pair.key)))
    Demo(client)
    assert client.count("enterprises") == 1


def test_a_resource_is_added_by_adding_a_row(make_server: Callable[..., VsdServer]) -> None:
    rows = read_rows()
    rows["trunk"] = {
        "collection": "trunks",
        "entity": "Trunk",
        "parents": {"enterprise": "GC", "me": "G"},
        "unique": {"name": 2510},
        "attributes": {
            "name": {"type": "string", "required": True, "maxlen": 64},
            "associatedVPortID": {"type": "string", "createOnly": True},
            "speed": {"type": "integer", "default": 10, "max": 100},
        },
    }
    rows["vport"]["parents"]["trunk"] = "GU"
    server = make_server(model=Model(rows))
    client = ContractClient(server.url, server.ca, login=CSPROOT)
    demo = Demo(client)
    made = client.make(f"enterprises/{demo.enterprise}/trunks", name="t")
    assert made["speed"] == 10
    client.change(f"trunks/{made['ID']}", speed=100)
    assert client.call("PUT", f"trunks/{made['ID']}", {"speed": 101}).status == 409
    assert client.call("POST", f"enterprises/{demo.enterprise}/trunks", {"name": "t"}).code == 2510
    vport = client.make(f"subnets/{demo.subnet}/vports", name="v", type="VM", addressSpoofing="ENABLED")["ID"]
    client.assign(f"trunks/{made['ID']}/vports", [vport])
    assert client.find(f"trunks/{made['ID']}/vports", "v") is not None
    assert [row["name"] for row in client.all("trunks")] == ["t"]
    client.remove(f"trunks/{made['ID']}")
