from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdRefused, VsdReplyLost
from nuage_chain.vsd.names import Subnet
from nuage_chain.vsd.workload import (
    Found,
    InterfaceSpec,
    Registration,
    Workload,
    deregister,
    deregister_by_external_id,
    find_by_external_id,
    register,
)

if TYPE_CHECKING:
    from nuage_chain.vsd.session import Session
    from tests.unit.vsd.conftest import Answer, ScriptedVsd

SUBNET = Subnet(
    "s1", "web", "z1", "d1", "e1", "10.10.1.0", "255.255.255.0", "10.10.1.1", "2001:db8::/64", "2001:db8::1"
)
WORKLOAD = Workload("ab" * 32, "shop-1", "c1@node")
SPEC = InterfaceSpec(
    "shop-1-eth0",
    "7A:42:11:22:33:44",
    "c1/eth0@node",
    address="10.10.1.7",
    address6="2001:db8::7",
    policy_group_ids=["g1", "g2"],
    redirection_target_ids=["t1"],
    spoofing="ENABLED",
    description="default/shop-1",
)
INTERFACE = {
    "ID": "i1",
    "name": SPEC.name,
    "MAC": "7a:42:11:22:33:44",
    "VPortID": "v1",
    "externalID": SPEC.external_id,
    "IPAddress": "10.10.1.7",
    "netmask": "255.255.255.0",
    "gateway": "10.10.1.1",
    "IPv6Address": "2001:db8::7/64",
    "IPv6Gateway": "2001:db8::1",
}
CONTAINER = {"ID": "k1", "name": "shop-1", "UUID": WORKLOAD.uuid, "externalID": "c1@node", "interfaces": [INTERFACE]}
EMBEDDED = "containers/k1/containerinterfaces"


@pytest.fixture
def shop(vsd: ScriptedVsd) -> ScriptedVsd:
    vsd.on("POST", "subnets/s1/vports", vsd.reply(201, [{"ID": "v1"}]))
    vsd.on("PUT", "vports/v1/policygroups", vsd.reply(204))
    vsd.on("PUT", "vports/v1/redirectiontargets", vsd.reply(204))
    vsd.on("POST", "containers", vsd.reply(201, [CONTAINER]))
    vsd.on("GET", "containers", vsd.page([], 0))
    vsd.on("GET", "subnets/s1/vports", vsd.page([], 0))
    for path in ("vports/v1", "containers/k1", "containerinterfaces/i1"):
        vsd.on("DELETE", path, vsd.reply(204))
    return vsd


def changes(vsd: ScriptedVsd) -> list[tuple[str, str]]:
    return [(asked.method, asked.path) for asked in vsd.asked if asked.method != "GET"]


def test_vport_groups_and_targets_are_there_before_the_container(session: Session, shop: ScriptedVsd) -> None:
    made = register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert made == Registration(
        "k1", "i1", "v1", "10.10.1.7", "255.255.255.0", "10.10.1.1", "2001:db8::7", 64, "2001:db8::1"
    )
    assert [(one.method, one.path, one.body) for one in shop.asked if one.method != "GET"] == [
        (
            "POST",
            "subnets/s1/vports",
            {
                "name": "shop-1-eth0",
                "type": "CONTAINER",
                "addressSpoofing": "ENABLED",
                "active": True,
                "externalID": "c1/eth0@node",
                "description": "default/shop-1",
            },
        ),
        ("PUT", "vports/v1/policygroups", ["g1", "g2"]),
        ("PUT", "vports/v1/redirectiontargets", ["t1"]),
        (
            "POST",
            "containers",
            {
                "name": "shop-1",
                "UUID": "ab" * 32,
                "externalID": "c1@node",
                "interfaces": [
                    {
                        "name": "shop-1-eth0",
                        "MAC": "7a:42:11:22:33:44",
                        "VPortID": "v1",
                        "externalID": "c1/eth0@node",
                        "IPAddress": "10.10.1.7",
                        "IPv6Address": "2001:db8::7",
                    }
                ],
            },
        ),
    ]


