"""Static routes of a domain."""

from __future__ import annotations

from collections.abc import Iterator

from nuage_chain.vsp.engine.mirror import Entity, Mirror
from nuage_chain.vsp.engine.objects import Wanted
from nuage_chain.vsp.engine.plans import plan_of

DISCARD = "discard"
KINDS = ("OVERLAY", None)
"""The types of routes that OVN can have; the others lead to gateways that are not there."""


def route_rows(mirror: Mirror, domain_id: str) -> Iterator[Wanted]:
    """The static routes of a domain; two to one prefix share the traffic."""
    for route in routes_of(mirror, domain_id):
        hop = DISCARD if route.get("blackHoleEnabled") else route.get("nextHopIp")
        for prefix in plan_of(route).prefixes:
            if hop:
                columns = {"ip_prefix": prefix, "nexthop": hop}
                yield Wanted("Logical_Router_Static_Route", route["ID"], columns, parent=domain_id)


def routes_of(mirror: Mirror, domain_id: str) -> list[Entity]:
    """The static routes that OVN can have."""
    return [r for r in mirror.children("staticroute", domain_id) if r.get("type") in KINDS]
