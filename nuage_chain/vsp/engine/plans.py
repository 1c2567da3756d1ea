"""Address plans of VSD's objects, and names that OVN's expressions can hold."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from nuage_chain.vsp.engine.mirror import Entity, Mirror


@dataclass(frozen=True)
class Plan:
    """Prefixes as OVN writes them; gateway4 and gateway6 are addresses. None where the family is not there."""

    prefix4: str | None = None
    gateway4: str | None = None
    prefix6: str | None = None
    gateway6: str | None = None

    @property
    def prefixes(self) -> list[str]:
        """Of both families."""
        return [prefix for prefix in (self.prefix4, self.prefix6) if prefix]

    @property
    def gateways(self) -> list[str]:
        """Each with the length of its prefix."""
        pairs = ((self.gateway4, self.prefix4), (self.gateway6, self.prefix6))
        return [f"{gateway}/{prefix.partition('/')[2]}" for gateway, prefix in pairs if gateway and prefix]


def plan_of(network: Entity) -> Plan:
    """The plan of a subnet, an L2 domain, a macro or a route; empty where VSD has none that works."""
    v4, v6 = _v4(network), _v6(network)
    return Plan(
        prefix4=str(v4) if v4 else None,
        gateway4=str(network.get("gateway") or _first(v4)) if v4 else None,
        prefix6=str(v6) if v6 else None,
        gateway6=str(network.get("IPv6Gateway") or _first(v6)) if v6 else None,
    )


def prefixes(networks: Iterable[Entity]) -> list[str]:
    """All prefixes of these networks, sorted, none twice."""
    return sorted({prefix for network in networks for prefix in plan_of(network).prefixes})


def subnets_of(mirror: Mirror, domain_id: str) -> list[Entity]:
    """The subnets of all zones of a domain; the L2 domain itself where it is one."""
    l2domain = mirror.get("l2domain", domain_id)
    if l2domain is not None:
        return [l2domain]
    return [s for zone in mirror.children("zone", domain_id) for s in mirror.children("subnet", zone["ID"])]


def vports_of(mirror: Mirror, domain_id: str) -> list[Entity]:
    """The vPorts of a domain or L2 domain that are plugged into OVN: those that have an interface."""
    return [v for s in subnets_of(mirror, domain_id) for v in mirror.children("vport", s["ID"]) if interface(mirror, v)]


def interface(mirror: Mirror, vport: Entity) -> Entity | None:
    """What is attached to a vPort, with MAC and an address."""
    for kind in ("containerinterface", "vminterface", "hostinterface"):
        for found in mirror.children(kind, vport["ID"]):
            if found.get("MAC"):
                return found
    return None


def addresses_of(found: Entity) -> list[str]:
    """The addresses of an interface, IPv4 first."""
    v6 = str(found.get("IPv6Address") or "").partition("/")[0]
    return [address for address in (found.get("IPAddress"), v6) if address]


def stable_mac(name: str) -> str:
    """A MAC for something that has none in VSD: the same on every node and after every restart."""
    digest = hashlib.sha256(name.encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def mac_of_gateway(subnet: Entity) -> str:
    """The MAC of a subnet's gateway, which is its DHCP server's too."""
    return str(subnet.get("gatewayMACAddress") or stable_mac(subnet["ID"]))


def group_name(kind: str, vsd_id: str) -> str:
    """A port group's or address set's name: a letter for the kind, and VSD's ID without what OVN cannot read."""
    return f"{kind}_{vsd_id.replace('-', '')}"


def _v4(network: Entity) -> ipaddress.IPv4Network | None:
    if network.get("IPType") == "IPV6" or not network.get("address") or not network.get("netmask"):
        return None
    try:
        return ipaddress.IPv4Network(f"{network['address']}/{network['netmask']}", strict=False)
    except ValueError:
        return None


def _v6(network: Entity) -> ipaddress.IPv6Network | None:
    try:
        return ipaddress.IPv6Network(network["IPv6Address"], strict=False) if network.get("IPv6Address") else None
    except ValueError:
        return None


def _first(network: ipaddress.IPv4Network | ipaddress.IPv6Network | None) -> object:
    return network[1] if network is not None and network.num_addresses > 1 else None
