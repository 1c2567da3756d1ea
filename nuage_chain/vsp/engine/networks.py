"""Domain: logical router. Subnet or L2 domain: logical switch. vPort with an interface: logical switch port.

All are named by their IDs in VSD, so that `iface-id` on a node's interface is the vPort's ID.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nuage_chain.vsp.engine import dhcp
from nuage_chain.vsp.engine.mirror import Entity, Mirror
from nuage_chain.vsp.engine.objects import References, Wanted
from nuage_chain.vsp.engine.plans import addresses_of, interface, mac_of_gateway, plan_of, subnets_of

ANY_ADDRESS = "unknown"
"""How OVN is told that a port may have any address."""


def network_rows(mirror: Mirror, domain_id: str) -> Iterator[Wanted]:
    """Router, switches and ports of a domain or L2 domain, and what DHCP tells them."""
    domain = mirror.get("domain", domain_id)
    if domain is not None:
        yield Wanted("Logical_Router", domain_id, {}, name=str(domain.get("name")))
    for subnet in subnets_of(mirror, domain_id):
        yield Wanted("Logical_Switch", subnet["ID"], {}, name=str(subnet.get("name")))
        if domain is not None and plan_of(subnet).gateways:
            yield from _gateway(domain_id, subnet)
        options = list(dhcp.option_rows(mirror, subnet))
        yield from options
        served = {
            f"dhcpv{version}_options": frozenset(o.itself for o in options if dhcp.version_of(o) == version)
            for version in (4, 6)
        }
        for vport in mirror.children("vport", subnet["ID"]):
            found = interface(mirror, vport)
            if found is not None:
                yield _port(mirror, domain_id, vport, found, served)


def gateway_port(subnet_id: str) -> str:
    """The name of a subnet's router port."""
    return f"{subnet_id}-gateway"


def router_side(switch: str, name: str, router_port: str) -> Wanted:
    """The switch's end of the link to a router.

    Not the router port's own name: the southbound database has one name space for both kinds of ports.
    """
    options = {"router-port": router_port}
    return Wanted(
        "Logical_Switch_Port",
        name,
        {"type": "router", "addresses": ["router"], "port_security": [], "options": options},
        parent=switch,
    )


def may_spoof(mirror: Mirror, domain_id: str, vport: Entity) -> bool:
    """Whether a vPort may send with any address: its own word, or where it inherits its domain's ingress policies'."""
    own = vport.get("addressSpoofing")
    if own != "INHERITED":
        return bool(own == "ENABLED")
    templates = mirror.children("ingressacltemplate", domain_id)
    return any(t.get("active") and t.get("allowAddressSpoof") for t in templates)


def _gateway(domain_id: str, subnet: Entity) -> Iterator[Wanted]:
    name = gateway_port(subnet["ID"])
    columns = {
        "mac": mac_of_gateway(subnet),
        "networks": plan_of(subnet).gateways,
        "ipv6_ra_configs": dhcp.router_advertisement(subnet),
    }
    yield Wanted("Logical_Router_Port", name, columns, parent=domain_id)
    yield router_side(subnet["ID"], f"{subnet['ID']}-router", name)


def _port(mirror: Mirror, domain_id: str, vport: Entity, found: Entity, served: References) -> Wanted:
    addresses = " ".join((found["MAC"].lower(), *addresses_of(found)))
    spoofs = may_spoof(mirror, domain_id, vport)
    columns: dict[str, Any] = {
        "type": "",
        "addresses": [addresses, ANY_ADDRESS] if spoofs else [addresses],
        "port_security": [] if spoofs else [addresses],
        "options": {},
        # Absent says enabled.
        "enabled": [False] if vport.get("active") is False else [],
    }
    return Wanted(
        "Logical_Switch_Port",
        vport["ID"],
        columns,
        served,
        parent=vport["parentID"],
        name=str(vport.get("name")),
    )
