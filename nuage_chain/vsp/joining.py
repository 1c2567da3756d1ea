"""A host, or a namespace in the part of one, becomes a node of an embedded VSP whose centre is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsp import directory, node, place
from nuage_chain.vsp.invitation import Invitation, is_unpacked, unpack
from nuage_chain.vsp.layout import Layout, layout_of, prepare
from nuage_chain.vsp.node import Up
from nuage_chain.vsp.settings import Settings, load_settings


@dataclass(frozen=True)
class Host:
    """What the node is on.

    address: where other nodes reach it; its length counts only with an uplink.
    netns: its network namespace, made when it does not exist; None for the caller's.
    uplink: a link for the tunnels alone, which the switch takes over with the address; None where the kernel has it.
    outside, agent: see Settings; None leaves the first as it was.
    connect: makes the namespace's links once it is there; may find them made.
    """

    address: IPv4Interface
    netns: str | None = None
    uplink: str | None = None
    outside: bool | None = None
    agent: bool = False
    connect: Callable[[], None] = lambda: None


def join(state: Path, invitation: Invitation, host: Host, *, environment: Mapping[str, str], deadline: Deadline) -> Up:
    """Start a node in `state`; return when all that OVN knows is in its bridge and VSD is asked about its ports.

    Raises as `node.up` does; BadConfig when the directory is another node's, or a whole VSP's, or the node is up and
    would be another one by this, or the host has no such uplink; NotAvailable when it has no such address, or does not
    reach the centre.
    """
    layout = layout_of(state)
    prepare(layout)
    with directory.locked(layout, deadline):
        previous = load_settings(layout)
        _check(previous, invitation, layout.state)
        if previous is not None and node.runs(layout):
            _stays(previous, invitation, host, layout)
        else:
            unpack(invitation, layout)
        return node.bring_up(
            layout,
            lambda found: _as_node(found, invitation, host),
            host.netns,
            environment,
            deadline,
            lambda: _connect(host, deadline),
        )


def _connect(host: Host, deadline: Deadline) -> None:
    """Raises BadConfig or NotAvailable before anything is started that would wait for the other nodes in vain."""
    host.connect()
    if host.uplink is None:
        place.port_is_free(host.netns, 0, deadline.left("the address"), str(host.address.ip))
    elif host.uplink not in place.links(host.netns, deadline.left("the uplink")):
        raise BadConfig(f"There is no link {host.uplink} here.", hint="Name the link that leads to the other nodes.")
    elif host.address.network.prefixlen == host.address.max_prefixlen:
        raise BadConfig(
            f"The address {host.address.ip} of an uplink needs its length.", hint=f"As in {host.address.ip}/24."
        )


def _as_node(found: Settings, invitation: Invitation, host: Host) -> Settings:
    return replace(
        found,
        system_id=invitation.name,
        vsd_port=invitation.vsd_port,
        cert_port=invitation.cert_port,
        vsd_host=invitation.host,
        southbound=invitation.southbound,
        address=str(host.address.ip),
        prefix=host.address.network.prefixlen,
        controller=False,
        uplink=host.uplink or "",
        outside=found.outside if host.outside is None else host.outside,
        agent=host.agent,
    )


def _check(previous: Settings | None, invitation: Invitation, state: Path) -> None:
    if previous is None or (not previous.controller and previous.system_id == invitation.name):
        return
    what = "a VSP of its own" if previous.controller else f"the node {previous.system_id}"
    raise BadConfig(
        f"{state} is of {what}, and cannot become the node {invitation.name}.",
        hint="Use another directory, or remove what is there with `nuage-chain vsp down --purge`.",
    )


def _stays(running: Settings, invitation: Invitation, host: Host, layout: Layout) -> None:
    """Raises BadConfig where a node that is up is wanted otherwise: its processes would not notice what is unpacked."""
    wanted = _as_node(replace(running, netns=host.netns), invitation, host)
    before, after = _aspects(running), _aspects(wanted)
    other = [name for name, value in before.items() if after[name] != value]
    if "invitation" not in other and not is_unpacked(invitation, layout):
        other.insert(0, "invitation")
    if other:
        raise BadConfig(
            f"The node {running.system_id} in {layout.state} is up with another {' and '.join(other)}.",
            hint="Take it down first: `nuage-chain vsp down`.",
        )


def _aspects(settings: Settings) -> dict[str, object]:
    """What makes a node the one that it is, by the words of somebody who wants another one."""
    return {
        "invitation": (settings.vsd_host, settings.vsd_port, settings.cert_port, settings.southbound),
        "network namespace": settings.netns,
        "uplink": settings.uplink,
        # A length has no meaning without an uplink.
        "address": (settings.address, settings.prefix if settings.uplink else None),
        "--outside": settings.outside,
    }
