"""The veth pair that the plugin before us made: its host end, and the Linux bridge that end is in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from nuage_chain.errors import HostVethNotFound, KernelRefused
from nuage_chain.link import links
from nuage_chain.link.kernel import read_sysctl, write_sysctl
from nuage_chain.link.links import Link
from nuage_chain.link.netns import inside
from nuage_chain.link.rtnl import Socket, rtnetlink


@dataclass(frozen=True)
class Pair:
    """Both ends: `host` in our namespace, `container` in the sandbox."""

    host: Link
    container: Link


def find(netns: str, ifname: str, seconds: float) -> Pair:
    """The pair whose container end is `ifname` in the namespace at `netns`.

    The host end is found by the kernel's own record of its peer: names in prevResult may be stale or absent, and an
    ifindex alone may by chance belong to another pair, hence the look at the peer's namespace too.

    Raises HostVethNotFound, NetnsGone, KernelRefused, DeadlineExceeded.
    """
    container = inside(netns, lambda: _container_end(netns, ifname), seconds)
    with rtnetlink(f"Finding the peer of {ifname}") as kernel:
        host = links.get(kernel, index=container.peer) if container.peer else None
        if host is None or host.peer != container.index or not _leads_to(kernel, host, netns):
            raise HostVethNotFound(
                f"The other end of {ifname} in {netns} is not in the network namespace that the plugin runs in."
            )
        return Pair(host, container)


def current(name: str) -> Link | None:
    """The link of that name in this thread's namespace, None where there is none."""
    with rtnetlink(f"Reading the link {name}") as kernel:
        return links.get(kernel, name=name)


def leads_into(name: str, namespaces: Iterable[str]) -> bool:
    """Whether the other end of the link is in one of the namespaces at these paths. Raises KernelRefused."""
    with rtnetlink(f"Finding the peer of {name}") as kernel:
        link = links.get(kernel, name=name)
        return link is not None and any(_leads_to(kernel, link, path) for path in namespaces)


def leave_bridge(end: Link) -> None:
    """Takes the host end out of its Linux bridge and makes sure that it is out.

    Open vSwitch's userspace datapath accepts a link that still has a master, without a word
    (shared/notes/field-notes.md 13), hence the second look.
    """
    with rtnetlink(f"Taking {end.name} out of its Linux bridge") as kernel:
        links.change(kernel, end.index, up=True, master=0)
        after = links.get(kernel, index=end.index)
    if after is None or after.master:
        raise KernelRefused(f"{end.name} still has a master after it was taken out of its Linux bridge.")


def join_bridge(name: str, index: int, master: int) -> None:
    """Puts the host end back into the Linux bridge `master`, 0 for none; nothing to do where either is gone."""
    if not master:
        return
    with rtnetlink(f"Putting {name} back into its Linux bridge") as kernel:
        if links.get(kernel, index=index) is not None and links.get(kernel, index=master) is not None:
            links.change(kernel, index, master=master)


def remove(end: Link) -> None:
    """Deletes the link, if it is a veth still and the same one, and with it the other end; fine where it is gone."""
    with rtnetlink(f"Deleting {end.name}") as kernel:
        link = links.get(kernel, index=end.index)
        if link is not None and link.name == end.name and link.kind == "veth":
            links.delete(kernel, end.index)


def set_mtu(name: str, mtu: int) -> None:
    """Sets the MTU, in bytes, of a link in this thread's namespace; nothing to do where the link is gone."""
    with rtnetlink(f"Setting the MTU of {name} to {mtu}") as kernel:
        link = links.get(kernel, name=name)
        if link is not None and link.mtu != mtu:
            links.change(kernel, link.index, mtu=mtu)


def ipv6_disabled(name: str) -> str | None:
    """`1` or `0`, None on a kernel without IPv6."""
    return read_sysctl(f"ipv6/conf/{name}/disable_ipv6")


def disable_ipv6(name: str, value: str = "1") -> None:
    """No link-local address on the host end: each one makes every change to vswitchd slower (field notes 12)."""
    if ipv6_disabled(name) not in (None, value):
        write_sysctl(f"ipv6/conf/{name}/disable_ipv6", value)


def _container_end(netns: str, ifname: str) -> Link:
    link = current(ifname)
    if link is None:
        raise HostVethNotFound(f"There is no interface {ifname} in {netns}.")
    if link.kind != "veth":
        kind = link.kind or "physical"
        raise HostVethNotFound(f"{ifname} in {netns} is a {kind} interface, not one end of a veth pair.")
    return link


def _leads_to(kernel: Socket, link: Link, netns: str) -> bool:
    fd = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return link.peer_netns == links.netns_id(kernel, fd)
    finally:
        os.close(fd)
