from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology


def test_an_enterprise_starts_with_three_groups_and_a_number(rest: Rest) -> None:
    first, second = rest.make("enterprises", name="A"), rest.make("enterprises", name="B")
    assert second["customerID"] == first["customerID"] + 1 > 10000
    groups = {group["name"]: group["role"] for group in rest.get(f"enterprises/{first['ID']}/groups").json()}
    assert groups == {
        "Administrators": "ORGADMIN",
        "Everybody": "ORGUSER",
        "Network Designer": "ORGNETWORKDESIGNER",
    }


def test_the_operators_enterprise_and_csproot_cannot_be_deleted(rest: Rest) -> None:
    me = rest.one("me")
    assert rest.refused("DELETE", f"enterprises/{me['enterpriseID']}?responseChoice=1")[:2] == (409, 2010)
    assert rest.refused("DELETE", f"users/{me['ID']}?responseChoice=1")[:2] == (409, 2013)


def test_users_of_the_operator_are_made_at_the_root(rest: Rest) -> None:
    body = {"userName": "cms", "password": "p", "firstName": "c", "lastName": "m", "email": "c@x"}
    user = rest.make("users", **body)
    assert user["parentID"] == rest.one("me")["enterpriseID"]
    assert rest.refused("POST", "users", body)[:2] == (409, 2510)


def test_a_permission_names_its_group(rest: Rest, topology: Topology) -> None:
    group = rest.get(f"enterprises/{topology.enterprise}/groups").json()[0]
    made = rest.make(f"zones/{topology.zone}/permissions", associatedGroupID=group["ID"], permittedAction="USE")
    assert made["associatedGroupName"] == group["name"]
    body = {"associatedGroupID": "nothing", "permittedAction": "USE"}
    assert rest.refused("POST", f"zones/{topology.zone}/permissions", body)[0] == 404


def test_any_object_takes_metadata(rest: Rest, topology: Topology) -> None:
    rest.make(f"subnets/{topology.subnet}/metadatas", name="m", blob="b")
    assert rest.names(f"subnets/{topology.subnet}/metadatas") == ["m"]
