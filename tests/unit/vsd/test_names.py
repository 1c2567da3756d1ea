from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsd import names
from nuage_chain.vsd.values import quoted

if TYPE_CHECKING:
    from nuage_chain.vsd.session import Session
    from tests.unit.vsd.conftest import ScriptedVsd

WEB = {
    "ID": "s1",
    "name": "web",
    "address": "10.10.1.0",
    "netmask": "255.255.255.0",
    "gateway": "10.10.1.1",
    "IPv6Address": "2001:db8::/64",
    "IPv6Gateway": "2001:db8::1",
}


@pytest.fixture
def tree(vsd: ScriptedVsd) -> ScriptedVsd:
    lists: dict[str, list[dict[str, Any]]] = {
        "enterprises": [{"ID": "e1", "name": "Acme"}],
        "enterprises/e1/domains": [{"ID": "d1", "name": "Shop"}],
        "domains/d1/zones": [{"ID": "z1", "name": "front"}],
        "zones/z1/subnets": [WEB],
        "domains/d1/policygroups": [{"ID": "g1", "name": "web"}, {"ID": "g2", "name": "db"}],
        "domains/d1/redirectiontargets": [{"ID": "t1", "name": "firewall"}],
    }
    for path, objects in lists.items():
        vsd.on("GET", path, vsd.page(objects, len(objects)))
    return vsd


def test_a_subnet_is_found_through_its_zone(session: Session, tree: ScriptedVsd) -> None:
    found = names.find_subnet(session, "Acme", "Shop", "front", "web", Deadline(5))
    assert found == names.Subnet(
        id="s1",
        name="web",
        zone_id="z1",
        domain_id="d1",
        enterprise_id="e1",
        address="10.10.1.0",
        netmask="255.255.255.0",
        gateway="10.10.1.1",
        ipv6_address="2001:db8::/64",
        ipv6_gateway="2001:db8::1",
    )
    assert found.path == "subnets/s1"
    assert [asked.headers.get("X-Nuage-Filter") for asked in tree.asked] == [
        None,
        'name == "Acme"',
        'name == "Shop"',
        'name == "front"',
        'name == "web"',
    ]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (("Acne", "Shop", "front", "web"), "no enterprise named 'Acne'."),
        (("Acme", "Shoq", "front", "web"), "no domain named 'Shoq' in enterprise 'Acme'."),
        (("Acme", "Shop", "fromt", "web"), "no zone named 'fromt' in domain 'Shop' of enterprise 'Acme'."),
        (
            ("Acme", "Shop", "front", "wep"),
            "no subnet named 'wep' in zone 'front' of domain 'Shop' of enterprise 'Acme'.",
        ),
        (("Acme", "Shop", "front", "Web"), "no subnet named 'Web' in zone 'front'"),
    ],
)
def test_a_name_that_vsd_does_not_have_is_said_with_its_place_and_what_there_is(
    session: Session, tree: ScriptedVsd, wanted: tuple[str, str, str, str], message: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        names.find_subnet(session, *wanted, Deadline(5))
    assert f"VSD at {tree.url} has {message}" in caught.value.message
    assert any(there in caught.value.hint for there in ("Acme", "Shop", "front", "web"))


def test_the_hint_lists_five_names_at_most(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "enterprises", vsd.page([], 0), vsd.page([{"ID": str(n), "name": f"e{n}"} for n in range(50)], 70))
    with pytest.raises(BadConfig) as caught:
        names.find_domain(session, "Acme", "Shop", Deadline(5))
    assert caught.value.hint.endswith("There is: e0, e1, e2, e3, e4, ….")


def test_the_hint_says_that_there_is_none(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "enterprises", vsd.page([], 0))
    with pytest.raises(BadConfig) as caught:
        names.find_domain(session, "Acme", "Shop", Deadline(5))
    assert caught.value.hint.endswith("There is none yet.")


def test_that_the_names_for_the_hint_cannot_be_had_does_not_hide_the_error(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "enterprises", vsd.page([], 0), vsd.error(500, None, "oops"))
    with pytest.raises(BadConfig, match="no enterprise named 'Acme'"):
        names.find_domain(session, "Acme", "Shop", Deadline(5))


def test_a_filter_that_vsd_ignores_does_not_lead_to_another_object(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "enterprises", vsd.page([{"ID": "e0", "name": "Other"}, {"ID": "e1", "name": "Acme"}], 2))
    vsd.on("GET", "enterprises/e1/domains", vsd.page([{"ID": "d1", "name": "Shop"}], 1))
    assert names.find_domain(session, "Acme", "Shop", Deadline(5)) == "d1"


def test_a_name_that_two_objects_have_is_ambiguous(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "enterprises", vsd.page([{"ID": "e0", "name": "Acme"}, {"ID": "e1", "name": "Acme"}], 2))
    with pytest.raises(BadConfig, match="has 2 enterprises named 'Acme', and one is needed"):
        names.find_domain(session, "Acme", "Shop", Deadline(5))


def test_groups_are_found_in_one_request_in_the_order_asked_for(session: Session, tree: ScriptedVsd) -> None:
    assert names.find_policy_groups(session, "d1", ["db", "web", "db"], Deadline(5)) == ["g2", "g1"]
    asked = tree.asks("GET", "domains/d1/policygroups")
    assert [one.headers["X-Nuage-Filter"] for one in asked] == ['name == "db" or name == "web"']


def test_no_names_need_no_request(session: Session, tree: ScriptedVsd) -> None:
    assert names.find_policy_groups(session, "d1", [], Deadline(5)) == []
    assert names.find_redirection_targets(session, "d1", [], Deadline(5)) == []
    assert tree.asked == []


def test_redirection_targets_are_found_likewise(session: Session, tree: ScriptedVsd) -> None:
    assert names.find_redirection_targets(session, "d1", ["firewall"], Deadline(5)) == ["t1"]


def test_an_unknown_group_is_said_with_those_there_are(session: Session, tree: ScriptedVsd) -> None:
    with pytest.raises(BadConfig, match="no policy group named 'cache'") as caught:
        names.find_policy_groups(session, "d1", ["web", "cache"], Deadline(5))
    assert "web, db" in caught.value.hint


@pytest.mark.parametrize("name", ['a" or name != "', "a\nb", "a\x00", "a\x7f", "a\x85b"])
def test_a_name_that_could_change_the_filter_is_refused(session: Session, tree: ScriptedVsd, name: str) -> None:
    with pytest.raises(BadConfig):
        names.find_subnet(session, name, "Shop", "front", "web", Deadline(5))
    assert tree.asked == []


@pytest.mark.parametrize("name", ["web", "it's", "a b", "Zürich", "a\\b", ""])
def test_any_other_name_is_put_in_double_quotes(name: str) -> None:
    assert quoted(name) == f'"{name}"'
