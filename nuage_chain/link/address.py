"""Addresses and routes of the container end; every function here runs inside the sandbox (link.netns.inside)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pyroute2 import IPRoute

from nuage_chain.errors import KernelRefused
from nuage_chain.link.kernel import get, netlink, read_sysctl, write_sysctl

Address: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Gateway: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
# The overlay guarantees that nobody else has the address, and a tentative address cannot be used for a second.
_NO_DAD = 0x02
_UNICAST = 1


@dataclass(frozen=True)
class Assignment:
    """One address with its prefix, and the gateway of the default route of its family, None for no such route."""

    address: Address
    gateway: Gateway | None = None


@dataclass(frozen=True)
class Route:
    """One route as the kernel has it, in whatever table; gateway is None for one on the link."""

    dst: Network
    gateway: Gateway | None
    ours: bool


def assign(ifname: str, assignments: Sequence[Assignment]) -> list[Assignment]:
    """Gives the interface its addresses and default routes; returns those whose default route was made.

    A default route that another interface already has is left: the first attachment of a container keeps it, as with
    the reference plugins' order. Raises KernelRefused.
    """
    if any(a.address.version == 6 for a in assignments):
        _allow_ipv6(ifname)
    routed = []
    with netlink(f"Configuring {ifname} in the container") as ipr:
        index = _index(ipr, ifname)
        ipr.link("set", index=index, state="up")
        for a in assignments:
            flags = {"flags": _NO_DAD} if a.address.version == 6 else {}
            ipr.addr("add", index=index, address=str(a.address.ip), prefixlen=a.address.network.prefixlen, **flags)
        for a in assignments:
            if a.gateway is not None and not _has_default(ipr, a.address.version):
                ipr.route(
                    "add",
                    dst=_EVERYWHERE[a.address.version],
                    family=_FAMILY[a.address.version],
                    gateway=str(a.gateway),
                    oif=index,
                )
                routed.append(a)
    return routed


def withdraw(ifname: str, had: Collection[Address]) -> None:
    """Takes away the addresses that it did not have before, link-local ones left out, and their routes with them."""
    with netlink(f"Taking the addresses of {ifname} away") as ipr:
        link = get(ipr, ifname=ifname)
        if link is None:
            return
        for address in _held(ipr, link["index"]):
            if address not in had and not address.ip.is_link_local:
                ipr.addr("del", index=link["index"], address=str(address.ip), prefixlen=address.network.prefixlen)


def held(ifname: str) -> list[Address]:
    """The addresses that the interface has, link-local ones left out."""
    with netlink(f"Reading the addresses of {ifname}") as ipr:
        return [a for a in _held(ipr, _index(ipr, ifname)) if not a.ip.is_link_local]


def routes(ifname: str) -> list[Route]:
    """Every unicast route of this namespace; `ours` are those that leave by the interface."""
    with netlink(f"Reading the routes of {ifname}") as ipr:
        index = _index(ipr, ifname)
        return [_route(m, index) for m in ipr.get_routes() if m["type"] == _UNICAST]


def _route(message: Any, index: int) -> Route:  # noqa: ANN401 - pyroute2's messages have no types
    everywhere = _EVERYWHERE[6 if message["family"] == socket.AF_INET6 else 4]
    dst = message.get_attr("RTA_DST")
    gateway = message.get_attr("RTA_GATEWAY")
    return Route(
        ipaddress.ip_network(f"{dst}/{message['dst_len']}" if dst else everywhere),
        ipaddress.ip_address(gateway) if gateway else None,
        message.get_attr("RTA_OIF") == index,
    )


def _held(ipr: IPRoute, index: int) -> list[Address]:
    # The kernel filters by index on its side (strict checking); pyroute2 filters again where an old kernel does not.
    return [
        ipaddress.ip_interface(
            f"{message.get_attr('IFA_LOCAL') or message.get_attr('IFA_ADDRESS')}/{message['prefixlen']}"
        )
        for message in ipr.get_addr(index=index)
    ]


def _has_default(ipr: IPRoute, version: int) -> bool:
    routes = ipr.get_routes(family=_FAMILY[version], table=254)
    return any(r["dst_len"] == 0 and r.get_attr("RTA_GATEWAY") for r in routes)


def _index(ipr: IPRoute, ifname: str) -> int:
    link = get(ipr, ifname=ifname)
    if link is None:
        raise KernelRefused(f"There is no interface {ifname} in the container.")
    return int(link["index"])


def _allow_ipv6(ifname: str) -> None:
    if read_sysctl(f"ipv6/conf/{ifname}/disable_ipv6") == "1":
        write_sysctl(f"ipv6/conf/{ifname}/disable_ipv6", "0")
