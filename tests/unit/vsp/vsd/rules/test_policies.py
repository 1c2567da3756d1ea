from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology

ENTRY = {"DSCP": "*", "action": "FORWARD", "etherType": "0x0800", "locationType": "ANY", "networkType": "ANY"}


@pytest.fixture
def entries(rest: Rest, topology: Topology) -> str:
    """Where entries of an ingress template of Shop are."""
    template = rest.make(f"domains/{topology.domain}/ingressacltemplates", name="web", active=True)["ID"]
    return f"ingressacltemplates/{template}/ingressaclentrytemplates"


def test_an_entry_says_where_it_stands(rest: Rest, topology: Topology, entries: str) -> None:
    made = rest.make(entries, **ENTRY, protocol=6, statsLoggingEnabled=True)
    assert (made["ACLTemplateName"], made["domainName"], made["enterpriseName"]) == ("web", "Shop", "Acme")
    assert (made["sourcePort"], made["destinationPort"], made["priority"]) == ("*", "*", 0)
    assert (made["policyState"], len(made["statsID"])) == ("LIVE", 36)
    assert rest.make(entries, **ENTRY, protocol="ANY")["priority"] == 1
    rest.call("PUT", f"domains/{topology.domain}", {"name": "Store"})
    rest.call("PUT", entries.removesuffix("/ingressaclentrytemplates"), {"name": "all"})
    seen = rest.one(f"ingressaclentrytemplates/{made['ID']}")
    assert (seen["domainName"], seen["ACLTemplateName"]) == ("Store", "all")


def test_both_sides_of_an_entry_name_what_is_there(rest: Rest, topology: Topology, entries: str) -> None:
    macro = rest.make(
        f"enterprises/{topology.enterprise}/enterprisenetworks", name="m", address="192.0.2.0", netmask="255.255.255.0"
    )
    group = rest.make(f"enterprises/{topology.enterprise}/networkmacrogroups", name="g")
    sides: list[tuple[dict[str, Any], str | None, str | None]] = [
        ({"locationType": "ZONE", "locationID": topology.zone}, "ZONE", None),
        ({"locationType": "SUBNET", "locationID": topology.subnet, "networkType": "ENDPOINT_DOMAIN"}, "SUBNET", None),
        ({"networkType": "ENTERPRISE_NETWORK", "networkID": macro["ID"]}, None, "ENTERPRISENETWORK"),
        ({"networkType": "NETWORK_MACRO_GROUP", "networkID": group["ID"]}, None, "NETWORKMACROGROUP"),
    ]
    for more, location, network in sides:
        made = rest.make(entries, **{**ENTRY, **more})
        assert (made["locationEntityType"], made["networkEntityType"]) == (location, network)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"locationType": "ZONE"}, 409),
        ({"locationType": "ZONE", "locationID": "nothing"}, 409),
        ({"locationType": "PLANET"}, 400),
        ({"protocol": "tcp"}, 409),
        ({"protocol": "256"}, 409),
        ({"DSCP": "64"}, 409),
        ({"etherType": "IP"}, 409),
        ({"protocol": "6", "destinationPort": "90-80"}, 409),
        ({"protocol": "6", "destinationPort": "65536"}, 409),
        ({"protocol": "1", "destinationPort": "80"}, 409),
        ({"protocol": "1", "ICMPType": "echo"}, 409),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(rest: Rest, entries: str, more: dict[str, Any], status: int) -> None:
    assert rest.refused("POST", entries, {**ENTRY, **more})[0] == status
    assert rest.get(entries).content == b""


def test_an_entry_stays_within_its_domain(rest: Rest, topology: Topology, entries: str) -> None:
    foreign = rest.make(f"domains/{topology.lab}/zones", name="bench")["ID"]
    assert rest.refused("POST", entries, {**ENTRY, "locationType": "ZONE", "locationID": foreign})[0] == 409


def test_an_entry_of_a_template_names_templates(rest: Rest, topology: Topology) -> None:
    zone = rest.make(f"domaintemplates/{topology.template}/zonetemplates", name="z")["ID"]
    policy = rest.make(f"domaintemplates/{topology.template}/egressacltemplates", name="t")["ID"]
    path = f"egressacltemplates/{policy}/egressaclentrytemplates"
    made = rest.make(path, **{**ENTRY, "locationType": "ZONE", "locationID": zone})
    assert made["locationEntityType"] == "ZONETEMPLATE"
    assert rest.refused("POST", path, {**ENTRY, "locationType": "ZONE", "locationID": topology.zone})[0] == 409


def test_what_an_entry_names_cannot_be_deleted_until_the_entry_is_gone(
    rest: Rest, topology: Topology, entries: str
) -> None:
    entry = rest.make(entries, **{**ENTRY, "locationType": "ZONE", "locationID": topology.zone})["ID"]
    status, _, text = rest.refused("DELETE", f"zones/{topology.zone}?responseChoice=1")
    assert (status, "ingressaclentrytemplate" in text) == (409, True)
    assert rest.call("PUT", f"ingressaclentrytemplates/{entry}", {"locationType": "ANY"}).status_code == 204
    assert rest.one(f"ingressaclentrytemplates/{entry}")["locationID"] is None
    assert rest.call("DELETE", f"zones/{topology.zone}?responseChoice=1").status_code == 204
    assert rest.call("DELETE", f"domains/{topology.domain}?responseChoice=1").status_code == 204


def test_entries_are_listed_under_the_domain_and_under_the_vports_they_apply_to(
    rest: Rest, topology: Topology, entries: str
) -> None:
    vport, other = topology.make_vport("v"), topology.make_vport("w")
    group = rest.make(f"domains/{topology.domain}/policygroups", name="g", type="SOFTWARE")["ID"]
    rest.call("PUT", f"vports/{vport}/policygroups", [group])
    for number, (kind, where) in enumerate(
        [("ANY", None), ("SUBNET", topology.subnet), ("ZONE", topology.zone), ("POLICYGROUP", group)]
    ):
        rest.make(entries, **{**ENTRY, "locationType": kind, "locationID": where, "priority": number})

    def priorities(path: str) -> list[int]:
        reply = rest.get(f"{path}/ingressaclentrytemplates", OrderBy="priority ASC")
        return [row["priority"] for row in reply.json()]

    assert priorities(f"domains/{topology.domain}") == [0, 1, 2, 3]
    assert priorities(f"vports/{vport}") == [0, 1, 2, 3]
    assert priorities(f"vports/{other}") == [0, 1, 2]


def test_templates_without_a_priority_come_after_their_siblings(rest: Rest, topology: Topology) -> None:
    path = f"domains/{topology.domain}/egressacltemplates"
    priorities = [rest.make(path, name=name, **more)["priority"] for name, more in (("a", {"priority": 7}), ("b", {}))]
    assert priorities == [7, 8]
