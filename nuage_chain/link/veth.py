"""The veth pair that the plugin before us made: its host end, and the Linux bridge that end is in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from pyroute2 import IPRoute

from nuage_chain.errors import HostVethNotFound, KernelRefused
from nuage_chain.link.kernel import get, netlink, read_sysctl, write_sysctl
from nuage_chain.link.netns import inside

_IFF_UP = 1


@dataclass(frozen=True)
class End:
    """One end of the pair as the kernel had it when it was asked.

    master: ifindex of the bridge it is in, 0 for none. mac: lower case, with colons. mtu: bytes. up: administratively.
    in_switch: it is a port of Open vSwitch's kernel datapath (the userspace one leaves no trace on a link).
    """

    name: str
    index: int
    mac: str
    mtu: int
    master: int = 0
    up: bool = True
    in_switch: bool = False


@dataclass(frozen=True)
class Pair:
    """Both ends: `host` in our namespace, `container` in the sandbox."""

    host: End
    container: End


def find(netns: str, ifname: str, seconds: float) -> Pair:
    """The pair whose container end is `ifname` in the namespace at `netns`.

    The host end is found by the kernel's own record of its peer: names in prevResult may be stale or absent, and an
    ifindex alone may by chance belong to another pair, hence the look at the peer's namespace too.

    Raises HostVethNotFound, NetnsGone, KernelRefused, DeadlineExceeded.
    """
    container, peer = inside(netns, lambda: _container_end(netns, ifname), seconds)
    with netlink(f"Finding the peer of {ifname}") as ipr:
        link = get(ipr, index=peer)
        if link is None or link.get_attr("IFLA_LINK") != container.index or not _leads_to(ipr, link, netns):
            raise HostVethNotFound(
                f"The other end of {ifname} in {netns} is not in the network namespace that the plugin runs in."
            )
        return Pair(_end(link), container)


def current(name: str) -> End | None:
    """The link of that name in this thread's namespace, None where there is none."""
    with netlink(f"Reading the link {name}") as ipr:
        link = get(ipr, ifname=name)
        return None if link is None else _end(link)


def leads_into(name: str, namespaces: Iterable[str]) -> bool:
    """Whether the other end of the link is in one of the namespaces at these paths. Raises KernelRefused."""
    with netlink(f"Finding the peer of {name}") as ipr:
        link = get(ipr, ifname=name)
        return link is not None and any(_leads_to(ipr, link, path) for path in namespaces)


def leave_bridge(end: End) -> None:
    """Takes the host end out of its Linux bridge and makes sure that it is out.

    Open vSwitch's userspace datapath accepts a link that still has a master, without a word
    (shared/notes/field-notes.md 13), hence the second look.
    """
    with netlink(f"Taking {end.name} out of its Linux bridge") as ipr:
        ipr.link("set", index=end.index, master=0, state="up")
        after = get(ipr, index=end.index)
    if after is None or after.get_attr("IFLA_MASTER"):
        raise KernelRefused(f"{end.name} still has a master after it was taken out of its Linux bridge.")


def join_bridge(name: str, index: int, master: int) -> None:
    """Puts the host end back into the Linux bridge `master`, 0 for none; nothing to do where either is gone."""
    if not master:
        return
    with netlink(f"Putting {name} back into its Linux bridge") as ipr:
        if get(ipr, index=index) is not None and get(ipr, index=master) is not None:
            ipr.link("set", index=index, master=master)


def remove(end: End) -> None:
    """Deletes the link, if it is a veth still and the same one, and with it the other end; fine where it is gone."""
    with netlink(f"Deleting {end.name}") as ipr:
        link = get(ipr, index=end.index)
        if link is None or link.get_attr("IFLA_IFNAME") != end.name:
            return
        info = link.get_attr("IFLA_LINKINFO")
        if info and info.get_attr("IFLA_INFO_KIND") == "veth":
            ipr.link("del", index=end.index)


def set_mtu(name: str, mtu: int) -> None:
    """Sets the MTU, in bytes, of a link in this thread's namespace; nothing to do where the link is gone."""
    with netlink(f"Setting the MTU of {name} to {mtu}") as ipr:
        link = get(ipr, ifname=name)
        if link is not None and link.get_attr("IFLA_MTU") != mtu:
            ipr.link("set", index=link["index"], mtu=mtu)


def ipv6_disabled(name: str) -> str | None:
    """`1` or `0`, None on a kernel without IPv6."""
    return read_sysctl(f"ipv6/conf/{name}/disable_ipv6")


def disable_ipv6(name: str, value: str = "1") -> None:
    """No link-local address on the host end: each one makes every change to vswitchd slower (field notes 12)."""
    if ipv6_disabled(name) not in (None, value):
        write_sysctl(f"ipv6/conf/{name}/disable_ipv6", value)


def _container_end(netns: str, ifname: str) -> tuple[End, int]:
    with netlink(f"Reading {ifname} in {netns}") as ipr:
        link = get(ipr, ifname=ifname)
        if link is None:
            raise HostVethNotFound(f"There is no interface {ifname} in {netns}.")
        info = link.get_attr("IFLA_LINKINFO")
        kind = info.get_attr("IFLA_INFO_KIND") if info else None
        if kind != "veth":
            raise HostVethNotFound(
                f"{ifname} in {netns} is a {kind or 'physical'} interface, not one end of a veth pair."
            )
        return _end(link), int(link.get_attr("IFLA_LINK") or 0)


def _leads_to(ipr: IPRoute, link: object, netns: str) -> bool:
    fd = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    try:
        nsid = ipr.get_netnsid(fd=fd)["nsid"]
    finally:
        os.close(fd)
    return link.get_attr("IFLA_LINK_NETNSID") == nsid  # type: ignore[attr-defined,no-any-return]


def _end(link: object) -> End:
    attr = link.get_attr  # type: ignore[attr-defined]
    info = attr("IFLA_LINKINFO")
    return End(
        name=attr("IFLA_IFNAME"),
        index=link["index"],  # type: ignore[index]
        mac=attr("IFLA_ADDRESS").lower(),
        mtu=attr("IFLA_MTU"),
        master=attr("IFLA_MASTER") or 0,
        up=bool(link["flags"] & _IFF_UP),  # type: ignore[index]
        in_switch=bool(info and info.get_attr("IFLA_INFO_SLAVE_KIND") == "openvswitch"),
    )
