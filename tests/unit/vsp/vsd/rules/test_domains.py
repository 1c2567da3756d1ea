from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology


def make_group(topology: Topology, name: str, domain: str | None = None) -> str:
    path = f"domains/{domain or topology.domain}/policygroups"
    return str(topology.rest.make(path, name=name, type="SOFTWARE")["ID"])


@pytest.mark.parametrize(
    ("collection", "body", "code"),
    [
        ("policygroups", {"name": "x", "type": "SOFTWARE"}, 9501),
        ("ingressacltemplates", {"name": "x"}, 2533),
        ("egressacltemplates", {"name": "x"}, 2533),
        ("redirectiontargets", {"name": "x", "endPointType": "L3"}, 2510),
        ("zones", {"name": "x"}, 2510),
    ],
)
def test_names_are_unique_in_a_domain_but_not_across(
    rest: Rest, topology: Topology, collection: str, body: dict[str, Any], code: int
) -> None:
    rest.make(f"domains/{topology.domain}/{collection}", **body)
    status, found, text = rest.refused("POST", f"domains/{topology.domain}/{collection}", body)
    assert (status, found) == (409, code)
    assert text.startswith("Another ")
    assert text.endswith(" with the same name = x exists.")
    rest.make(f"domains/{topology.lab}/{collection}", **body)


def test_priorities_of_entries_are_unique_in_their_template(rest: Rest, topology: Topology) -> None:
    template = rest.make(f"domains/{topology.domain}/ingressacltemplates", name="t")["ID"]
    entry = {
        "DSCP": "*",
        "action": "FORWARD",
        "etherType": "0x0800",
        "locationType": "ANY",
        "protocol": 6,
        "priority": 5,
    }
    path = f"ingressacltemplates/{template}/ingressaclentrytemplates"
    assert rest.make(path, **entry)["protocol"] == "6"
    assert rest.refused("POST", path, entry)[:2] == (409, 2640)


def test_a_domain_is_made_from_a_template_of_its_enterprise(rest: Rest, topology: Topology) -> None:
    path = f"enterprises/{topology.enterprise}/domains"
    assert rest.refused("POST", path, {"name": "x"})[:2] == (409, 5001)
    assert rest.refused("POST", path, {"name": "x", "templateID": "nothing"})[0] == 404
    other = rest.make("enterprises", name="Other")["ID"]
    foreign = rest.make(f"enterprises/{other}/domaintemplates", name="T")["ID"]
    assert rest.refused("POST", path, {"name": "x", "templateID": foreign})[0] == 409
    assert rest.refused("PUT", f"domains/{topology.domain}", {"templateID": foreign})[0] == 409


def test_every_domain_and_policy_group_has_numbers_of_its_own(rest: Rest, topology: Topology) -> None:
    domains = rest.get("domains").json()
    for attribute in ("domainID", "serviceID", "labelID", "backHaulVNID"):
        assert len({domain[attribute] for domain in domains}) == 2
    groups = [make_group(topology, name) for name in "abc"]
    assert [rest.one(f"policygroups/{group}")["policyGroupID"] for group in groups] == [1, 2, 3]


def test_members_are_replaced_added_and_removed(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v")
    a, b, c = (make_group(topology, name) for name in "abc")
    path = f"vports/{vport}/policygroups"
    assert rest.call("PUT", path, [a, b]).status_code == 204
    assert rest.names(path) == ["a", "b"]
    assert rest.call("PUT", path, [b, b]).status_code == 204
    assert rest.names(path) == ["b"]
    assert rest.call("PATCH", path, [a, c], PatchType="add").status_code == 204
    assert rest.call("PATCH", path, [b], PatchType="remove").status_code == 204
    assert rest.names(path) == ["a", "c"]
    assert rest.names(f"policygroups/{a}/vports") == ["v"]
    assert rest.call("PUT", f"policygroups/{a}/vports?responseChoice=1", []).status_code == 204
    assert rest.names(path) == ["c"]
    assert rest.call("PUT", path, []).status_code == 204
    assert rest.get(path).content == b""


def test_the_groups_of_a_vport_are_listed_under_its_interface(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v")
    rest.call("PUT", f"vports/{vport}/policygroups", [make_group(topology, "a")])
    interface = topology.make_container("1", VPortID=vport)["interfaces"][0]["ID"]
    assert rest.names(f"containerinterfaces/{interface}/policygroups") == ["a"]


def test_members_that_make_no_sense_change_nothing(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v")
    mine, foreign = make_group(topology, "a"), make_group(topology, "a", topology.lab)
    path = f"vports/{vport}/policygroups"
    rest.call("PUT", path, [mine])
    assert rest.refused("PUT", path, [foreign])[:2] == (409, 7309)
    assert rest.refused("PUT", f"policygroups/{foreign}/vports", [vport])[:2] == (409, 7309)
    assert rest.refused("PUT", path, ["nothing"])[0] == 404
    assert rest.refused("PUT", path, [topology.zone])[0] == 404
    bodies: list[Any] = [{}, "x", [1], [{"ID": mine}]]
    for body in bodies:
        assert rest.refused("PUT", path, body)[0] == 400
    assert rest.call("PATCH", path, [mine], PatchType="shuffle").status_code == 400
    assert rest.names(path) == ["a"]


def test_a_policy_group_in_use_stays(rest: Rest, topology: Topology) -> None:
    vport, group = topology.make_vport("v"), make_group(topology, "a")
    rest.call("PUT", f"vports/{vport}/policygroups", [group])
    assert rest.refused("DELETE", f"policygroups/{group}?responseChoice=1")[:2] == (409, 7097)
    assert rest.call("DELETE", f"vports/{vport}").status_code == 204
    assert rest.call("DELETE", f"policygroups/{group}").status_code == 204


def test_a_vport_needs_a_type_and_a_word_on_spoofing(rest: Rest, topology: Topology) -> None:
    path = f"subnets/{topology.subnet}/vports"
    assert rest.refused("POST", path, {"name": "v", "type": "CONTAINER"})[:2] == (409, 5001)
    assert rest.refused("POST", path, {"name": "v", "addressSpoofing": "ENABLED"})[:2] == (409, 5001)
    vport = topology.make_vport("v", operationalState="UP")
    seen = rest.one(f"vports/{vport}")
    assert (seen["domainID"], seen["zoneID"], seen["operationalState"]) == (topology.domain, topology.zone, "INIT")
    same = {"name": "v", "type": "CONTAINER", "addressSpoofing": "INHERITED"}
    assert rest.refused("POST", path, same)[:2] == (409, 2510)


def test_a_vport_is_listed_under_its_subnet_zone_and_domain(rest: Rest, topology: Topology) -> None:
    topology.make_vport("v", externalID="v@cms")
    for place in (f"subnets/{topology.subnet}", f"zones/{topology.zone}", f"domains/{topology.domain}"):
        assert rest.names(f"{place}/vports", Filter='externalID == "v@cms"') == ["v"]
