"""Static routes of domains: where to, and by whom."""

from __future__ import annotations

from nuage_chain.vsp.vsd.addressing import parse_address, parse_prefix
from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.refusal import Code, conflict, missing
from nuage_chain.vsp.vsd.unit import Request, Unit


def check_route(unit: Unit, route: Entity, request: Request) -> None:
    """A route has a prefix and, unless it is a black hole, a next hop, both of its address family."""
    version = 6 if route.get("IPType") == "IPV6" else 4
    attributes = ("IPv6Address",) if version == 6 else ("address", "netmask")
    for attribute in attributes:
        if route.get(attribute) is None:
            raise missing(attribute)
    prefix = parse_prefix(attributes[0], "/".join(str(route.get(attribute)) for attribute in attributes), version)
    if version == 6:
        route.values["IPv6Address"] = str(prefix)
    else:
        route.values |= {"address": str(prefix.network_address), "netmask": str(prefix.netmask)}
    if route.get("nextHopIp") is not None:
        route.values["nextHopIp"] = str(parse_address("nextHopIp", route.get("nextHopIp"), version))
    elif not route.get("blackHoleEnabled") and route.get("type") == "OVERLAY":
        raise missing("nextHopIp")
    _once(unit, route, request, attributes)


def _once(unit: Unit, route: Entity, request: Request, attributes: tuple[str, ...]) -> None:
    same = (*attributes, "nextHopIp")
    if request.before is not None and all(route.get(name) == request.before.get(name) for name in same):
        return
    for other in unit.entities.children(str(route.parent_id), route.kind):
        if other.id != route.id and all(other.get(name) == route.get(name) for name in same):
            description = f"Another static route to {route.get(attributes[0])} by {route.get('nextHopIp')} exists."
            raise conflict(attributes[0], "Duplicate object", description, Code.DUPLICATE)
