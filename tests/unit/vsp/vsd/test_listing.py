from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology


@pytest.fixture
def zones(rest: Rest, topology: Topology) -> str:
    """A collection of 61 zones: front, z00 to z59."""
    path = f"domains/{topology.domain}/zones"
    body = [{"name": f"z{number:02}", "description": f"about {number % 3}"} for number in range(60)]
    reply = rest.call("POST", path, body)
    assert reply.status_code == 207
    assert reply.json()["responseMetadata"] == {"total": 60, "success": 60, "failure": 0}
    return path


def test_an_empty_collection_has_an_empty_body_and_counts_zero(rest: Rest) -> None:
    reply = rest.get("enterprises")
    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["X-Nuage-Count"] == "0"
    assert reply.headers["Content-Length"] == "0"


def test_the_first_page_holds_fifty_and_counts_all(rest: Rest, zones: str) -> None:
    reply = rest.get(zones)
    assert len(reply.json()) == 50
    assert reply.headers["X-Nuage-Count"] == "61"
    assert reply.headers["X-Nuage-Page"] == "0"
    assert reply.headers["X-Nuage-PageSize"] == "50"
    assert "X-Nuage-Count" in reply.headers["Access-Control-Expose-Headers"]


def test_pages_together_are_the_whole_collection(rest: Rest, zones: str) -> None:
    seen = [name for page in range(4) for name in rest.names(zones, Page=str(page), PageSize="20")]
    assert seen == ["front", *(f"z{number:02}" for number in range(60))]


def test_a_page_beyond_the_end_is_empty_and_counts_zero(rest: Rest, zones: str) -> None:
    reply = rest.get(zones, Page="7")
    assert (reply.status_code, reply.content, reply.headers["X-Nuage-Count"]) == (200, b"", "0")


def test_head_counts_without_a_body(rest: Rest, zones: str) -> None:
    reply = rest.call("HEAD", zones, Filter="name BEGINSWITH 'z1'")
    assert (reply.status_code, reply.content, reply.headers["X-Nuage-Count"]) == (200, b"", "10")


def test_an_order_by_several_attributes_is_kept(rest: Rest, zones: str) -> None:
    names = rest.names(zones, OrderBy="description DESC, name ASC", PageSize="3", Filter="name != 'front'")
    assert names == ["z02", "z05", "z08"]


def test_a_filter_is_echoed_with_the_way_it_was_read(rest: Rest, zones: str) -> None:
    predicate = rest.get(zones, Filter="name == 'z01'")
    assert (predicate.headers["X-Nuage-Filter"], predicate.headers["X-Nuage-FilterType"]) == (
        "name == 'z01'",
        "predicate",
    )
    plain = rest.get(zones, Filter="about 1")
    assert (plain.headers["X-Nuage-FilterType"], plain.headers["X-Nuage-Count"]) == ("plain", "20")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Page", "-1"),
        ("Page", "x"),
        ("PageSize", "0"),
        ("PageSize", "99999999999999999999"),
        ("OrderBy", "nosuch"),
        ("Filter", "nosuch == 1"),
        ("Filter", "name == "),
    ],
)
def test_headers_that_make_no_sense_are_bad_requests(rest: Rest, zones: str, header: str, value: str) -> None:
    reply = rest.get(zones, **{header: value})
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["property"] == f"X-Nuage-{header}"


def test_text_declared_a_predicate_has_to_be_one(rest: Rest, zones: str) -> None:
    assert rest.get(zones, Filter="about", FilterType="predicate").status_code == 400


def test_a_collection_is_listed_under_all_that_is_above_it(rest: Rest, topology: Topology) -> None:
    for path in (f"zones/{topology.zone}", f"domains/{topology.domain}"):
        assert rest.names(f"{path}/subnets") == ["web"]
    assert rest.names("subnets") == ["web"]
    assert rest.get(f"domains/{topology.lab}/subnets").content == b""
    assert rest.names(f"domaintemplates/{topology.template}/domains") == ["Lab", "Shop"]


def test_what_is_created_under_a_parent_is_not_listed_under_its_ancestors(rest: Rest, topology: Topology) -> None:
    rest.make(f"subnets/{topology.subnet}/dhcpoptions", type="0c", value="61", length="01")
    assert rest.get(f"subnets/{topology.subnet}/dhcpoptions").headers["X-Nuage-Count"] == "1"
    assert rest.get(f"domains/{topology.domain}/dhcpoptions").headers["X-Nuage-Count"] == "0"


def test_the_operators_enterprise_is_hidden_from_the_list_only(rest: Rest, topology: Topology) -> None:
    csp = rest.one("me")["enterpriseID"]
    assert rest.names("enterprises") == ["Acme"]
    assert rest.get("enterprises", Filter='name == "CSP"').content == b""
    assert rest.one(f"enterprises/{csp}")["enterpriseType"] == "CSP"
    assert rest.get(f"enterprises/{csp}/users").json()[0]["userName"] == "csproot"


def test_a_password_cannot_be_filtered_for(rest: Rest, topology: Topology) -> None:
    assert topology.enterprise
    assert rest.get("users", Filter='password == "first-password"').headers["X-Nuage-Count"] == "0"


def test_grouping_gives_the_distinct_values_of_some_attributes(rest: Rest, topology: Topology) -> None:
    for name, kind, active in (("a", "VM", True), ("b", "VM", True), ("c", "HOST", True), ("d", "VM", False)):
        topology.make_vport(name, type=kind, active=active)
    path = f"subnets/{topology.subnet}/vports"
    reply = rest.get(path, GroupBy="true", Attributes="type, active")
    assert reply.json() == [
        {"type": "HOST", "active": True},
        {"type": "VM", "active": False},
        {"type": "VM", "active": True},
    ]
    assert reply.headers["X-Nuage-Count"] == "3"
    second = rest.get(path, GroupBy="true", Attributes="type", PageSize="1", Page="1", Filter="active == true")
    assert (second.json(), second.headers["X-Nuage-Count"]) == ([{"type": "VM"}], "2")
    assert rest.get(path, GroupBy="true", Attributes="type", Filter="name == 'x'").content == b""
    assert rest.get(path, GroupBy="true").status_code == 400
    assert rest.get(path, GroupBy="true", Attributes="x') FROM secrets --").status_code == 400