def test_what_is_not_asked_for_is_not_sent(session: Session, shop: ScriptedVsd) -> None:
    register(session, SUBNET, WORKLOAD, InterfaceSpec("n", "7a:42:11:22:33:44", "c1/eth0@node"), Deadline(5))
    assert changes(shop) == [("POST", "subnets/s1/vports"), ("POST", "containers")]
    assert set(shop.asks("POST", "containers")[0].body["interfaces"][0]) == {"name", "MAC", "VPortID", "externalID"}


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ({"IPv6Address": "2001:db8::7"}, ("2001:db8::7", 64, "2001:db8::1")),
        ({"IPv6Address": "2001:db8::7/72", "IPv6Gateway": "2001:db8::9"}, ("2001:db8::7", 72, "2001:db8::9")),
        ({"IPv6Address": None}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_ipv6_comes_from_the_interface_and_its_prefix_else_from_the_subnet(
    session: Session, shop: ScriptedVsd, answered: dict[str, Any], expected: tuple[object, ...]
) -> None:
    bare = {"ID": "i1", "VPortID": "v1", "IPAddress": "10.10.1.7"}
    shop.on("POST", "containers", shop.reply(201, [{"ID": "k1", "interfaces": [bare | answered]}]))
    made = register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert (made.address6, made.prefix6, made.gateway6) == expected
    assert (made.netmask, made.gateway) == ("255.255.255.0", "10.10.1.1")


def test_an_interface_that_is_not_in_the_answer_is_read_from_the_list(session: Session, shop: ScriptedVsd) -> None:
    shop.on("POST", "containers", shop.reply(201, [{"ID": "k1"}]))
    shop.on("GET", EMBEDDED, shop.page([INTERFACE], 1))
    assert register(session, SUBNET, WORKLOAD, SPEC, Deadline(5)).interface_id == "i1"


@pytest.mark.parametrize("code", [2510, 2748])
def test_a_second_interface_joins_the_container_that_exists(session: Session, shop: ScriptedVsd, code: int) -> None:
    shop.on("POST", "containers", shop.error(409, code, "exists"))
    shop.on("GET", "containers", shop.page([CONTAINER], 1))
    shop.on("POST", EMBEDDED, shop.reply(201, [INTERFACE]))
    made = register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert (made.container_id, made.interface_id, made.container_created) == ("k1", "i1", False)


def test_a_container_of_somebody_else_is_not_joined(session: Session, shop: ScriptedVsd) -> None:
    shop.on("POST", "containers", shop.error(409, 2748, "UUID exists"))
    shop.on("GET", "containers", shop.page([CONTAINER | {"externalID": "other@elsewhere"}], 1))
    with pytest.raises(VsdRefused, match="UUID exists"):
        register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert changes(shop)[-1] == ("DELETE", "vports/v1")


@pytest.mark.parametrize(
    ("method", "path", "removed"),
    [
        ("POST", "subnets/s1/vports", []),
        ("PUT", "vports/v1/policygroups", ["vports/v1"]),
        ("PUT", "vports/v1/redirectiontargets", ["vports/v1"]),
        ("POST", "containers", ["vports/v1"]),
    ],
)
def test_a_refusal_at_any_step_removes_what_was_made_and_nothing_else(
    session: Session, shop: ScriptedVsd, method: str, path: str, removed: list[str]
) -> None:
    shop.on(method, path, shop.error(409, 2704, "IP address already in use"))
    with pytest.raises(VsdRefused, match="IP address already in use") as caught:
        register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert caught.value.internal_code == 2704
    assert [one for method, one in changes(shop) if method == "DELETE"] == removed


def test_a_refused_second_interface_leaves_the_container_of_the_first(session: Session, shop: ScriptedVsd) -> None:
    shop.on("POST", "containers", shop.error(409, 2748, "exists"))
    shop.on("GET", "containers", shop.page([CONTAINER], 1))
    shop.on("POST", EMBEDDED, shop.error(409, 2702, "subnet full"))
    with pytest.raises(VsdRefused, match="subnet full"):
        register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert [one for method, one in changes(shop) if method == "DELETE"] == ["vports/v1"]


def test_a_vport_that_cannot_be_removed_is_added_to_the_error(session: Session, shop: ScriptedVsd) -> None:
    shop.on("POST", "containers", shop.error(409, 2704, "address in use"))
    shop.on("DELETE", "vports/v1", shop.error(403, None, "not permitted"))
    with pytest.raises(VsdRefused) as caught:
        register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert "address in use. Besides, vports v1 could not be removed" in caught.value.message
    assert "not permitted" in str(caught.value)


def lost(vsd: ScriptedVsd) -> Answer:
    return vsd.reply(502, {"errors": "proxy timeout"})


def test_a_container_whose_answer_was_lost_is_used_when_it_is_found(session: Session, shop: ScriptedVsd) -> None:
    shop.on("POST", "containers", lost(shop))
    shop.on("GET", "containers", shop.page([CONTAINER], 1))
    assert register(session, SUBNET, WORKLOAD, SPEC, Deadline(5)).interface_id == "i1"
    assert len(shop.asks("POST", "containers")) == 1


def test_a_lost_answer_never_removes_the_container_of_an_earlier_interface(session: Session, shop: ScriptedVsd) -> None:
    earlier = CONTAINER | {"interfaces": [INTERFACE | {"VPortID": "v0", "externalID": "c1/eth9@node"}]}
    shop.on("POST", "containers", lost(shop))
    shop.on("GET", "containers", shop.page([earlier], 1))
    with pytest.raises(VsdReplyLost):
        register(session, SUBNET, WORKLOAD, SPEC, Deadline(5))
    assert [one for method, one in changes(shop) if method == "DELETE"] == ["vports/v1"]


@pytest.mark.parametrize(
    ("ids", "last", "removed"),
    [
        (("k1", "v1", "i1"), True, ["containers/k1", "vports/v1"]),
        (("k1", "v1", "i1"), False, ["containerinterfaces/i1", "vports/v1"]),
        ((None, "v1", "i1"), True, ["containerinterfaces/i1", "vports/v1"]),
        ((None, "v1", None), True, ["vports/v1"]),
        ((None, None, None), True, []),
    ],
)
def test_deregistering_removes_in_the_order_that_vsd_insists_on(
    session: Session, shop: ScriptedVsd, ids: tuple[str | None, str | None, str | None], last: bool, removed: list[str]
) -> None:
    container_id, vport_id, interface_id = ids
    deregister(
        session,
        container_id=container_id,
        vport_id=vport_id,
        interface_id=interface_id,
        last=last,
        deadline=Deadline(5),
    )
    assert [one for _, one in changes(shop)] == removed


def test_deregistering_twice_is_fine(session: Session, vsd: ScriptedVsd) -> None:
    deregister(session, container_id="k", vport_id="v", interface_id="i", last=True, deadline=Deadline(5))
    assert [one for _, one in changes(vsd)] == ["containers/k", "vports/v"]


def test_an_attachment_is_found_by_its_external_ids(session: Session, shop: ScriptedVsd) -> None:
    other = INTERFACE | {"ID": "i2", "VPortID": "v2", "externalID": "c1/eth1@node"}
    shop.on("GET", "containers", shop.page([CONTAINER | {"ID": "k0", "externalID": "c11@node"}, CONTAINER], 2))
    shop.on("GET", EMBEDDED, shop.page([other, INTERFACE], 2))
    found = find_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5))
    assert found == Found("k1", "i1", "v1", others=1)
    deregister_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5))
    assert changes(shop) == [("DELETE", "containerinterfaces/i1"), ("DELETE", "vports/v1")]


