from __future__ import annotations

from typing import Any

import pytest

from nuage_chain.vsp.engine.mirror import SHARED, follow, needs_members
from tests.unit.vsp.engine.worlds import DOMAIN, put, shop, template

SAME = {"ID": "vp-a", "parentID": "s-web", "addressSpoofing": "INHERITED", "active": True}


def event(change: str, kind: str, **entity: Any) -> dict[str, Any]:
    return {"type": change, "entityType": kind, "entities": [entity]}


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        ("zone", DOMAIN),
        ("subnet", "z-front"),
        ("policygroup", DOMAIN),
        ("dhcpoption", "z-back"),
        ("dhcpoption", "s-web"),
        ("ingressacltemplate", DOMAIN),
        ("ingressaclentrytemplate", "t"),
        ("staticroute", DOMAIN),
        ("virtualip", "target"),
    ],
)
def test_what_is_under_a_domain_is_in_its_scope(kind: str, parent: str) -> None:
    mirror = shop()
    template(mirror, "ingress", "t")
    put(mirror, "redirectiontarget", "target", DOMAIN)
    scopes = follow(mirror, event("CREATE", kind, ID="new", parentID=parent))
    assert scopes - {SHARED} == {DOMAIN}
    assert mirror.get(kind, "new") is not None
    assert follow(mirror, event("DELETE", kind, ID="new", parentID=parent)) - {SHARED} == {DOMAIN}
    assert mirror.get(kind, "new") is None


def test_an_interface_is_in_the_scope_of_its_vport() -> None:
    mirror = shop()
    moved = event("UPDATE", "containerinterface", ID="i-vp-a", parentID="c", VPortID="vp-b", IPAddress="10.1.3.9")
    assert DOMAIN in follow(mirror, moved)
    assert [i["ID"] for i in mirror.children("containerinterface", "vp-b")] == ["i-vp-a", "i-vp-b"]
    assert mirror.children("containerinterface", "vp-a") == []


def test_a_vport_with_an_interface_is_in_the_scope_of_its_domain() -> None:
    mirror = shop()
    for change in (event("UPDATE", "vport", **SAME, description="other"), event("DELETE", "vport", **SAME)):
        assert DOMAIN in follow(mirror, change)


def test_macros_may_matter_to_every_domain() -> None:
    mirror = shop()
    put(mirror, "l2domain", "l2", "acme")
    assert follow(mirror, event("CREATE", "enterprisenetwork", ID="m")) == {DOMAIN, "l2", SHARED}


@pytest.mark.parametrize(
    "happened",
    [
        event("CREATE", "user", ID="bob"),
        event("CREATE", "vport", ID="nothing is attached to it", parentID="s-web"),
        event("CREATE", "subnet", ID="new", parentID="a zone template"),
        event("UPDATE", "vport", **SAME),
        event("UPDATE", "vport", **SAME, operationalState="UP", lastUpdatedDate=7),
        {"type": "UPDATE", "entityType": "vport", "entities": [None, {}]},
        {},
    ],
)
def test_what_says_nothing_new_about_ovn_touches_nothing(happened: dict[str, Any]) -> None:
    assert follow(shop(), happened) == set()


def test_members_are_asked_for_when_an_object_was_touched_and_is_as_it_was() -> None:
    mirror = shop()
    assert list(needs_members(mirror, event("UPDATE", "vport", **SAME, lastUpdatedDate=9))) == ["vp-a"]
    assert list(needs_members(mirror, event("UPDATE", "vport", **SAME, operationalState="UP"))) == []
    assert list(needs_members(mirror, event("CREATE", "vport", **SAME))) == []
    assert list(needs_members(mirror, event("UPDATE", "vport", ID="unknown"))) == ["unknown"]
    assert list(needs_members(mirror, event("UPDATE", "subnet", ID="s-web"))) == []
