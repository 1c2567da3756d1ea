"""Who decides the address: IPAM, and it is pushed to the overlay, or the overlay, and it is configured here."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TypeAlias

from nuage_chain.attachment.settings import METADATA
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

    Raises BadConfig when both are given and differ, when IPAM gave two addresses of one family, and for IPv6 where
    the rows have to carry it.
    """
    asked = _asked(at)
    if at.settings.activation == METADATA and 6 in asked.ips:
        raise BadConfig(
            f"The address {asked.text(6)} cannot be asked for: VRS's rows, which `metadata` activation has to do with,"
            " know IPv4 only.",
            hint="Use `activation: split` for IPv6, or ask for an IPv4 address alone.",
        )
    return asked


def _asked(at: Attaching) -> Wanted:
    static = at.placement.static_ips
    ours = [ip for ip in at.result.ips if ip.interface in (None, at.interface_index)]
    if not ours:
        return Wanted({a.version: IP(ipaddress.ip_interface(a)) for a in static}, from_ipam=False)
    by_version: dict[int, IP] = {ip.address.version: ip for ip in ours}
    if len(by_version) < len(ours):
        raise BadConfig("IPAM gave the container two addresses of one family; a vPort has one of each.")
    chosen = [ip.address.ip for ip in ours]
    for address in static:
        if address not in chosen:
            raise BadConfig(f"The address {address} was asked for, but IPAM chose {', '.join(map(str, chosen))}.")
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

    Raises BadConfig when the overlay has other addresses for the port than those that it was asked for.
    """
    asked = wanted(at)
    overlays = [*_fourth(at), *_sixth(at)]
    for its in overlays:
        ours = asked.ips.get(its.address.version)
        if ours is not None and ours.address.ip != its.address.ip:
            raise BadConfig(f"The address {ours.address.ip} was asked for, but the overlay says {its.address.ip}.")
        if ours is not None and asked.from_ipam and ours.address != its.address:
            raise BadConfig(f"IPAM gave {ours.address}, but the overlay says {its.address}.", hint=_RANGES)
    return [] if asked.from_ipam else overlays


def final_ips(at: Attaching) -> list[IP]:
    """The addresses of this attachment's interface, whoever decided them."""
    if at.assignments:
        return [IP(a.address, a.gateway, at.interface_index) for a in at.assignments]
    return list(wanted(at).ips.values())


def add_to_result(at: Attaching) -> None:
    """Writes what the overlay decided into the result: the addresses, and the default routes that were made."""
    if not at.assignments:
        return
    at.result.ips.extend(final_ips(at))
    at.result.routes.extend(Route(_DEFAULT[a.address.version], a.gateway) for a in at.assignments if a in at.routed)


def _fourth(at: Attaching) -> list[Assignment]:
    """The IPv4 part, from VRS's row; empty in a subnet without it."""
    assert at.resolved is not None  # noqa: S101 - called by the step that waits for it
    if not at.resolved.address:
        return []
    address = ipaddress.IPv4Interface(f"{at.resolved.address}/{at.resolved.netmask}")
    gateway = ipaddress.IPv4Address(at.resolved.gateway) if at.resolved.gateway else None
    return [Assignment(address, gateway)]


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