def test_an_interface_without_external_id_is_known_by_its_vport(session: Session, shop: ScriptedVsd) -> None:
    bare = {"ID": "i1", "VPortID": "v1"}
    shop.on("GET", "containers", shop.page([CONTAINER], 1))
    shop.on("GET", EMBEDDED, shop.page([bare], 1))
    shop.on("GET", "vports/v1", shop.page([{"ID": "v1", "externalID": "c1/eth0@node"}], 1))
    assert find_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5)) == Found("k1", "i1", "v1")
    deregister_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5))
    assert changes(shop) == [("DELETE", "containers/k1"), ("DELETE", "vports/v1")]


def test_a_vport_without_container_is_found_under_its_subnet(session: Session, shop: ScriptedVsd) -> None:
    shop.on("GET", "subnets/s1/vports", shop.page([{"ID": "v1", "externalID": "c1/eth0@node"}], 1))
    assert find_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5)) == Found()
    found = find_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5), parent=SUBNET.path)
    assert found == Found(vport_id="v1")


def test_an_attachment_that_vsd_does_not_have_is_deregistered_already(session: Session, shop: ScriptedVsd) -> None:
    deregister_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5), parent=SUBNET.path)
    assert changes(shop) == []


def test_an_attachment_whose_subnet_has_gone_is_deregistered_already(session: Session, shop: ScriptedVsd) -> None:
    shop.on("GET", "subnets/s1/vports", shop.error(404, None, "Cannot find subnet with ID s1"))
    deregister_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5), parent=SUBNET.path)
    assert changes(shop) == []


def test_what_vsd_refuses_to_list_may_be_there(session: Session, shop: ScriptedVsd) -> None:
    shop.on("GET", "subnets/s1/vports", shop.error(403, None, "not permitted"))
    with pytest.raises(VsdRefused, match="not permitted"):
        deregister_by_external_id(session, "c1@node", "c1/eth0@node", Deadline(5), parent=SUBNET.path)
