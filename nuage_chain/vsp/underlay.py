"""The network between nodes that are network namespaces of one machine.

A Linux bridge in the centre's namespace, and from it a veth pair to each node, called node1, node2 and so on there and
eth0 in the node. To cut a node off: `ip -n vsp link set node2 down`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from ipaddress import IPv4Interface, IPv4Network

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.link.offload import set_tx_checksum
from nuage_chain.vsp import place
from nuage_chain.vsp.databases import run_tool
from nuage_chain.vsp.engine.plans import stable_mac

NETWORK = IPv4Network("100.64.0.0/16")
"""Shared address space (RFC 6598); the centre has the first address, node 1 the next one."""

BRIDGE = "underlay"
UPLINK = "eth0"
MOST_NODES = 250


def address(number: int = 0) -> IPv4Interface:
    """The address of a node, of the centre for 0."""
    return IPv4Interface((NETWORK[number + 1], NETWORK.prefixlen))


def make(centre: str, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Make the bridge in the centre's namespace, unless it is there."""
    # VSD is asked from within the namespace, too.
    run_tool(["ip", "-n", centre, "link", "set", "lo", "up"], environment, deadline)
    if BRIDGE not in place.links(centre, deadline.left("looking at the underlay")):
        # Of its own: it would take that of a port, another one as nodes come and go, and nodes would not find it.
        bridge = ["link", "add", BRIDGE, "address", stable_mac(BRIDGE), "type", "bridge"]
        run_tool(["ip", "-n", centre, *bridge], environment, deadline)
    place.set_address(centre, BRIDGE, str(address()), environment, deadline)
    # A node's switch in userspace takes packets as they are, and would pass on checksums that nobody has filled in.
    place.inside(centre, lambda: set_tx_checksum(BRIDGE, on=False), deadline.left("the underlay"))


def connect(centre: str, node: str, number: int, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Make the veth pair to a node whose namespace is there, unless it is there.

    Raises BadConfig when the namespace has an eth0 of somebody else.
    """
    port = port_of(number)
    here, there = (place.links(name, deadline.left("looking at the underlay")) for name in (centre, node))
    if UPLINK in there and port not in here:
        raise BadConfig(
            f"The network namespace {node} has an {UPLINK} that leads elsewhere.", hint="Remove it, or the namespace."
        )
    if port in here and UPLINK not in there:
        # It leads to a namespace that has lost its name, and lives as long as somebody is in it.
        run_tool(["ip", "-n", centre, "link", "delete", port], environment, deadline)
    if UPLINK not in there:
        pair = ["link", "add", port, "type", "veth", "peer", "name", UPLINK, "netns", node]
        run_tool(["ip", "-n", centre, *pair], environment, deadline)
    run_tool(["ip", "-n", centre, "link", "set", port, "master", BRIDGE, "up"], environment, deadline)
    run_tool(["ip", "-n", node, "link", "set", UPLINK, "up"], environment, deadline)


def port_of(number: int) -> str:
    """The bridge's port to that node."""
    return f"node{number}"


def remove(centre: str, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Remove the bridge from a namespace that stays, and its ports, which may outlive the nodes for a while."""
    if not place.exists(centre) or BRIDGE not in place.links(centre, deadline.left("looking at the underlay")):
        return
    listed = json.loads(run_tool(["ip", "-n", centre, "-j", "link", "show", "master", BRIDGE], environment, deadline))
    for link in [*(port["ifname"] for port in listed), BRIDGE]:
        # The kernel may be removing it at the same time.
        with contextlib.suppress(NotAvailable):
            run_tool(["ip", "-n", centre, "link", "delete", link], environment, deadline)
