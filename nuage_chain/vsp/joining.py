"""A host, or a namespace in the part of one, becomes a node of an embedded VSP whose centre is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Interface
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsp import directory
from nuage_chain.vsp.invitation import Invitation, unpack
from nuage_chain.vsp.layout import layout_of, prepare
from nuage_chain.vsp.node import Up, bring_up
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

    Raises as `node.up` does; BadConfig when the directory is another node's, or a whole VSP's.
    """
    layout = layout_of(state)
    prepare(layout)
    with directory.locked(layout, deadline):
        _check(load_settings(layout), invitation, layout.state)
        unpack(invitation, layout)
        return bring_up(
            layout,
            lambda found: _as_node(found, invitation, host),
            host.netns,
            environment,
            deadline,
            host.connect,
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
