"""Who decides the address: IPAM, and it is pushed to the overlay, or the overlay, and it is configured here."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

from nuage_chain.attachment.state import Attaching
from nuage_chain.cni.result import IP, Route
from nuage_chain.errors import BadConfig
from nuage_chain.link.address import Assignment
from nuage_chain.vsd.names import Subnet

Address: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface

_DEFAULT = {4: ipaddress.ip_network("0.0.0.0/0"), 6: ipaddress.ip_network("::/0")}
_RANGES = "The range of IPAM (host-local's `subnet` and `gateway`) has to be that of the subnet in VSD."


@dataclass(frozen=True)
class Wanted:
    """The addresses that the overlay is asked for, by IP version; none where it decides.

    from_ipam: they are those of prevResult, with prefix and gateway, and are configured already.
    """

    ips: dict[int, IP]
    from_ipam: bool

    def text(self, version: int) -> str | None:
        """The address of that IP version, without its prefix."""
        return str(self.ips[version].address.ip) if version in self.ips else None


def wanted(at: Attaching) -> Wanted:
    """The addresses asked for: prevResult's for this interface, else `staticIP`.

    Raises BadConfig when both are given and differ, or when IPAM gave two addresses of one family.
    """
    static = at.placement.static_ip
    ours = [ip for ip in at.result.ips if ip.interface in (None, at.interface_index)]
    if not ours:
        asked = IP(ipaddress.ip_interface(static)) if static else None
        return Wanted({asked.address.version: asked} if asked else {}, from_ipam=False)
    by_version: dict[int, IP] = {ip.address.version: ip for ip in ours}
    if len(by_version) < len(ours):
        raise BadConfig("IPAM gave the container two addresses of one family; a vPort has one of each.")
    if static and by_version.get(static.version, IP(ours[0].address)).address.ip != static:
        chosen = ", ".join(str(ip.address.ip) for ip in ours)
        raise BadConfig(f"The address {static} was asked for, but IPAM chose {chosen}.")
    return Wanted(by_version, from_ipam=True)


def check_against_subnet(asked: Wanted, subnet: Subnet) -> None:
    """Raises BadConfig, with both sides named, for an address that this subnet cannot give."""
    for version, ip in asked.ips.items():
        network, gateway = _network(subnet, version), _gateway(subnet, version)
        if network is None:
            raise BadConfig(f"The address {ip.address.ip} cannot be had: subnet {subnet.name!r} has no IPv{version}.")
        if ip.address.ip not in network:
            raise BadConfig(f"The address {ip.address.ip} is outside subnet {subnet.name!r}, which is {network}.")
        if asked.from_ipam and ip.address.network != network:
            raise BadConfig(f"IPAM gave {ip.address}, but subnet {subnet.name!r} in VSD is {network}.", hint=_RANGES)
        if ip.gateway is not None and gateway is not None and ip.gateway != gateway:
            raise BadConfig(f"IPAM says the gateway is {ip.gateway}, but VSD says {gateway}.", hint=_RANGES)


def decided(at: Attaching) -> list[Assignment]:
    """What has to be configured in the container; empty where IPAM has done it.

    Raises BadConfig when VRS resolved the port to another address than IPAM's.
    """
    asked = wanted(at)
    assert at.resolved is not None  # noqa: S101 - called by the step that waits for it
    resolved = ipaddress.IPv4Interface(f"{at.resolved.address}/{at.resolved.netmask}")
    if asked.from_ipam:
        ours = asked.ips.get(4)
        if ours is not None and ours.address != resolved:
            raise BadConfig(f"IPAM gave {ours.address}, but the overlay says {resolved}.", hint=_RANGES)
        return []
    return [Assignment(resolved, ipaddress.IPv4Address(at.resolved.gateway)), *_sixth(at)]


def final_ips(at: Attaching) -> list[IP]:
    """The addresses of this attachment's interface, whoever decided them."""
    if at.assignments:
        return [IP(a.address, a.gateway, at.interface_index) for a in at.assignments]
    return list(wanted(at).ips.values())


def add_to_result(at: Attaching) -> None:
    """Writes what the overlay decided into the result: addresses, and a default route for each family."""
    if not at.assignments:
        return
    at.result.ips.extend(final_ips(at))
    at.result.routes.extend(
        Route(_DEFAULT[a.address.version], a.gateway) for a in at.assignments if a.gateway is not None
    )


def _sixth(at: Attaching) -> list[Assignment]:
    """The IPv6 part, which VRS's row has no column for: REST told it (shared/contracts/vrs-ovsdb.md 3.2)."""
    made = at.registration
    if made is None or not made.address6:
        return []
    gateway = ipaddress.IPv6Address(made.gateway6) if made.gateway6 else None
    return [Assignment(ipaddress.IPv6Interface(f"{made.address6}/{made.prefix6}"), gateway)]


def _network(subnet: Subnet, version: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if version == 4:
        return ipaddress.IPv4Network(f"{subnet.address}/{subnet.netmask}") if subnet.address else None
    return ipaddress.IPv6Network(subnet.ipv6_address) if subnet.ipv6_address else None


def _gateway(subnet: Subnet, version: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = subnet.gateway if version == 4 else subnet.ipv6_gateway
    return ipaddress.ip_address(text) if text else None
