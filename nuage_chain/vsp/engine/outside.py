"""The way out of a domain: floating IPs and PAT, over a network outside that each gateway node has as a bridge.

All domains meet on one switch. A domain that needs a way out gets a router port there, with an address of its own from
OUTSIDE; one of the nodes that have the bridge does the translation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from nuage_chain.vsp.engine.mirror import SHARED, Entity, Mirror
from nuage_chain.vsp.engine.networks import router_side
from nuage_chain.vsp.engine.objects import Wanted
from nuage_chain.vsp.engine.plans import addresses_of, group_name, interface, plan_of, stable_mac, subnets_of, vports_of
from nuage_chain.vsp.engine.routes import routes_of
from nuage_chain.vsp.layout import OUTSIDE, OUTSIDE_NETWORK

SWITCH = "nuage-outside"
DEFAULT_ROUTE = "0.0.0.0/0"
_DROP_PRIORITY = 1


def switch_rows(mirror: Mirror) -> Iterator[Wanted]:
    """The switch that all ways out meet on, of the scope SHARED; nothing as long as no domain may need it."""
    if not mirror.objects["floatingip"] and not any(
        place.get("PATEnabled") == "ENABLED" for kind in ("domain", "subnet") for place in mirror.objects[kind].values()
    ):
        return
    yield Wanted("Logical_Switch", SWITCH, {}, name=SHARED)
    columns = {
        "type": "localnet",
        "addresses": ["unknown"],
        "port_security": [],
        "options": {"network_name": OUTSIDE_NETWORK},
    }
    yield Wanted("Logical_Switch_Port", f"{SWITCH}-bridge", columns, parent=SWITCH)


def outside_rows(mirror: Mirror, domain_id: str, gateways: Sequence[str]) -> Iterator[Wanted]:
    """A domain's port to the outside and its translations; nothing for one that needs none.

    gateways: the nodes that may do it, the first one before the others.
    """
    domain = mirror.get("domain", domain_id)
    if domain is None:
        return
    translations = list(_translations(mirror, domain))
    if not translations:
        return
    yield from translations
    port = f"{domain_id}-outside"
    own = f"{_own_address(domain)}/{OUTSIDE.prefixlen}"
    yield Wanted("Logical_Router_Port", port, {"mac": stable_mac(port), "networks": [own]}, parent=domain_id)
    yield router_side(SWITCH, f"{port}-switch", port)
    for rank, node in enumerate(gateways):
        name = f"{port}-{node}"
        columns = {"name": name, "chassis_name": node, "priority": len(gateways) - rank}
        yield Wanted("Gateway_Chassis", name, columns, parent=port)
    if DEFAULT_ROUTE not in [plan_of(route).prefix4 for route in routes_of(mirror, domain_id)]:
        way = {"ip_prefix": DEFAULT_ROUTE, "nexthop": str(OUTSIDE[1])}
        yield Wanted("Logical_Router_Static_Route", f"{port}-route", way, parent=domain_id)
    yield from _nobody_else(domain_id, port, translations)


def _nobody_else(domain_id: str, port: str, translations: list[Wanted]) -> Iterator[Wanted]:
    """Only what is translated goes out."""
    name = f"{group_name('out', domain_id)}"
    inside = [row.columns["logical_ip"] for row in translations]
    yield Wanted("Address_Set", name, {"addresses": inside})
    columns = {
        "priority": _DROP_PRIORITY,
        "match": f'outport == "{port}" && ip4.src != ${name}',
        "action": "drop",
        "nexthops": [],
    }
    yield Wanted("Logical_Router_Policy", f"{port}-untranslated", columns, parent=domain_id)


def _translations(mirror: Mirror, domain: Entity) -> Iterator[Wanted]:
    own = str(_own_address(domain))
    for subnet in subnets_of(mirror, domain["ID"]):
        prefix = plan_of(subnet).prefix4
        if prefix and _translated(domain, subnet):
            columns = {"type": "snat", "external_ip": own, "logical_ip": prefix}
            yield Wanted("NAT", f"{subnet['ID']}-pat", columns, parent=domain["ID"])
    for vport in vports_of(mirror, domain["ID"]):
        floating = mirror.get("floatingip", vport.get("associatedFloatingIPID"))
        address = next(iter(addresses_of(interface(mirror, vport) or {})), "")
        if floating is not None and floating.get("address") and "." in address:
            columns = {"type": "dnat_and_snat", "external_ip": floating["address"], "logical_ip": address}
            yield Wanted("NAT", floating["ID"], columns, parent=domain["ID"])


def _translated(domain: Entity, subnet: Entity) -> bool:
    own = subnet.get("PATEnabled") or "INHERITED"
    return (domain.get("PATEnabled") if own == "INHERITED" else own) == "ENABLED"


def _own_address(domain: Entity) -> ipaddress.IPv4Address:
    """VSD numbers its domains from 1; the first address is the gateway's."""
    usable = OUTSIDE.num_addresses - 3
    return OUTSIDE[2 + (int(domain.get("domainID") or 1) - 1) % usable]
