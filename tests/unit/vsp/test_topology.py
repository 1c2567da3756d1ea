from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsd.session import Access, Session
from nuage_chain.vsp.topology import DEMO, check, seed, subnet_body
from nuage_chain.vsp.vsd.server import VsdServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with VsdServer(tmp_path / "vsd.db", tmp_path / "tls", port=0, cert_port=0, password="secret-word") as server:
        made = Session(Access(server.url, "csp", "csproot", "secret-word", ca=server.ca))
        yield made
        made.close()


def names(session: Session, path: str) -> set[str]:
    return {entry["name"] for entry in session.get(path, Deadline(5))}


def one(session: Session, path: str, name: str) -> dict[str, Any]:
    return next(entry for entry in session.get(path, Deadline(5)) if entry["name"] == name)


def test_the_demo_topology_is_made(session: Session) -> None:
    seed(session, DEMO, Deadline(20))
    acme = one(session, "enterprises", "Acme")["ID"]
    assert names(session, f"enterprises/{acme}/domains") == {"Shop", "Lab"}
    shop = one(session, f"enterprises/{acme}/domains", "Shop")["ID"]
    assert names(session, f"domains/{shop}/zones") == {"front", "back"}
    assert names(session, f"domains/{shop}/subnets") == {"web", "api", "db"}
    assert names(session, f"domains/{shop}/policygroups") == {"web", "db"}
    assert names(session, f"domains/{shop}/redirectiontargets") == {"balancer"}
    lab = one(session, f"enterprises/{acme}/domains", "Lab")["ID"]
    webs = [one(session, f"domains/{domain}/subnets", "web") for domain in (shop, lab)]
    assert webs[0]["address"] == webs[1]["address"] == "10.10.1.0"
    for direction in ("ingress", "egress"):
        acl = one(session, f"domains/{shop}/{direction}acltemplates", "allow-all")
        assert acl["active"]
        assert acl["defaultAllowIP"]


def test_a_second_seed_makes_nothing_and_a_larger_one_what_is_missing(session: Session) -> None:
    assert len(seed(session, DEMO, Deadline(20))) == 19
    assert seed(session, DEMO, Deadline(20)) == []
    larger = copy.deepcopy(DEMO)
    larger["enterprises"][0]["domains"][0]["zones"][1]["subnets"].append({"name": "log", "cidr": "10.10.4.0/24"})
    assert seed(session, larger, Deadline(20)) == ["Acme/Shop/back/log"]


def test_nothing_is_made_of_a_topology_that_is_wrong_at_its_end(session: Session) -> None:
    wrong = copy.deepcopy(DEMO)
    wrong["enterprises"][0]["domains"][1]["zones"][0]["subnets"][0]["cidr"] = "10.10.1.0/33"
    with pytest.raises(BadConfig):
        seed(session, wrong, Deadline(20))
    assert session.get("enterprises", Deadline(5)) == []


@pytest.mark.parametrize(
    ("topology", "place"),
    [
        ({"enterprise": []}, "unknown key 'enterprise'"),
        ({}, None),
        ({"enterprises": None}, None),
        ({"enterprises": [{"name": "a", "domains": None}]}, None),
        ({"enterprises": {}}, "enterprises has to be a list"),
        ({"enterprises": "Acme"}, "enterprises has to be a list"),
        ({"enterprises": ["Acme"]}, r"enterprises\[0\] has to be a mapping"),
        ({"enterprises": [{}]}, r"enterprises\[0\] has no name"),
        ({"enterprises": [{"name": 5}]}, r"enterprises\[0\] has no name"),
        ({"enterprises": [{"name": "a", "domains": [{"name": "d", "zone": []}]}]}, "unknown key 'zone'"),
        ({"enterprises": [{"name": "a", "domains": [{"name": "d", "policy_groups": "x"}]}]}, "policy_groups"),
    ],
)
def test_a_topology_is_right_or_the_message_names_the_place(topology: dict[str, Any], place: str | None) -> None:
    if place is None:
        check(topology)
    else:
        with pytest.raises(BadConfig, match=place):
            check(topology)


@pytest.mark.parametrize(
    ("subnet", "expected"),
    [
        ({"cidr": "10.0.0.0/24"}, {"address": "10.0.0.0", "netmask": "255.255.255.0", "gateway": "10.0.0.1"}),
        ({"cidr": "10.0.0.0/24", "gateway": "10.0.0.254"}, {"gateway": "10.0.0.254", "IPType": "IPV4"}),
        (
            {"cidr": "10.0.0.0/24", "cidr6": "2001:db8::/64"},
            {"IPType": "DUALSTACK", "IPv6Address": "2001:db8::/64", "IPv6Gateway": "2001:db8::1"},
        ),
        (
            {"cidr6": "2001:db8::/64"},
            {"IPType": "IPV6", "IPv6Address": "2001:db8::/64", "IPv6Gateway": "2001:db8::1"},
        ),
        ({"cidr": "10.0.0.1/24"}, None),
        ({"cidr": "10.0.0.0/24", "gateway": "10.0.1.1"}, None),
        ({"cidr": "10.0.0.0/24", "cidr6": "2001:db8::/64", "gateway6": "2001:db9::1"}, None),
        ({"cidr": "ten"}, None),
        ({}, None),
    ],
)
def test_a_subnet_is_written_as_vsd_has_it(subnet: dict[str, str], expected: dict[str, str] | None) -> None:
    if expected is None:
        with pytest.raises(BadConfig, match="at the place"):
            subnet_body({"name": "s", **subnet}, "at the place")
    else:
        assert expected.items() <= subnet_body({"name": "s", **subnet}, "at the place").items()
