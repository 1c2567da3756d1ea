"""Where the VSP's daemons live: the caller's network namespace, or one by name; and what else lives there."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.link import netns as entered
from nuage_chain.vsp.databases import run_tool
from nuage_chain.vsp.layout import BRIDGE, OUTSIDE_BRIDGE

T = TypeVar("T")

NETNS_DIR = Path("/run/netns")
KERNEL_MODULE = Path("/sys/module/openvswitch")
LEFTOVERS = (BRIDGE, OUTSIDE_BRIDGE, "ovs-netdev", "genev_sys_6081")


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


def port_is_free(name: str | None, port: int, seconds: float) -> bool:
    """Whether 127.0.0.1:`port` can be bound in the namespace."""

    def bind() -> bool:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError as e:
                if e.errno == errno.EADDRINUSE:
                    return False
                raise NotAvailable(f"127.0.0.1:{port} cannot be bound: {os.strerror(e.errno or 0)}.") from e
        return True

    return inside(name, bind, seconds)
