"""Addresses and routes of the container end; every function here runs inside the sandbox (link.netns.inside)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nuage_chain.errors import KernelRefused
from nuage_chain.link import inet, links
from nuage_chain.link.inet import MAIN_TABLE, Address, Gateway, Network
from nuage_chain.link.kernel import read_sysctl, write_sysctl
from nuage_chain.link.rtnl import Socket, rtnetlink


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


def configure(ifname: str, mtu: int, assignments: Sequence[Assignment]) -> list[Assignment]:
    """Gives the interface its MTU, addresses and default routes; returns those whose default route was made.

    A default route that another interface already has is left: the first attachment of a container keeps it, as with
    the reference plugins' order. Raises KernelRefused.
    """
    if any(a.address.version == 6 for a in assignments):
        _allow_ipv6(ifname)
    routed = []
    with rtnetlink(f"Configuring {ifname} in the container") as kernel:
        index = _index(kernel, ifname)
        links.change(kernel, index, up=True, mtu=mtu)
        for a in assignments:
            inet.add_address(kernel, index, a.address)
        for a in assignments:
            if a.gateway is not None and not _has_default(kernel, a.address.version):
                inet.add_default_route(kernel, index, a.gateway)
                routed.append(a)
    return routed


def withdraw(ifname: str, had: Collection[Address]) -> None:
    """Takes away the addresses that it did not have before, link-local ones left out, and their routes with them."""
    with rtnetlink(f"Taking the addresses of {ifname} away") as kernel:
        link = links.get(kernel, name=ifname)
        if link is None:
            return
        for address in inet.addresses(kernel, link.index):
            if address not in had and not address.ip.is_link_local:
                inet.delete_address(kernel, link.index, address)


def held(ifname: str) -> list[Address]:
    """The addresses that the interface has, link-local ones left out."""
    with rtnetlink(f"Reading the addresses of {ifname}") as kernel:
        return [a for a in inet.addresses(kernel, _index(kernel, ifname)) if not a.ip.is_link_local]


def routes(ifname: str) -> list[Route]:
    """Every unicast route of this namespace; `ours` are those that leave by the interface."""
    with rtnetlink(f"Reading the routes of {ifname}") as kernel:
        index = _index(kernel, ifname)
        return [Route(r.dst, r.gateway, r.index == index) for r in inet.routes(kernel)]


def _has_default(kernel: Socket, version: int) -> bool:
    return any(r.dst.prefixlen == 0 and r.gateway for r in inet.routes(kernel, (version,), MAIN_TABLE))


def _index(kernel: Socket, ifname: str) -> int:
    link = links.get(kernel, name=ifname)
    if link is None:
        raise KernelRefused(f"There is no interface {ifname} in the container.")
    return link.index


def _allow_ipv6(ifname: str) -> None:
    if read_sysctl(f"ipv6/conf/{ifname}/disable_ipv6") == "1":
        write_sysctl(f"ipv6/conf/{ifname}/disable_ipv6", "0")
