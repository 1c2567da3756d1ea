"""Where the VSP's daemons live: the caller's network namespace, or one by name; and what else lives there."""

from __future__ import annotations

import errno
import os
import socket
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.link import netns as entered
from nuage_chain.link.kernel import boot_id, read_sysctl, write_sysctl
from nuage_chain.vsp.databases import run_tool
from nuage_chain.vsp.layout import BRIDGE, OUTSIDE_BRIDGE, UPLINK_BRIDGE
from nuage_chain.vsp.settings import CERT_PORT, LOOPBACK, VSD_PORT, Settings

T = TypeVar("T")

NETNS_DIR = Path("/run/netns")
KERNEL_MODULE = Path("/sys/module/openvswitch")
LEFTOVERS = {
    "netdev": {BRIDGE, OUTSIDE_BRIDGE, UPLINK_BRIDGE, "ovs-netdev"},
    "system": {BRIDGE, OUTSIDE_BRIDGE, UPLINK_BRIDGE, "genev_sys_6081"},
}
"""The links that a switch makes for itself, by its datapath."""


def path_of(name: str) -> Path:
    """The file of the network namespace `name`. Raises BadConfig when it is no name but a path."""
    if not name or "/" in name or name in (".", ".."):
        raise BadConfig(f"{name!r} is no name for a network namespace.", hint="Give a name as `ip netns` lists it.")
    return NETNS_DIR / name


def exists(name: str) -> bool:
    """Whether there is such a namespace, and not only a file that one was mounted on."""
    return entered.exists(str(path_of(name))) and path_of(name).stat().st_dev != NETNS_DIR.stat().st_dev


def identity(name: str) -> str:
    """What tells this namespace from all others that ever have its name; the kernel gives out an inode again."""
    found = path_of(name).stat()
    return f"{found.st_ino} {found.st_ctime_ns}"


def is_ours(settings: Settings | None, name: str) -> bool:
    """Whether the namespace of that name is there, and is the one that was made for these settings."""
    if settings is None or not settings.netns_made or settings.netns != name or not exists(name):
        return False
    # Settings of an earlier version do not say when they were in use.
    return not settings.boot or (settings.boot == boot_id() and settings.netns_id in ("", identity(name)))


def make(name: str, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Make the namespace and set its `lo` up. Raises NotAvailable with the words of `ip`."""
    path_of(name).unlink(missing_ok=True)
    run_tool(["ip", "netns", "add", name], environment, deadline)
    run_tool(["ip", "-n", name, "link", "set", "lo", "up"], environment, deadline)


def remove(name: str, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Remove the namespace; no error when it is gone."""
    if exists(name):
        run_tool(["ip", "netns", "delete", name], environment, deadline)


def prefix(name: str | None) -> tuple[str, ...]:
    """What to put before a command so that it runs in the namespace.

    Not `ip netns exec`, which mounts /sys anew and hides the control groups.
    """
    return () if name is None else ("nsenter", f"--net={path_of(name)}", "--")


def inside(name: str | None, work: Callable[[], T], seconds: float) -> T:
    """What `work` returns inside the namespace."""
    return work() if name is None else entered.inside(str(path_of(name)), work, seconds)


def links(name: str | None, seconds: float) -> set[str]:
    """The names of all links in the namespace."""
    return inside(name, lambda: {link for _, link in socket.if_nameindex()}, seconds)


def choose_datapath(found: set[str], module: Path = KERNEL_MODULE) -> str:
    """ "system" where the kernel can forward and no other switch of this namespace does, else "netdev".

    A second ovs-vswitchd on the kernel's one datapath would remove the first one's ports.

    Raises NotAvailable when another switch already has what ours needs.
    """
    datapath = "system" if module.exists() and "ovs-system" not in found else "netdev"
    taken = found & ({BRIDGE, "ovs-netdev"} if datapath == "netdev" else {BRIDGE})
    if taken:
        raise NotAvailable(
            f"Another Open vSwitch has {' and '.join(sorted(taken))} in this network namespace.",
            hint="Give the embedded VSP a network namespace of its own (netns).",
        )
    return datapath


def chosen(previous: Settings | None, netns: str | None) -> Settings:
    """`previous`, or the settings of what was never started, to be started in `netns` now; makes nothing yet."""
    ours = netns is not None and (is_ours(previous, netns) or not exists(netns))
    base = previous or Settings(None, False, "netdev", str(uuid.uuid4()), VSD_PORT, CERT_PORT)
    return replace(base.taken_down(), netns=netns, netns_made=ours, boot=boot_id())


def with_datapath(settings: Settings, deadline: Deadline) -> Settings:
    """The settings with the datapath that the namespace has room for; what has no switch needs none.

    Raises NotAvailable when another switch is there.
    """
    if not settings.switch:
        return settings
    there = settings.netns is None or exists(settings.netns)
    found = links(settings.netns, deadline.left("looking at the network namespace")) if there else set()
    return replace(settings, datapath=choose_datapath(found))


def surveyed(settings: Settings, deadline: Deadline) -> Settings:
    """The settings with what is known once the namespace and its links are there."""
    if settings.netns is not None and settings.netns_made:
        settings = replace(settings, netns_id=identity(settings.netns))
    if settings.uplink:
        answers = inside(settings.netns, lambda: read_sysctl(_arp(settings)), deadline.left("the kernel"))
        settings = replace(settings, uplink_hushed=answers == "0")
    return settings


def set_address(name: str | None, link: str, address: str, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Give a link of the namespace an address and set it up. Raises NotAvailable with the words of `ip`."""
    run_tool([*prefix(name), "ip", "address", "replace", address, "dev", link], environment, deadline)
    run_tool([*prefix(name), "ip", "link", "set", link, "up"], environment, deadline)


def hush_uplink(settings: Settings, seconds: float, *, hushed: bool = True) -> None:
    """Have the kernel, which hears what comes in by the uplink as well, leave ARP requests there to the switch, or not.

    Where it did so before, it stays as it is. Raises KernelRefused.
    """
    if settings.uplink_hushed:
        inside(settings.netns, lambda: write_sysctl(_arp(settings), "1" if hushed else "0"), seconds)


def _arp(settings: Settings) -> str:
    return f"ipv4/conf/{settings.uplink}/arp_ignore"


def remove_leftovers(settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Take back what a switch leaves in a namespace that stays; the ports of containers are not ours."""
    name = settings.netns
    if not settings.switch or (name is not None and not exists(name)):
        return
    found = links(name, deadline.left("looking for leftovers"))
    if settings.uplink in found:
        hush_uplink(settings, deadline.left("the kernel"), hushed=False)
    before = [*prefix(name)]
    if settings.datapath == "system" and "ovs-system" in found:
        run_tool([*before, "ovs-dpctl", "del-dp", "ovs-system"], environment, deadline)
        found = links(name, deadline.left("looking for leftovers"))
    for link in sorted(found & LEFTOVERS[settings.datapath]):
        run_tool([*before, "ip", "link", "delete", link], environment, deadline)


def port_is_free(name: str | None, port: int, seconds: float, address: str = LOOPBACK) -> bool:
    """Whether that port can be bound at `address` in the namespace. Raises NotAvailable where it is not its address."""

    def bind() -> bool:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((address, port))
            except OSError as e:
                if e.errno == errno.EADDRINUSE:
                    return False
                raise NotAvailable(f"{address}:{port} cannot be bound: {os.strerror(e.errno or 0)}.") from e
        return True

    return inside(name, bind, seconds)
