from __future__ import annotations

from typing import Any

import pytest

from nuage_chain.vsp.resolver.binding import Binding, Network
from nuage_chain.vsp.resolver.concerns import concerned, moves_networks
from nuage_chain.vsp.resolver.rows import Demand, Names

UUID, MAC = "ab" * 32, "7a:42:00:00:00:01"
SPLIT = Demand("nu1", MAC, UUID, "web-1")
BY_NAMES = Demand("nu1", MAC, UUID, "web-1", Names("Acme", "", "Shop", "front", "web"))
NETWORK = Network("s1", "255.255.255.0", "10.10.1.1", 1, 2)
BINDING = Binding("nu1", UUID, MAC, "vp1", "c1", "i1", "10.10.1.2", NETWORK)


def event(change: str, kind: str, **entity: Any) -> dict[str, Any]:
    return {"type": change, "entityType": kind, "entities": [entity]}


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (event("CREATE", "container", ID="c1", UUID=UUID), True),
        (event("UPDATE", "container", ID="c1", UUID=UUID), True),
        (event("CREATE", "container", ID="c9", UUID="other"), False),
        (event("CREATE", "containerinterface", ID="i1", MAC=MAC.upper()), True),
        (event("CREATE", "container", ID="c1", interfaces=[{"MAC": MAC}]), True),
        (event("CREATE", "vport", ID="vp1"), False),
        (event("CREATE", "subnet", ID="s1"), False),
    ],
)
def test_a_split_port_that_waits_is_asked_again_when_its_container_comes(
    happened: dict[str, Any], expected: bool
) -> None:
    assert concerned(SPLIT, None, happened) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("subnet", True), ("policygroup", True), ("user", True), ("container", False)]
)
def test_a_port_by_names_that_waits_is_asked_again_when_a_place_comes(kind: str, expected: bool) -> None:
    assert concerned(BY_NAMES, None, event("CREATE", kind, ID="x")) == expected


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (event("DELETE", "container", ID="c1"), True),
        (event("DELETE", "vport", ID="vp1"), True),
        (event("DELETE", "containerinterface", ID="i1"), True),
        (event("DELETE", "vport", ID="other"), False),
        (event("UPDATE", "vport", ID="vp1", addressSpoofing="INHERITED", operationalState="UP"), False),
        (event("UPDATE", "vport", ID="vp1", addressSpoofing="ENABLED"), False),
        (event("UPDATE", "container", ID="c1", UUID=UUID, status="RUNNING"), False),
        (event("UPDATE", "containerinterface", ID="i1", MAC=MAC, IPAddress="10.10.1.2"), False),
        (event("UPDATE", "containerinterface", ID="i1", MAC=MAC, IPAddress="10.10.1.9"), True),
        (event("UPDATE", "subnet", ID="s1"), True),
        (event("DELETE", "domain", ID="d1"), True),
        (event("CREATE", "subnet", ID="s2"), False),
        ({"type": "UPDATE", "entityType": "vport", "entities": [None]}, False),
        ({}, False),
    ],
)
def test_a_bound_port_is_asked_again_only_when_something_is_different(happened: dict[str, Any], expected: bool) -> None:
    assert concerned(SPLIT, BINDING, happened) == expected


@pytest.mark.parametrize(
    ("change", "kind", "expected"),
    [("CREATE", "subnet", False), ("UPDATE", "zone", True), ("DELETE", "domain", True), ("DELETE", "vport", False)],
)
def test_networks_are_forgotten_when_one_that_exists_changes(change: str, kind: str, expected: bool) -> None:
    assert moves_networks(event(change, kind)) == expected
