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
from nuage_chain.vsp.databases import run_tool
from nuage_chain.vsp.layout import BRIDGE, OUTSIDE_BRIDGE, UPLINK_BRIDGE
from nuage_chain.vsp.settings import CERT_PORT, LOOPBACK, VSD_PORT, Settings

T = TypeVar("T")

NETNS_DIR = Path("/run/netns")
KERNEL_MODULE = Path("/sys/module/openvswitch")
LEFTOVERS = (BRIDGE, OUTSIDE_BRIDGE, UPLINK_BRIDGE, "ovs-netdev", "genev_sys_6081")


def path_of(name: str) -> Path:
    """The file of the network namespace `name`. Raises BadConfig when it is no name but a path."""
    if not name or "/" in name or name in (".", ".."):
        raise BadConfig(f"{name!r} is no name for a network namespace.", hint="Give a name as `ip netns` lists it.")
    return NETNS_DIR / name


def exists(name: str) -> bool:
    """Whether there is such a namespace, and not only a file that one was mounted on."""
    return entered.exists(str(path_of(name))) and path_of(name).stat().st_dev != NETNS_DIR.stat().st_dev


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


def chosen(previous: Settings | None, netns: str | None, deadline: Deadline) -> Settings:
    """`previous`, or the settings of what was never started, in `netns` as it is now; makes nothing yet.

    Raises NotAvailable when another switch is there.
    """
    there = netns is None or exists(netns)
    found = links(netns, deadline.left("looking at the network namespace")) if there else set()
    ours = previous is not None and previous.netns_made and previous.netns == netns
    base = previous or Settings(None, False, "netdev", str(uuid.uuid4()), VSD_PORT, CERT_PORT)
    return replace(base, netns=netns, netns_made=not there or ours, datapath=choose_datapath(found))


def set_address(name: str | None, link: str, address: str, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Give a link of the namespace an address and set it up. Raises NotAvailable with the words of `ip`."""
    run_tool([*prefix(name), "ip", "address", "replace", address, "dev", link], environment, deadline)
    run_tool([*prefix(name), "ip", "link", "set", link, "up"], environment, deadline)


def remove_leftovers(name: str | None, datapath: str, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Remove the switch's own links that outlived a killed ovs-vswitchd; the ports of containers are not ours."""
    if name is not None and not exists(name):
        return
    before = [*prefix(name)]
    if datapath == "system" and "ovs-system" in links(name, deadline.left("looking for leftovers")):
        run_tool([*before, "ovs-dpctl", "del-dp", "ovs-system"], environment, deadline)
    for link in sorted(links(name, deadline.left("looking for leftovers")).intersection(LEFTOVERS)):
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
